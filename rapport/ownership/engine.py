"""Policy and facts in, verdict out: who owns it and why. Pure, and it always answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from rapport.ownership.facts import Facts
from rapport.ownership.handing.choosing import hand
from rapport.ownership.policy import (
    BY_HOLDER,
    EARLIER_OWNER,
    HOLDER,
    PRIORITIES,
    Outcome,
    Policy,
    Promise,
    Rule,
)
from rapport.ownership.promising import combined
from rapport.ownership.within.values import Ask, Choice, MemberLoad


@dataclass(frozen=True)
class TeamEntry:
    """A team as the engine sees it. `hours` is the name of its business hours, if it has its own.

    `handed_out`: the team hands out itself what comes to it; `queue`: something waits for a member of it already.
    """

    id: UUID
    slug: str
    name: str
    confidential: bool = False
    hours: str = ""
    members: tuple[MemberLoad, ...] = ()
    handed_out: bool = False
    queue: bool = False


@dataclass(frozen=True)
class Directory:
    """The active teams, by slug. `closed`: those that are gone and were confidential."""

    teams: Mapping[str, TeamEntry]
    closed: frozenset[str] = frozenset()

    def after_assigning(self, member_id: UUID, at: datetime, weight: float = 1) -> "Directory":
        """The directory as it is once the member has one conversation more, which weighs so much."""
        return replace(self, teams={slug: _with_more(team, member_id, at, weight) for slug, team in self.teams.items()})


class RuleResult(NamedTuple):
    """What became of one rule. `failed` means that it could not be tried; `reason` says why in each case."""

    number: int
    name: str
    hit: bool
    reason: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who owns it: a team's slug ("" only when there is no team at all), and all that goes with it.

    `rule` is the number of the rule that decided; None when it went to triage. `trace` has one result a rule.
    `waits` says why no member has it yet though one is to; empty where whoever of the team wants to takes it.
    `ask` is what was asked of the team's members; `weighed` is the weighing that came of it, as it is kept.
    """

    owner: str
    sentence: str
    trace: tuple[RuleResult, ...]
    rule: int | None = None
    member: MemberLoad | None = None
    involved: tuple[str, ...] = ()
    topic: str = ""
    priority: int = PRIORITIES.index("normal")
    promise: Promise | None = None
    approval: str = ""
    confidential: bool = False
    waits: str = ""
    ask: Ask = field(default_factory=Ask)
    weighed: Mapping[str, Any] | None = None

    @property
    def weight(self) -> float:
        """How much of a member's capacity it takes."""
        return self.ask.weight


#: Owners that may be nobody: then the next rule counts.
_NOBODY = {
    EARLIER_OWNER: "there is no earlier owner",
    HOLDER: "nobody of a team holds the relationship",
}


@dataclass
class _Draft:
    """What the rules so far have led to."""

    owner: TeamEntry | None = None
    rule: int | None = None
    then: Outcome = field(default_factory=Outcome)
    reason: str = ""
    involved: list[str] = field(default_factory=list)
    involved_in_confidence: list[str] = field(default_factory=list)
    topic: str = ""
    priority: str = ""
    promises: list[Promise] = field(default_factory=list)
    skills: list[str] = field(default_factory=list)
    approval: str = ""
    confidential: bool = False


def decide(policy: Policy, facts: Facts, directory: Directory) -> Verdict:
    """Try every rule in order and say who owns it. Nothing matched, or something failed: triage, and why."""
    draft, scene = _Draft(), _Scene(policy, facts, directory)
    trace = []
    for number, rule in enumerate(policy.rules, 1):
        result = _tried(number, rule, facts)
        if result.failed:
            _take_failure(draft, result, rule, scene)
        elif result.hit:
            result = _take_hit(draft, result, rule, scene)
        trace.append(result)
    if not draft.reason:
        draft.reason = "no rule matched, so it goes to triage"
    return _verdict(draft, tuple(trace), scene)


