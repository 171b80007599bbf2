"""What the box under the timeline starts with, and what comes back out of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.utils import getaddresses
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from rapport.channels import registry
from rapport.channels.models import Channel
from rapport.conversations.models import Conversation, Direction, Draft, DraftKind, Message, Upload
from rapport.core.clock import now
from rapport.core.errors import Invalid, RapportError
from rapport.core.options import options
from rapport.outbound import opening, richtext, scheduling
from rapport.outbound.models import DeliveryState
from rapport.outbound.uploads import INLINE_BYTES_MAX
from rapport.people.consenting import is_marked
from rapport.people.models import Handle
from rapport.web import richview
from rapport.web.aboutdraw import is_web
from rapport.web.rights import member_of
from rapport.web.shell import shell_of
from rapport.web.timeline import Timeline
from rapport.web.ways import Way, ways_of

Addresses = list[tuple[str, str]]


@dataclass(frozen=True)
class Box:
    """What is kept of one kind of draft: the page changes between them without losing either."""

    kind: str
    html: str = ""
    revision: int = 0
    draft_id: UUID | None = None
    uploads: Sequence[Upload] = ()

    @property
    def editing(self) -> SafeString:
        """Its HTML for the editor."""
        return richview.for_editor(self.html, self.uploads)

    @property
    def text(self) -> str:
        """The same for a plain field."""
        return richtext.read(self.html, internal=self.kind == DraftKind.NOTE).text


@dataclass(frozen=True)
class Stop:
    """Why it was not sent yet: what others said meanwhile, or the draft as another tab has it."""

    since: Sequence[Message] = ()
    other: Draft | None = None
    gone: bool = False

    @property
    def other_body(self) -> SafeString:
        """The other tab's words."""
        return richview.for_reading(self.other.html if self.other else "")


@dataclass(frozen=True)
class Composer:
    """What stands in the box.

    `why_not` says why a reply cannot be sent the usual way from here, `there` where else one could answer.
    """

    to: str = ""
    cc: str = ""
    bcc: str = ""
    text: str = ""
    note: bool = False
    quote: bool = True
    why_not: str = ""
    errors: list[str] = field(default_factory=list)
    html: str = ""
    boxes: Sequence[Box] = ()
    seen: UUID | None = None
    channels: Sequence[Channel] = ()
    stop: Stop | None = None
    others: Sequence[Draft] = ()
    subject: str = ""
    ways: Sequence[Way] = ()
    way_key: str = ""
    there: str = ""
    agreed: bool = False
    silent: bool = False
    confirmed: bool = False

    @cached_property
    def box(self) -> Box:
        """The one that is open, with what was given back when something was wrong with it."""
        kind = self.kind
        kept = next((box for box in self.boxes if box.kind == kind), Box(kind))
        return replace(kept, html=self.html or (richtext.of_text(self.text) if self.text else kept.html))

    @property
    def kind(self) -> str:
        """reply or note."""
        return DraftKind.NOTE if self.note else DraftKind.REPLY

    @property
    def other_boxes(self) -> list[Box]:
        """Those not open now."""
        kinds = [DraftKind.NOTE] if not self.note else [DraftKind.REPLY]
        return [next((box for box in self.boxes if box.kind == kind), Box(kind)) for kind in kinds]

    @property
    def way(self) -> Way | None:
        """The one that is chosen at first."""
        return next((one for one in self.ways if one.key == self.way_key), self.ways[0] if self.ways else None)

    @property
    def can_reply(self) -> bool:
        """Whether there is any way to say something to them."""
        return not self.why_not or bool(self.channels)

    @property
    def times(self) -> list[scheduling.Choice]:
        """When it could be sent later."""
        return scheduling.choices(now(), zone())

    @property
    def limits(self) -> dict[str, int]:
        """How large files may be, told before they are sent."""
        return {"inline": INLINE_BYTES_MAX, "file": options().attachment_bytes_max}


def composer_of(request: HttpRequest, conversation: Conversation, timeline: Timeline) -> Composer | None:
    """What the member was writing, else an empty box addressed to whoever wrote last; None for who may not write."""
    if not shell_of(request).can_write:
        return None
    said = [i for i in timeline.items if i.message and i.message.direction != Direction.NOTE]
    # A report of the mail system came from them in a way, but nobody reads an answer to it.
    received = [i.message for i in said if i.message and i.message.direction == Direction.IN]
    last = next((message for message in reversed(received) if message.kind != "bounce"), None)
    to = _reply_to(conversation, last)
    ways = ways_of(conversation, [i.message for i in said if i.message])
    why_not, channels = ("", []) if ways else _ways(conversation)
    if ways:
        mails = [way.message for way in ways if way.is_mail]
        to = _reply_to(conversation, mails[0] if mails else None)
    counted = [i.id for i in said if i.delivery is None or i.delivery.state != DeliveryState.CANCELLED]
    empty = Composer(
        to=written(to), cc=written(_others(conversation, last, to)),
        note=not (to or ways) or bool(why_not and not channels),
        why_not=why_not, channels=channels, seen=max(counted, default=None), ways=ways,
        there=_there(last, ways), silent=is_marked(conversation.person_id),
    )  # fmt: skip
    return _with_drafts(request, conversation, empty)


