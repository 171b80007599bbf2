"""The promises of two policies over what really happened: which were kept, and what their steps would have done.

What comes of a step is said by what says it live (`ownership.stepping`). What a step does is known to the steps after
it, and changes nothing of what people did afterwards. Pure.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from rapport.ownership import stepping
from rapport.ownership.engine import Directory, TeamEntry, Verdict
from rapport.ownership.policy import LEADS, OWNER, PRIORITIES, TEAM, Policy, Promise
from rapport.ownership.promising import terms_of
from rapport.ownership.simulate.clocks import BROKEN, Came, Ended, followed_through
from rapport.ownership.simulate.course import ASKED, Stage, Turn, course
from rapport.ownership.simulate.past import Held, Past, Scenery
from rapport.ownership.stepping import DONE, Meant
from rapport.ownership.world import hours_of
from rapport.staff.clocks import FIRST_ANSWER, NEXT_ANSWER, RESOLUTION, Terms
from rapport.staff.hours import Hours
from rapport.staff.timetable import Steps

CLOCKS = {FIRST_ANSWER: "first", NEXT_ANSWER: "next", RESOLUTION: "resolution"}
"""What a story calls each clock."""
StepKey = tuple[str, str, int, str, str, str]
"""Of which promise, which clock, minutes from its end, deed, whom; and what is counted of it.

That is "due", how the clock ended afterwards ("kept", "broken", "open"), what came of it ("done", or why not), and of
what tells whoever answers for it, who that was (`TOLD`).
"""
TOLD = ("told_member", "told_leads")
"""Who had it then was told; nobody had taken it, so the leads of its team were."""
Turned = tuple[str, str, str]
"""A clock, how it ended as it was, and how as it would have been; "" is that nothing was promised."""
Clocks = Mapping[str, Ended]
Verdicts = tuple[Verdict, Verdict]
Given = tuple[tuple[Terms, Steps], ...]


class Written(NamedTuple):
    """What both policies' promises ask for: whether what happened in between is needed, and whether steps are."""

    turns: bool
    steps: bool


def asked_by(policies: Iterable[Policy]) -> Written:
    """What must be known for the promises of these policies."""
    found = [one for policy in policies for one in _promises(policy)]
    steps = any(one.steps for one in found)
    return Written(steps or any(one.next_answer or one.pause for one in found), steps)


def _promises(policy: Policy) -> Iterator[Promise]:
    yield from policy.promises.values()
    yield from (rule.then.promise for rule in policy.rules if isinstance(rule.then.promise, Promise))


@dataclass
class Kept:
    """What the promises of one policy came to: clocks by how they ended ("first_kept"), and steps."""

    clocks: Counter[str] = field(default_factory=Counter)
    steps: Counter[StepKey] = field(default_factory=Counter)

    def add(self, other: "Kept") -> None:
        """Count another part in."""
        self.clocks.update(other.clocks)
        self.steps.update(other.steps)


