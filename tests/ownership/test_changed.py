"""A draft is tried with another setup: read from plain data, and put over the company of every moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from rapport.ownership.engine import Directory, TeamEntry
from rapport.ownership.facts import Facts
from rapport.ownership.plain import policy_from_dict
from rapport.ownership.problems import PolicyError, Vocabulary
from rapport.ownership.simulate.changed import (
    applied,
    merged,
    names_of,
    read,
    sizes,
    strangers,
    vocabulary_with,
    without,
)
from rapport.ownership.simulate.past import Learned, Past, Scenery
from rapport.ownership.simulate.replay import Drafted, pair, replay
from rapport.ownership.simulate.setup import scenery_of, staffing_of
from rapport.ownership.simulate.timeline import Rows
from rapport.ownership.topics import TopicMatcher
from rapport.staff.hours import ALWAYS

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ANN, BO, SUPPORT, PRODUCT, OFFICE, REFUND = (UUID(int=n) for n in range(1, 7))
_MEMBER = {"role": "agent", "is_active": True, "skills": [], "languages": [], "capacity": 20, "hours_id": None}
ROWS: Rows = {
    "staff_team": {
        id: {"slug": slug, "name": slug.title(), "confidential": False, "is_open": True, "is_active": True,
             "hours_id": str(OFFICE)}
        for id, slug in ((SUPPORT, "support"), (PRODUCT, "product"))
    },
    "staff_member": {
        id: {"email": f"{name}@example.org", "name": name.title(), **_MEMBER} for id, name in ((ANN, "ann"), (BO, "bo"))
    },
    "staff_membership": {UUID(int=9): {"member_id": str(ANN), "team_id": str(SUPPORT)}},
    "staff_businesshours": {
        OFFICE: {"name": "Office", "time_zone": "UTC", "blocks": [[2, "09:00", "17:00"]], "holidays": ""}
    },
    "conversations_topic": {REFUND: {"slug": "refund", "name": "Refunds", "words": ["refund"], "is_active": True}},
}  # fmt: skip
PLAIN: dict[str, Any] = {
    "topics": {"refund": {"words": ["money back"]}, "charger": {"name": "Chargers", "words": ["plug"]}},
    "teams": {"night": {"name": "Night", "hours": "Late", "members": ["bo@example.org"]}, "product": {"active": False}},
    "hours": {"Late": {"blocks": [[2, "18:00", "23:00"]]}},
    "members": {"ann@example.org": {"teams": ["night"], "capacity": 3}},
}
NAMES = Vocabulary(
    {"teams": frozenset({"support", "product"}), "topics": frozenset({"refund"}), "hours": frozenset({"Office"}),
     "members": frozenset({"ann@example.org", "bo@example.org"})},
    {"support": frozenset({"ann@example.org"}), "product": frozenset()},
)  # fmt: skip


def test_what_it_names_is_otherwise_and_everything_else_stays() -> None:
    rows = applied(read(PLAIN), ROWS)
    here = scenery_of(rows, NOON, {})
    assert {slug: (team.name, team.hours) for slug, team in here.directory.teams.items()} == {
        "support": ("Support", "Office"), "night": ("Night", "Late"),
    }  # fmt: skip
    assert {topic.slug: topic.words for topic in here.matcher.topics} == {
        "refund": ("money back",), "charger": ("plug",),
    }  # fmt: skip
    assert here.hours[""] is here.hours["Office"], "hours that are new do not become the company’s own"
    seats = staffing_of(rows, {}, {}).seats
    assert {slug: [(seat.name, seat.capacity, seat.hours) for seat in of] for slug, of in seats.items()} == {
        "night": [("Ann", 3, "Late"), ("Bo", 20, "Late")],
    }  # fmt: skip
    assert sizes(rows) == {"support": 0, "night": 2}
    assert sizes(ROWS) == {"support": 1, "product": 0}
    assert applied(read({"learned": {"team": {"from": 90}}}), ROWS) is ROWS
    assert names_of(read(PLAIN))["night"] == "Night"


@pytest.mark.parametrize(
    ("plain", "says"),
    [
        ({"rules": {}}, "setup.rules: expected one of"),
        ({"topics": []}, "setup.topics: expected a table"),
        ({"topics": {"a\0": {}}}, "expected a table"),
        ({"topics": {"a": {"words": ["x\0"]}}}, "a list of words"),
        ({"teams": {"a": {"name": "x\0"}}}, "without control characters"),
        ({"topics": {"a": {"words": "x"}}}, "setup.topics.a.words: expected a list"),
        ({"topics": {"a": {"words": [3]}}}, "a list of words"),
        ({"teams": {"a": {"colour": "red"}}}, "setup.teams.a.colour: expected one of"),
        ({"teams": {"a": {"confidential": "yes"}}}, "expected true or false"),
        ({"hours": {"a": {"blocks": [[9, "09:00", "17:00"]]}}}, "setup.hours.a"),
        ({"hours": {"a": {"blocks": [3]}}}, "setup.hours.a"),
        ({"members": {"a@example.org": {"capacity": True}}}, "expected a whole number"),
        ({"members": {"a@example.org": {"capacity": 0}}}, "from 1 to 1000"),
        ({"learned": {"team": {"from": 101}}}, "expected 1 to 100"),
        ({"learned": {"team": {"from": 90, "precision": 90}}}, "either"),
        ({"learned": {"team": {}}}, "either"),
        ({"learned": {"team": {"precision": 49}}}, "50 to 99 of 100 for all"),
        ({"learned": {"team": {"labels": {"support": "many"}}}}, "50 to 99 of 100 for support"),
        ({"learned": {"mood": {"from": 90}}}, "setup.learned.mood"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_where(plain: dict[str, Any], says: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read(plain)
    assert says in caught.value.message


def test_rules_may_name_what_is_only_there_where_they_are_tried() -> None:
    names = vocabulary_with(read(PLAIN), NAMES)
    assert {"night", "support"} <= names.names["teams"]
    assert names.members_of["night"] == {"ann@example.org", "bo@example.org"}
    assert "charger" in names.names["topics"]
    assert strangers(read(PLAIN), NAMES) == []
    readers = frozenset({"bo@example.org"})
    assert vocabulary_with(read(PLAIN), replace(NAMES, readers=readers)).readers == readers, "who only reads still does"
    odd = {"members": {"x@example.org": {"teams": ["nowhere"], "hours": "Never"}}}
    assert strangers(read(odd), NAMES) == ["Never", "nowhere", "x@example.org"]


def test_it_is_added_to_and_taken_from_thing_by_thing() -> None:
    more = merged(PLAIN, {"members": {"ann@example.org": {"capacity": 9}}})
    assert more["members"] == {"ann@example.org": {"teams": ["night"], "capacity": 9}}
    assert PLAIN["members"]["ann@example.org"]["capacity"] == 3
    assert "hours" not in without(PLAIN, "hours", "Late")
    assert set(without(PLAIN, "topics", "refund")["topics"]) == {"charger"}


def test_what_was_learned_acts_from_another_probability_on_for_the_draft_alone() -> None:
    teams = {slug: TeamEntry(UUID(int=n), slug, slug.title()) for n, slug in enumerate(("support", "product"), 1)}
    here = Scenery(Directory(teams), TopicMatcher(()), {"": ALWAYS}, NOON + timedelta(days=9))
    said = [(0.97, True), (0.85, False), (0.6, False)]
    items = [
        Past(UUID(int=n), Facts(at=NOON), learned={"team": one} if acted else {}, said={"team": one})
        for n, (probability, acted) in enumerate(said)
        for one in [Learned("product", probability)]
    ]
    rules = policy_from_dict({"triage": "support", "rules": []})

    def owners(**learned: int) -> tuple[int, int]:
        tally = replay(items, pair(rules, rules), here, Drafted(None, learned))
        return tally.base.owners["product"], tally.draft.owners["product"]

    assert owners() == (1, 1)
    assert owners(team=80) == (1, 2)
    assert owners(team=99) == (1, 0)
    assert owners(topic=10) == (1, 1), "of what is not named it acts as it did"


def test_what_is_promised_of_labels_adds_up_and_takes_the_place_of_a_probability() -> None:
    plain = {"learned": {"team": {"from": 90}}}
    for more in ({"labels": {"support": 80}}, {"precision": 97}, {"labels": {"hr": 99}}):
        plain = merged(plain, {"learned": {"team": more}})
    assert read(plain).promised == {"team": {"": 97, "support": 80, "hr": 99}}
    assert read(merged(plain, {"learned": {"team": {"from": 60}}})).learned == {"team": 60}
    assert read({"learned": {"topic": {"labels": {"refund": 70}}}}).promised == {"topic": {"": 95, "refund": 70}}
    assert bool(read(plain))
    assert applied(read(plain), ROWS) is ROWS
