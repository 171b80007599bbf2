"""Addresses added and taken away by hand: each in the one form in which it is known."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.channels.telephone import e164
from rapport.core import events, scope
from rapport.core.errors import Invalid
from rapport.people import merging
from rapport.people.models import Handle, Person
from rapport.people.proofs import EMAIL
from rapport.people.roles import is_role_address
from rapport.staff.models import Member

VALUE_MAX = 320
_FEDIVERSE = re.compile(r"@?([\w.-]{1,60})@((?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63})", re.IGNORECASE | re.ASCII)
_MATRIX = re.compile(r"@[a-z0-9._=/+-]{1,200}:[a-z0-9.:-]{3,200}", re.IGNORECASE | re.ASCII)
_XMPP = re.compile(r"[^\s@/]{1,200}@[a-z0-9.-]{3,250}", re.IGNORECASE)
_GITHUB = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38})", re.IGNORECASE | re.ASCII)
#: Kinds of address in words; those of services that only their own channel brings stand here, too.
NAMES = {
    "email": lazy("E-mail"), "phone": lazy("Phone"), "fediverse": lazy("Fediverse (Mastodon)"),
    "matrix": lazy("Matrix"),
    "xmpp": lazy("XMPP"), "github": lazy("GitHub"), "bluesky": lazy("Bluesky"), "slack": lazy("Slack"),
    "telegram": lazy("Telegram"), "discord": lazy("Discord"), "whatsapp": lazy("WhatsApp"), "irc": lazy("IRC"),
    "sip": lazy("Extension"), "visitor": lazy("Web chat"), "site": lazy("Website"), "reddit": lazy("Reddit"),
}  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """Whose a handle is already."""

    person: Person


def kind_name(kind: str) -> str:
    """A kind of address in words."""
    return str(NAMES.get(kind, kind.title()))


def normalised(kind: str, written: str) -> str:
    """The one form of an address. Raises Invalid saying what this kind takes."""
    text = "".join(written.replace("\0", "").split()) if kind != "site" else written.strip()
    value = _FORMS[kind](text) if kind in _FORMS else ""
    if kind not in _FORMS:
        raise Invalid(_("Addresses of this kind come by their channel only."), _("Choose another kind."))
    if not value or len(value) > VALUE_MAX:
        raise Invalid(
            _("“%(value)s” is no address of this kind: %(kind)s.") % {"value": text[:60], "kind": kind_name(kind)},
            str(_EXAMPLES[kind]),
        )
    return value


def taken(kind: str, value: str) -> Taken | None:
    """Whose the address is, as far as the viewer may know. One known in confidence is nobody's: a hint would tell."""
    found = Person.objects.filter(handles__kind=kind, handles__value=value).first()
    return Taken(found) if found else None


def add_handle(row: UUID, kind: str, written: str, actor: Member) -> Handle:
    """Write an address down for a row; nobody may have it. Who has it changes is to be compared anew. Raises Invalid.

    A role address (info@) is shared: it stands for nobody in particular.
    """
    value = normalised(kind, written)
    if Person.objects.filter(id=row, erased_at__isnull=False).exists():
        raise Invalid(_("They were erased."), _("What is left of them belongs to nobody."))
    with transaction.atomic():
        found = taken(kind, value)
        if found is not None:
            raise Invalid(already(found), _("One address belongs to one person. Are they the same? Merge them."))
        _take_from_confidence(row, kind, value)
        handle = Handle.objects.create(
            kind=kind, value=value, written=written.strip()[:VALUE_MAX], person_id=row, source=f"by {actor.name}"[:60],
            shared=kind == EMAIL and is_role_address(value),
        )  # fmt: skip
        Person.objects.filter(id=row).update(matched_at=None)
        events.record("handle.added", actor_id=actor.id, data={"person": str(row), "kind": kind})
    return handle


def _take_from_confidence(row: UUID, kind: str, value: str) -> None:
    """Let an address go that is known from a confidential conversation only, so that the viewer finds it free.

    As an import does (decision 23): what was said stays with its row, which stands under `row` from then on, for
    those who see it; unless others of its tree are seen, or somebody decided that they are two people.
    """
    with scope.system():
        held = Handle.objects.filter(kind=kind, value=value).values_list("person__root", flat=True).first()
    if held is None:
        return
    apart = Person.objects.filter(root=held).exists()
    with scope.system():
        Handle.objects.filter(kind=kind, value=value).delete()
        if apart:
            return
        try:
            with transaction.atomic():
                merging.merge(row, held, None, how="handle")
        except Invalid:
            return


def already(found: Taken) -> str:
    """That somebody has an address, and who."""
    return _("This address is already that of %(name)s.") % {"name": found.person.name or _("somebody without a name")}


def _email(text: str) -> str:
    value = text.removeprefix("mailto:").lower()
    try:
        validate_email(value)
    except ValidationError:
        return ""
    return value


def _phone(text: str) -> str:
    return e164(text)


def _fediverse(text: str) -> str:
    found = _FEDIVERSE.fullmatch(text)
    return f"{found[1]}@{found[2]}".lower() if found else ""


def _like(pattern: re.Pattern[str]) -> Callable[[str], str]:
    return lambda text: text.lower() if pattern.fullmatch(text) else ""


def _site(text: str) -> str:
    return text if re.fullmatch(r"https?://[^\s/]+\.[^\s]+", text) else ""


_FORMS: dict[str, Callable[[str], str]] = {
    "email": _email, "phone": _phone, "fediverse": _fediverse, "matrix": _like(_MATRIX), "xmpp": _like(_XMPP),
    "github": _like(_GITHUB), "site": _site,
}  # fmt: skip
_EXAMPLES = {
    "email": lazy("Such as ann@example.org."), "phone": lazy("With its country, such as +49 30 1234567."),
    "fediverse": lazy("Such as @ann@social.example."), "matrix": lazy("Such as @ann:example.org."),
    "xmpp": lazy("Such as ann@example.org."), "github": lazy("The name of the account."),
    "site": lazy("Such as https://example.org."),
}  # fmt: skip
#: What may be added by hand, in this order.
BY_HAND = tuple(_FORMS)
