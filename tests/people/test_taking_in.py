"""What a file says of people becomes rows, a batch at a time: exact, repeatable, and no harm to what is there."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from rapport.core import scope
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.people import erasing, merging
from rapport.people.exchange import cells, files, reasons, shapes
from rapport.people.exchange.running import Done, Run, terms_of, with_fields_made
from rapport.people.exchange.shapes import Column, Mapping
from rapport.people.exchange.writing import Writer
from rapport.people.models import (
    Consent,
    CustomField,
    Erasure,
    ExternalId,
    Handle,
    Merge,
    Organization,
    Pair,
    Person,
    Relationship,
)
from tests.web.cast import Cast, make_cast, make_person

Take = Callable[..., Done]


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def take(db: None) -> Take:
    """Take in a text as a file; columns are guessed unless they are given."""

    def taken(text: str | bytes, *, dry: bool = False, audience: list[UUID] | None = None, **more: Any) -> Done:
        data = text.encode() if isinstance(text, str) else text
        file = files.opened(data)
        columns = shapes.guess(file.layout.columns, file.samples(), {})
        for at, target in more.pop("columns", {}).items():
            columns = (*columns[:at], Column(*target), *columns[at + 1 :])
        with scope.system():
            mapping = with_fields_made(Mapping(columns, **more))
            proof = {"what": "file", "where": "test.csv"}
            run = Run(terms_of(mapping), Writer("test file", proof), audience or [UUID(int=1)])
            return (run.expect if dry else run.take)(list(file.records()))

    return taken


def why(done: Done) -> list[str]:
    return [f"{one.line}: {reasons.words(one.reason)}" for one in done.troubles]


def test_every_kind_of_cell_finds_its_place(take: Take, cast: Cast) -> None:
    done = take(
        "Vorname,Nachname,E-Mail,Mobile,Company,Domain,Job title,Relationship,Language,Time zone,Owner,Notes,"
        "Customer number,consent:newsletter,Do not contact,Shoe size,Mastodon\n"
        'Ann,Ødegård,"Ann@Bücher.example; ann@shop.example",0301 23456,Shop,shop.example,Buyer,'
        "customer 2020-01-02/;partner,de_DE,Europe/Berlin,lea@company.example,"
        '"two\nlines",C-7,yes,no,"41,5",@Ann@Social.example\n',
        source="crm", country="49", columns={15: ("new_field", "Shoe size"), 16: ("handle", "fediverse")},
    )  # fmt: skip
    assert (done.counts["new"], why(done)) == (1, [])
    with scope.system():
        ann = Person.objects.select_related("organization").get(name="Ann Ødegård")
        assert set(ann.handles.values_list("kind", "value")) == {
            ("email", "ann@bücher.example"), ("email", "ann@shop.example"), ("phone", "+4930123456"),
            ("fediverse", "ann@social.example"),
        }  # fmt: skip
        assert ann.organization is not None
        assert (ann.organization.name, ann.organization.domain) == ("Shop", "shop.example")
        assert (ann.role, ann.language, ann.time_zone, ann.note) == ("Buyer", "de-de", "Europe/Berlin", "two\nlines")
        assert ann.holder == cast.lead
        assert ann.fields == {CustomField.objects.get(label="Shoe size").key: "41,5"}
        assert list(ann.external_ids.values_list("source", "external_id")) == [("crm", "C-7")]
        spans = ann.relationships.order_by("kind").values_list("kind", "since")
        assert [(kind, str(since)) for kind, since in spans] == [("customer", "2020-01-02"), ("partner", "None")]
        consent = Consent.objects.get()
        assert (consent.purpose, consent.given) == ("newsletter", True)
        assert (consent.proof["what"], consent.proof["where"]) == ("file", "test.csv")
        given = Event.objects.get(kind="consent.given")
        assert given.data["consent"] == str(consent.id)


def test_taking_it_again_is_the_same_and_a_change_is_only_that_change(take: Take) -> None:
    head = "id,name,email,relationship,note\n"
    rows = head + "1,Ann,ann@example.org,customer,likes tea\n2,Bob,bob@example.org,,\n"
    take(rows, source="crm")
    assert take(rows, source="crm").counts["same"] == 2
    done = take(head + "1,Ann Lee,ann.lee@example.org,,\n2,,,,\n", source="crm")
    assert (done.counts["changed"], done.counts["same"]) == (1, 1)
    with scope.system():
        ann = Person.objects.get(name="Ann Lee")
        assert set(ann.handles.values_list("value", flat=True)) == {"ann@example.org", "ann.lee@example.org"}
        assert ann.note == "likes tea"
        assert Person.objects.get(name="Bob").relationships.count() == 0


def test_ids_of_two_sources_do_not_meet(take: Take) -> None:
    take("id,name,email\n7,Ann,ann@example.org\n", source="crm")
    take("id,name,email\n7,Bob,bob@example.org\n", source="shop")
    take("id,name,email\n7,Cyd,cyd@example.org\n")
    with scope.system():
        assert Person.objects.count() == 3
        assert set(ExternalId.objects.values_list("source", "person__name")) == {("crm", "Ann"), ("shop", "Bob")}
        assert Person.objects.get(external_id="7").name == "Cyd"


def test_an_address_claimed_by_two_rows_stays_with_the_first_and_both_are_named(take: Take) -> None:
    done = take("id,name,email\n1,Ann,ann@example.org\n2,Bob,ann@example.org\n3,Cyd,cyd@example.org\n", source="crm")
    assert (done.counts["new"], done.counts["refused"]) == (2, 1)
    assert why(done) == ["3: an address or id of Bob is that of Ann on line 2, who was taken."]
    with scope.system():
        assert set(Person.objects.values_list("name", flat=True)) == {"Ann", "Cyd"}


def test_an_address_that_belongs_to_another_of_the_same_source_changes_nobody(take: Take) -> None:
    take("id,name,email\n1,Ann,ann@example.org\n", source="crm")
    done = take("id,name,email,note\n2,Bob,ann@example.org,new\n", source="crm")
    assert "ann@example.org belongs to Ann, who has the id 1; the row says Bob, 2" in why(done)[0]
    with scope.system():
        assert list(Person.objects.values_list("name", "note")) == [("Ann", "")]


def test_a_row_that_names_two_people_joins_nobody_and_is_a_suggestion(take: Take) -> None:
    take("name,email\nAnn,ann@example.org\nA. Lee,lee@example.org\n")
    for _ in range(2):
        done = take("name,email,note\nAnn Lee,ann@example.org;lee@example.org,x\n")
        assert "ann@example.org belongs to Ann and lee@example.org to A. Lee" in why(done)[0]
    with scope.system():
        pair = Pair.objects.get()
        assert (pair.evidence[0]["what"], pair.state) == ("same_record", "open")
        assert set(Person.objects.values_list("name", "note")) == {("Ann", ""), ("A. Lee", "")}


def test_rows_of_one_person_are_put_together(take: Take) -> None:
    done = take("email,name,relationship,phone\na@example.org,Ann,customer,\na@example.org,Ann,partner,+4930123456\n")
    assert (done.counts["new"], done.counts["joined"]) == (1, 1)
    with scope.system():
        assert Relationship.objects.filter(person__name="Ann").count() == 2
        assert Handle.objects.filter(person__name="Ann").count() == 2


def test_a_role_address_is_nobody(take: Take) -> None:
    done = take(
        "name,email,company\nThe desk,info@shop.example,Shop\n"
        "Ann,ann@shop.example;info@shop.example;support@shop.example,Shop\n"
    )
    assert done.counts["new"] == 2
    with scope.system():
        assert Person.objects.get(name="The desk").shared
        ann = Person.objects.get(name="Ann")
        assert (ann.shared, list(ann.handles.values_list("value", flat=True))) == (False, ["ann@shop.example"])
        assert Handle.objects.get(value="support@shop.example").shared
        assert Person.objects.filter(shared=True, organization__name="Shop").count() == 2
    assert sum("nobody in particular" in one for one in why(done)) == 2


def test_what_is_known_in_confidence_is_neither_told_nor_changed(take: Take, cast: Cast) -> None:
    with scope.system():
        Handle.objects.filter(person=cast.secretive).update(verified_how="reply", verified_at=now(), former=["siggi@x"])
    text = "name,email,note\nSigrid S.,sigrid@company.example,from the fair\n"
    unknown = "name,email,note\nSomebody E.,other@company.example,from the fair\n"
    dry, other = take(text, dry=True), take(unknown, dry=True)
    assert (dry.counts, dry.plans[0].changes.keys()) == (other.counts, other.plans[0].changes.keys())
    done = take(text)
    assert (done.counts["new"], why(done)) == (1, [])
    with scope.system():
        cast.secretive.refresh_from_db()
        assert (cast.secretive.name, cast.secretive.note) == ("Sigrid Secretive", "")
        cast.secret.refresh_from_db()
        assert cast.secret.person_id == cast.secretive.id
    with scope.member(cast.agent.id):
        found = Person.objects.get(name="Sigrid S.")
        assert list(found.handles.values_list("value", flat=True)) == ["sigrid@company.example"]
        told = found.handles.values("written", "source", "former", "verified_how", "verified_at", "shared").get()
        assert list(told.values()) == ["sigrid@company.example", "test file", [], "", None, False]
        assert not Person.objects.filter(name="Sigrid Secretive").exists()
        assert not Merge.objects.exists()
    with scope.member(cast.hr.id):
        assert Person.objects.get(name="Sigrid Secretive").root == found.id
        assert Merge.objects.get().how == "handle"
    assert take(text).counts["same"] == 1


@pytest.mark.parametrize("above", [False, True])
def test_whose_an_address_known_in_confidence_is_cannot_be_found_out(take: Take, cast: Cast, above: bool) -> None:
    with scope.system():
        known = make_person("Ann Ex", "ann@example.org", [UUID(int=1)])
    rows = (cast.secretive, known) if above else (known, cast.secretive)
    merging.merge(*rows, cast.hr)
    text = "name,email,note\nProbe,sigrid@company.example,x\n"
    two = "email,note\nsigrid@company.example; bob@example.org,x\n"
    with scope.system():
        make_person("Bob", "bob@example.org", [UUID(int=1)])
    assert take(text, dry=True).counts["new"] == 1
    assert why(take(two, dry=True)) == []
    take(text)
    with scope.member(cast.agent.id):
        probe, seen = Person.objects.get(name="Probe"), Person.objects.get(id=known.id)
        assert (seen.note, probe.root == seen.root) == ("", False)
        assert not Merge.objects.exists()
    with scope.member(cast.hr.id):
        assert Person.objects.get(id=cast.secretive.id).root == Person.objects.get(id=known.id).root


def test_a_file_never_undoes_a_withdrawal_nor_a_wish_not_to_be_contacted(take: Take) -> None:
    take("email,consent:news,do not contact\na@example.org,no,yes\n")
    done = take("email,consent:news,do not contact\na@example.org,yes,no\n")
    assert "was withdrawn since" in why(done)[0]
    with scope.system():
        assert not Consent.objects.filter(given=True).exists()
        assert set(Consent.objects.values_list("purpose", flat=True)) == {"news", "contact"}
        assert Person.objects.get().do_not_contact
    later = take('email,consents\na@example.org,"news=yes 2099-01-01"\n')
    assert later.counts["changed"] == 1


def test_an_erased_person_stays_erased(take: Take) -> None:
    take("id,name,email\n1,Ann,ann@example.org\n", source="crm")
    with scope.system():
        Person.objects.update(name="", erased_at="2026-01-01T00:00Z")
    done = take("id,name,email\n1,Ann,ann@example.org\n", source="crm")
    assert done.counts["refused"] == 1
    with scope.system():
        assert Person.objects.get().name == ""


def test_of_an_erased_persons_ids_a_digest_stays_that_keeps_them_erased(take: Take) -> None:
    take("id,name,email\n1,Ann,ann@example.org\n", source="crm")
    with scope.system():
        ann = Person.objects.get()
        asked = Erasure.objects.create(people=[ann.id], pseudonym="Person 1")
        erasing.blank(asked)
        asked.save()
        (kept,) = ann.external_ids.all()
        assert kept.external_id.startswith("erased:")
        again = Person.objects.create(audience=[UUID(int=1)])
        Handle.objects.create(kind="email", value="ann@example.org", person=again)
    done = take("id,name,email\n1,Ann,ann@example.org\n", source="crm")
    assert [one.reason["what"] for one in done.troubles] == ["erased"]
    with scope.system():
        assert not Pair.objects.exists(), "what is left of somebody is nobody's twin"
        assert not Person.objects.exclude(name="").exists()


def test_dates_of_relationships_are_kept_ended_and_not_doubled(take: Take) -> None:
    take("email,relationship,since\na@example.org,customer,3.4.2020\n")
    take("email,relationship\na@example.org,customer\n")
    take("email,relationship\na@example.org,customer /2022-05-01\n")
    take("email,relationship\na@example.org,customer 2020-04-03/2022-05-01\n")
    with scope.system():
        one = Relationship.objects.get()
        assert (str(one.since), str(one.until)) == ("2020-04-03", "2022-05-01")
    assert "could be two" in why(take("email,relationship,since\na@example.org,customer,3/4/2020\n"))[0]


def test_one_record_that_the_database_refuses_harms_no_other(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "line", lambda text, length: text.strip()[:5000])
    rows = "".join(f"Ann {n},a{n}@example.org\n" for n in range(6))
    done = take("name,email\n" + rows + f"{'x' * 300},bad@example.org\n")
    assert (done.counts["new"], done.counts["refused"]) == (6, 1)
    assert why(done)[0].startswith("8: the database does not take it")


def test_what_is_half_or_wrong_is_named_and_the_rest_is_taken(take: Take) -> None:
    done = take(
        "name,email,phone,language\nAnn,,,\nBob,bob@,,\nCyd,cyd@example.org,12,Klingonisch\nDee,,12,\n\n"
        "Eve,eve@example.org,,\n",
    )
    assert [one.partition(":")[0] for one in why(done)] == ["2", "3", "5", "4", "4"]
    assert done.counts["new"] == 2


def test_what_is_too_long_is_cut_and_said_so(take: Take) -> None:
    card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nEMAIL:ann@example.org\r\nNOTE:{'x' * 10_000_000}\r\nEND:VCARD\r\n"
    done = take(card + card.replace("Ann", "Bob").replace("ann@", "bob@").replace("x" * 100, ""))
    assert (done.counts["new"], len(why(done))) == (2, 1)
    assert why(done)[0].endswith("is longer than 20000 characters; what is beyond was left out.")
    with scope.system():
        assert len(Person.objects.get(name="Ann").note) == 20_000


def test_a_dry_run_says_what_a_run_does_and_writes_nothing(take: Take) -> None:
    text = "id,name,email,company\n1,Ann,ann@example.org,Shop\n2,Bob,,\n3,Cyd,ann@example.org,\n"
    dry = take(text, dry=True, source="crm")
    with scope.system():
        assert (Person.objects.count(), Organization.objects.count()) == (0, 0)
    assert dry.counts == take(text, source="crm").counts


def test_vcards_of_all_three_versions(take: Take) -> None:
    cards = (
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg\r\n"
        "TEL;CELL:+49 30 123456\r\nPHOTO;ENCODING=BASE64;JPEG:/9j/4AAQ\r\n 4AAQSkZJ\r\n\r\nEND:VCARD\r\n"
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\\, Lee\r\nitem1.EMAIL;type=INTERNET:ann@exa\r\n mple.org\r\n"
        "ORG:Shop;Sales\r\nCATEGORIES:customer,golf\r\nNOTE:one\\ntwo\r\nEND:VCARD\r\n"
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bob\r\nTEL;VALUE=uri:tel:+49-30-555\r\nEMAIL;PREF=1:bob@example.org\r\n"
        "UID:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6\r\nIMPP:xmpp:bob@jabber.example\r\n"
        "BEGIN:VCARD\r\nVERSION:4.0\r\nnothing\r\nEND:VCARD\r\n"
    )
    done = take(cards)
    assert (done.counts["new"], done.counts["refused"]) == (3, 1)
    with scope.system():
        assert Person.objects.get(name="Jörg Müller").handles.get().value == "+4930123456"
        ann = Person.objects.select_related("organization").get(name="Ann, Lee")
        assert ann.organization is not None
        assert (ann.organization.name, ann.note) == ("Shop", "one\ntwo")
        bob = Person.objects.get(name="Bob")
        assert bob.external_id == "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
        assert ("xmpp", "bob@jabber.example") in set(bob.handles.values_list("kind", "value"))
