"""Tests of a policy: messages with what is expected of them, beside the rules. Pure.

A test is plain data: `message` says what is known of a message, `expect` what has to follow. They are tried by the
very engine that decides, at every save; one that fails stops the policy from coming into force.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL

from rapport.ownership.conditions.base import Plain, chosen, known, texts, ticked
from rapport.ownership.conditions.who import RELATIONSHIPS
from rapport.ownership.engine import Directory, Verdict, decide
from rapport.ownership.facts import KINDS, Facts
from rapport.ownership.policy import APPROVALS, PRIORITIES, Policy, PolicyTest
from rapport.ownership.problems import Problem, Problems
from rapport.ownership.topics import TopicHit
from rapport.ownership.within.values import MemberLoad
from rapport.ownership.world import OpenAt

if TYPE_CHECKING:
    from rapport.ownership.world import World

TESTS_MAX = 1000
TEXT_MAX = 20_000
_NAME_MAX = 120
_MISSED_SHOWN = 2
_SOMEBODY, _CALLED = "somebody@", "a member"
_WHENEVER = datetime(2026, 1, 7, 12, tzinfo=UTC)
MESSAGE_KEYS = (
    "from", "to", "channel", "subject", "text", "relationship", "organization", "topic", "language", "kind", "reply",
    "attachment", "visibility", "mention", "reach", "verified", "held", "time", "at", "earlier_owner",
)  # fmt: skip
"""What a test may say of its message; else it is an ordinary first message that came in business hours."""
EXPECT_KEYS = ("owner", "rule", "topic", "priority", "involve", "promise", "approval", "confidential")
"""What it may expect; what it does not name may be anything."""
VISIBILITIES = ("public", "private")
MENTIONS = ("addressed", "search", "feed")
SIDES = ("inside", "outside")


@dataclass(frozen=True)
class Tried:
    """What became of one test; `problems` has, in words, each expectation that was not met, and why."""

    number: int
    test: PolicyTest
    verdict: Verdict
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all came as expected."""
        return not self.problems


def parse_tests(given: object, problems: Problems) -> tuple[PolicyTest, ...]:
    """The tests of plain data; what is wrong is noted."""
    if not isinstance(given, list):
        problems.note("expected a list of tests")
        return ()
    if len(given) > TESTS_MAX:
        problems.note(f"{len(given)} tests are too many; at most {TESTS_MAX}")
        return ()
    made = []
    for position, one in enumerate(given):
        with problems.at(position):
            made.append(_test(one, problems))
    return tuple(one for one in made if one)


def plain_test(test: PolicyTest) -> dict[str, Any]:
    """Plain data of which `parse_tests` makes an equal test."""
    return {"name": test.name, "message": dict(test.message), "expect": dict(test.expect)}


def try_tests(policy: Policy, world: "World") -> list[Tried]:
    """Decide every test as if it arrived, and compare."""
    return [_tried(number, test, policy, world) for number, test in enumerate(policy.tests, 1)]


def failures(tried: Iterable[Tried]) -> list[Problem]:
    """What is wrong with a policy whose tests these are: one problem for each unmet expectation."""
    return [
        Problem(("tests", one.number - 1), f"“{one.test.name}”: {problem}")
        for one in tried
        for problem in one.problems
    ]


