"""Ownership for the rest of the house: decide a batch, record it, explain it, record what a member decided.

Everything here runs in the scope of its caller; writing needs `scope.system()`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from rapport.conversations.clocks import Given
from rapport.conversations.models import Conversation
from rapport.conversations.visibility import audience_of, hold
from rapport.core import bulk
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.ownership import learned, shadowing, suggesting, unsaid
from rapport.ownership.arriving import Arrived, Heeded, ask, heeded, leaves_open
from rapport.ownership.conditions.public import speaks_of_found
from rapport.ownership.directory import Company, business_hours, company, vocabulary
from rapport.ownership.engine import RuleResult, TeamEntry, Verdict, decide
from rapport.ownership.facts import Facts
from rapport.ownership.following import following
from rapport.ownership.giving import first_answer_due, promised
from rapport.ownership.handing import turns
from rapport.ownership.known import known
from rapport.ownership.members import answered
from rapport.ownership.models import Decision, Source
from rapport.ownership.policy import PRIORITIES, Outcome, Policy
from rapport.ownership.shadowing import Beside, Kept
from rapport.ownership.trace import pack, unpack
from rapport.ownership.versions import (
    SavedBy,
    current_policy,
    default_policy,
    in_force,
    policy_of,
    save_policy,
    save_policy_dict,
)
from rapport.ownership.world import OpenAt
from rapport.staff.clocks import FIRST_ANSWER, RESOLUTION
from rapport.staff.models import Member, Team

__all__ = [
    "Decided", "Explanation", "Reassignment", "SavedBy", "business_hours", "current_policy", "decide_batch",
    "default_policy", "explain", "policy_of", "record_decisions", "record_reassignment", "save_policy",
    "save_policy_dict", "vocabulary", "weight_of",
    "weights_of",
]  # fmt: skip


@dataclass(frozen=True)
class Decided:
    """What the policy says of one conversation, as its row needs it.

    `owner_team` is None only in a company without any team. `audience` is who may see the conversation.
    """

    conversation_id: UUID
    at: datetime
    policy_version: int | None
    verdict: Verdict
    owner_team: Team | None
    owner_member_id: UUID | None
    involved: list[UUID]
    topic_id: UUID | None
    priority: int
    confidential: bool
    first_answer_due_at: datetime | None
    resolution_due_at: datetime | None
    approval: str
    audience: list[UUID]
    clocks: Sequence[Given] = ()
    kept: Kept | None = None
    suggestion: dict[str, Any] | None = None
    facts: dict[str, str] | None = None
    guesses: dict[str, Any] | None = None
    unsaid: str = ""

    @property
    def owner_team_id(self) -> UUID | None:
        """The id of the owner's team."""
        return self.owner_team.id if self.owner_team else None


def decide_batch(items: Sequence[tuple[UUID, Facts]]) -> list[Decided]:
    """Decide conversations (id, facts) in their order with the policy in force; reads only.

    Topics and business hours are added to the facts here. Those decided earlier in a batch count as load for
    the later. A policy on trial is asked too, and is heeded where it decides for a share of all. For what no
    rule decided, of owner, topic and priority, what was learned from people is asked (in the system's scope; in another
    there is no model).
    """
    if not items:
        return []
    hold()
    version, policy, on = in_force()
    at, number = now(), version.number if version else None
    here = _company(at, [policy, *([on.policy] if on and on.policy else [])])
    answers = answered(f.person for _, f in items if f.person) if here.weighing else {}
    directory, decided, arrived = here.directory, list[Decided](), list[Arrived]()
    open_teams = {slug for slug, team in here.teams.items() if team.is_open and not team.confidential}
    for place, (conversation_id, facts) in enumerate(items):
        whole = facts.completed(
            here.matcher, OpenAt(here.hours, facts.at), answers.get(facts.person) if facts.person else None
        )
        base = Heeded(decide(policy, whole, directory), policy, number)
        done = heeded(base, on, (conversation_id, whole), directory)
        verdict, said = done.verdict, done.beside
        if verdict.member:
            directory = directory.after_assigning(verdict.member.id, _in_order(at, place), verdict.weight)
        told = known(facts, here.hours[""], open_teams)
        owner = here.directory.teams.get(verdict.owner)
        fresh = _decided(conversation_id, verdict, here, facts.at, done.version)
        decided.append(replace(fresh, facts=told, unsaid=_not_asked(verdict, facts, owner)))
        question = suggesting.question(done.policy, verdict, facts, told, owner)
        weigh = partial(done.policy.weights.of, channel=facts.channel, kind=facts.channel_kind)
        beside_asks = said is not None and leaves_open(done.other, said.other, facts)
        arrived.append(Arrived(question, weigh, said, beside_asks))
    here = replace(here, directory=directory)
    for place, found in ask(arrived).items():
        arrived[place] = one = arrived[place].with_beside(found, here.directory.teams)
        before, decided[place] = decided[place], _sorted(decided[place], one.own(found), here, one.weigh)
        here = _counting(here, before.verdict, decided[place].verdict, _in_order(at, place))
    return [_with_kept(one, how.beside, here) for one, how in zip(decided, arrived, strict=True)]


