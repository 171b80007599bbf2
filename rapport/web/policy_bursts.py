"""Bursts of decisions that contradict the past, as leads see them: who, when, how many, and what they changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rapport.ownership.bursting import ASIDE, may_find_right, span_of
from rapport.ownership.models import Burst, Example
from rapport.staff.models import Member
from rapport.web import locales
from rapport.web.learning_kinds import TABS
from rapport.web.learning_why import none_of

_SHOWN = 20


@dataclass(frozen=True)
class Line:
    """One burst. `aside` is how many examples setting it aside takes; `ended` says how it was settled, if it was.

    `decisions` are the latest of those: conversation, its subject, and what was decided. `right`: whoever looks may say
    that they are right.
    """

    id: UUID
    who: str
    kind: str
    since: datetime
    until: datetime
    count: int
    against: int
    changed: str
    moves: Sequence[str]
    aside: int
    decisions: Sequence[tuple[UUID, str, str]]
    ended: str
    by: str
    right: bool


def lines(
    found: Sequence[Burst], looked_at: Sequence[Burst], called: Mapping[str, Mapping[str, str]], member: Member
) -> list[Line]:
    """Those to look at, then those that were; what of them would be set aside is counted as whoever looks may see.

    `called` are names by short name, by kind.
    """
    return [_line(one, called.get(one.kind, {}), member) for one in (*found, *looked_at)]


def _line(one: Burst, names: Mapping[str, str], member: Member) -> Line:
    effect: dict[str, Any] = one.effect or {}
    changed = _("Of the latest %(asked)s messages, %(changed)s are told otherwise by it.") % {
        "asked": locales.number(effect["asked"]), "changed": locales.number(effect["changed"]),
    } if effect else ""  # fmt: skip
    moves = [
        f"{names.get(was, was)} → {names.get(then, then)}: {locales.number(count)}"
        for was, then, count in effect.get("moves", ())
    ]
    chosen = span_of(one).chosen if not one.settled else None
    ended = {"": "", ASIDE: _("set aside")}.get(one.settled, _("found right"))
    return Line(
        one.id, one.member.name if one.member else _("Somebody who left"), str(TABS.get(one.kind, one.kind)),
        one.since, one.until, one.count, one.against, changed, moves,
        chosen.count() if chosen is not None else 0, _decisions(chosen, one.kind, names) if chosen is not None else (),
        ended, one.settled_by.name if one.settled_by else "", not one.settled and may_find_right(one, member),
    )  # fmt: skip


def _decisions(chosen: QuerySet[Example], kind: str, names: Mapping[str, str]) -> list[tuple[UUID, str, str]]:
    """The latest of them, as far as whoever looks may see their conversations."""
    found = chosen.order_by("-id").values_list("conversation_id", "conversation__subject", "label")[:_SHOWN]
    return [(id, subject, names.get(label or "", label or none_of(kind))) for id, subject, label in found]
