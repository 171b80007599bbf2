"""What somebody has whose account is closed goes to whom an administrator named, or back to its team.

It is found by whose it is, and not by who closed the account: a page, a directory, a command or SQL. So what was given
to them in that very moment, or is opened again a year later, does not stay with them either.
"""

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rapport.conversations.models import Conversation, Status
from rapport.core import scope
from rapport.core.errors import Invalid
from rapport.ownership.handing.giving import Given, give
from rapport.ownership.models import Heir, How
from rapport.ownership.service import weights_of
from rapport.staff.models import Member, Membership, Role

TOLD_MAX = 10
"""Of so many of the newest whoever gets them is told one by one: the rest of thousands stands in their list."""
_AT_ONCE = 50
_LOOK_MAX = 50
_log = logging.getLogger(__name__)

# For each closed account the first of its conversations, if there is one: an index has it.
_WHO = """SELECT m.id FROM staff_member m CROSS JOIN LATERAL (
    SELECT 1 FROM conversations_conversation c
    WHERE c.owner_member_id = m.id AND c.status = 'open' AND c.merged_into IS NULL LIMIT 1) AS first
WHERE NOT m.is_active ORDER BY m.id"""


def name_heirs(member: Member, chosen: Mapping[UUID, UUID], by: Member) -> None:
    """Whom what `member` has goes to as their account is closed, by team; where none is named it is the team's.

    Raises Invalid for who cannot answer for that team; then nothing is kept.
    """
    able = _able(chosen)
    if wrong := next((team for team, to in chosen.items() if to == member.id or (team, to) not in able), None):
        name = Member.objects.filter(id=chosen[wrong]).values_list("name", flat=True).first() or _("This member")
        raise Invalid(_("%(name)s cannot answer for that team.") % {"name": name}, _("Choose one of those offered."))
    Heir.objects.filter(member=member).delete()
    Heir.objects.bulk_create(
        [Heir(member=member, team_id=team, to_id=to, named_by=by) for team, to in chosen.items()]
    )


def forget_heirs() -> None:
    """Who may sign in again has what they have: nobody goes on with it."""
    Heir.objects.filter(member__is_active=True).delete()


def open_of(member: Member) -> QuerySet[Conversation]:
    """What a member has open, also what sleeps; in the scope of whoever asks."""
    return Conversation.objects.filter(owner_member=member, status=Status.OPEN, merged_into__isnull=True)


def give_on() -> bool:
    """Give on what those have whose accounts are closed, some of it; whether there is more to do. For the worker."""
    with scope.system():
        forget_heirs()
        with connection.cursor() as cursor:
            cursor.execute(_WHO)
            left = [row[0] for row in cursor.fetchall()]
    # Of everybody's some, whoever has the most.
    return sum(_given_on(member_id) for member_id in left) > 0


def _given_on(member_id: UUID) -> bool:
    """Some of one member's; whether more can be given on. What cannot be is passed over, and tried again later."""
    done, last = 0, UUID(int=0)
    while done < _LOOK_MAX:
        with scope.system():
            member = Member.objects.filter(id=member_id, is_active=False).first()
            held = _held(member, last) if member else []
            if member is None or not held:
                return False
            done += _some(member, held)
            last = held[:_AT_ONCE][-1].id
    return True


def _held(member: Member, behind: UUID) -> list[Conversation]:
    """The next of what they have and some behind it, the oldest first, but for what somebody has in hand just now."""
    rows = open_of(member).select_related("owner_team", "channel").filter(id__gt=behind).order_by("id")
    return list(rows.select_for_update(skip_locked=True, of=("self",))[: _AT_ONCE + TOLD_MAX])


def _some(member: Member, held: Sequence[Conversation]) -> int:
    """How many of the first could be given on; of the last few of all whoever gets them is told."""
    heirs, weights = _heirs(member), weights_of(held)
    done = 0
    for number, one in enumerate(held[:_AT_ONCE]):
        heir = heirs.get(one.owner_team_id) if one.owner_team_id else None
        clause, quiet = _clause(member, heir), len(held) - number > TOLD_MAX
        done += _given(one, Given(heir.to_id if heir else None, clause, How.LEFT, weights[one.id], quiet=quiet))
    return done


def _heirs(member: Member) -> dict[UUID, Heir]:
    """By team who goes on with it, as far as they still can."""
    named = {one.team_id: one for one in Heir.objects.filter(member=member).select_related("to", "named_by")}
    able = _able({team: one.to_id for team, one in named.items()})
    return {team: one for team, one in named.items() if (team, one.to_id) in able}


def _able(chosen: Mapping[UUID, UUID]) -> set[tuple[UUID, UUID]]:
    """Of teams with a member each, those whose member works there and may answer."""
    rows = Membership.objects.filter(team_id__in=list(chosen), member_id__in=list(chosen.values()))
    rows = rows.filter(team__is_active=True, member__is_active=True).exclude(member__role=Role.READER)
    return set(rows.values_list("team_id", "member_id")) & set(chosen.items())


def _given(one: Conversation, given: Given) -> int:
    try:
        with transaction.atomic():
            give(one, given)
    except OperationalError:
        raise
    except Exception:  # noqa: BLE001 - what is the matter with one must not hold up all others
        _log.exception("a conversation of a member who left could not be given on; it is tried again")
        return 0
    return 1


def _clause(member: Member, heir: Heir | None) -> str:
    closed = f"the account of {member.name} was closed"
    if heir is None:
        return closed
    return f"{closed}; {heir.named_by.name if heir.named_by else 'a member'} gave it to {heir.to.name}"
