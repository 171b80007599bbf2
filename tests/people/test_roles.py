"""Which addresses are nobody's in particular, and which names of one address are those of several people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.people.roles import is_role_address, several_names


def words(text: str) -> list[str]:
    return text.split()


ROLES = words("""info support sales noreply no-reply do-not-reply mailer-daemon postmaster abuse webmaster hostmaster
    kontakt vertrieb verkauf buchhaltung kundenservice büro buero geschaeftsstelle accueil secretariat comptabilite
    facturation ventas pedidos facturacion atencion-al-cliente contato vendas atendimento contatti vendite segreteria
    klantenservice administratie asiakaspalvelu myynti kundtjanst biuro ksiegowosc obchod ugyfelszolgalat iroda
    bilgi muhasebe destek kefu eigyo 客服 問い合わせ 고객센터 معلومات инфо продажи πωλήσεις info2 support-berlin
    sales.emea info+tickets Support bounces+ann=example.org list-request announce-owner familie.ex billing_1""")
PEOPLE = words("""ann ann.ex a.ex ex.ann ann_ex annex7 ann+shop mail ola jobs.steve pat.office max.info insa hr.ex
    anna-lena.ex марина 田中太郎 김영희 j.sales""")


@pytest.mark.parametrize("local", ROLES)
def test_a_function_is_nobody_in_particular(local: str) -> None:
    assert is_role_address(f"{local}@example.org")


@pytest.mark.parametrize("local", PEOPLE)
def test_a_name_is_somebody(local: str) -> None:
    assert not is_role_address(f"{local}@example.org")


@given(st.sampled_from(ROLES), st.sampled_from(["", "+x", "+a+b"]), st.booleans())
def test_neither_case_nor_what_stands_behind_a_plus_changes_that(local: str, plus: str, upper: bool) -> None:
    written = f"{local}{plus}@Example.ORG"
    assert is_role_address(written.upper() if upper and local.isascii() else written)


@given(st.text(max_size=60))
def test_whatever_stands_there_has_an_answer(text: str) -> None:
    assert is_role_address(text) in (True, False)
    assert not is_role_address(text.replace("@", ""))


@pytest.mark.parametrize(
    ("names", "several"),
    [
        (["Ann Ex", "Ann Ex", "Bob Ex", "Bob Ex"], ["Ann Ex", "Bob Ex"]),
        (["Ann Ex", "Ann Ex", "Ex, Ann", "Ex, Ann", "A. Ex", "A. Ex", "ANN EX", "Ann"], []),
        (["Ann Ex", "Ann Ex", "Bob Ex"], []),
        (["Ann Müller", "Ann Mueller"] * 2, []),
        (["", " ", "?"] * 3, []),
        ([], []),
    ],
)
def test_an_address_with_several_names_is_several_peoples(names: list[str], several: list[str]) -> None:
    assert several_names(names) == several


@given(st.lists(st.text(max_size=20), max_size=12))
def test_names_are_told_whatever_they_are_and_in_whatever_order(names: list[str]) -> None:
    found = several_names(names)
    assert set(found) <= set(names)
    assert len(found) != 1
