"""Both policies over one part of the past, conversation by conversation. Pure: the same parts give the same tally.

Who of a team answers depends on what everybody had at that moment, and is worked out afterwards, in order
(`simulate.desks`); so the parts may be replayed anywhere, in any number of processes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from rapport.ownership.conditions import Condition, plain_condition
from rapport.ownership.conditions.base import Check
from rapport.ownership.engine import Verdict, decide
from rapport.ownership.facts import Facts
from rapport.ownership.kinds import PRIORITY, TEAM, TOPIC, cases_in_words
from rapport.ownership.policy import BY_HOLDER, HOLDER, PRIORITIES, Policy
from rapport.ownership.simulate.kept_of_late import KeptOfLate, Promises
from rapport.ownership.simulate.past import Learned, Past, Scenery
from rapport.ownership.simulate.promises import Keeping, Kept, Turned
from rapport.ownership.within.values import Ask
from rapport.ownership.world import OpenAt

EXAMPLES_MAX = 6
"""So many examples are kept of each flow from one team to another: the newest."""
_MET_MAX = 300
"""Of so many pairs of rules that met examples are kept."""
Change = tuple[str, str, str]
"""What else became otherwise ("topic", "priority" or "confidential"), from what, to what; "" is no topic."""


class Shown(NamedTuple):
    """A conversation as an example: its moment, its id, and why each policy gave it to whom it did."""

    at: datetime
    id: UUID
    base: str
    draft: str


class Job(NamedTuple):
    """What the desks need: when it came, until when it was open, and by each policy whose it is and who is to answer.

    `answers` is a way to assign (`policy.WAYS`), an e-mail address or ""; `holder` is the address of who holds the
    relationship, `asks` what is asked of the members of either team, `person` the sender. `then` is the moment whose
    setup counts, where it is not when it came.
    """

    at: datetime
    until: datetime | None
    owners: tuple[str, str]
    answers: tuple[str, str]
    holder: str = ""
    asks: tuple[Ask, Ask] = (Ask(), Ask())
    person: UUID | None = None
    then: datetime | None = None


@dataclass
class Side:
    """What one of the two policies did. Rules are counted by their number."""

    owners: Counter[str] = field(default_factory=Counter)
    by_hour: Counter[tuple[str, int]] = field(default_factory=Counter)
    hits: Counter[int] = field(default_factory=Counter)
    decided: Counter[int] = field(default_factory=Counter)
    late: Counter[tuple[int, int]] = field(default_factory=Counter)
    failed: Counter[int] = field(default_factory=Counter)
    triage: int = 0
    promises: Kept = field(default_factory=Kept)

    def add(self, other: "Side") -> None:
        """Count another part in."""
        for name in ("owners", "by_hour", "hits", "decided", "late", "failed"):
            getattr(self, name).update(getattr(other, name))
        self.promises.add(other.promises)
        self.triage += other.triage


@dataclass
class Tally:
    """What came out of a part: of both policies, and of the two beside each other.

    `met_shown` has where a rule of the draft hit (its number) after another had decided (its number).
    `triaged`: left to those who sort by either. `promised` has of each clock how many conversations either promises it.
    `unpromised`: too little was known by then to say from when on a promise of the draft would have held.
    """

    base: Side = field(default_factory=Side)
    draft: Side = field(default_factory=Side)
    total: int = 0
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    shown: dict[tuple[str, str], list[Shown]] = field(default_factory=dict)
    changed: Counter[Change] = field(default_factory=Counter)
    changed_shown: dict[Change, list[Shown]] = field(default_factory=dict)
    turned: Counter[Turned] = field(default_factory=Counter)
    turned_shown: dict[Turned, list[Shown]] = field(default_factory=dict)
    met_shown: dict[tuple[str, str], list[Shown]] = field(default_factory=dict)
    settled: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    triaged: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    promised: Counter[str] = field(default_factory=Counter)
    recorded: int = 0
    recorded_same: int = 0
    guessed: int = 0
    unpromised: int = 0
    jobs: list[Job] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count a later part in."""
        self.base.add(other.base)
        self.draft.add(other.draft)
        self.moved.update(other.moved)
        self.settled.update(other.settled)
        self.triaged.update(other.triaged)
        self.promised.update(other.promised)
        self.changed.update(other.changed)
        self.turned.update(other.turned)
        _add_shown(self.shown, other.shown)
        _add_shown(self.changed_shown, other.changed_shown)
        _add_shown(self.turned_shown, other.turned_shown)
        _add_shown(self.met_shown, other.met_shown)
        self.total += other.total
        self.recorded += other.recorded
        self.recorded_same += other.recorded_same
        self.guessed += other.guessed
        self.unpromised += other.unpromised
        self.jobs += other.jobs


_Key = TypeVar("_Key", bound=tuple[str, ...])


def _add_shown(kept: dict[_Key, list[Shown]], more: Mapping[_Key, list[Shown]]) -> None:
    for key, shown in more.items():
        kept[key] = sorted([*kept.get(key, []), *shown])[-EXAMPLES_MAX:]


