"""What can be somebody's no longer (`whose`) goes to whom an administrator named, or back to its team.

It is found by whose it is, and not by who closed the account, took them out of the team or made them a reader: a page,
a directory, a command or SQL. So what was given to them in that very moment, or is opened again a year later, does not
stay with them either.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.ownership.handing import whose
from rapport.ownership.handing.giving import Given, give
from rapport.ownership.handing.whose import Lost
from rapport.ownership.models import Heir, How
from rapport.ownership.service import weights_of
from rapport.staff.models import Member, Membership, Role

TOLD_MAX = 10
"""Of so many of the newest whoever gets them is told one by one: the rest of thousands stands in their list."""
_AT_ONCE = 50
_LOOK_MAX = 50
_log = logging.getLogger(__name__)


def name_heirs(member: Member, chosen: Mapping[UUID, UUID], by: Member, teams: Collection[UUID] | None = None) -> None:
    """Who goes on with what `member` has, by team; where none is named it is the team's.

    Their account is closed, or they leave these `teams`: of others what was named before holds. Raises Invalid for who
    cannot answer for that team; then nothing is kept.
    """
    able = _able(chosen)
    if wrong := next((team for team, to in chosen.items() if to == member.id or (team, to) not in able), None):
        name = Member.objects.filter(id=chosen[wrong]).values_list("name", flat=True).first() or _("This member")
        raise Invalid(_("%(name)s cannot answer for that team.") % {"name": name}, _("Choose one of those offered."))
    before = Heir.objects.filter(member=member)
    (before if teams is None else before.filter(team_id__in=teams)).delete()
    Heir.objects.bulk_create(
        [Heir(member=member, team_id=team, to_id=to, named_by=by) for team, to in chosen.items()]
    )


def forget_heirs() -> None:
    """Who may answer for a team again has what they have there: nobody goes on with it."""
    belongs = Membership.objects.filter(member=OuterRef("member"), team=OuterRef("team"))
    Heir.objects.filter(Exists(belongs), member__is_active=True).exclude(member__role=Role.READER).delete()


def give_on(*, closed: bool = False) -> datetime | None:
    """Give on what can be its owners' no longer, some of it; when to look again, None: there is no more of it. For the
    worker. `closed`: only what those have whose accounts are closed.
    """
    with scope.system():
        forget_heirs()
        found = whose.members(closed=closed)
    # Of everybody's some, whoever has the most.
    return min((at for id in found if (at := _given_on(id))), default=None)


def _given_on(member_id: UUID) -> datetime | None:
    """Some of one member's; when more can be given on. What cannot be is passed over, and tried again later."""
    done, last = 0, UUID(int=0)
    while done < _LOOK_MAX:
        with scope.system():
            lost = whose.lost(member_id)
            held = _held(lost, last) if lost else []
            if lost is None or not held:
                return lost.again if lost else None
            done += _some(lost, held)
            last = held[:_AT_ONCE][-1].id
    return now()


def _held(lost: Lost, behind: UUID) -> list[Conversation]:
    """The next of what they have and some behind it, the oldest first, but for what somebody has in hand just now."""
    rows = lost.rows.select_related("owner_team", "channel").filter(id__gt=behind).order_by("id")
    return list(rows.select_for_update(skip_locked=True, of=("self",))[: _AT_ONCE + TOLD_MAX])


def _some(lost: Lost, held: Sequence[Conversation]) -> int:
    """How many of the first could be given on; of the last few of all whoever gets them is told."""
    heirs, weights = _heirs(lost.member), weights_of(held)
    done = 0
    for number, one in enumerate(held[:_AT_ONCE]):
        heir = heirs.get(one.owner_team_id) if one.owner_team_id else None
        clause, quiet = _clause(lost, heir), len(held) - number > TOLD_MAX
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
        _log.exception("a conversation that is no longer its owner's could not be given on; it is tried again")
        return 0
    return 1


def _clause(lost: Lost, heir: Heir | None) -> str:
    why = lost.why.value.format(name=lost.member.name)
    if heir is None:
        return why
    return f"{why}; {heir.named_by.name if heir.named_by else 'a member'} gave it to {heir.to.name}"