def _not_asked(verdict: Verdict, facts: Facts, owner: TeamEntry | None) -> str:
    return unsaid.pack(suggesting.not_asked(verdict, facts, owner))


def _counting(here: Company, before: Verdict, after: Verdict, at: datetime) -> Company:
    """With what was learned to be another team's as load of the member who was given it."""
    if after.member is None or after.owner == before.owner:
        return here
    return replace(here, directory=here.directory.after_assigning(after.member.id, at, after.weight))


def _company(at: datetime, policies: Sequence[Policy]) -> Company:
    """The company as these policies ask for it: whom it has only where they give to members or a team hands out, and
    all of them weighed by what the first of them says of weights.
    """
    return company(
        at,
        with_members=any(one.names_members for one in policies),
        weighing=any(one.weighs_members for one in policies),
        weights=policies[0].weights,
        if_handed_out=True,
    )


def _in_order(at: datetime, place: int) -> datetime:
    """A moment for each of a batch, so that who was given the last of it does not begin the next."""
    return at + timedelta(microseconds=place)


def _sorted(one: Decided, found: learned.Answers, here: Company, weigh: Callable[[str], float]) -> Decided:
    """With what was learned beside it, or where it may act, by it."""
    said = suggesting.sort(one.verdict, found, here.directory.teams, here.topic_ids, weigh)
    kept: dict[str, Any] = {
        "suggestion": said.suggestion, "guesses": said.guesses, "unsaid": unsaid.pack(said.unsaid) or one.unsaid
    }  # fmt: skip
    if said.verdict is not one.verdict:
        fresh = _decided(one.conversation_id, said.verdict, here, one.at, one.policy_version)
        return replace(fresh, facts=one.facts, **kept)
    return replace(one, **kept)


def _with_kept(done: Decided, said: Beside | None, here: Company) -> Decided:
    """With what is kept of a trial: whose it would have been by each policy, what was learned included."""
    if said is None:
        return done
    other = said.other
    team = here.teams.get(other.owner) if other else None
    acted = done.owner_team_id, done.first_answer_due_at
    due = first_answer_due(other, here, done.at) if other else None
    not_acted = team.id if team else None, due
    (owner, by), (base_owner, base_by) = (acted, not_acted) if said.acted else (not_acted, acted)
    return replace(done, kept=Kept(said, done.at, owner, base_owner, by, base_by))


def takes_found(facts: Sequence[Facts]) -> list[bool]:
    """Of posts that were only found: whether a rule that speaks of found posts holds, so that it is a conversation."""
    _, policy = current_policy()
    speaking = [number for number, rule in enumerate(policy.rules) if speaks_of_found(rule.when)]
    if not speaking:
        return [False] * len(facts)
    here = company(now(), with_members=False)
    whole = (one.completed(here.matcher, OpenAt(here.hours, one.at)) for one in facts)
    traces = (decide(policy, one, here.directory).trace for one in whole)
    return [any(trace[number].hit for number in speaking) for trace in traces]


def record_decisions(decided: Sequence[Decided]) -> None:
    """Store the decisions with one statement, each with every rule's result."""
    at = now()
    bulk.insert(
        "ownership_decision",
        {
            "conversation_id": ("uuid", [one.conversation_id for one in decided]),
            "id": ("uuid", [new_id() for _ in decided]),
            "at": ("timestamptz", [_in_order(at, place) for place in range(len(decided))]),
            "source": ("text", [Source.POLICY.value for _ in decided]),
            "policy_version": ("int", [one.policy_version for one in decided]),
            "owner_team_id": ("uuid", [one.owner_team_id for one in decided]),
            "owner_member_id": ("uuid", [one.owner_member_id for one in decided]),
            "involved": ("uuid[]", [bulk.array_text(one.involved) for one in decided]),
            "rule": ("int", [one.verdict.rule for one in decided]),
            "sentence": ("text", [one.verdict.sentence for one in decided]),
            "suggestion": ("jsonb", [_as_json(one.suggestion) for one in decided]),
            "facts": ("jsonb", [_as_json(one.facts) for one in decided]),
            "guesses": ("jsonb", [_as_json(one.guesses) for one in decided]),
            "unsaid": ("text", [one.unsaid or None for one in decided]),
            "weight": ("float8", [one.verdict.weight if one.owner_member_id else None for one in decided]),
            "weighed": ("jsonb", [_as_json(one.verdict.weighed) for one in decided]),
            "trace": ("jsonb", [orjson.dumps(pack(one.verdict.trace)).decode() for one in decided]),
        },
    )
    turns.came([_came(one, one.owner_team_id, at) for one in decided if one.owner_team_id])
    shadowing.keep([one.kept for one in decided if one.kept])


def _came(one: Decided, team_id: UUID, at: datetime) -> turns.Came:
    due = [moment for moment in (one.first_answer_due_at, one.resolution_due_at) if moment]
    return turns.Came(
        one.conversation_id, team_id, at, one.owner_member_id, one.verdict.waits, one.priority, min(due, default=None),
        one.at,
    )  # fmt: skip


