"""What members are writing: saved as they type, told apart when written in two places, never overwritten unseen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from rapport.conversations.models import Conversation, Draft, DraftKind, Upload
from rapport.core import notify
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotVisible
from rapport.outbound import richtext, uploads
from rapport.staff.models import Member

HTML_LENGTH_MAX = 500_000
_TELL_EVERY = timedelta(seconds=4)
_RECIPIENTS = ("to", "cc", "bcc")
_FIELD_LENGTH_MAX = 5000


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written: in a conversation, or (`draft_id`, None at first) to begin a new one."""

    kind: str
    conversation_id: UUID | None = None
    draft_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What the page holds. `revision` is the one it began from; `seen` the latest message when it was begun."""

    html: str
    revision: int = 0
    subject: str = ""
    recipients: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    seen: UUID | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of saving. `conflict`: it was changed elsewhere, `draft` is what stands there (None: it is gone)."""

    draft: Draft | None
    conflict: bool = False


def save(member: Member, place: Place, given: Given) -> Outcome:
    """Keep what the page holds unless somebody kept something else since `given.revision`. In the member's scope."""
    if len(given.html) > HTML_LENGTH_MAX:
        raise Invalid(
            _("The text has %(count)s characters.") % {"count": f"{len(given.html):,}"},
            _("Keep it under %(limit)s; attach what is longer.") % {"limit": f"{HTML_LENGTH_MAX:,}"},
        )
    conversation = _visible(place)
    fields = _fields(place, given)
    draft = _locked(member, place)
    if draft is None:
        return _first(member, place, given, fields) if given.revision == 0 else Outcome(None, conflict=True)
    if draft.revision != given.revision:
        nothing_lost = given.revision == 0 and not draft.html and not draft.was_sent
        if not (nothing_lost or _same(draft, fields)):
            return Outcome(draft, conflict=True)
    return Outcome(_changed(draft, fields, conversation))


def of(member: Member, place: Place) -> Draft | None:
    """The member's draft in this place, if there is one."""
    return _mine(member, place).first()


def awaited(member: Member, place: Place) -> Draft:
    """The draft in a conversation of which a save is on its way: made where it has not come, which then waits."""
    mine = _mine(member, place)
    mine.get_or_create(
        defaults={"conversation_id": place.conversation_id, "member": member, "kind": place.kind, "revision": 0}
    )
    return mine.select_for_update().get()


def sent(draft: Draft, place: Place) -> None:
    """Keep of an awaited draft that it was sent: the save that comes after it must not bring its words back."""
    Draft.objects.create(
        conversation_id=place.conversation_id, member_id=draft.member_id, kind=place.kind,
        revision=draft.revision + 1, options={"sent": True},
    )  # fmt: skip


def others(conversation_id: UUID, member: Member) -> list[Draft]:
    """What colleagues are writing in the conversation, the latest first."""
    found = Draft.objects.filter(conversation_id=conversation_id).exclude(member=member).exclude(html="")
    return list(found.select_related("member").annotate(files=Count("uploads")).order_by("-updated_at")[:10])


def unfinished(member: Member) -> list[Draft]:
    """New conversations the member began to write."""
    return list(Draft.objects.filter(member=member, kind=DraftKind.NEW).order_by("-updated_at")[:20])


def own(member: Member, draft_id: UUID) -> Draft:
    """A draft of the member's. Raises NotVisible for any other."""
    found = Draft.objects.select_for_update().filter(id=draft_id, member=member).first()
    if found is None:
        raise NotVisible(_("There is no such draft."))
    return found


def discard(draft: Draft) -> None:
    """Throw a draft and its files away."""
    conversation_id = draft.conversation_id
    draft.delete()
    _tell(conversation_id)


def take(member: Member, draft_id: UUID) -> Draft:
    """Go on with what a colleague began: it becomes the member's own, after what they had written themselves."""
    theirs = Draft.objects.select_for_update().filter(id=draft_id, conversation__isnull=False).first()
    if theirs is None:
        raise NotVisible(_("This draft is gone: it was sent or thrown away."))
    if theirs.member_id == member.id:
        return theirs
    mine = _locked(member, Place(theirs.kind, theirs.conversation_id))
    if mine is None:
        Draft.objects.filter(id=theirs.id).update(member=member, revision=theirs.revision + 1, updated_at=now())
    else:
        Upload.objects.filter(draft=theirs).update(draft=mine)
        joined = mine.html + ("<div><br></div>" if mine.html else "") + theirs.html
        Draft.objects.filter(id=mine.id).update(html=joined, revision=mine.revision + 1, updated_at=now())
        theirs.delete()
    _tell(theirs.conversation_id)
    return Draft.objects.get(id=mine.id if mine else theirs.id)


def _visible(place: Place) -> Conversation | None:
    if place.conversation_id is None:
        return None
    found = Conversation.objects.filter(id=place.conversation_id).first()
    if found is None:
        raise NotVisible("There is no such conversation.")
    return found


def _fields(place: Place, given: Given) -> dict[str, Any]:
    return {
        "html": richtext.read(given.html, internal=place.kind == DraftKind.NOTE).html,
        "subject": given.subject.replace("\0", "")[:300],
        "recipients": {
            name: str(given.recipients.get(name, "")).replace("\0", "")[:_FIELD_LENGTH_MAX] for name in _RECIPIENTS
        },
        "options": dict(given.options),
    }


def _mine(member: Member, place: Place) -> QuerySet[Draft]:
    mine = Draft.objects.filter(member=member, kind=place.kind)
    if place.kind == DraftKind.NEW:
        return mine.filter(id=place.draft_id) if place.draft_id else mine.none()
    return mine.filter(conversation_id=place.conversation_id) if place.conversation_id else mine.none()


def _locked(member: Member, place: Place) -> Draft | None:
    return _mine(member, place).select_for_update().first()


def _first(member: Member, place: Place, given: Given, fields: dict[str, Any]) -> Outcome:
    begun = fields | {"seen_message_id": given.seen}
    if place.conversation_id is None:
        return Outcome(Draft.objects.create(member=member, kind=place.kind, **begun))
    draft, made = Draft.objects.get_or_create(
        conversation_id=place.conversation_id, member=member, kind=place.kind, defaults=begun
    )
    if made:
        _tell(place.conversation_id)
    # Another tab was quicker by a moment: it is not overwritten. The same words are this page's own, on its way out.
    return Outcome(draft, conflict=not made and not _same(draft, fields))


def _same(draft: Draft, fields: dict[str, Any]) -> bool:
    return all(getattr(draft, name) == value for name, value in fields.items())


def _changed(draft: Draft, fields: dict[str, Any], conversation: Conversation | None) -> Draft:
    quiet = now() - draft.updated_at < _TELL_EVERY and bool(draft.html) == bool(fields["html"])
    for name, value in fields.items():
        setattr(draft, name, value)
    draft.revision += 1
    draft.updated_at = now()
    draft.save(update_fields=[*fields, "revision", "updated_at"])
    uploads.drop_unused(draft)
    if conversation and not quiet:
        _tell(conversation.id)
    return draft


def _tell(conversation_id: UUID | None) -> None:
    """Open pages of the conversation ask who is writing."""
    if conversation_id is None:
        return
    audience = Conversation.objects.filter(id=conversation_id).values_list("audience", flat=True).first()
    if audience:
        notify.changed("draft", conversation_id, audience)
