"""The draft of the policy that a lead works on: theirs, wherever they sign in, until it is saved or thrown away."""

from copy import deepcopy
from functools import cached_property
from typing import Any

from django.http import HttpRequest

from rapport.core.clock import now
from rapport.ownership.forms import policy_from_dict, policy_to_dict
from rapport.ownership.models import PolicyDraft
from rapport.ownership.policy import Policy
from rapport.ownership.problems import Vocabulary
from rapport.ownership.service import current_policy, vocabulary
from rapport.ownership.simulate.changed import read, vocabulary_with
from rapport.web.rights import member_of


class Draft:
    """The policy a lead works on: what it was made from, and as it is now. `changed` says whether they differ."""

    def __init__(self, base: int, plain: dict[str, Any] | None, in_force: Policy) -> None:
        self.base, self.changed = base, plain is not None
        self._kept, self._in_force = plain, in_force

    @cached_property
    def plain(self) -> dict[str, Any]:
        """As plain data, to be changed: a copy, so that a change that is refused leaves no trace in what is kept."""
        return policy_to_dict(self._in_force) if self._kept is None else deepcopy(self._kept)

    @cached_property
    def policy(self) -> Policy:
        """The draft, read; before anything was changed that is the policy in force."""
        return self._in_force if self._kept is None else policy_from_dict(self._kept)


def draft_of(request: HttpRequest) -> Draft:
    """What one works on; the policy in force where one does not."""
    version, policy = current_policy()
    kept = _kept(request)
    if kept.plain is not None:
        return Draft(kept.base, kept.plain, policy)
    return Draft(version.number if version else 0, None, policy)


def keep(request: HttpRequest, draft: Draft) -> None:
    """Go on with it. Raises PolicyError where it cannot be read, and then what was kept stays.

    It may name what is there only in the setup that it is tried with; saving it may not.
    """
    policy_from_dict(draft.plain, names_of(request))
    draft.changed = True
    _write(request, base=draft.base, plain=draft.plain)


def drop(request: HttpRequest) -> None:
    """Work on nothing any more."""
    _write(request, base=0, plain=None)


def setup_of(request: HttpRequest) -> dict[str, Any]:
    """The setup that drafts are tried with, as plain data; {} where it is the company's own."""
    setup: dict[str, Any] = _kept(request).setup
    return setup


def keep_setup(request: HttpRequest, plain: dict[str, Any]) -> None:
    """Try drafts with this setup from now on."""
    _write(request, setup=plain)


def names_of(request: HttpRequest) -> Vocabulary:
    """Every name that a draft may use: what there is, and what it is tried with (`policy_setup`)."""
    return vocabulary_with(read(setup_of(request)), vocabulary())


def _kept(request: HttpRequest) -> PolicyDraft:
    """What is kept for whoever asks, read once a request."""
    found: PolicyDraft | None = getattr(request, "_rapport_draft", None)
    if found is None:
        member = member_of(request)
        found = PolicyDraft.objects.filter(member=member).first() or PolicyDraft(member=member)
        request._rapport_draft = found  # type: ignore[attr-defined]
    return found


def _write(request: HttpRequest, **changed: Any) -> None:
    PolicyDraft.objects.update_or_create(member=member_of(request), defaults=changed | {"changed_at": now()})
    request._rapport_draft = None  # type: ignore[attr-defined]
