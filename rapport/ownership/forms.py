"""What the policy page needs: the conditions there are, a policy as plain data and back, and what is wrong
by field.

The page knows no condition: it draws the inputs of `condition_catalogue` and hands back what
`policy_from_dict` reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rapport.ownership.conditions import GROUPS, REGISTRY, All, AnyOf, Condition, EarlierOwner, Not, Topic
from rapport.ownership.conditions.base import gettext_noop
from rapport.ownership.plain import policy_from_dict, policy_to_dict
from rapport.ownership.policy import (
    BEST,
    BY_HOLDER,
    BY_LOAD,
    EARLIER_OWNER,
    HOLDER,
    ON_CALL,
    PRIORITIES,
    ROTATION,
    Outcome,
    Policy,
    Promise,
)
from rapport.ownership.problems import PolicyError, Vocabulary

__all__ = [
    "ConditionField", "DescribedRule", "condition_catalogue", "describe_rules", "outcome_choices",
    "policy_from_dict", "policy_to_dict", "problems_by_field",
]  # fmt: skip

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ConditionField:
    """One condition as a form field.

    `kind` is "choices" or "names" (pick any of `choices`; value: a text or a list), "texts" (type any; a
    text or a list), "words" (a list, or {"any": [...]} or {"all": [...]}), "patterns" (a list, or
    {"any": [...], "in": ...}), "time" (pick one of `choices`,
    and perhaps hours of `names`: a text, or {"is": ..., "hours": ...}), "yes" (true or false) or
    "conditions" (a list of tables; for "not" one table). Where `kind` is "choices" and `names` is not empty
    too, the value may be {"of": ..., "team": [...]}. `past` of the choices are offered to rules that have them alone.
    `group` is "who" (it is from), "way" (it came), "said" or "more".
    """

    name: str
    label: str
    description: str
    kind: str
    choices: Choices = ()
    names: Choices = ()
    placeholder: str = ""
    group: str = ""
    past: tuple[str, ...] = ()


def condition_catalogue(vocabulary: Vocabulary) -> tuple[ConditionField, ...]:
    """Every condition, in the order in which to offer them, with the company's own names to choose from."""
    return tuple(_field(name, vocabulary) for name in REGISTRY)


def _field(name: str, vocabulary: Vocabulary) -> ConditionField:
    condition = REGISTRY[name]
    asked = condition.input
    names = vocabulary.choices(asked.of) if asked.of else ()
    return ConditionField(
        name=name,
        label=condition.label,
        description=condition.description,
        kind=asked.kind,
        choices=asked.choices or names,
        names=names,
        placeholder=asked.placeholder,
        group=GROUPS[name],
        past=asked.past,
    )


def outcome_choices(vocabulary: Vocabulary, policy: Policy | None = None) -> dict[str, Choices]:
    """What may be chosen for each field of what follows from a rule; `policy` gives the promises there
    are.
    """
    teams = vocabulary.choices("teams")
    return {
        "owner": (
            *teams, (EARLIER_OWNER, gettext_noop("Whoever owned it before")),
            (HOLDER, gettext_noop("Whoever holds the relationship")),
        ),
        "member": vocabulary.choices("members", vocabulary.readers),
        "assign": (
            (BEST, gettext_noop("Whoever suits it best, all things weighed")),
            (ROTATION, gettext_noop("Whoever is present and next in turn")),
            (BY_LOAD, gettext_noop("Whoever is present and has the most room")),
            (BY_HOLDER, gettext_noop("Whoever holds the relationship")),
            (ON_CALL, gettext_noop("Whoever is on call")),
        ),
        "skills": vocabulary.choices("skills"),
        "involve": teams,
        "topic": vocabulary.choices("topics"),
        "priority": tuple((priority, priority.capitalize()) for priority in PRIORITIES),
        "approval": (("public", gettext_noop("Those in public")), ("all", gettext_noop("Every one"))),
        "promise": tuple((name, name) for name in policy.promises) if policy else (),
        "hours": vocabulary.choices("hours"),
    }