@dataclass(frozen=True, slots=True)
class _Scene:
    policy: Policy
    facts: Facts
    directory: Directory

    @property
    def triage(self) -> TeamEntry | None:
        """The team that sorts; were it gone, the first by name, an open one if there is: somebody must see it."""
        teams = self.directory.teams
        others = (teams[slug] for slug in sorted(teams, key=lambda slug: (teams[slug].confidential, slug)))
        return teams.get(self.policy.triage) or next(others, None)


def _tried(number: int, rule: Rule, facts: Facts) -> RuleResult:
    try:
        hit, reason = rule.when.check(facts)
    except Exception as error:  # noqa: BLE001 - whatever a condition raises is shown and leads to triage, never to "no match"
        said = _printable(str(error) or type(error).__name__)
        return RuleResult(number, rule.name, False, f"it failed: {said}", failed=True)
    return RuleResult(number, rule.name, hit, reason if reason.isprintable() else _printable(reason))


def _printable(reason: str) -> str:
    """Without the control characters that names in mails may bring, and the database would refuse."""
    return "".join(sign if sign.isprintable() else " " for sign in reason)


def _take_failure(draft: _Draft, result: RuleResult, rule: Rule, scene: _Scene) -> None:
    """Nobody can say whether the rule holds: a person sorts it, in confidence if the rule would have said
    so.
    """
    if not (rule.decides and draft.reason):
        owner = _owner(rule, scene)
        draft.confidential |= _in_confidence(rule, scene) or (owner is not None and owner.confidential)
    if not draft.reason:
        draft.owner, draft.reason = (
            scene.triage,
            f"rule {result.number} cannot be tried ({result.reason}), so it goes to triage",
        )


def _take_hit(draft: _Draft, result: RuleResult, rule: Rule, scene: _Scene) -> RuleResult:
    """Put what follows from the rule into the draft; the result says so if it came too late."""
    if rule.decides:
        if draft.reason:
            return result._replace(reason=f"{result.reason} ({_already(draft)})")
        owner = _owner(rule, scene)
        if owner is None and rule.then.owner in _NOBODY:
            return result._replace(reason=f"{result.reason}, but {_NOBODY[rule.then.owner]}")
        if owner is None:
            draft.owner = scene.triage
            draft.reason = f"rule {result.number} gives it to {rule.then.owner}, which is gone, so it goes to triage"
            draft.confidential |= _in_confidence(rule, scene)
            return result._replace(reason=f"{result.reason}, but {rule.then.owner} is gone")
        draft.owner, draft.rule, draft.then, draft.reason = owner, result.number, rule.then, result.reason
    _add(draft, rule, scene)
    return result


def _in_confidence(rule: Rule, scene: _Scene) -> bool:
    """Whether it is meant for few whoever gets it: the rule says so, or names a confidential team that is gone."""
    return rule.then.confidential or rule.then.owner in scene.directory.closed


def _already(draft: _Draft) -> str:
    return f"rule {draft.rule} had decided" if draft.rule else "it was in triage already"


def _owner(rule: Rule, scene: _Scene) -> TeamEntry | None:
    slug = rule.then.owner
    if slug == HOLDER:
        return _team_of_holder(scene)
    if slug == EARLIER_OWNER:
        slug = scene.facts.earlier_owner_of_thread or scene.facts.earlier_owner_of_person or ""
    return scene.directory.teams.get(slug)


def _team_of_holder(scene: _Scene) -> TeamEntry | None:
    """A team of the member who holds the relationship: the one that had this person before, else an open one."""
    facts, teams = scene.facts, scene.directory.teams
    theirs = [slug for slug in sorted(teams) if any(m.email == facts.holder for m in teams[slug].members)]
    if not facts.holder or not theirs:
        return None
    return teams[min(theirs, key=lambda slug: (slug != facts.earlier_owner_of_person, teams[slug].confidential))]


