"""One suggestion as pages show it: the two sides, the evidence in words, and what joining would do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.conversations.models import Conversation
from rapport.people import merging, pairing, sides
from rapport.people.directory.handles import kind_name
from rapport.people.merging import Effect
from rapport.people.models import Handle, Pair
from rapport.people.sides import Side
from rapport.staff.models import Member
from rapport.web import evidence, locales
from rapport.web.people_asking import language_name
from rapport.web.people_merging import named

_HOWS = {
    "confirmed_by_mail": lazy("they confirmed it by mail"),
    "token": lazy("their site signed for them"),
    "dmarc": lazy("our mail server checked the sender"),
    "reply": lazy("they answered from there what only they had read"),
    "service": lazy("the service vouches for it"),
    "hand": lazy("a colleague knows it"),
    "scim": lazy("the company’s directory says so"),
    "ldap": lazy("the company’s directory says so"),
}
_HANDLES_SHOWN = 12


def proof_words(handle: Handle) -> str:
    """What proves a handle, and since when; "" where nothing has."""
    if not handle.verified_at:
        return ""
    how = str(_HOWS.get(handle.verified_how, handle.verified_how or _("it was proved")))
    return _("%(how)s, %(when)s") % {"how": how, "when": locales.day(handle.verified_at)}


@dataclass(slots=True)
class Shown:
    """A handle in words."""

    kind: str
    text: str
    proof: str
    former: list[str]
    handle: Handle


@dataclass(slots=True)
class Twin:
    """One side of a suggestion."""

    side: Side
    handles: list[Shown]
    more: int
    conversations: int

    @property
    def id(self) -> UUID:
        """The row it is shown by."""
        return self.side.person.id

    @property
    def name(self) -> str:
        """What it is called; the first handle where it has no name."""
        first = self.handles[0].text if self.handles else _("Unknown")
        return self.side.person.name or first

    @property
    def language(self) -> str:
        """Theirs, in the reader's."""
        return language_name(self.side.person.language) if self.side.person.language else ""


@dataclass(slots=True)
class Suggestion:
    """Two that may be one human being; `stays` is the one that would stay."""

    pair: Pair
    stays: Twin
    goes: Twin
    lines: list[evidence.Line]
    total: evidence.Total
    warned: bool
    effects: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def suggestion(pair: Pair, member: Member, into: UUID | None = None) -> Suggestion:
    """What a page shows of a pair, in the member's scope. `into`: a row of the side that should stay."""
    low, high = _twin(pair.low_id), _twin(pair.high_id)
    stays, goes = (low, high) if sides.stays(low.side, high.side, into) else (high, low)
    effect = merging.preview(stays.id, goes.id, member)
    if effect.above is not None and effect.above.id in goes.side.rows:
        # What the member does not see is not moved: it is the other way round then.
        stays, goes = goes, stays
    known = [(one.kind, bool(one.verified_at)) for side in (stays, goes) for one in side.side.handles]
    found = Suggestion(
        pair, stays, goes, evidence.lines(pair.pieces), evidence.total(pair, known), pairing.needs_second_look(pair)
    )
    _tell(found, effect)
    return found


def shown(handles: Iterable[Handle]) -> list[Shown]:
    """Handles in words, the proved ones first."""
    ordered = sorted(handles, key=lambda one: (one.verified_at is None, one.kind, one.value))
    return [
        Shown(kind_name(one.kind), one.written or one.value, proof_words(one), list(one.former), one)
        for one in ordered
    ]  # fmt: skip


def _twin(row: UUID) -> Twin:
    side = sides.side_of(row)
    handles = shown(side.handles)
    count = Conversation.objects.filter(person_id__in=side.rows, merged_into__isnull=True).count()
    return Twin(side, handles[:_HANDLES_SHOWN], max(0, len(handles) - _HANDLES_SHOWN), count)


def _tell(found: Suggestion, effect: Effect) -> None:
    given = {"name": found.stays.name, "other": found.goes.name}
    if effect.refused:
        found.warnings.append(effect.refused)
    found.effects.append(
        _("%(name)s stays, with the addresses, conversations and relationships of both. Everything keeps its place,"
          " so that this can be taken back.") % given
    )  # fmt: skip
    if effect.fills:
        fields = [label for label, _value in named(effect.fills)]
        found.effects.append(_("Filled from the other: %(fields)s") % {"fields": ", ".join(fields)})
    if effect.only_below:
        found.effects.append(_("Some who know %(other)s do not know %(name)s, and go on seeing that alone.") % given)
    if effect.only_above:
        found.effects.append(_("Some who know %(name)s do not know %(other)s, and go on seeing that alone.") % given)
    for one in sides.conflicts(found.stays.side, found.goes.side):
        found.warnings.append(
            _("They agreed to “%(purpose)s” on one side and not on the other: the stricter counts.")
            % {"purpose": one.purpose}
        )
    if found.stays.side.do_not_contact != found.goes.side.do_not_contact:
        found.warnings.append(_("One of them asked not to be written to: that counts for both."))