class Keeping:
    """Both policies' promises over a part of the past, each in the company it is tried with."""

    def __init__(self, policies: tuple[Policy, Policy], sceneries: tuple[Scenery, Scenery]) -> None:
        self._policies, self._sceneries = policies, sceneries
        #: The clocks that counted in the conversation at hand, by either policy.
        self.promised: Sequence[str] = ()
        self._asks = asked_by(policies)
        #: By identity, which is quicker to look up than by value; the promises are kept, so that none is mistaken.
        self._names: dict[tuple[int, int, str], tuple[str, Promise]] = {}
        self._terms: dict[tuple[int, int], tuple[Given, Promise]] = {}
        #: A clock that both policies promise alike is one value, though their promises differ otherwise.
        self._same: dict[tuple[Terms, Steps], tuple[Terms, Steps]] = {}
        self._teams = tuple({team.id: team for team in one.directory.teams.values()} for one in sceneries)

    def of(self, one: Past, verdicts: Verdicts, kept: tuple[Kept, Kept]) -> dict[Turned, tuple[str, str]]:
        """Count what became of a conversation's promises.

        Returns by clock that is late by one policy and not by the other how it ended by each (`_told`).
        """
        self.promised = ()
        if verdicts[0].promise is None and verdicts[1].promise is None:
            return {}
        stages = self._stages(one)
        known: dict[tuple[int, int], Ended] = {}
        ended = tuple(
            self._ended(one, verdict, stages, (here, known))
            for verdict, here in zip(verdicts, self._sceneries, strict=True)
        )  # fmt: skip
        for side, (clocks, verdict) in enumerate(zip(ended, verdicts, strict=True)):
            kept[side].clocks.update({
                f"{CLOCKS[clock]}_{state}": count
                for clock, one_ended in clocks.items() for state, count in one_ended.states.items()
            })  # fmt: skip
            if self._asks.steps and verdict.promise:
                stand = _Stand(verdict, self._sceneries[side].directory, one.held)
                self._count_steps(kept[side].steps, (side, stand), verdict.promise, clocks, stages)
        self.promised = [CLOCKS[clock] for clock in CLOCKS if any(clock in one and one[clock].state for one in ended)]
        return _turned(ended[0], ended[1])

    def _stages(self, one: Past) -> tuple[Stage, ...]:
        turns = [Turn(one.facts.at, ASKED)] if one.turns is None else one.turns
        return course(one.facts.at, turns, (one.answered_at, one.resolved_at))

    def _ended(
        self,
        one: Past,
        verdict: Verdict,
        stages: Sequence[Stage],
        where: tuple[Scenery, dict[tuple[int, int], Ended]],
    ) -> Clocks:
        """Of each clock; where both policies promise the same, it is followed once."""
        if verdict.promise is None:
            return {}
        here, known = where
        hours = hours_of(verdict.promise, verdict.owner, here.directory, here.hours)
        found = {}
        for terms, steps in self._given(verdict.promise, hours):
            key = id(terms), id(steps)  # one object, by `_given`
            if key not in known:
                span = one.facts.at, here.until
                known[key] = followed_through(terms, steps if self._asks.steps else (), stages, span)
            found[terms.name] = known[key]
        return found

    def _given(self, promise: Promise, hours: Hours) -> Given:
        key = id(promise), id(hours)
        if key not in self._terms:
            given = tuple(self._same.setdefault(one, one) for one in terms_of(promise, hours))
            self._terms[key] = given, promise
        return self._terms[key][0]

    def _count_steps(
        self,
        counts: Counter[StepKey],
        where: "tuple[int, _Stand]",
        promise: Promise,
        clocks: Clocks,
        stages: Sequence[Stage],
    ) -> None:
        coming = sorted(((came.at, clock, came) for clock, ended in clocks.items() for came in ended.steps),
                        key=lambda one: one[0])  # fmt: skip
        if not coming:
            return
        side, stand = where
        changes = [one for one in stages if one.after]
        for at, clock, came in coming:
            while changes and changes[0].at <= at:
                stand.changed(changes.pop(0).after)
            comes = stand.done(f"{clock} {came.round}", came, self._teams[side])
            name = self._name(side, promise, clock)
            for what in ("due", came.then, comes, *stand.told):
                counts[name, clock, came.minutes, came.do, _whom(came.to), what] += 1

    def _name(self, side: int, promise: Promise, clock: str) -> str:
        key = side, id(promise), clock
        if key not in self._names:
            self._names[key] = _name(self._policies[side], promise, clock), promise
        return self._names[key][0]


def _name(policy: Policy, promise: Promise, clock: str) -> str:
    """Which of a policy's promises a clock came from; "" one that a rule writes itself."""
    def alike(one: Promise) -> bool:
        mine, theirs = ([(s.at, s.do, s.to) for s in each.steps if s.clock in ("", clock)] for each in (one, promise))
        return one.span(clock) == promise.span(clock) and mine == theirs

    exact = next((name for name, one in policy.promises.items() if one == promise), None)
    return exact or next((name for name, one in policy.promises.items() if alike(one)), "")


def _whom(to: str) -> str:
    """Whom a step means, for counting: members are not named."""
    return "member" if "@" in to and not to.startswith(TEAM) else to


def _turned(base: Clocks, draft: Clocks) -> dict[Turned, tuple[str, str]]:
    found = {}
    for clock in CLOCKS:
        sides = base.get(clock), draft.get(clock)
        was, would = (one.state if one else "" for one in sides)
        if was != would and BROKEN in (was, would):
            found[CLOCKS[clock], was, would] = _told(sides[0]), _told(sides[1])
    return found


def _told(ended: Ended | None) -> str:
    """How a clock ended and when it was due, as an example keeps it: "broken 2026-03-04T12:00:00+00:00"."""
    if ended is None or not ended.state:
        return ""
    return f"{ended.state} {ended.due.isoformat()}" if ended.due else ended.state


