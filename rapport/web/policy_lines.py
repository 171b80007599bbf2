"""A policy in lines of words, and what two of them have in each other's place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.http import HttpRequest
from django.utils.translation import gettext as _

from rapport.conversations.models import Topic
from rapport.ownership.forms import DescribedRule, describe_rules
from rapport.ownership.policy import Policy
from rapport.web.policy_weights import weights_in_lines
from rapport.web.promise_words import promise_words
from rapport.web.reasons import say
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


class Line(NamedTuple):
    """One thing a policy says: a rule with when it holds and what follows; all else as it stands in `name`."""

    name: str
    when: str = ""
    then: str = ""

    def __str__(self) -> str:
        if not self.then:
            return self.name
        given = {"name": self.name, "when": say(self.when), "then": say(self.then)}
        return _("%(name)s: when %(when)s, then %(then)s") % given


def lines_of(policy: Policy, request: HttpRequest) -> list[Line]:
    """Who sorts the rest, the promises, the weights and the rules, each in a line."""
    names = team_names(request)
    said = [_("What no rule matches goes to %(team)s") % {"team": names.get(policy.triage, policy.triage)}]
    for name, promise in policy.promises.items():
        said.append(_("Promise %(name)s: %(words)s") % {"name": name, "words": promise_words(promise)})
    rules = [Line(one.name, one.when, one.then) for one in describe_rules(policy, names, topic_names())]
    return [*map(Line, said), *map(Line, weights_in_lines(policy)), *rules]


def changed(before: Sequence[Line], after: Sequence[Line]) -> Changed:
    """From the lines of one to those of the other; only what is shown is said in the reader's language."""
    had, has = set(before), set(after)
    return Changed(
        [str(line) for line in [one for one in after if one not in had][:_SHOWN_MAX]],
        [str(line) for line in [one for one in before if one not in has][:_SHOWN_MAX]],
        sorted(before) == sorted(after) and list(before) != list(after),
    )