def facts_of(message: Mapping[str, Any], world: "World") -> Facts:
    """What a test says of its message, as the engine sees it."""
    at = datetime.fromisoformat(message["at"]) if "at" in message else _WHENEVER
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    side = message.get("time", "" if "at" in message else "inside")
    channel = message.get("channel", "")
    relationships = frozenset(_list(message.get("relationship"))) - {"unknown"}
    earlier = message.get("earlier_owner", {})
    facts = Facts(
        at=at,
        channel=channel,
        channel_kind=world.channels.get(channel, channel),
        to_addresses=tuple(one.lower() for one in _list(message.get("to"))),
        from_address=str(message.get("from", "")).lower(),
        relationships=relationships,
        organization=message.get("organization", ""),
        organization_domain=message.get("organization", ""),
        subject=message.get("subject", ""),
        text=message.get("text", ""),
        language=message.get("language", ""),
        kind=message.get("kind", "message"),
        is_reply=message.get("reply", False),
        has_attachments=message.get("attachment", False),
        is_public=message.get("visibility") == "public",
        origin=message.get("mention", "addressed"),
        reach=message.get("reach"),
        is_verified=message.get("verified", False),
        holder=_SOMEBODY if message.get("held") else "",
        holder_name=_CALLED if message.get("held") else "",
        earlier_owner_of_person=earlier.get("person"),
        earlier_owner_of_thread=earlier.get("thread"),
    )
    hours = dict.fromkeys(world.hours, side == "inside") if side else OpenAt(world.hours, at)
    whole = facts.completed(world.matcher, hours)
    if "topic" in message:
        names = {one.slug: one.name for one in world.matcher.topics}
        hits = tuple(TopicHit(slug, names.get(slug, slug)) for slug in _list(message["topic"]))
        whole.__dict__.update(topics=hits)
    return whole


def _with_holder(directory: Directory, held: bool | str | None) -> Directory:
    """The company with somebody in the team that a test says holds the relationship; it names nobody."""
    team = directory.teams.get(held) if isinstance(held, str) else None
    if team is None:
        return directory
    somebody = MemberLoad(NAMESPACE_URL, _SOMEBODY, _CALLED)
    return replace(directory, teams={**directory.teams, team.slug: replace(team, members=(*team.members, somebody))})


def _tried(number: int, test: PolicyTest, policy: Policy, world: "World") -> Tried:
    directory = _with_holder(world.directory, test.message.get("held"))
    verdict = decide(policy, facts_of(test.message, world), directory)
    met = _came(verdict, policy)
    problems = []
    for key, wanted in test.expect.items():
        if key == "owner":
            problems += [] if verdict.owner == wanted else [_not_owner(str(wanted), verdict, policy)]
        elif set(_list(wanted)) != set(_list(met[key])):
            problems.append(f"expected {key} {_worded(wanted)}, but it is {_worded(met[key])}; {_which(verdict)}")
    return Tried(number, test, verdict, tuple(problems))


def _came(verdict: Verdict, policy: Policy) -> dict[str, Any]:
    promised = [name for name, promise in policy.promises.items() if promise == verdict.promise]
    return {
        "rule": policy.rules[verdict.rule - 1].name if verdict.rule else "",
        "topic": verdict.topic,
        "priority": PRIORITIES[verdict.priority],
        "involve": list(verdict.involved),
        "promise": promised,
        "approval": verdict.approval,
        "confidential": verdict.confidential,
    }


def _not_owner(wanted: str, verdict: Verdict, policy: Policy) -> str:
    """Which rule hit instead, and why those that would have given it to the expected team did not."""
    missed = [
        f"rule {result.number} “{result.name}” would give it to {wanted}, but {result.reason}"
        for result in verdict.trace
        if policy.rules[result.number - 1].then.owner == wanted
    ]
    return "; ".join([
        f"expected {wanted}, but {verdict.owner or 'nobody'} owns it", _which(verdict), *missed[:_MISSED_SHOWN],
    ])  # fmt: skip


def _which(verdict: Verdict) -> str:
    if verdict.rule is None:
        return verdict.sentence.partition(": ")[2] or verdict.sentence
    result = verdict.trace[verdict.rule - 1]
    return f"rule {result.number} “{result.name}” hit: {result.reason}"


def _worded(value: Any) -> str:
    values = ["yes" if one is True else "no" if one is False else str(one) for one in _list(value)]
    return ", ".join(values) or "none"


