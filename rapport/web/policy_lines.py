"""A policy in lines of words, and what two of them have in each other's place."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from rapport.conversations.models import Topic
from rapport.ownership.forms import DescribedRule, describe_rules
from rapport.ownership.policy import Policy
from rapport.web.policy_weights import weights_in_lines
from rapport.web.promise_words import promise_words
from rapport.web.shell import shell_of

_SHOWN_MAX = 200


@dataclass(frozen=True)
class Changed:
    """What one policy has that the other had not (at most 200 lines each); `moved`: the same in another order."""

    added: list[str]
    removed: list[str]
    moved: bool


def team_names(request: HttpRequest) -> dict[str, str]:
    """The names of all teams by slug."""
    return {team.slug: team.name for team in shell_of(request).all_teams}


def topic_names() -> dict[str, str]:
    """The names of all topics by slug, also of those that are not used any more: earlier versions speak of them."""
    return dict(Topic.objects.values_list("slug", "name"))


def rules_in_words(policy: Policy, request: HttpRequest) -> tuple[DescribedRule, ...]:
    """Its rules, with the teams by their names."""
    return describe_rules(policy, team_names(request), topic_names())


def lines_of(policy: Policy, request: HttpRequest) -> list[str]:
    """Who sorts the rest, the promises, the weights and the rules, each in a line."""
    names = team_names(request)
    rules = [f"{one.name}: when {one.when}, then {one.then}" for one in describe_rules(policy, names, topic_names())]
    promises = [f"Promise {name}: {promise_words(value)}" for name, value in policy.promises.items()]
    triage = names.get(policy.triage, policy.triage)
    return [f"What no rule matches goes to {triage}", *promises, *weights_in_lines(policy), *rules]


def changed(before: Sequence[str], after: Sequence[str]) -> Changed:
    """From the lines of one to those of the other."""
    had, has = set(before), set(after)
    return Changed(
        [line for line in after if line not in had][:_SHOWN_MAX],
        [line for line in before if line not in has][:_SHOWN_MAX],
        sorted(before) == sorted(after) and list(before) != list(after),
    )