@dataclass(frozen=True)
class Pair:
    """The two policies made ready; `number` is the version of the first, to compare with what was recorded by it.

    `answers` has for each rule of either how it says who of the team answers (`Job.answers`).
    """

    base: Policy
    draft: Policy
    number: int | None = None
    names_members: bool = False
    answers: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


def pair(base: Policy, draft: Policy, number: int | None = None) -> Pair:
    """Make both ready: what they ask alike is asked once of each conversation."""
    known: dict[bytes, _Once] = {}
    return Pair(
        _ready(base, known), _ready(draft, known), number, base.names_members or draft.names_members,
        (_answers(base), _answers(draft)),
    )  # fmt: skip


class _Once:
    """A condition that remembers what it said of the conversation at hand: both policies ask it one after the other."""

    __slots__ = ("_condition", "_facts", "_said")

    def __init__(self, condition: Condition) -> None:
        self._condition = condition
        self._facts: Facts | None = None
        self._said: Check | None = None

    def check(self, facts: Facts) -> Check:
        """What it says, asked once. Raises as the condition does."""
        if self._facts is facts and self._said is not None:
            return self._said
        self._facts, self._said = facts, None
        self._said = self._condition.check(facts)
        return self._said


def _ready(policy: Policy, known: dict[bytes, _Once]) -> Policy:
    rules = []
    for rule in policy.rules:
        key = orjson.dumps(plain_condition(rule.when), option=orjson.OPT_SORT_KEYS)
        once: Any = known.setdefault(key, _Once(rule.when))
        # Who of the team answers is for the desks to say: here, nobody is counted.
        rules.append(replace(rule, when=once, then=replace(rule.then, assign="", member="")))
    return replace(policy, rules=tuple(rules))


@dataclass(frozen=True)
class Drafted:
    """With what else the second policy is tried: the company as it would be set up (None: as it was), and when what was
    learned acts by itself; a kind that is not named acts as it did.

    `learned` has by kind from how many percent on, `promised` by kind and label how many of 100 are to be right, which
    `late` (by kind) makes a threshold of, by what had come of suggestions by then.
    """

    scenery: Scenery | None = None
    learned: Mapping[str, int] = field(default_factory=dict)
    promised: Promises = field(default_factory=dict)
    late: Mapping[str, KeptOfLate] = field(default_factory=dict)

    def acts(self, one: Past) -> tuple[Mapping[str, Learned], bool]:
        """What would have acted on a conversation; and whether too little was known to say what a promise means.

        Then it acts where it was certain by what was promised then.
        """
        if not self.learned and not self.promised:
            return one.learned, False
        kept = {kind: said for kind, said in one.learned.items()
                if kind not in self.learned and kind not in self.promised}  # fmt: skip
        least = {kind: percent / 100 for kind, percent in self.learned.items()}
        kept |= {kind: said for kind, said in one.said.items() if said.probability >= least.get(kind, 2)}
        unknown = False
        for kind, of_100 in self.promised.items():
            said = one.said.get(kind)
            if said is None:
                continue
            from_on = self.late[kind].threshold(said.label, of_100.get(said.label, of_100[""]), one.then)
            if from_on is None or said.sure is None:
                unknown = True
            if said.certain if from_on is None or said.sure is None else said.sure >= from_on:
                kept[kind] = said
        return kept, unknown


def replay(past: Iterable[Past], policies: Pair, scenery: Scenery, drafted: Drafted | None = None) -> Tally:
    """Decide each by both policies, with the facts as they stood; the second as it is `drafted`."""
    drafted = drafted or Drafted()
    tally, other = Tally(), drafted.scenery or scenery
    keeping = Keeping((policies.base, policies.draft), (scenery, other))
    zone = ZoneInfo(scenery.hours[""].time_zone)
    for one in past:
        facts = theirs = one.facts.completed(scenery.matcher, OpenAt(scenery.hours, one.facts.at))
        if other is not scenery:
            theirs = one.facts.completed(other.matcher, OpenAt(other.hours, one.facts.at))
        ruled = decide(policies.base, facts, scenery.directory), decide(policies.draft, theirs, other.directory)
        base = _with_learned(ruled[0], one.learned, policies.base, scenery)
        acts, unknown = drafted.acts(one)
        tally.unpromised += unknown
        draft = _with_learned(ruled[1], acts, policies.draft, other)
        hour = facts.at.astimezone(zone).hour
        left = [rules.rule is None and verdict.owner == rules.owner
                for rules, verdict in zip(ruled, (base, draft), strict=True)]  # fmt: skip
        _count(tally.base, base, hour)
        for late in _count(tally.draft, draft, hour):
            if late in tally.met_shown or len(tally.met_shown) < _MET_MAX:
                _show(tally.met_shown.setdefault(late, []), one, base, draft)
        tally.base.triage += left[0]
        tally.draft.triage += left[1]
        tally.triaged[left[0], left[1]] += 1
        _turned(tally, one, keeping.of(one, (base, draft), (tally.base.promises, tally.draft.promises)))
        tally.promised.update(keeping.promised)
        _compare(tally, one, base, draft)
        _recorded(tally, one, base, policies)
        if policies.names_members:
            tally.jobs.append(_job(one, (base, draft), policies.answers))
    return tally


