"""Names from all over the world are taken apart, and short, reordered and transliterated forms are recognised."""

import pytest

from rapport.people.matching import names, values
from rapport.people.matching.comparing import COMPARE
from rapport.people.matching.folding import fold, fold_name, sound
from rapport.people.matching.kinds import KINDS
from rapport.people.matching.linking import against
from rapport.people.matching.model import default
from rapport.people.matching.records import prepare


@pytest.mark.parametrize(
    ("text", "given", "family"),
    [
        ("Ann Miller", "ann", "miller"),
        ("Dr. Jan van der Berg", "jan", "berg"),
        ("BERG, Jan", "jan", "berg"),
        ("Miller, Ann, PhD", "ann", "miller"),
        ("Ann Miller, PhD", "ann", "miller"),
        ("Ms. Ann B. Miller Jr.", "ann b", "miller"),
        ("NGUYEN Van An", "van an", "nguyen"),
        ("李小龙", "xiaolong", "li"),
        ("欧阳 修", "xiu", "ouyang"),
        ("김민수", "minsu", "gim"),
        ("Müller Jürgen", "muller", "jurgen"),
        ("Łukasz O’Brien-Żółw", "lukasz", "obrien zolw"),
        ("Ahmed bin Khalid", "ahmed", "khalid"),
        ("Владимир Щербаков", "vladimir", "shcherbakov"),
        ("Ann Miller (Example Ltd)", "ann", "miller"),
        ("Ann Miller via Forum", "ann", "miller"),
        ('Robert "Bob" Stone', "robert", "stone"),
        ("Cher", "cher", ""),
        ("ann@example.org", "", ""),
        ("", "", ""),
        ("  . - ", "", ""),
    ],
)
def test_a_whole_name_is_taken_apart(text: str, given: str, family: str) -> None:
    assert names.parse(text) == names.Name(given, family)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann Miller", "Miller, Ann"),
        ("Nagy Anna", "Anna Nagy"),
        ("William Stone", "Bill Stone"),
        ("Will Stone", "Bill Stone"),
        ("Aleksandr Petrov", "Sasha Petrov"),
        ("Александр Петров", "Alexander Petrov"),
        ("Francisco Vega", "Paco Vega"),
        ("Jürgen Müller", "Juergen Mueller"),
        ("Zoë Ångström", "Zoe Angstrom"),
        ("Jan van der Berg", "Jan Vanderberg"),
        ("J. Quillfeather", "Jane Quillfeather"),
        ("Ann Quillfeather", "Ann Quilfeather"),
        ("李小龙", "Xiaolong Li"),
        ("María García López", "Maria Garcia"),
        ("Mohammed Khan", "Muhammad Khan"),
        ("Muhammad Khan", "محمد خان"),
    ],
)
def test_forms_of_one_name_speak_for_one_human(one: str, other: str) -> None:
    found = against(default(1000), prepare({"name": [one]}), [prepare({"name": [other]})])
    worth = sum(float(found.bits[kind][0]) for kind in ("given", "family"))
    assert worth > 3, found.bits


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ann Miller", "Bob Stone"), ("Ann Miller", "Tom Miller"), ("Ann Miller", "Ann Quillfeather"), ("李伟", "王芳")],
)
def test_other_names_speak_against_it(one: str, other: str) -> None:
    found = against(default(1000), prepare({"name": [one]}), [prepare({"name": [other]})])
    assert float(found.probability[0]) < 0.01


@pytest.mark.parametrize(
    ("one", "other"), [("phillip", "filip"), ("catherine", "katherin"), ("stephen", "steven"), ("mohammed", "mhmd")]
)
def test_what_sounds_alike_is_found_together(one: str, other: str) -> None:
    assert sound(one) == sound(other)


def test_short_forms_are_symmetric_and_a_name_is_its_own() -> None:
    for one, other in (("bill", "william"), ("liz", "elizabeth"), ("sasha", "aleksandr"), ("peggy", "margaret")):
        assert names.same_person_may_have(one, other)
        assert names.same_person_may_have(other, one)
    assert names.same_person_may_have("zzz", "zzz")
    assert not names.same_person_may_have("ann", "robert")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("19800403", "19800403"), ("1980-04-03", "19800403"), ("03/04/1980", "19800403"), ("3.4.1980", "19800403"),
        ("1980-04-03T00:00:00", "19800403"), ("3 April 1980", "19800403"), ("Apr 3, 1980", "19800403"),
        ("1980", "1980"),        ("04/25/1980", "19800425"), ("", ""), ("unknown", ""), ("19800403.0", "19800403"),
    ],
)  # fmt: skip
def test_dates_in_many_forms(text: str, day: str) -> None:
    assert values.date(text) == day


def test_values_say_nothing_where_nothing_is_known() -> None:
    assert [values.text(text) for text in ("N/A", "unknown", "-", " ")] == ["", "", "", ""]
    assert values.phone("+49 (0)30 1234-5678") == values.phone("0049 30 12345678")[-9:]
    assert values.phone("000000000") == ""
    assert values.email("Ann.Miller+news@Gmail.com") == "annmiller@gmail.com"
    assert values.email("no address") == ""
    assert values.organization("Acme GmbH & Co. KG") == "acme"
    assert values.house("12 Main Street") == ("Main Street", "12")
    assert values.house("Hauptstr. 12a") == ("Hauptstr.", "12a")
    assert fold("Straße") == "strasse"
    assert fold_name("Mueller") == "muller"


@pytest.mark.parametrize(
    ("kind", "one", "other", "level"),
    [
        ("birth_date", "19800403", "19800304", "close"),
        ("birth_date", "19800403", "19800430", "close"),
        ("birth_date", "19800403", "19500812", "apart"),
        ("birth_date", "1980", "19800403", "year"),
        ("birth_date", "19801231", "19810101", "year"),
        ("number", "7304195", "7301495", "close"),
        ("number", "7304195", "1234567", "different"),
        ("email", "ann.miller@example.org", "annmiller@example.net", "local"),
        ("email", "ann@example.org", "bob@example.org", "different"),
        ("street", "main st", "st main", "close"),
        ("city", "san francisco", "sanfrancisco", "close"),
        ("given", "ann", "anna maria", "nickname"),
        ("family", "garcia lopez", "garcia", "part"),
    ],
)
def test_how_well_two_values_agree(kind: str, one: str, other: str, level: str) -> None:
    assert COMPARE[kind](one, other) == KINDS[kind].level(level)
