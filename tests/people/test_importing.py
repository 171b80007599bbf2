"""People come in from files, and a bad row is said so without holding up the others."""

from pathlib import Path

import pytest

from rapport.core import scope
from rapport.core.errors import Invalid
from rapport.people.importing import import_people, problem_of, read_people
from rapport.people.models import Organization, Person, Relationship

CSV = """Name;E-Mail;Company;Relationship
Ines Falk;ines@falk-werke.example;Falk Werke;customer,partner
Nobody;;Falk Werke;customer
Tom Arnd;tom@falk-werke.example, t.arnd@post.example;Falk Werke;friend
Mia Roth;mia@roth.example;;journalist
"""
CARDS = """BEGIN:VCARD
VERSION:3.0
FN:Ada Wren
EMAIL:ADA@wren.example
ORG:Wren & Co;Research
CATEGORIES:Analyst,golf
UID:card-7
END:VCARD
begin:vcard
VERSION:3.0
FN:No Address
END:VCARD
"""


@pytest.mark.django_db
def test_rows_become_people_and_bad_rows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(CSV, encoding="utf-8")
    with scope.system():
        report = import_people(path)
        assert report.taken == 2
        assert [p.split(":")[0] for p in report.problems] == ["line 3", "line 4"]
        ines = Person.objects.get(name="Ines Falk")
        assert set(ines.relationships.values_list("kind", flat=True)) == {"customer", "partner"}
        assert ines.organization is not None
        assert ines.organization.name == "Falk Werke"
        assert not Person.objects.filter(name="Tom Arnd").exists()


@pytest.mark.django_db
def test_importing_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(CSV, encoding="utf-8")
    with scope.system():
        import_people(path)
        before = (Person.objects.count(), Relationship.objects.count(), Organization.objects.count())
        import_people(path)
        assert (Person.objects.count(), Relationship.objects.count(), Organization.objects.count()) == before


@pytest.mark.django_db
def test_cards_become_people(tmp_path: Path) -> None:
    path = tmp_path / "people.vcf"
    path.write_text(CARDS, encoding="utf-8")
    with scope.system():
        report = import_people(path)
        assert report.taken == 1
        assert report.problems[0].startswith("card 2: there is no e-mail address")
        ada = Person.objects.get(external_id="card-7")
        assert list(ada.relationships.values_list("kind", flat=True)) == ["analyst"]


def test_a_file_without_an_address_column_is_refused_before_the_first_row(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(Invalid, match="no column 'email'"):
        read_people(path)


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="There is no file"):
        list(read_people(tmp_path / "none.csv"))


def test_a_row_with_an_impossible_address_says_which(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("email\nnot an address\n", encoding="utf-8")
    assert "no e-mail address" in problem_of(next(iter(read_people(path))))
