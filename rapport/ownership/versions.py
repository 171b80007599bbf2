"""The policy in force and those before it: saved as versions, none of which is ever changed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import TextField
from django.db.models.functions import MD5, Cast
from django.utils.translation import gettext as _

from rapport.core import events, scope
from rapport.core.errors import Invalid, NotVisible
from rapport.ownership.directory import vocabulary, world
from rapport.ownership.format import load
from rapport.ownership.models import PolicyVersion
from rapport.ownership.plain import policy_from_dict, policy_to_dict
from rapport.ownership.policy import Policy
from rapport.ownership.policy_tests import failures, try_tests
from rapport.ownership.problems import PolicyError
from rapport.ownership.shadowing import OnTrial
from rapport.staff.models import Team

_log = logging.getLogger(__name__)
_FIRST_TRIAGE = "customer-service"
_NOTE_MAX = 200
_DIGEST = MD5(Cast("rules", TextField()))


@dataclass(frozen=True)
class SavedBy:
    """Who saves a policy and why. `expected` is the number of the version it was made from, to notice
    another's.
    """

    author_id: UUID | None = None
    note: str = ""
    expected: int | None = None


def current_policy() -> tuple[PolicyVersion | None, Policy]:
    """The policy in force with its version; before any was saved, the default one and None."""
    newest = PolicyVersion.objects.filter(tried=False).order_by("-number").values_list("number", _DIGEST).first()
    return (None, default_policy()) if newest is None else _stored(*newest)


_IN_FORCE = """
SELECT v.number, md5(v.rules::text), t.id, t.mode, t.share, t.version,
    (SELECT md5(w.rules::text) FROM ownership_policyversion w WHERE w.number = t.version)
FROM (SELECT number, rules FROM ownership_policyversion WHERE NOT tried ORDER BY number DESC LIMIT 1) v
LEFT JOIN ownership_trial t ON t.ended_at IS NULL AND t.mode <> 'off'
"""


def in_force() -> tuple[PolicyVersion | None, Policy, OnTrial | None]:
    """The same, and the policy on trial beside it, if one is; one statement, as the pipeline asks for every batch."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE)
        row = cursor.fetchone()
    if row is None:
        return None, default_policy(), None
    number, digest, trial_id, mode, share, tried, tried_digest = row
    version, policy = _stored(number, digest)
    return version, policy, OnTrial(trial_id, mode, share, tried, _on_trial(tried, tried_digest)) if trial_id else None


def _on_trial(number: int, digest: str) -> Policy | None:
    try:
        return _stored(number, digest)[1]
    except Exception:  # noqa: BLE001 - the policy in force decides, whatever is the matter with the one on trial
        _log.exception("the policy on trial, version %s, cannot be read", number)
        return None


def policy_of(number: int) -> Policy:
    """The policy of a version. Raises NotVisible when there is none."""
    found = PolicyVersion.objects.filter(number=number).values_list("number", _DIGEST).first()
    if found is None:
        raise NotVisible(f"There is no version {number} of the policy.")
    return _stored(*found)[1]


def default_policy() -> Policy:
    """What holds before anybody has written a policy: one team sorts everything."""
    teams = list(Team.objects.filter(is_active=True).order_by("confidential", "id").values_list("slug", flat=True))
    return Policy(triage=_FIRST_TRIAGE if _FIRST_TRIAGE in teams or not teams else teams[0])


def save_policy(source_text: str, fmt: str, author_id: UUID | None = None, note: str = "") -> PolicyVersion:
    """Save the policy of a file as the new version. Raises PolicyError, and then nothing was changed."""
    return _save(load(source_text, fmt, vocabulary()), SavedBy(author_id, note))


def save_policy_dict(plain: Mapping[str, Any], saved_by: SavedBy) -> PolicyVersion:
    """Save plain data as the new version. Raises PolicyError, or Invalid when another version came in
    between.
    """
    return _save(policy_from_dict(dict(plain), vocabulary()), saved_by)


def check_tests(policy: Policy) -> None:
    """Try the policy's tests. Raises PolicyError with each that fails: which rule hit instead, and why."""
    if policy.tests:
        failing = failures(try_tests(policy, world()))
        if failing:
            raise PolicyError(failing, "Nothing was changed. Change the rules, or a test that expects the wrong.")


def save_tried(plain: Mapping[str, Any], saved_by: SavedBy) -> PolicyVersion:
    """Save plain data as a version that is only tried, and not in force. Raises as `save_policy_dict`."""
    return _save(policy_from_dict(dict(plain), vocabulary()), saved_by, tried=True)


def bring_back(number: int, author_id: UUID | None) -> PolicyVersion:
    """Put an earlier version in force again, as a new one. Raises NotVisible when there is none.

    This is the way back, so nothing stands in it: neither a test that fails by now nor a team that is gone (what is
    given to it goes to triage, and says so).
    """
    note = _("Version %(number)s again") % {"number": number}
    return _save(policy_of(number), SavedBy(author_id, note), checked=False)


def _save(policy: Policy, saved_by: SavedBy, *, tried: bool = False, checked: bool = True) -> PolicyVersion:
    if checked:
        check_tests(policy)
    with scope.system():
        with connection.cursor() as cursor:
            # Two leads who save at the same moment get two versions, one after the other.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('rapport.policy'))")
        numbers = PolicyVersion.objects.order_by("-number")
        newest = numbers.values_list("number", flat=True).first() or 0
        last = numbers.filter(tried=False).values_list("number", flat=True).first() or 0
        if saved_by.expected is not None and saved_by.expected != last:
            raise Invalid(
                _("Version %(last)s of the policy was saved while you worked on version %(expected)s.")
                % {"last": last, "expected": saved_by.expected},
                _("Look at what has changed, then make your change again."),
            )
        version = PolicyVersion.objects.create(
            number=newest + 1,
            tried=tried,
            rules=policy_to_dict(policy),
            note=saved_by.note.strip()[:_NOTE_MAX],
            author_id=saved_by.author_id,
        )
        events.record(
            "policy.tried" if tried else "policy.saved",
            actor_id=saved_by.author_id,
            data={"version": version.number, "rules": len(policy.rules)},
        )
    return version


@lru_cache(maxsize=32)
def _stored(number: int, digest: str) -> tuple[PolicyVersion, Policy]:
    # The digest is part of the key: a database that was rolled back or restored may give a number twice.
    version = PolicyVersion.objects.get(number=number)
    return version, policy_from_dict(version.rules)
