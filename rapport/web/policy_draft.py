"""The draft of the policy that a lead works on, kept in the session until it is saved or thrown away."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from rapport.ownership.forms import policy_from_dict, policy_to_dict
from rapport.ownership.policy import Policy
from rapport.ownership.service import current_policy, vocabulary

_SESSION = "policy_draft"


@dataclass
class Draft:
    """The policy a lead works on: what it was made from, and as it is now. `changed` says whether they differ."""

    base: int
    plain: dict[str, Any]
    changed: bool = False

    @property
    def policy(self) -> Policy:
        """The draft, read."""
        return policy_from_dict(self.plain)


def draft_of(request: HttpRequest) -> Draft:
    """What one works on; the policy in force where one does not."""
    kept = request.session.get(_SESSION)
    if kept:
        return Draft(kept["base"], kept["plain"], True)
    version, policy = current_policy()
    return Draft(version.number if version else 0, deepcopy(policy_to_dict(policy)))


def keep(request: HttpRequest, draft: Draft) -> None:
    """Go on with it. Raises PolicyError where it cannot be read, and then the session has what it had."""
    policy_from_dict(draft.plain, vocabulary())
    request.session[_SESSION] = {"base": draft.base, "plain": draft.plain}


def drop(request: HttpRequest) -> None:
    """Work on nothing any more."""
    request.session.pop(_SESSION, None)
