"""What the policy page needs: the conditions there are, a policy as plain data and back, and what is wrong
by field.

The page knows no condition: it draws the inputs of `condition_catalogue` and hands back what
`policy_from_dict` reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapport.ownership.conditions import REGISTRY
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
    too, the value may be {"of": ..., "team": [...]}.
    """

    name: str
    label: str
    description: str
    kind: str
    choices: Choices = ()
    names: Choices = ()
    placeholder: str = ""


def condition_catalogue(vocabulary: Vocabulary) -> tuple[ConditionField, ...]:
    """Every condition, in the order in which to offer them, with the company's own names to choose from."""
    return tuple(_field(name, vocabulary) for name in REGISTRY)


def _field(name: str, vocabulary: Vocabulary) -> ConditionField:
    condition = REGISTRY[name]
    asked = condition.input
    names = _choices(sorted(vocabulary.names.get(asked.of, ()))) if asked.of else ()
    return ConditionField(
        name=name,
        label=condition.label,
        description=condition.description,
        kind=asked.kind,
        choices=asked.choices or names,
        names=names,
        placeholder=asked.placeholder,
    )


def outcome_choices(vocabulary: Vocabulary, policy: Policy | None = None) -> dict[str, Choices]:
    """What may be chosen for each field of what follows from a rule; `policy` gives the promises there
    are.
    """
    teams = _choices(sorted(vocabulary.names.get("teams", ())))
    return {
        "owner": (
            *teams, (EARLIER_OWNER, "Whoever owned it before"), (HOLDER, "Whoever holds the relationship"),
        ),
        "member": _choices(sorted(vocabulary.names.get("members", frozenset()) - vocabulary.readers)),
        "assign": (
            (BEST, "Whoever suits it best, all things weighed"), (ROTATION, "Whoever is present and next in turn"),
            (BY_LOAD, "Whoever is present and has the most room"), (BY_HOLDER, "Whoever holds the relationship"),
            (ON_CALL, "Whoever is on call"),
        ),
        "skills": _choices(sorted(vocabulary.names.get("skills", ()))),
        "involve": teams,
        "topic": _choices(sorted(vocabulary.names.get("topics", ()))),
        "priority": tuple((priority, priority.capitalize()) for priority in PRIORITIES),
        "approval": (("public", "Those in public"), ("all", "Every one")),
        "promise": _choices(list(policy.promises) if policy else []),
        "hours": _choices(sorted(vocabulary.names.get("hours", ()))),
    }


@dataclass(frozen=True)
class DescribedRule:
    """A rule in words."""

    number: int
    name: str
    when: str
    then: str
    decides: bool


def describe_rules(policy: Policy, team_names: Mapping[str, str] | None = None) -> tuple[DescribedRule, ...]:
    """Every rule in words; `team_names` by slug, else the slugs stand for the teams."""
    names = team_names or {}
    return tuple(
        DescribedRule(number, rule.name, rule.when.describe(), follows(rule.then, names), rule.decides)
        for number, rule in enumerate(policy.rules, 1)
    )


def follows(then: Outcome, names: Mapping[str, str]) -> str:
    """What a rule does when it hits, in words; `names` has the teams by slug."""
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
    parts += [f"the topic is {then.topic}"] if then.topic else []
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


def _choices(values: Sequence[str]) -> Choices:
    return tuple((value, value) for value in values)
