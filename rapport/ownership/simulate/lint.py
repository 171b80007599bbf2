"""What is odd about a policy by itself: rules that contradict or can never decide, teams that are gone or empty. Pure.

What can be proved from the rules alone; that a rule never fired is for the replay to say. Linear in the rules but for
those that share a condition, so that ten thousand take no longer than a page.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from rapport.ownership.conditions import Condition
from rapport.ownership.conditions.combine import All, Always, AnyOf, Not
from rapport.ownership.conditions.who import EarlierOwner
from rapport.ownership.policy import EARLIER_OWNER, HOLDER, TEAM, Policy, Promise, Rule

SHOWN_MAX = 50

_Key = tuple[object, ...]


@dataclass(frozen=True)
class Oddity:
    """One thing that is odd. `what`: "contradict", "shadowed", "never", "gone", "empty", "triage_gone" or
    "triage_empty", and of a promise's steps "step_gone" or "step_empty".

    `rule` is the number of the rule it concerns (0: none), `other` that of the earlier rule, `team` a slug, `promise` a
    name.
    """

    what: str
    rule: int = 0
    other: int = 0
    team: str = ""
    promise: str = ""


def oddities(policy: Policy, members: Mapping[str, int]) -> list[Oddity]:
    """All that is odd, the rules in their order; `members` has how many sit in each active team, by slug."""
    of_teams = [*_triage(policy, members), *_teams(policy, members), *_steps(policy, members)]
    return [*of_teams, *_never(policy), *_hidden(policy)][:SHOWN_MAX]


def _triage(policy: Policy, members: Mapping[str, int]) -> list[Oddity]:
    if policy.triage not in members:
        return [Oddity("triage_gone", team=policy.triage)]
    return [] if members[policy.triage] else [Oddity("triage_empty", team=policy.triage)]


def _teams(policy: Policy, members: Mapping[str, int]) -> list[Oddity]:
    found = []
    for number, rule in enumerate(policy.rules, 1):
        for team in (rule.then.owner, *rule.then.involve):
            if team in ("", EARLIER_OWNER, HOLDER):
                continue
            if team not in members:
                found.append(Oddity("gone", number, team=team))
            elif not members[team] and team == rule.then.owner:
                found.append(Oddity("empty", number, team=team))
    return found


def _steps(policy: Policy, members: Mapping[str, int]) -> list[Oddity]:
    """Teams that steps of promises name, though nobody would be reached there."""
    inline = [(n, "", rule.then.promise) for n, rule in enumerate(policy.rules, 1)]
    given = [*((0, name, one) for name, one in policy.promises.items()), *inline]
    return [
        Oddity("step_empty" if team in members else "step_gone", number, team=team, promise=name)
        for number, name, promise in given
        if isinstance(promise, Promise)
        for team in dict.fromkeys(s.to.removeprefix(TEAM) for s in promise.steps if s.to.startswith(TEAM))
        if not members.get(team)
    ]


def _never(policy: Policy) -> list[Oddity]:
    """Rules that need an earlier owner of the thread: what goes on in a thread comes to its own conversation."""
    return [Oddity("never", number) for number, rule in enumerate(policy.rules, 1) if _asks_of_thread(rule.when)]


def _asks_of_thread(condition: Condition) -> bool:
    """Whether it holds for nothing that has no earlier owner of its thread."""
    if isinstance(condition, All):
        return any(map(_asks_of_thread, condition.conditions))
    if isinstance(condition, AnyOf):
        return all(map(_asks_of_thread, condition.conditions))
    return isinstance(condition, EarlierOwner) and condition.of == "thread"


def _hidden(policy: Policy) -> list[Oddity]:
    """Deciding rules of which an earlier deciding one holds whenever they do."""
    found: list[Oddity] = []
    index = _Index()
    for number, rule in enumerate(policy.rules, 1):
        if not rule.decides:
            continue
        parts = _parts(rule.when)
        other = index.holds_before(parts)
        if other is not None:
            same = index.parts[other] == parts
            differs = policy.rules[other - 1].then.owner != rule.then.owner
            found.append(Oddity("contradict" if same and differs else "shadowed", number, other))
        if not _may_pass(rule):
            index.put(number, parts)
    return found


def _may_pass(rule: Rule) -> bool:
    """Whether it hits and yet may not decide: nobody owned it before, or nobody holds the relationship."""
    return rule.then.owner in (EARLIER_OWNER, HOLDER)


class _Index:
    """Earlier rules by one of their parts, so that only those which could hold are compared."""

    def __init__(self) -> None:
        self.parts: dict[int, frozenset[_Key]] = {}
        self._always: int | None = None
        self._by_part: dict[_Key, list[int]] = {}

    def put(self, number: int, parts: frozenset[_Key]) -> None:
        self.parts[number] = parts
        if not parts:
            self._always = self._always or number
            return
        least = min(parts, key=lambda part: (len(self._by_part.get(_marks(part)[0], ())), repr(part)))
        for mark in _marks(least):
            self._by_part.setdefault(mark, []).append(number)

    def holds_before(self, parts: frozenset[_Key]) -> int | None:
        """The first rule of which every part holds where these do."""
        seen = {number for part in parts for mark in _marks(part) for number in self._by_part.get(mark, ())}
        fitting = [n for n in sorted(seen)[:_COMPARED_MAX] if all(_implied(part, parts) for part in self.parts[n])]
        first = fitting[0] if fitting else None
        if self._always is not None and (first is None or self._always < first):
            return self._always
        return first


_COMPARED_MAX = 200


def _implied(part: _Key, given: Iterable[_Key]) -> bool:
    """Whether it holds wherever all of the given hold."""
    return any(_narrower(one, part) for one in given)


def _narrower(one: _Key, other: _Key) -> bool:
    """Whether what meets the one meets the other: the same, or fewer of the same values."""
    if one == other:
        return True
    values, more = one[-1], other[-1]
    return one[:-1] == other[:-1] and isinstance(values, frozenset) and isinstance(more, frozenset) and values <= more


def _marks(part: _Key) -> Sequence[_Key]:
    """By what it is found: each of its values, or itself."""
    values = part[-1]
    return [(*part[:-1], value) for value in values] if isinstance(values, frozenset) and values else [part]


def _parts(condition: Condition) -> frozenset[_Key]:
    """What must all hold, in a form in which equal conditions are equal; nothing for what always holds."""
    if isinstance(condition, All):
        return frozenset(part for inner in condition.conditions for part in _parts(inner))
    return frozenset() if isinstance(condition, Always) else frozenset({_key(condition)})


def _key(condition: Condition) -> _Key:
    if isinstance(condition, AnyOf):
        return ("any", frozenset(_parts(inner) for inner in condition.conditions))
    if isinstance(condition, Not):
        return ("not", (_parts(condition.condition),))
    plain = condition.plain()
    if isinstance(plain, str):
        return (condition.name, frozenset({plain}))
    if isinstance(plain, list) and all(isinstance(one, str) for one in plain):
        return (condition.name, frozenset(map(str, plain)))
    return (condition.name, repr(plain))


def never_fired(hits: Mapping[int, int], rules: int) -> list[int]:
    """The numbers of rules that never hit."""
    return [number for number in range(1, rules + 1) if not hits.get(number)]


def always_late(
    decided: Mapping[int, int], late: Mapping[tuple[int, int], int], deciding: AbstractSet[int]
) -> dict[int, int]:
    """Deciding rules that hit but each time came after another: by number, the rule it was most often."""
    found: dict[int, tuple[int, int]] = {}
    for (number, other), count in late.items():
        if number in deciding and not decided.get(number) and count > found.get(number, (0, 0))[0]:
            found[number] = count, other
    return {number: other for number, (_, other) in sorted(found.items())}
