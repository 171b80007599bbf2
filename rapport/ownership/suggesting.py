"""What was learned, in the decision: one more line of evidence, after the rules that are certain.

Whose it is is asked where no rule decided; what it is about and how much it matters where no rule says so. What rules
say is never touched, nor is a topic that was found by its words. Pure: what was learned is handed in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rapport.ownership.engine import TeamEntry, Verdict
from rapport.ownership.facts import Facts
from rapport.ownership.handing.choosing import hand
from rapport.ownership.kinds import OF_A_TEAM, PRIORITY, TEAM, TOPIC, Slot, cases_in_words
from rapport.ownership.learned import Answers, Question, Suggestion
from rapport.ownership.lessons import asked
from rapport.ownership.policy import PRIORITIES, Policy
from rapport.ownership.unsaid import ALL, APART, AUTOMATIC, BROKEN, CONFIDENTIAL, GONE, NEW, Silence
from rapport.ownership.within.values import Choice

_NORMAL = PRIORITIES.index("normal")
SAME, WORD = "same", "word"
"""Why what is certain changed nothing: it is so already, or a topic's own words had found another."""


@dataclass(frozen=True)
class Sorted:
    """A verdict with what was learned beside it: `suggestion` of the owner, `guesses` of topic and priority.

    `unsaid`: by kind why it says nothing, where that explains something.
    """

    verdict: Verdict
    suggestion: dict[str, Any] | None = None
    guesses: dict[str, Any] | None = None
    unsaid: Mapping[str, Silence] = field(default_factory=dict)


def question(
    policy: Policy, verdict: Verdict, facts: Facts, known: Mapping[str, str], owner: TeamEntry | None
) -> Question:  # fmt: skip
    """What to ask about a message that was decided; of some nothing (`slots` is empty)."""
    return Question(asked(facts), known, _slots(policy, verdict, facts, owner))


def _slots(policy: Policy, verdict: Verdict, facts: Facts, owner: TeamEntry | None) -> tuple[Slot, ...]:
    if facts.kind not in ("message", "call") or any(one.failed for one in verdict.trace):
        return ()
    found = [] if verdict.rule is not None or verdict.confidential else [Slot(TEAM)]
    own = owner.id if verdict.confidential and owner and owner.confidential else None
    if verdict.confidential and own is None:
        return ()
    rules = [rule for rule, tried in zip(policy.rules, verdict.trace, strict=True) if tried.hit]
    ruled = {TOPIC: any(rule.then.topic for rule in rules), PRIORITY: any(rule.then.priority for rule in rules)}
    return (*found, *(Slot(kind, own) for kind in OF_A_TEAM if not ruled[kind]))


def not_asked(verdict: Verdict, facts: Facts, owner: TeamEntry | None) -> Mapping[str, Silence]:
    """Why nothing was asked where no rule decided, or not whose it is; empty where it was, or a rule said it."""
    if facts.kind not in ("message", "call"):
        why = AUTOMATIC if verdict.rule is None else ""
    elif any(one.failed for one in verdict.trace):
        why = BROKEN
    else:
        own = owner is not None and owner.confidential
        why = CONFIDENTIAL if verdict.confidential and not own else ""
    return {ALL: Silence(why)} if why else {}


def sort(
    verdict: Verdict, answers: Answers, teams: Mapping[str, TeamEntry], topics: Mapping[str, Any],
    weigh: Callable[[str], float],
) -> Sorted:  # fmt: skip
    """The verdict with what was learned; where a lead wants that, and it is certain, changed by it.

    `weigh`: how much of a member's capacity it takes where its priority is this one.
    """
    answers = {kind: _still(kind, one, teams, topics) for kind, one in answers.items()}
    # Where a topic's own words had found one, that nothing more was learned of it explains nothing; nor, where a rule
    # said whose it is, that nothing was learned at all.
    unsaid = {kind: one for kind, one in answers.items() if isinstance(one, Silence)
              and not (kind == TOPIC and verdict.topic) and (TEAM in answers or one.why != NEW)}  # fmt: skip
    suggestion, guesses = None, {}
    topic, priority, team = answers.get(TOPIC), answers.get(PRIORITY), answers.get(TEAM)
    if isinstance(topic, Suggestion):
        acts = topic.acts and not verdict.topic
        guesses[TOPIC] = topic.plain(acted=acts, held=SAME if topic.label == verdict.topic else WORD)
        verdict = replace(verdict, topic=topic.label) if acts else verdict
    if isinstance(priority, Suggestion):
        acts = priority.acts and PRIORITIES.index(priority.label) != _NORMAL
        verdict = _weighing(verdict, priority.label, weigh(priority.label)) if acts else verdict
        guesses[PRIORITY] = priority.plain(acted=acts, held=SAME)
    if isinstance(team, Suggestion):
        verdict, suggestion = _owned(verdict, team, teams[team.label])
    elif team is not None and team.was_asked:
        suggestion = {}
    return Sorted(verdict, suggestion, guesses or None, unsaid)


def _still(
    kind: str, one: Suggestion | Silence, teams: Mapping[str, TeamEntry], topics: Mapping[str, Any]
) -> Suggestion | Silence:
    """What is named, be it as too unlikely, if it may be: it may be gone by now, or in confidence."""
    if isinstance(one, Silence) and not one.label:
        return one
    if kind == TEAM:
        here = one.label in teams and not teams[one.label].confidential
    else:
        here = one.label in (topics if kind == TOPIC else PRIORITIES)
    return one if here else Silence(APART if isinstance(one, Suggestion) and one.held == APART else GONE)


def _weighing(verdict: Verdict, priority: str, weight: float) -> Verdict:
    """With another priority, and what goes by it: what it weighs, and who may be asked at night."""
    ask = replace(verdict.ask, weight=weight, urgent=priority == PRIORITIES[-1])
    weighed = {**verdict.weighed, "weight": weight} if verdict.weighed else verdict.weighed
    return replace(verdict, priority=PRIORITIES.index(priority), ask=ask, weighed=weighed)


def _owned(verdict: Verdict, found: Suggestion, team: TeamEntry) -> tuple[Verdict, dict[str, Any]]:
    acts = found.acts and team.slug != verdict.owner
    if acts:
        cases = cases_in_words(found.probability)
        # Whom the team that sorts would have given it to, or why it would have waited there, says nothing here.
        choice = hand(team.members, verdict.ask, others_wait=team.queue) if team.handed_out else Choice(None, "")
        verdict = replace(
            verdict, owner=team.slug, member=choice.member, weighed=choice.plain(verdict.ask),
            waits=choice.reason if choice.member is None else "",
            sentence="; ".join([f"{team.name} owns this: {cases}", *([choice.reason] if choice.reason else [])]),
            involved=tuple(slug for slug in verdict.involved if slug != team.slug),
        )  # fmt: skip
    return verdict, found.plain(acted=acts, name="team", held=SAME)
