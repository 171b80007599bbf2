"""Policy and facts in, verdict out: who owns it and why. Pure, and it always answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from rapport.ownership.assign import Choice, MemberLoad, choose, choose_holder
from rapport.ownership.facts import Facts
from rapport.ownership.policy import (
    BY_HOLDER,
    BY_LOAD,
    EARLIER_OWNER,
    HOLDER,
    PRIORITIES,
    Outcome,
    Policy,
    Promise,
    Rule,
)


@dataclass(frozen=True)
class TeamEntry:
    """A team as the engine sees it. `hours` is the name of its business hours, if it has its own."""

    id: UUID
    slug: str
    name: str
    confidential: bool = False
    hours: str = ""
    members: tuple[MemberLoad, ...] = ()


@dataclass(frozen=True)
class Directory:
    """The active teams, by slug."""

    teams: Mapping[str, TeamEntry]

    def after_assigning(self, member_id: UUID, at: datetime) -> "Directory":
        """The directory as it is once the member has one conversation more."""
        return Directory({slug: _with_one_more(team, member_id, at) for slug, team in self.teams.items()})


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
    owner = scene.directory.teams.get(rule.then.owner)
    if not (rule.decides and draft.reason):
        draft.confidential |= rule.then.confidential or (owner is not None and owner.confidential)
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
            draft.confidential |= rule.then.confidential
            return result._replace(reason=f"{result.reason}, but {rule.then.owner} is gone")
        draft.owner, draft.rule, draft.then, draft.reason = owner, result.number, rule.then, result.reason
    _add(draft, rule, scene)
    return result


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
    choice = _member(draft, owner, scene)
    return Verdict(
        owner=owner.slug if owner else "",
        sentence=_sentence(draft, owner, choice),
        trace=trace,
        rule=draft.rule,
        member=choice.member,
        involved=tuple(s for s in dict.fromkeys(involved) if s in scene.directory.teams and owner and s != owner.slug),
        topic=draft.topic or (scene.facts.topics[0].slug if scene.facts.topics else ""),
        priority=PRIORITIES.index(draft.priority or "normal"),
        promise=_promise(draft.promises),
        approval=draft.approval,
        confidential=confidential,
    )


def _member(draft: _Draft, owner: TeamEntry | None, scene: _Scene) -> Choice:
    if owner is None:
        return Choice(None, "")
    if draft.then.assign == BY_LOAD:
        return choose(owner.members)
    if draft.then.assign == BY_HOLDER or (draft.then.owner == HOLDER and not draft.then.member):
        return choose_holder(owner.members, scene.facts.holder, scene.facts.holder_name)
    if not draft.then.member:
        return Choice(None, "")
    named = next((member for member in owner.members if member.email == draft.then.member), None)
    if named is None:
        return Choice(None, f"{draft.then.member} is no member of the team any more")
    return Choice(named, f"the rule names {named.name}")


def _promise(promises: list[Promise]) -> Promise | None:
    """Of each clock the first; the hours are those of the promise that set the first answer, or else the
    other.
    """
    if not promises:
        return None
    first = next((p for p in promises if p.first_answer), None)
    resolution = next((p for p in promises if p.resolution), None)
    return Promise(
        first_answer=first.first_answer if first else None,
        resolution=resolution.resolution if resolution else None,
        hours=(first or resolution or promises[0]).hours,
    )


def _sentence(draft: _Draft, owner: TeamEntry | None, choice: Choice) -> str:
    if owner is None:
        return f"Nobody owns this: there is no team to give it to; {draft.reason}"
    parts = [f"{owner.name} owns this: {draft.reason}"]
    parts += [f"rule {draft.rule}"] if draft.rule else []
    parts += [choice.reason] if choice.reason else []
    return "; ".join(parts)


def _with_one_more(team: TeamEntry, member_id: UUID, at: datetime) -> TeamEntry:
    if all(member.id != member_id for member in team.members):
        return team
    return replace(
        team,
        members=tuple(
            replace(m, open_count=m.open_count + 1, last_assigned_at=at) if m.id == member_id else m
            for m in team.members
        ),
    )