def _with_drafts(request: HttpRequest, conversation: Conversation, empty: Composer) -> Composer:
    me = member_of(request)
    drafts = list(Draft.objects.filter(conversation=conversation).select_related("member").order_by("-updated_at"))
    mine = [draft for draft in drafts if draft.member_id == me.id]
    uploads = list(Upload.objects.filter(draft__in=mine).order_by("created_at")) if mine else []
    boxes = [
        Box(d.kind, d.html, d.revision, d.id, [one for one in uploads if one.draft_id == d.id]) for d in mine
    ]
    others = [draft for draft in drafts if draft.member_id != me.id and draft.html]
    found = replace(empty, boxes=boxes, others=others)
    begun = [draft for draft in mine if not draft.was_sent]
    if not begun:
        return found
    latest = begun[0]
    reply = next((draft for draft in begun if draft.kind == DraftKind.REPLY), None)
    if reply is not None:
        kept = reply.recipients
        found = replace(
            found, to=kept.get("to") or found.to, cc=kept.get("cc", ""), bcc=kept.get("bcc", ""),
            quote=bool(reply.options.get("quote", True)), seen=reply.seen_message_id or found.seen,
        )  # fmt: skip
    return replace(found, note=found.note or latest.kind == DraftKind.NOTE)


def _ways(conversation: Conversation) -> tuple[str, list[Channel]]:
    """Why not by its channel, and by which others."""
    channel = conversation.channel
    if channel is not None and channel.enabled:
        mute = channel.kind != "email" and not _answers(channel)
        return (_("%(name)s cannot be answered from here.") % {"name": channel.name} if mute else ""), []
    others = [one for one in opening.channels() if channel is None or one.id != channel.id]
    if channel is None:
        gone = _("The channel this came by is gone.")
    else:
        gone = _("The channel %(name)s is paused.") % {"name": channel.name}
    if not others:
        return _("%(why)s Only notes are possible here until there is one.") % {"why": gone}, []
    return gone, others


def _there(last: Message | None, ways: Sequence[Way]) -> str:
    """Where one answers oneself what its channel cannot be answered on, such as a blog."""
    url = str(last.about.get("url", "")) if last else ""
    answered_here = any(way.channel.id == last.channel_id for way in ways) if last else True
    return "" if answered_here or not is_web(url) else url


def _answers(channel: Channel) -> bool:
    try:
        return registry.connector(channel.kind).abilities.replies
    except RapportError:
        return False


def zone() -> ZoneInfo:
    """The member's time zone, in which they choose times."""
    current = timezone.get_current_timezone_name()
    return ZoneInfo(current)


def choose_channel(conversation: Conversation, given: str) -> Channel | None:
    """The other channel a member chose where the usual one is gone; None for the usual one."""
    wanted = uuid_or_none(given)
    if wanted is None:
        return None
    found = next((one for one in opening.channels() if one.id == wanted), None)
    if found is None:
        raise Invalid(_("There is no such channel."), _("Choose another."))
    return found


def _reply_to(conversation: Conversation, last: Message | None) -> Addresses:
    given = (last.recipients or {}) if last else {}
    for key in ("reply_to", "from"):
        found = _pairs(given.get(key))
        if found:
            return found
    person = (last.person if last else None) or conversation.person
    if person is None:
        return []
    known = Handle.objects.filter(person__root=person.root, kind="email").select_related("person")
    handle = min(known, key=lambda one: (one.person_id != person.id, one.created_at), default=None)
    return [(handle.person.name or person.name, handle.written or handle.value)] if handle else []


def _others(conversation: Conversation, last: Message | None, to: Addresses) -> Addresses:
    """Who was copied in, without ourselves and those already addressed."""
    if last is None:
        return []
    ours = {conversation.channel.address.lower()} if conversation.channel else set()
    known = ours | {address.lower() for _, address in to}
    return [
        (name, address) for name, address in _pairs((last.recipients or {}).get("cc")) if address.lower() not in known
    ]


def _pairs(given: object) -> Addresses:
    if not isinstance(given, list):
        return []
    return [(str(one[0]), str(one[1])) for one in given if isinstance(one, list | tuple) and len(one) == 2 and one[1]]


def written(addresses: Addresses) -> str:
    """Addresses as one types them."""
    return ", ".join(f"{_quoted(name)} <{address}>" if name else address for name, address in addresses)


def _quoted(name: str) -> str:
    """A display name (RFC 5322, section 3.4) for a field that people read: no encoding, quotes only where needed."""
    plain = " ".join(name.replace("\\", "").replace('"', "").split())
    return f'"{plain}"' if set(plain) & set("()<>[]:;@,.") else plain


def addresses_of(text: str, what: str) -> Addresses:
    """The addresses somebody typed. Raises Invalid naming the first that is none."""
    validator = forms.EmailField()
    found = []
    for name, address in getaddresses([text.replace(";", ",").replace("\n", " ")]):
        if not address and not name:
            continue
        try:
            found.append((name, validator.clean(address)))
        except forms.ValidationError as error:
            raise Invalid(
                _("“%(address)s” in %(field)s is no e-mail address.") % {"address": address or name, "field": what},
                _("Write it as name@example.com."),
            ) from error
    return found


def given_uuid(text: str) -> UUID:
    """The id in a form field. Raises Invalid when there is none."""
    found = uuid_or_none(text)
    if found is None:
        raise Invalid(_("Nothing was chosen."), _("Choose one from the list."))
    return found


def uuid_or_none(text: str) -> UUID | None:
    """The id in a form field, if there is one. Raises Invalid when it is something else."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid(_("The form was not complete."), _("Load the page again.")) from error
