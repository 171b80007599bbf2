"""Names of others in what may be sent elsewhere are found, however many people are known, and no other words."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rapport.core import scope
from rapport.ownership.second.others import names_in
from rapport.ownership.second.redacting import redacted
from rapport.people.models import Organization, OrganizationDomain, Person
from rapport.staff.models import Member

pytestmark = pytest.mark.django_db
OURS = ["Product Defects. What breaks", "Customer Service. Everything else"]


def without_names(text: str, *organizations: Organization) -> str:
    with scope.system():
        return redacted(text, names_in(text, [one.id for one in organizations], OURS))


def know(*names: str, **more: object) -> None:
    with scope.system():
        for name in names:
            Person.objects.create(name=name, **{"audience": [uuid4()]} | more)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("carla  winter and Carla: call WINTER", "[name] and [name]: call [name]"),
        ("Dan Fox’s kettle, Winter, Carla", "[name] [name]’s kettle, [name], [name]"),
        ("我是王伟的朋友", "我是[name]的朋友"),
        ("ask annie_77 or Mia Marten", "ask [name] or Mia Marten"),
        ("Hello Ada, you and ada are", "Hello [name], you and [name] are"),
        ("a fox in the winter of carla", "a fox in the winter of carla"),
        ("Info and Product Defects in Customer Service", "Info and Product Defects in Customer Service"),
        ("the blue door of Blue Door", "the [name] of [name]"),
        ("Northwind or northwind, see shop.north.example", "[name] or [name], see shop.[name]"),
        ("", ""),
    ],
)  # fmt: skip
def test_whoever_is_known_and_nothing_else_is_taken_out(text: str, told: str) -> None:
    know("Carla Winter", "Fox, Dan", "王伟", "annie_77", "Mia Anna Maria Low")
    know("Info", shared=True)
    with scope.system():
        Member.objects.create(email="ada@company.example", name="Ada Low")
        Organization.objects.create(name="Blue Door Ltd")
        Organization.objects.create(name="Product Defects")
        made = Organization.objects.create(name="Northwind", domain="wind.example")
        OrganizationDomain.objects.create(organization=made, domain="north.example")
    assert without_names(text) == told


def test_of_who_works_where_the_sender_does_first_names_alone_are_taken_out() -> None:
    with scope.system():
        theirs, others = (Organization.objects.create(name=name) for name in ("Acme Kettles", "Berg"))
    know("Eva Will", organization=theirs)
    know("Tom Low", organization=others)
    assert without_names("Eva and Tom will know", theirs) == "[name] and Tom will know"


@pytest.mark.parametrize("word", ["王" * 1_900, "Ä" * 1_500, "A1" * 1_000, "صلى" * 600, "Ann " + "É" * 1_900])
def test_a_word_without_end_is_no_name_and_the_names_beside_it_are_found(word: str) -> None:
    know("Carla Winter", "王伟")
    with scope.system():
        assert {"Carla", "Winter"} <= names_in(f"{word} Carla Winter {word}", [], OURS)


def test_a_name_is_found_wherever_it_stands_in_a_long_text_without_spaces() -> None:
    know("龥龥", "一丁")
    text = "".join(chr(0x4E10 + number) for number in range(1_800))
    for name in ("龥龥", "一丁"):
        assert name not in without_names(f"{text}{name}{text[:100]}")


def test_a_long_text_costs_as_many_statements_as_a_short_one() -> None:
    with CaptureQueriesContext(connection) as asked:
        without_names(" ".join(f"Ann{one} o'hara" for one in range(400)))
    assert len([one for one in asked if "SELECT" in one["sql"] and "set_config" not in one["sql"]]) <= 5