class _Stand:
    """Where a conversation stands by a policy, for its steps: as it came, as people changed it, as steps did.

    Who in its team has it is who really had it (`held`), as long as it is that team's by the policy, too.
    """

    def __init__(self, verdict: Verdict, directory: Directory, held: Sequence[Held] = ()) -> None:
        teams = self._directory = directory.teams
        self._owner = teams[verdict.owner].id if verdict.owner in teams else None
        self._involved = {teams[slug].id for slug in verdict.involved if slug in teams}
        self._confidential, self._priority = verdict.confidential, verdict.priority
        self._moves: Counter[str] = Counter()
        self._held = held
        self._given: tuple[datetime, UUID | None] | None = None
        self._moment: tuple[str, datetime] | None = None
        self._heard: set[tuple[str, UUID | None]] = set()
        #: What comes of telling whoever of the team that owns it there is.
        self._heard_by_team = DONE
        #: Whom the step at hand told of those who answer for it.
        self.told: tuple[str, ...] = ()

    def changed(self, after: Mapping[str, Any]) -> None:
        """People changed whose it is, who follows it, how much it matters."""
        if after.get("owner_team_id"):
            self._owner = UUID(after["owner_team_id"])
        if "involved" in after:
            self._involved = {UUID(one) for one in after["involved"] or ()}
        self._priority = after.get("priority", self._priority)
        self._confidential = after.get("confidential", self._confidential)

    def done(self, clock: str, came: Came, teams: Mapping[UUID, TeamEntry]) -> str:
        """What comes of a step (`stepping`), which then stands."""
        owner = teams.get(self._owner) if self._owner else None
        in_confidence = self._confidential or bool(owner and owner.confidential)
        self.told = ()
        self._heard_by_team = "empty" if owner and not owner.members else DONE
        if self._moment != (clock, came.at):
            self._moment, self._heard = (clock, came.at), set()
        return _DEEDS[came.do](self, came.to, clock, in_confidence)

    def _has(self) -> UUID | None:
        """Who in the team has it at this moment; None: nobody has taken it, or nobody can know."""
        at = self._moment[1] if self._moment else datetime.min.replace(tzinfo=UTC)
        given_at, named = self._given or (None, None)
        until_now = [
            one for one in self._held
            if one.at <= at and (given_at is None or one.at >= given_at)
            # What a step gave at this very moment is what comes of it, not what it found.
            and not (one.by_step and given_at != at <= one.at)
        ]  # fmt: skip
        if until_now:
            return until_now[-1].member if until_now[-1].team == self._owner else None
        if given_at is None or named:
            return named
        # Whom the step of then chose, though it was done a little later than it was meant to be.
        later = (one for one in self._held if one.by_step and one.at >= given_at and one.team == self._owner)
        return next((one.member for one in later), None)

    def _team(self, to: str) -> tuple[TeamEntry | None, Meant | None]:
        team = self._directory.get(to.removeprefix(TEAM))
        if team is None:
            return None, None
        answers = not all(one.reads for one in team.members)
        return team, Meant(bool(team.members), answers, team.id == self._owner, team.id in self._involved)

    def tell(self, to: str, _clock: str, _in_confidence: bool) -> str:
        """Whom it tells; whoever was told at this moment by a step of this clock is not told twice."""
        if to.startswith(TEAM):
            team, meant = self._team(to)
            comes, whom = stepping.telling(meant), (TEAM, team.id if team else None)
        elif to in (OWNER, LEADS):
            member = self._has() if to == OWNER else None
            comes, whom = (DONE, ("member", member)) if member else (self._heard_by_team, (LEADS, self._owner))
        else:
            seat = stepping.seat_of(to, self._owner, self._directory)
            comes, whom = DONE if seat else "left", ("member", seat[1].id if seat else None)
        if comes == DONE and whom in self._heard:
            return stepping.ALREADY
        self._heard.add(whom)
        if to == OWNER and comes == DONE:
            self.told = (TOLD[whom[0] == LEADS],)
        return comes

    def involve(self, to: str, _clock: str, in_confidence: bool) -> str:
        """A team follows it."""
        team, meant = self._team(to)
        comes = stepping.involving(meant, in_confidence=in_confidence)
        if team and comes in (DONE, "empty"):
            self._involved.add(team.id)
        return comes

    def priority(self, to: str, _clock: str, _in_confidence: bool) -> str:
        """It matters more."""
        wanted = PRIORITIES.index(to)
        comes = stepping.raising(self._priority, wanted)
        self._priority = max(self._priority, wanted)
        return comes

    def reassign(self, to: str, clock: str, in_confidence: bool) -> str:
        """It is somebody else’s."""
        named = None
        if to.startswith(TEAM):
            team, meant = self._team(to)
            comes = stepping.giving(meant, in_confidence=in_confidence, moves=self._moves[clock])
        else:
            seat = stepping.seat_of(to, self._owner, self._directory, answers=True)
            team = seat[0] if seat else None
            comes = "left" if team is None else stepping.often(self._moves[clock])
            named = seat[1].id if seat else None
            if team and team.id != self._owner and in_confidence:
                comes = "confidence"
            elif team and team.id == self._owner and named == self._has():
                comes = stepping.ALREADY
        if team and comes == DONE:
            self._owner, self._confidential = team.id, self._confidential or team.confidential
            self._moves[clock] += 1
            self._given = (self._moment[1], named) if self._moment else None
        return comes


_DEEDS: Mapping[str, Callable[[_Stand, str, str, bool], str]] = {
    "tell": _Stand.tell, "involve": _Stand.involve, "reassign": _Stand.reassign, "priority": _Stand.priority,
}  # fmt: skip
