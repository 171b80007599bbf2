"""Skills and weights as a policy file has them, read and written. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from rapport.ownership.conditions.base import Plain, one_or_list, texts
from rapport.ownership.problems import Problems
from rapport.ownership.within.weights import LEAST, MOST, Weights

SKILLS_MAX = 10
_SKILL_LENGTH_MAX = 40


def parse_skills(value: Plain, problems: Problems) -> tuple[str, ...]:
    """One skill or a list, in lower case; each must be somebody's, where the company's are known."""
    given = texts(value, problems, "a skill")
    if given is None:
        return ()
    if len(given) > SKILLS_MAX:
        problems.note(f"expected at most {SKILLS_MAX} skills, all of which one member must have")
        return ()
    skills = tuple(dict.fromkeys(one.lower() for one in given))
    known = problems.names("skills")
    for one in skills:
        if len(one) > _SKILL_LENGTH_MAX:
            problems.note(f"“{one[:20]}…” is longer than {_SKILL_LENGTH_MAX} characters")
        elif known is not None and one not in known:
            problems.unknown("a skill", one, known)
    return skills


def plain_skills(skills: tuple[str, ...]) -> Plain:
    """One by itself, several as a list."""
    return one_or_list(skills)


def parse_weights(given: object, priorities: Iterable[str], problems: Problems) -> Weights:
    """The `[weights]` of plain data; what is wrong is noted."""
    if not isinstance(given, dict):
        problems.note("expected weights, such as { priority = { urgent = 2 }, channel = { calls = 2 } }")
        return Weights()
    for key in given:
        if key not in ("priority", "channel"):
            with problems.at(str(key)):
                problems.unknown("a key", str(key), ("priority", "channel"))
    return Weights(
        _numbers(given, "priority", "a priority", tuple(priorities), problems),
        _numbers(given, "channel", "a channel", problems.names("channels"), problems),
    )


def plain_weights(weights: Weights) -> dict[str, Any]:
    """Plain data of which `parse_weights` makes equal weights; empty where the policy says nothing of them."""
    pairs = (("priority", weights.priority), ("channel", weights.channel))
    return {key: {name: _short(one) for name, one in table.items()} for key, table in pairs if table}


def _numbers(
    given: Mapping[str, Any], key: str, what: str, known: Iterable[str] | None, problems: Problems
) -> dict[str, float]:
    table = given.get(key, {})
    found: dict[str, float] = {}
    with problems.at(key):
        if not isinstance(table, dict):
            problems.note("expected a table of weights by name, such as { urgent = 2 }")
            return {}
        for name, number in table.items():
            with problems.at(str(name)):
                if known is not None and name not in known:
                    problems.unknown(what, str(name), known)
                elif not _is_weight(number):
                    problems.note(f"expected a number from {LEAST:g} to {MOST:g}; an ordinary mail weighs 1")
                else:
                    found[str(name)] = float(number)
    return found


def _is_weight(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and LEAST <= number <= MOST


def _short(number: float) -> float | int:
    return int(number) if number == int(number) else number
