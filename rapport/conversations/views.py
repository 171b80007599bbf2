"""Saved views: a filter with a name, for oneself, a team or everyone. Who may see one is decided by the database."""

from collections.abc import Sequence
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from rapport.conversations.asking.language import read
from rapport.conversations.asking.resolve import Looker, resolve
from rapport.conversations.desk import SavedView
from rapport.conversations.listing import OPEN, View, page_statement
from rapport.conversations.search import Search, narrowing
from rapport.core import events
from rapport.core.errors import NotAllowed, NotVisible
from rapport.staff.models import Member, Role

COUNTED_MAX = 1000
_COUNTING_MS = 250


def views_of(member: Member) -> list[SavedView]:
    """The views a member has: their own, their teams' and everyone's, in this order."""
    return sorted(
        SavedView.objects.all(),
        key=lambda one: (_place(one), one.position, one.name.casefold(), str(one.id)),
    )


def _place(view: SavedView) -> int:
    return 2 if view.for_all else 1 if view.team_id else 0


def view_of(view_id: UUID) -> SavedView:
    """One view. Raises NotVisible."""
    found = SavedView.objects.select_related("team", "member").filter(id=view_id).first()
    if found is None:
        raise NotVisible("There is no such view.")
    return found


def may_change(member: Member, view: SavedView) -> bool:
    """Whose it is may, and leads what is shared; a reader may keep views of their own."""
    return view.member_id == member.id or (
        member.role in (Role.ADMIN, Role.LEAD) and (view.for_all or view.team_id is not None)
    )


def save_view(member: Member, view: SavedView) -> None:
    """Keep a new or changed view; a new one stands last. Raises NotAllowed."""
    if not may_change(member, view) or (view.for_all and member.role not in (Role.ADMIN, Role.LEAD)):
        raise NotAllowed(_("This view is not yours to change."), _("Save one of your own."))
    is_new = view._state.adding
    if is_new:
        last = _beside(view).aggregate(last=Max("position"))["last"]
        view.position = min(0 if last is None else last + 1, 32000)
    view.save()
    _tell(member, view, "view.saved" if is_new else "view.changed")


def delete_view(member: Member, view: SavedView) -> None:
    """Forget a view. Raises NotAllowed."""
    if not may_change(member, view):
        raise NotAllowed(_("This view is not yours to delete."))
    _tell(member, view, "view.deleted")
    view.delete()


def move_view(member: Member, view: SavedView, step: int) -> None:
    """One place up (-1) or down (1) among those beside it. Raises NotAllowed."""
    if not may_change(member, view):
        raise NotAllowed(_("This view is not yours to move."))
    row = sorted(_beside(view), key=lambda one: (one.position, one.name.casefold(), str(one.id)))
    at = next(number for number, one in enumerate(row) if one.id == view.id)
    to = min(max(at + step, 0), len(row) - 1)
    row.insert(to, row.pop(at))
    for number, one in enumerate(row):
        one.position = number
    SavedView.objects.bulk_update(row, ["position"])


def _beside(view: SavedView) -> "QuerySet[SavedView]":
    if view.for_all:
        return SavedView.objects.filter(for_all=True)
    if view.team_id:
        return SavedView.objects.filter(for_all=False, team_id=view.team_id)
    return SavedView.objects.filter(for_all=False, team__isnull=True, member_id=view.member_id)


def _tell(member: Member, view: SavedView, kind: str) -> None:
    if view.for_all or view.team_id:
        events.record(kind, actor_id=member.id, data={"view": str(view.id), "team": str(view.team_id or "")})


def counts_of(views: Sequence[SavedView], member: Member, looker: Looker) -> dict[UUID, int]:
    """How many open conversations each view has, up to one more than COUNTED_MAX; none where that would take long.

    A view that looks for words has no count.
    """
    return {view.id: count for view in views if (count := _count(view, member, looker)) is not None}


def _count(saved: SavedView, member: Member, looker: Looker) -> int | None:
    asked = read(saved.query)
    search = Search(asked, resolve(asked, looker), looker, member)
    if search.reads_messages:
        return None
    name, status = list_of(search)
    view = View(member, looker.team_ids, name, status=status, sort="activity", filter=narrowing(search))
    statement, params = page_statement(view, None, COUNTED_MAX + 1)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(_COUNTING_MS)])
            cursor.execute(f"SELECT count(*) FROM ({statement}) AS counted", params)
            count = int(cursor.fetchone()[0])
            cursor.execute("SELECT set_config('statement_timeout', '60000', true)")
            return count
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "57014":  # canceled by statement_timeout
            raise
        return None


def list_of(search: Search, status: str = OPEN) -> tuple[str, str]:
    """The list a filter narrows and its status: what the filter says itself, else `status`."""
    asked = search.asked.values("status")
    snoozed = "snoozed" in search.asked.values("is")
    return ("snoozed", OPEN) if snoozed else ("all", asked[0] if len(asked) == 1 else status)