def _as_json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _decided(conversation_id: UUID, verdict: Verdict, here: Company, at: datetime, version: int | None) -> Decided:
    team = here.teams.get(verdict.owner)
    involved = [here.teams[slug].id for slug in verdict.involved]
    clocks = promised(conversation_id, verdict, here, at)
    due = {one.terms.name: one.run.due for one in clocks}
    return Decided(
        conversation_id=conversation_id,
        at=at,
        policy_version=version,
        verdict=verdict,
        owner_team=team,
        owner_member_id=verdict.member.id if verdict.member else None,
        involved=involved,
        topic_id=here.topic_ids.get(verdict.topic),
        priority=verdict.priority,
        confidential=verdict.confidential,
        first_answer_due_at=due.get(FIRST_ANSWER),
        resolution_due_at=due.get(RESOLUTION),
        clocks=clocks,
        approval=verdict.approval,
        audience=audience_of(team, involved, verdict.confidential),
    )


@dataclass(frozen=True)
class ExplainedRule:
    """One rule as it was tried: what it asked, and its result with the reason given at the time.

    `then` is what follows from it where it counted.
    """

    result: RuleResult
    asks: str
    decided: bool
    then: Outcome | None = None


@dataclass(frozen=True)
class Explanation:
    """Why a conversation is owned as it is: the sentence, and everything behind it."""

    sentence: str
    source: str
    at: datetime
    policy_version: int | None
    rules: tuple[ExplainedRule, ...]


def explain(decision: Decision) -> Explanation:
    """Unfold a stored decision with the policy of its time."""
    rules = policy_of(decision.policy_version).rules if decision.policy_version else ()
    results = unpack(decision.trace, [rule.name for rule in rules])
    return Explanation(
        sentence=decision.sentence,
        source=decision.source,
        at=decision.at,
        policy_version=decision.policy_version,
        rules=tuple(
            ExplainedRule(result, rule.when.describe(), result.number == decision.rule, rule.then)
            for result, rule in zip(results, rules, strict=True)
        ),
    )


@dataclass(frozen=True)
class Reassignment:
    """That a member gave a conversation to a team and perhaps a member, and where it came from.

    `weight` counts in that member's week; None where nothing was newly given to them.
    """

    conversation_id: UUID
    actor_id: UUID | None
    team_id: UUID | None
    member_id: UUID | None = None
    from_team_id: UUID | None = None
    from_member_id: UUID | None = None
    involved: tuple[UUID, ...] = ()
    weight: float | None = None


def weight_of(conversation: Conversation) -> float:
    """How much of a member's capacity it takes, by the policy in force; one statement, and one for its channel."""
    return weights_of([conversation])[conversation.id]


def weights_of(conversations: Iterable[Conversation]) -> dict[UUID, float]:
    """The same for several, whose channels were best read with them."""
    weights, found = in_force()[1].weights, {}
    for one in conversations:
        name, kind = (one.channel.name, one.channel.kind) if one.channel else ("", "")
        found[one.id] = weights.of(PRIORITIES[one.priority], name, kind)
    return found


def record_reassignment(change: Reassignment) -> Decision:
    """Store what a member decided; the caller has checked that they may, changes the conversation and
    tells of it.
    """
    return Decision.objects.create(
        **following(change.conversation_id),
        conversation_id=change.conversation_id,
        source=Source.MEMBER,
        actor_id=change.actor_id,
        owner_team_id=change.team_id,
        owner_member_id=change.member_id,
        from_team_id=change.from_team_id,
        from_member_id=change.from_member_id,
        involved=list(change.involved),
        weight=change.weight,
        sentence=_reassigned(change),
    )


def _reassigned(change: Reassignment) -> str:
    team_ids = [id for id in (change.team_id, change.from_team_id) if id]
    member_ids = [id for id in (change.actor_id, change.member_id, change.from_member_id) if id]
    teams = dict(Team.objects.filter(id__in=team_ids).values_list("id", "name"))
    people = dict(Member.objects.filter(id__in=member_ids).values_list("id", "name"))
    who = _name(people, change.actor_id, "Rapport")
    parts = []
    if change.team_id != change.from_team_id:
        origin = _name(teams, change.from_team_id, "")
        parts.append(f"{who} moved it here from {origin}" if origin else f"{who} moved it here")
    if change.member_id and change.member_id == change.actor_id:
        parts.append("took it" if parts else f"{who} took it")
    elif change.member_id:
        to = _name(people, change.member_id, "a member")
        parts.append(f"gave it to {to}" if parts else f"{who} gave it to {to}")
    if not parts:
        parts.append(f"{who} gave it back to the team")
    before = _name(people, change.from_member_id, "") if change.from_member_id != change.member_id else ""
    owner = _name(teams, change.team_id, "Nobody")
    return f"{owner} owns this: {' and '.join(parts)}" + (f" (before: {before})" if before else "")


def _name(names: Mapping[UUID, str], id: UUID | None, otherwise: str) -> str:
    return names.get(id, otherwise) if id else otherwise