def _list(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _test(given: object, problems: Problems) -> PolicyTest | None:
    if not isinstance(given, dict):
        problems.note("expected a test: a table with name, message and expect")
        return None
    for key in given:
        if key not in ("name", "message", "expect"):
            with problems.at(str(key)):
                problems.unknown("a key", str(key), ("name", "message", "expect"))
    name = given.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > _NAME_MAX or not name.strip().isprintable():
        with problems.at("name"):
            problems.note(f"expected a text of 1 to {_NAME_MAX} characters, on one line")
        name = ""
    message = _part(given, "message", MESSAGE_KEYS, problems)
    expect = _part(given, "expect", EXPECT_KEYS, problems)
    if not expect:
        with problems.at("expect"):
            problems.note("expected at least an owner, such as { owner = “…” }")
    return PolicyTest(name.strip(), message, expect)


def _part(given: Mapping[str, Any], key: str, keys: tuple[str, ...], problems: Problems) -> dict[str, Any]:
    table = given.get(key, {})
    with problems.at(key):
        if not isinstance(table, dict):
            problems.note("expected a table")
            return {}
        found = {}
        for name, value in table.items():
            with problems.at(str(name)):
                if name in keys:
                    found[name] = _value(name, value, problems)
                else:
                    problems.unknown("a key", str(name), keys)
        return {name: value for name, value in found.items() if value is not None}


def _value(name: str, value: Any, problems: Problems) -> Any:
    if name in ("subject", "text"):
        return _said(value, problems)
    if name in ("reply", "attachment", "verified", "confidential"):
        return ticked(value, problems)
    if name in ("to", "relationship", "topic", "involve"):
        given = _listed(name, value, problems)
        return None if given is None else given[0] if len(given) == 1 else list(given)
    if name in _CHOICES:
        return _one(chosen(value, problems, _CHOICES[name][0], _CHOICES[name][1]), problems)
    if name == "owner":
        return _one(known(value, problems, "a team", "teams"), problems)
    return _OTHERS.get(name, _text)(value, problems)


def _listed(name: str, value: Any, problems: Problems) -> tuple[str, ...] | None:
    if name == "relationship":
        return chosen(value, problems, "a relationship", RELATIONSHIPS)
    if name == "to":
        return texts(value, problems, "an address")
    return known(value, problems, *(("a topic", "topics") if name == "topic" else ("a team", "teams")))


def _said(value: Any, problems: Problems) -> str | None:
    if isinstance(value, str) and len(value) <= TEXT_MAX and "\0" not in value:
        return value
    problems.note(f"expected a text of at most {TEXT_MAX:,} characters")
    return None


def _text(value: Plain, problems: Problems) -> str | None:
    return _one(texts(value, problems, "a text"), problems)


def _one(given: tuple[str, ...] | None, problems: Problems) -> str | None:
    """The only one: of several none would be more meant than another, and a test that asks for less passes too soon."""
    if given and len(given) > 1:
        problems.note(f"expected one, not {len(given)}")
    return given[0] if given else None


def _at(value: Any, problems: Problems) -> str | None:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        problems.note('expected a moment such as "2026-03-04T15:00+01:00", in quotes')
        return None
    return str(value)


def _held(value: Any, problems: Problems) -> bool | str | None:
    """Whether a member holds the relationship, or of which team that member is."""
    if isinstance(value, bool):
        return value
    return _one(known(value, problems, "a team", "teams"), problems)


def _reach(value: Any, problems: Problems) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    problems.note("expected a number")
    return None


def _earlier(value: Any, problems: Problems) -> dict[str, str] | None:
    if not isinstance(value, dict) or not value or not set(value) <= {"person", "thread"}:
        problems.note("expected a table such as { person = “…” } with a team")
        return None
    found = {}
    for whose, team in value.items():
        with problems.at(whose):
            found[whose] = _one(known(team, problems, "a team", "teams"), problems) or ""
    return found


_CHOICES: dict[str, tuple[str, tuple[str, ...]]] = {
    "kind": ("a kind of message", KINDS), "visibility": ("a visibility", VISIBILITIES),
    "mention": ("a way it came", MENTIONS), "time": ("a side of business hours", SIDES),
    "priority": ("a priority", PRIORITIES), "approval": ("which answers to approve", APPROVALS),
}  # fmt: skip
_OTHERS = {"held": _held, "at": _at, "reach": _reach, "earlier_owner": _earlier}