def _with_learned(verdict: Verdict, learned: Mapping[str, Learned], policy: Policy, scenery: Scenery) -> Verdict:
    """With what was learned by then where it acts by itself, and where this policy too leaves it to people."""
    if not learned or any(tried.failed for tried in verdict.trace) or verdict.confidential:
        return verdict
    topic, priority, team = (learned.get(kind) for kind in (TOPIC, PRIORITY, TEAM))
    if topic and not verdict.topic and topic.label in {each.slug for each in scenery.matcher.topics}:
        verdict = replace(verdict, topic=topic.label)
    if priority and priority.label in PRIORITIES and not _says_priority(policy, verdict):
        verdict = replace(verdict, priority=PRIORITIES.index(priority.label))
    owner = scenery.directory.teams.get(team.label) if team and verdict.rule is None else None
    if team is None or owner is None or owner.confidential:
        return verdict
    involved = tuple(slug for slug in verdict.involved if slug != owner.slug)
    sentence = f"{owner.name} owns this: {cases_in_words(team.probability)}"
    return replace(verdict, owner=owner.slug, involved=involved, sentence=sentence)


def _says_priority(policy: Policy, verdict: Verdict) -> bool:
    return any(rule.then.priority for rule, tried in zip(policy.rules, verdict.trace, strict=True) if tried.hit)


def _count(side: Side, verdict: Verdict, hour: int) -> list[tuple[str, str]]:
    """Count what it says; the rules that came too late, each with the one that had decided."""
    side.owners[verdict.owner] += 1
    side.by_hour[verdict.owner, hour] += 1
    if verdict.rule is not None:
        side.decided[verdict.rule] += 1
    late = []
    for result in verdict.trace:
        if result.hit:
            side.hits[result.number] += 1
            if result.number != verdict.rule and result.reason.endswith(_TOO_LATE):
                side.late[result.number, verdict.rule or 0] += 1
                late.append((str(result.number), str(verdict.rule or 0)))
        elif result.failed:
            side.failed[result.number] += 1
    return late


_TOO_LATE = (" had decided)", "(it was in triage already)")


def _compare(tally: Tally, one: Past, base: Verdict, draft: Verdict) -> None:
    tally.total += 1
    tally.guessed += one.guessed
    if one.settled and one.owner:
        tally.settled[base.owner == one.owner, draft.owner == one.owner] += 1
    if base.owner != draft.owner:
        flow = base.owner, draft.owner
        tally.moved[flow] += 1
        _show(tally.shown.setdefault(flow, []), one, base, draft)
    for change in _changes(base, draft):
        tally.changed[change] += 1
        _show(tally.changed_shown.setdefault(change, []), one, base, draft)


def _changes(base: Verdict, draft: Verdict) -> Iterator[Change]:
    if base.topic != draft.topic:
        yield "topic", base.topic, draft.topic
    if base.priority != draft.priority:
        yield "priority", PRIORITIES[base.priority], PRIORITIES[draft.priority]
    if base.confidential != draft.confidential:
        yield "confidential", _YES[base.confidential], _YES[draft.confidential]


_YES = {True: "yes", False: "no"}


def _show(shown: list[Shown], one: Past, base: Verdict, draft: Verdict) -> None:
    _keep(shown, Shown(one.facts.at, one.id, base.sentence, draft.sentence))


def _keep(shown: list[Shown], one: Shown) -> None:
    shown.append(one)
    if len(shown) > EXAMPLES_MAX:
        shown.sort()
        del shown[0]


def _recorded(tally: Tally, one: Past, base: Verdict, policies: Pair) -> None:
    """How true the replay is: of what this very version decided then, how much comes out the same now."""
    if policies.number is not None and one.recorded_by == policies.number:
        tally.recorded += 1
        tally.recorded_same += one.recorded == base.owner


def _turned(tally: Tally, one: Past, turned: Mapping[Turned, tuple[str, str]]) -> None:
    for key, (base, draft) in turned.items():
        tally.turned[key] += 1
        _keep(tally.turned_shown.setdefault(key, []), Shown(one.facts.at, one.id, base, draft))


def _job(one: Past, verdicts: tuple[Verdict, Verdict], answers: tuple[tuple[str, ...], tuple[str, ...]]) -> Job:
    first, second = (how[said.rule - 1] if said.rule else "" for said, how in zip(verdicts, answers, strict=True))
    owners, asks = (verdicts[0].owner, verdicts[1].owner), (verdicts[0].ask, verdicts[1].ask)
    return Job(
        one.facts.at, one.resolved_at, owners, (first, second), one.facts.holder, asks, one.facts.person, one.then
    )


def _answers(policy: Policy) -> tuple[str, ...]:
    thens = (rule.then for rule in policy.rules)
    return tuple(then.assign or then.member or (BY_HOLDER if then.owner == HOLDER else "") for then in thens)


def team_hours(counts: Mapping[tuple[str, int], int], team: str) -> list[int]:
    """How many came to a team in each hour of the day."""
    return [counts.get((team, hour), 0) for hour in range(24)]
