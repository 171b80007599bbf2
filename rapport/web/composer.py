"""What the box under the timeline starts with, and what comes back out of it."""

from dataclasses import dataclass, field
from email.utils import getaddresses
from uuid import UUID

from django import forms
from django.http import HttpRequest

from rapport.conversations.models import Conversation, Direction, Message
from rapport.core.errors import Invalid
from rapport.people.models import Handle
from rapport.web.shell import shell_of
from rapport.web.timeline import Timeline

Addresses = list[tuple[str, str]]
ATTACHMENTS_MAX = 20


@dataclass(frozen=True)
class Composer:
    """What stands in the box; `why_not` says why a reply cannot be sent from here."""

    to: str = ""
    cc: str = ""
    text: str = ""
    note: bool = False
    quote: bool = True
    why_not: str = ""
    errors: list[str] = field(default_factory=list)


def composer_of(request: HttpRequest, conversation: Conversation, timeline: Timeline) -> Composer | None:
    """An empty box addressed to whoever wrote last; None for those who may not write."""
    if not shell_of(request).can_write:
        return None
    if conversation.channel is None:
        return Composer(note=True, why_not="The channel this came by is gone; only notes are possible here.")
    last = next(
        (i.message for i in reversed(timeline.items) if i.message and i.message.direction == Direction.IN), None
    )
    to = _reply_to(conversation, last)
    return Composer(to=written(to), cc=written(_others(conversation, last, to)), note=not to)


def _reply_to(conversation: Conversation, last: Message | None) -> Addresses:
    given = (last.recipients or {}) if last else {}
    for key in ("reply_to", "from"):
        found = _pairs(given.get(key))
        if found:
            return found
    person = (last.person if last else None) or conversation.person
    if person is None:
        return []
    handle = Handle.objects.filter(person=person, kind="email").order_by("created_at").first()
    return [(person.name, handle.written or handle.value)] if handle else []


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
                f"“{address or name}” in {what} is no e-mail address.", "Write it as name@example.com."
            ) from error
    return found


def given_uuid(text: str) -> UUID:
    """The id in a form field. Raises Invalid when there is none."""
    found = uuid_or_none(text)
    if found is None:
        raise Invalid("Nothing was chosen.", "Choose one from the list.")
    return found


def uuid_or_none(text: str) -> UUID | None:
    """The id in a form field, if there is one. Raises Invalid when it is something else."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid("The form was not complete.", "Load the page again.") from error