@dataclass(frozen=True)
class DescribedRule:
    """A rule in words."""

    number: int
    name: str
    when: str
    then: str
    decides: bool


def describe_rules(
    policy: Policy, team_names: Mapping[str, str] | None = None, topic_names: Mapping[str, str] | None = None
) -> tuple[DescribedRule, ...]:
    """Every rule in words; `team_names` and `topic_names` by slug, else the slugs stand for them."""
    teams, topics = team_names or {}, topic_names or {}
    return tuple(
        DescribedRule(
            number, rule.name, _named(rule.when, teams, topics).describe(), follows(rule.then, teams, topics),
            rule.decides,
        )
        for number, rule in enumerate(policy.rules, 1)
    )  # fmt: skip


def _named(condition: Condition, teams: Mapping[str, str], topics: Mapping[str, str]) -> Condition:
    """The condition with names where it has slugs: to be described, not to be asked."""
    if isinstance(condition, All | AnyOf):
        return replace(condition, conditions=tuple(_named(one, teams, topics) for one in condition.conditions))
    if isinstance(condition, Not):
        return replace(condition, condition=_named(condition.condition, teams, topics))
    if isinstance(condition, Topic):
        return replace(condition, topics=tuple(topics.get(slug, slug) for slug in condition.topics))
    if isinstance(condition, EarlierOwner):
        return replace(condition, teams=tuple(teams.get(slug, slug) for slug in condition.teams))
    return condition


def follows(then: Outcome, names: Mapping[str, str], topics: Mapping[str, str] | None = None) -> str:
    """What a rule does when it hits, in words; `names` has the teams by slug, `topics` the topics."""
    parts = []
    if then.owner == EARLIER_OWNER:
        parts.append("the earlier owner owns it")
    elif then.owner == HOLDER:
        parts.append("the team of whoever holds the relationship owns it")
    elif then.owner:
        parts.append(f"{names.get(then.owner, then.owner)} owns it")
    if then.member or then.assign:
        parts.append(f"{then.member} answers" if then.member else _ANSWERS[then.assign])
    if then.skills:
        parts.append(f"asks for somebody who knows {', '.join(then.skills)}")
    if then.involve:
        parts.append(f"{', '.join(names.get(slug, slug) for slug in then.involve)} follows it")
    parts += [f"the topic is {(topics or {}).get(then.topic, then.topic)}"] if then.topic else []
    parts += [f"the priority is {then.priority}"] if then.priority else []
    if then.promise:
        parts.append(f"promise: {_promised(then.promise)}")
    if then.approval:
        parts.append("a colleague approves " + ("every answer" if then.approval == "all" else "answers in public"))
    parts += ["in confidence"] if then.confidential else []
    return "; ".join(parts)


_ANSWERS = {
    BEST: "whoever suits it best answers", ROTATION: "whoever is next in turn answers",
    BY_LOAD: "whoever has the most room answers", BY_HOLDER: "whoever holds the relationship answers",
    ON_CALL: "whoever is on call answers",
}  # fmt: skip


def _promised(promise: str | Promise) -> str:
    if isinstance(promise, str):
        return promise
    clocks = (
        ("first answer", promise.first_answer), ("next answer", promise.next_answer), ("resolution", promise.resolution)
    )  # fmt: skip
    return " and ".join(f"{what} within {span}" for what, span in clocks if span)


def problems_by_field(error: PolicyError) -> dict[int, dict[str, list[str]]]:
    """What is wrong, by the number of the rule (0: the policy as a whole) and its field ("when.topic",
    "then").
    """
    found: dict[int, dict[str, list[str]]] = {}
    for problem in error.problems:
        found.setdefault(problem.rule or 0, {}).setdefault(problem.field, []).append(problem.message)
    return found
