"""A policy from plain tables, lists and texts, and back: what files, the database and the policy page
share. Pure.
"""

from collections.abc import Mapping
from typing import Any

from rapport.ownership.conditions import Plain, parse_condition, plain_condition
from rapport.ownership.conditions.base import chosen, known, one_or_list, ticked
from rapport.ownership.conditions.combine import each_in
from rapport.ownership.conditions.matches import Matches
from rapport.ownership.expressions import DIFFERENT_MAX
from rapport.ownership.policy import (
    APPROVALS,
    BY_HOLDER,
    EARLIER_OWNER,
    HOLDER,
    PRIORITIES,
    WAYS,
    Outcome,
    Policy,
    Promise,
    Rule,
)
from rapport.ownership.policy_tests import parse_tests, plain_test
from rapport.ownership.problems import PolicyError, Problems, Vocabulary
from rapport.ownership.promising import check_loops, parse_promise, plain_promise
from rapport.ownership.within.weights import Weights
from rapport.ownership.within.written import parse_skills, parse_weights, plain_skills, plain_weights

FORMAT = 1
"""The version of the layout, written as `format`."""
RULES_MAX = 10_000
_NAME_MAX = 120
_POLICY_KEYS = ("format", "triage", "promises", "weights", "rules", "tests", "vocabulary")
_RULE_KEYS = ("name", "when", "then")
_OUTCOME_KEYS = (
    "owner", "member", "assign", "skills", "involve", "topic", "priority", "promise", "approval", "confidential",
)  # fmt: skip


def policy_from_dict(given: object, vocabulary: Vocabulary | None = None) -> Policy:
    """The policy of plain data. Raises PolicyError with every problem, each with its rule and field.

    Without a vocabulary every name of a team, topic, member or channel will do.
    """
    problems = Problems(vocabulary)
    policy = _policy(given, problems)
    problems.stop_if_any()
    if policy is None:
        raise PolicyError("this is no policy")
    return policy


def policy_to_dict(policy: Policy) -> dict[str, Any]:
    """Plain data; `policy_from_dict` makes an equal policy of it."""
    plain: dict[str, Any] = {"format": FORMAT, "triage": policy.triage}
    if policy.promises:
        plain["promises"] = {name: plain_promise(promise) for name, promise in policy.promises.items()}
    if policy.weights != Weights():
        plain["weights"] = plain_weights(policy.weights)
    plain["rules"] = [
        {"name": rule.name, "when": plain_condition(rule.when), "then": _plain_outcome(rule.then)}
        for rule in policy.rules
    ]
    if policy.tests:
        plain["tests"] = [plain_test(test) for test in policy.tests]
    return plain


def _policy(given: object, problems: Problems) -> Policy | None:
    table = _table(given, _POLICY_KEYS, problems, "a policy: a table with triage and rules")
    if table is None:
        return None
    with problems.at("format"):
        if table.get("format", FORMAT) != FORMAT or isinstance(table.get("format"), bool):
            problems.note(f"expected {FORMAT}, the only layout there is")
    triage = _name(table, "triage", problems, "teams", "a team")
    promises = _promises(table.get("promises", {}), problems)
    rules = _rules(table.get("rules", []), promises, problems)
    _check_patterns(rules, problems)
    if not problems.found:
        check_loops(rules, promises, problems)
    with problems.at("tests"):
        tests = parse_tests(table.get("tests", []), problems)
    with problems.at("weights"):
        weights = parse_weights(table.get("weights", {}), PRIORITIES, problems)
    return None if problems.found else Policy(triage, rules, promises, tests, weights)


def _rules(given: object, promises: Mapping[str, Promise], problems: Problems) -> tuple[Rule, ...]:
    with problems.at("rules"):
        if not isinstance(given, list):
            problems.note("expected a list of rules")
            return ()
        if len(given) > RULES_MAX:
            problems.note(f"{len(given)} rules are more than anybody can follow; at most {RULES_MAX}")
            return ()
        made = []
        for position, rule in enumerate(given):
            with problems.at(position):
                made.append(_rule(rule, promises, problems))
        return tuple(rule for rule in made if rule)


def _check_patterns(rules: tuple[Rule, ...], problems: Problems) -> None:
    """No more patterns than a message may wait for."""
    asked = (one for rule in rules for one in each_in(rule.when) if isinstance(one, Matches))
    different = len({pattern for one in asked for pattern in one.patterns})
    if different > DIFFERENT_MAX:
        with problems.at("rules"):
            problems.note(
                f"{different} different patterns (matches) are too many; at most {DIFFERENT_MAX}. "
                "One pattern may name several things: (?:INV|ORD)-\\d+"
            )


def _rule(given: object, promises: Mapping[str, Promise], problems: Problems) -> Rule | None:
    table = _table(given, _RULE_KEYS, problems, "a rule: a table with name, when and then")
    if table is None:
        return None
    name = _text(table, "name", problems, _NAME_MAX)
    with problems.at("when"):
        when = parse_condition(table.get("when", {}), problems)
    with problems.at("then"):
        then = _outcome(table.get("then"), promises, problems)
    return Rule(name, when, then) if name and when and then else None


def _outcome(given: object, promises: Mapping[str, Promise], problems: Problems) -> Outcome | None:
    table = _table(given, _OUTCOME_KEYS, problems, 'what follows, such as { owner = "…" }')
    if table is None:
        return None
    if not table:
        problems.note("expected at least one of " + ", ".join(_OUTCOME_KEYS))
    outcome = Outcome(
        owner=_owner(table, problems),
        member=_name(table, "member", problems, "members", "a member").lower() if "member" in table else "",
        assign=_one_of(table, "assign", problems, "a way to assign", WAYS),
        skills=_skills(table, problems),
        involve=_involve(table, problems),
        topic=_name(table, "topic", problems, "topics", "a topic") if "topic" in table else "",
        priority=_one_of(table, "priority", problems, "a priority", PRIORITIES),
        promise=_promise_of_rule(table, promises, problems),
        approval=_one_of(table, "approval", problems, "which answers to approve", APPROVALS),
        confidential=_confidential(table, problems),
    )
    _check_together(outcome, "owner" in table, problems)
    return outcome


