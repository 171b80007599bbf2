"""The draft of the policy that a lead works on, kept in the session until it is saved or thrown away."""

from copy import deepcopy
from functools import cached_property
from typing import Any

from django.http import HttpRequest

from rapport.ownership.forms import policy_from_dict, policy_to_dict
from rapport.ownership.policy import Policy
from rapport.ownership.problems import Vocabulary
from rapport.ownership.service import current_policy, vocabulary
from rapport.ownership.simulate.changed import read, vocabulary_with

_SESSION = "policy_draft"
SETUP = "policy_setup"
"""Where the session has the setup that drafts are tried with."""


class Draft:
    """The policy a lead works on: what it was made from, and as it is now. `changed` says whether they differ."""

    def __init__(self, base: int, plain: dict[str, Any] | None, in_force: Policy) -> None:
        self.base, self.changed = base, plain is not None
        self._kept, self._in_force = plain, in_force

    @cached_property
    def plain(self) -> dict[str, Any]:
        """As plain data, to be changed: a copy, so that a change that is refused leaves no trace in the session."""
        return policy_to_dict(self._in_force) if self._kept is None else deepcopy(self._kept)

    @cached_property
    def policy(self) -> Policy:
        """The draft, read; before anything was changed that is the policy in force."""
        return self._in_force if self._kept is None else policy_from_dict(self._kept)


def draft_of(request: HttpRequest) -> Draft:
    """What one works on; the policy in force where one does not."""
    version, policy = current_policy()
    kept = request.session.get(_SESSION)
    if kept:
        return Draft(kept["base"], kept["plain"], policy)
    return Draft(version.number if version else 0, None, policy)


def keep(request: HttpRequest, draft: Draft) -> None:
    """Go on with it. Raises PolicyError where it cannot be read, and then the session has what it had.

    It may name what is there only in the setup that it is tried with; saving it may not.
    """
    policy_from_dict(draft.plain, names_of(request))
    draft.changed = True
    request.session[_SESSION] = {"base": draft.base, "plain": draft.plain}


def drop(request: HttpRequest) -> None:
    """Work on nothing any more."""
    request.session.pop(_SESSION, None)


def names_of(request: HttpRequest) -> Vocabulary:
    """Every name that a draft may use: what there is, and what it is tried with (`policy_setup`)."""
    return vocabulary_with(read(request.session.get(SETUP) or {}), vocabulary())