def _add(draft: _Draft, rule: Rule, scene: _Scene) -> None:
    then = rule.then
    in_confidence = then.confidential or (rule.decides and draft.owner is not None and draft.owner.confidential)
    (draft.involved_in_confidence if in_confidence else draft.involved).extend(then.involve)
    draft.topic = draft.topic or then.topic
    draft.priority = draft.priority or then.priority
    draft.confidential |= in_confidence
    draft.skills += [skill for skill in then.skills if skill not in draft.skills]
    # The stricter wins: every answer rather than those in public.
    draft.approval = "all" if "all" in (draft.approval, then.approval) else draft.approval or then.approval
    promise = scene.policy.promise(then.promise)
    if promise:
        draft.promises.append(promise)


def _verdict(draft: _Draft, trace: tuple[RuleResult, ...], scene: _Scene) -> Verdict:
    owner = draft.owner or scene.triage
    confidential = draft.confidential or (owner is not None and owner.confidential)
    # A rule that merely adds must not open a confidential matter to its team: only one that says so in the
    # same breath.
    involved = draft.involved_in_confidence if confidential else [*draft.involved_in_confidence, *draft.involved]
    priority = draft.priority or "normal"
    weight = scene.policy.weights.of(priority, scene.facts.channel, scene.facts.channel_kind)
    ask = _ask(draft, scene.facts, weight)
    choice = _member(draft, owner, ask)
    return Verdict(
        owner=owner.slug if owner else "",
        sentence=_sentence(draft, owner, choice),
        trace=trace,
        rule=draft.rule,
        member=choice.member,
        involved=tuple(s for s in dict.fromkeys(involved) if s in scene.directory.teams and owner and s != owner.slug),
        topic=draft.topic or (scene.facts.topics[0].slug if scene.facts.topics else ""),
        priority=PRIORITIES.index(priority),
        promise=combined(draft.promises),
        approval=draft.approval,
        confidential=confidential,
        waits=choice.reason if owner and choice.member is None and (draft.then.assign or owner.handed_out) else "",
        ask=ask,
        weighed=choice.plain(ask),
    )


def _ask(draft: _Draft, facts: Facts, weight: float) -> Ask:
    then = draft.then
    how = then.assign or (BY_HOLDER if then.owner == HOLDER and not then.member else "")
    return Ask(
        how, weight, draft.priority == PRIORITIES[-1], facts.language, tuple(draft.skills), facts.holder,
        facts.holder_name, facts.answered,
    )  # fmt: skip


def _member(draft: _Draft, owner: TeamEntry | None, ask: Ask) -> Choice:
    if owner is None:
        return Choice(None, "")
    if ask.how:
        return hand(owner.members, ask, others_wait=owner.queue)
    if not draft.then.member:
        return hand(owner.members, ask, others_wait=owner.queue) if owner.handed_out else Choice(None, "")
    named = next((member for member in owner.members if member.email == draft.then.member), None)
    if named is None:
        return Choice(None, f"{draft.then.member} is no member of the team any more")
    if named.reads:
        return Choice(None, f"{named.name} only reads")
    return Choice(named, f"the rule names {named.name}")


def _sentence(draft: _Draft, owner: TeamEntry | None, choice: Choice) -> str:
    if owner is None:
        return f"Nobody owns this: there is no team to give it to; {draft.reason}"
    parts = [f"{owner.name} owns this: {draft.reason}"]
    parts += [f"rule {draft.rule}"] if draft.rule else []
    parts += [choice.reason] if choice.reason else []
    return "; ".join(parts)


def _with_more(team: TeamEntry, member_id: UUID, at: datetime, weight: float) -> TeamEntry:
    if all(member.id != member_id for member in team.members):
        return team
    return replace(
        team, members=tuple(one.with_more(weight, at) if one.id == member_id else one for one in team.members)
    )
