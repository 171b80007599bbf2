"""What is odd about a policy, in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from rapport.ownership.directory import roles_in_teams, team_sizes
from rapport.ownership.policy import EARLIER_OWNER, HOLDER, Policy
from rapport.ownership.simulate.lint import Oddity, oddities
from rapport.staff.models import Role
from rapport.web.shell import shell_of

_SHOWN = 8
_ANY_TEAM = (EARLIER_OWNER, HOLDER)
_GRAVE = frozenset({"gone", "contradict", "triage_gone", "step_gone"})


@dataclass(frozen=True)
class Odd:
    """One of them: what it says, and the rule that it is about (0: none)."""

    says: str
    rule: int
    grave: bool


def oddities_in_words(policy: Policy, request: HttpRequest) -> list[Odd]:
    """The first of what is odd about a policy; tells nothing about members but how many a team has."""
    names = {team.slug: team.name for team in shell_of(request).all_teams}
    return [*in_words(oddities(policy, team_sizes()), names), *_who_cannot_answer(policy, names)][:_SHOWN]


def _who_cannot_answer(policy: Policy, names: dict[str, str]) -> list[Odd]:
    """Rules that name a member who has left the team, or only reads."""
    naming = [(number, rule.then) for number, rule in enumerate(policy.rules, 1) if rule.then.member]
    roles = roles_in_teams({then.member for _, then in naming})
    left = _("Rule %(rule)s names %(member)s, who is not in %(team)s any more: nobody answers.")
    reads = _("Rule %(rule)s names %(member)s, who only reads: nobody answers.")
    found = []
    for number, then in naming:
        theirs = {role for (_team, email), role in roles.items() if email == then.member}
        # Whoever owned it before, or holds the relationship, may be of any team they are in.
        role = next(iter(theirs), None) if then.owner in _ANY_TEAM else roles.get((then.owner, then.member))
        if role in (None, Role.READER):
            given = {"rule": number, "member": then.member, "team": names.get(then.owner, then.owner)}
            found.append(Odd((reads if role else left) % given, number, grave=True))
    return found


def out_of_sight(given: Iterable[tuple[str, bool]], request: HttpRequest) -> frozenset[int]:
    """The numbers of the rules whose conversations the reader may not see: that none was seen says nothing of these.

    `given` is of each rule, in order, the owner and whether it is in confidence.
    """
    shell = shell_of(request)
    own = {team.slug for team in shell.all_teams if team.id in shell.team_ids}
    kept = {team.slug for team in shell.all_teams if team.confidential}
    return frozenset(
        number for number, (owner, confidential) in enumerate(given, 1)
        if owner not in own and (confidential or owner in kept)
    )  # fmt: skip


def in_words(found: list[Oddity], names: dict[str, str]) -> list[Odd]:
    """Each in a sentence."""
    return [Odd(_says(one, names), one.rule, one.what in _GRAVE) for one in found]


def _says(one: Oddity, names: dict[str, str]) -> str:
    given: dict[str, Any] = {"rule": one.rule, "other": one.other, "team": names.get(one.team, one.team)}
    given["promise"] = (
        _("the promise “%(name)s”") % {"name": one.promise}
        if one.promise
        else _("the promise of rule %(rule)s") % {"rule": one.rule}
    )
    return {
        "contradict": _(
            "Rules %(other)s and %(rule)s ask the same and give it to different teams: rule %(other)s wins."
        ),
        "shadowed": _("Rule %(rule)s can never decide: whenever it hits, rule %(other)s has hit before."),
        "never": _("Rule %(rule)s asks who owned the thread earlier, which nothing that comes has: it never hits."),
        "gone": _("Rule %(rule)s names the team %(team)s, which is gone: what it gives there goes to triage."),
        "empty": _("Rule %(rule)s gives to %(team)s, a team with nobody in it."),
        "step_gone": _(
            "A step of %(promise)s names the team %(team)s, which is gone: those who sort are told instead."
        ),
        "step_empty": _(
            "A step of %(promise)s names %(team)s, a team with nobody in it: those who sort are told instead."
        ),
        "triage_gone": _("The team that sorts the rest, %(team)s, is gone: the first open team sorts instead."),
        "triage_empty": _("The team that sorts the rest, %(team)s, has nobody in it."),
    }[one.what] % given
