"""Evidence about who is who, in words: one line for each piece, with its strength, and what it comes to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.people.models import Pair
from rapport.people.pairing import needs_second_look
from rapport.people.proofs import EMAIL, PUBLIC
from rapport.web import locales
from rapport.web.people_asking import language_name

_STRONG, _VERY_STRONG = 3.0, 7.0
_TEXT_MAX = 120
_MINUS = "−"

#: What each piece says. %(a)s and %(b)s are what the two rows have.
WORDS: dict[str, str | Promise] = {
    "same_name": lazy("same name after normalising: %(a)s / %(b)s"),
    "similar_name": lazy("similar name: %(a)s / %(b)s"),
    "nickname": lazy("one is short for the other: %(a)s / %(b)s"),
    "name_order": lazy("same name in another order: %(a)s / %(b)s"),
    "initials": lazy("the initials fit: %(a)s / %(b)s"),
    "rare_surname": lazy("rare surname: %(a)s"),
    "same_email_local": lazy("same name before the @: %(a)s / %(b)s"),
    "same_phone": lazy("same phone number: %(a)s"),
    "different_phone": lazy("different verified phone: %(a)s / %(b)s"),
    "same_domain": lazy("same organization domain: %(a)s"),
    "same_organization": lazy("same organization: %(a)s"),
    "same_birth_date": lazy("same date of birth"),
    "different_birth_date": lazy("different date of birth"),
    "same_address": lazy("same address: %(a)s / %(b)s"),
    "same_postcode": lazy("same postcode: %(a)s"),
    "same_city": lazy("same town: %(a)s"),
    "same_number": lazy("same number that only one person has: %(a)s"),
    "different_number": lazy("different numbers, of which each person has one"),
    "different_name": lazy("different names: %(a)s / %(b)s"),
    "same_account_name": lazy("same name of an account: %(a)s / %(b)s"),
    "same_language": lazy("same language: %(a)s"),
    "same_record": lazy("an import named both as one: %(a)s"),
    "verified_link": lazy("the profile links to a page that links back: %(a)s"),
    "verified_domain": lazy("the account proved that it owns the domain %(a)s"),
    "confirmed_by_mail": lazy("they said so themselves, by mail: %(a)s"),
    "impersonation": lazy("a public account with the same displayed name that proves nothing: %(a)s"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One piece: its words, its sign with its strength (+ to +++, − to −−−), and the strength said in words."""

    words: str
    sign: str
    strength: str
    tone: str


@dataclass(frozen=True, slots=True)
class Total:
    """What it comes to: the model's percentage, in words, and what would settle it."""

    percent: str
    words: str
    needed: tuple[str, ...]


def lines(pieces: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Each piece in words, what says most first, whatever the sign; what speaks against stands out by its sign."""
    return [_line(one) for one in sorted(pieces, key=lambda one: -abs(_points(one)))]


def total(pair: Pair, kinds: Iterable[tuple[str, bool]] = ()) -> Total:
    """What the evidence comes to. `kinds`: (kind, verified) of the handles of both, for what would settle it."""
    percent = locales.percent(min(pair.probability, 0.99))
    if needs_second_look(pair):
        words = _("By the name alone it would be %(percent)s. But anybody may take a name.") % {"percent": percent}
    elif pair.probability >= 0.95:
        words = _("Nearly always the same person, where the evidence is like this.")
    elif pair.probability >= 0.75:
        words = _("More often the same person than not.")
    else:
        words = _("May be the same person, may be another.")
    return Total(percent, words, tuple(_needed(list(kinds))))


def _line(piece: Mapping[str, Any]) -> Line:
    what = str(piece.get("what", ""))
    given = {"a": _shown(piece.get("a")), "b": _shown(piece.get("b"))}
    if what == "same_language":
        given = {side: language_name(code) for side, code in given.items()}
    if what in WORDS:
        words = str(WORDS[what]) % given
    else:
        plain = what.replace("_", " ") or _("something else")
        both = " / ".join(text for text in (given["a"], given["b"]) if text)
        words = f"{plain}: {both}" if both else plain
    against = piece.get("sign") == "-"
    count = _strength(_points(piece))
    return Line(
        words.rstrip(" :/"), (_MINUS if against else "+") * count, _said(against, count), "bad" if against else "good"
    )


def _strength(points: float) -> int:
    size = abs(points)
    return 3 if size >= _VERY_STRONG else 2 if size >= _STRONG else 1


def _said(against: bool, count: int) -> str:
    if against:
        return (_("speaks a little against it"), _("speaks against it"), _("speaks strongly against it"))[count - 1]
    return (_("speaks a little for it"), _("speaks for it"), _("speaks strongly for it"))[count - 1]


def _needed(kinds: list[tuple[str, bool]]) -> list[str]:
    """What would settle it without a member's decision."""
    found = [_("an address or number that both have, proved to be theirs")]
    if any(kind in PUBLIC and not verified for kind, verified in kinds):
        found.append(_("a link on the public profile to a page of theirs that links back"))
    if any(kind == EMAIL for kind, _verified in kinds):
        found.append(_("their own answer to “Is this you?” by mail"))
    return found


def _points(piece: Mapping[str, Any]) -> float:
    points = piece.get("points", 0)
    return float(points) if isinstance(points, int | float) else 0.0


def _shown(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}…"