def _check_together(outcome: Outcome, has_owner: bool, problems: Problems) -> None:
    if outcome.assign and outcome.member:
        with problems.at("assign"):
            problems.note("expected either a member or a way to assign, not both")
    if (outcome.assign or outcome.member) and not has_owner:
        with problems.at("assign" if outcome.assign else "member"):
            problems.note("expected an owner too: a rule without one cannot say who answers")
    if outcome.skills and has_owner and outcome.assign in ("", BY_HOLDER):
        with problems.at("skills"):
            others = ", ".join(way for way in WAYS if way != BY_HOLDER)
            problems.note(f"expected assign too, one of {others}: skills say who of the team is chosen")
    if problems.vocabulary and outcome.member in problems.vocabulary.readers:
        with problems.at("member"):
            problems.note(f"{outcome.member} only reads and cannot answer; name another member, or a way to assign")
    teams = problems.vocabulary.members_of if problems.vocabulary else {}
    if outcome.member and outcome.owner in teams and outcome.member not in teams[outcome.owner]:
        with problems.at("member"):
            problems.note(f"{outcome.member} is no member of {outcome.owner}")


def _owner(table: Mapping[str, Any], problems: Problems) -> str:
    if "owner" not in table:
        return ""
    if table["owner"] in (EARLIER_OWNER, HOLDER):
        return str(table["owner"])
    return _name(table, "owner", problems, "teams", "a team")


def _involve(table: Mapping[str, Any], problems: Problems) -> tuple[str, ...]:
    if "involve" not in table:
        return ()
    with problems.at("involve"):
        return known(table["involve"], problems, "a team", "teams") or ()


def _skills(table: Mapping[str, Any], problems: Problems) -> tuple[str, ...]:
    if "skills" not in table:
        return ()
    with problems.at("skills"):
        return parse_skills(table["skills"], problems)


def _confidential(table: Mapping[str, Any], problems: Problems) -> bool:
    with problems.at("confidential"):
        return bool(ticked(table.get("confidential", False), problems))


def _promise_of_rule(
    table: Mapping[str, Any], promises: Mapping[str, Promise], problems: Problems
) -> str | Promise | None:
    if "promise" not in table:
        return None
    with problems.at("promise"):
        if isinstance(table["promise"], dict):
            return parse_promise(table["promise"], problems)
        given = chosen(table["promise"], problems, "a promise", promises)
        if given and len(given) > 1:
            problems.note("expected one promise")
        return given[0] if given else None


def _promises(given: object, problems: Problems) -> dict[str, Promise]:
    with problems.at("promises"):
        if not isinstance(given, dict):
            problems.note('expected promises by name, such as standard = { first_answer = "4h" }')
            return {}
        made = {}
        for name, one in given.items():
            with problems.at(str(name)):
                if not isinstance(name, str) or not name.strip() or len(name) > _NAME_MAX or not name.isprintable():
                    problems.note(f"expected a name of the promise, a text of 1 to {_NAME_MAX} characters")
                made[str(name)] = parse_promise(one, problems)
        return {name: promise for name, promise in made.items() if promise}


def _table(given: object, keys: tuple[str, ...], problems: Problems, expected: str) -> dict[str, Any] | None:
    if not isinstance(given, dict):
        problems.note(f"expected {expected}")
        return None
    for key in given:
        if key not in keys:
            with problems.at(str(key)):
                problems.unknown("a key", str(key), keys)
    return given


def _text(table: Mapping[str, Any], key: str, problems: Problems, length_max: int) -> str:
    value = table.get(key)
    if isinstance(value, str) and value.strip() and len(value) <= length_max and value.strip().isprintable():
        return value.strip()
    with problems.at(key):
        problems.note(f"expected a text of 1 to {length_max} characters, on one line")
    return ""


def _name(table: Mapping[str, Any], key: str, problems: Problems, of: str, what: str) -> str:
    with problems.at(key):
        value = table.get(key)
        if not isinstance(value, str):
            problems.note(f"expected {what}, as text in quotes")
            return ""
        names = known(value, problems, what, of)
        return names[0] if names else ""


def _one_of(table: Mapping[str, Any], key: str, problems: Problems, what: str, choices: tuple[str, ...]) -> str:
    if key not in table:
        return ""
    with problems.at(key):
        if not isinstance(table[key], str):
            problems.note(f"expected one of {', '.join(choices)}")
            return ""
        given = chosen(table[key], problems, what, choices)
        return given[0] if given else ""


def _plain_outcome(outcome: Outcome) -> dict[str, Plain]:
    plain: dict[str, Plain] = {}
    for key in ("owner", "member", "assign"):
        if getattr(outcome, key):
            plain[key] = getattr(outcome, key)
    if outcome.skills:
        plain["skills"] = plain_skills(outcome.skills)
    if outcome.involve:
        plain["involve"] = one_or_list(outcome.involve)
    for key in ("topic", "priority"):
        if getattr(outcome, key):
            plain[key] = getattr(outcome, key)
    if outcome.promise is not None:
        plain["promise"] = outcome.promise if isinstance(outcome.promise, str) else plain_promise(outcome.promise)
    if outcome.approval:
        plain["approval"] = outcome.approval
    if outcome.confidential:
        plain["confidential"] = True
    return plain
