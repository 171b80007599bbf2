"""Values of custom fields: what a member or a file gives, as it is kept. Pure.

Numbers and days are kept as text in one form ("12.5", "2026-11-28"), yes and no as "yes" and "no".
"""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Protocol

from django.utils.translation import gettext as _

from rapport.core.errors import Invalid

#: The kinds of `CustomKind`, which stand beside tables: this knows none.
NUMBER, DATE, CHOICE, YES = "number", "date", "choice", "yes"
VALUE_MAX = 500
KEY_MAX = 40
CHOICES_MAX = 100
#: What a field may say about identity, with its words; "" is nothing.
MATCHES = ("", "birth_date", "address", "postcode", "city", "number")
_YES = ("yes", "true", "1", "on", "ja", "sí", "oui", "نعم")
_NO = ("no", "false", "0", "off", "nein", "non", "لا")


class Field(Protocol):
    """What validation needs to know of a field."""

    key: str
    label: str
    kind: str
    choices: list[str]


def value_of(field: Field, given: str) -> str:
    """The value as it is kept, "" where nothing was given. Raises Invalid saying what the field takes."""
    text = " ".join(given.replace("\0", " ").split())
    if not text:
        return ""
    if len(text) > VALUE_MAX:
        raise Invalid(_("%(field)s takes at most %(count)s letters.") % {"field": field.label, "count": VALUE_MAX})
    if field.kind == NUMBER:
        return _number(field, text)
    if field.kind == DATE:
        return _day(field, text)
    if field.kind == YES:
        return _yes(field, text)
    if field.kind == CHOICE:
        return _choice(field, text)
    return text


def key_of(label: str, taken: Iterable[str]) -> str:
    """A key for a new field: its label in plain letters, and a number where that is taken."""
    plain = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[: KEY_MAX - 4] or "field"
    used = set(taken)
    number = 1
    key = plain
    while key in used:
        number += 1
        key = f"{plain}_{number}"
    return key


def choices_of(text: str) -> list[str]:
    """What a field offers, a line each. Raises Invalid where there is nothing, or too much."""
    found = list(dict.fromkeys(line for line in (" ".join(one.split())[:80] for one in text.splitlines()) if line))
    if not found:
        raise Invalid(_("A list needs at least one choice."), _("Write one on each line."))
    if len(found) > CHOICES_MAX:
        raise Invalid(_("A list has at most %(count)s choices.") % {"count": CHOICES_MAX})
    return found


def _number(field: Field, text: str) -> str:
    try:
        number = Decimal(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= Decimal(10) ** 18:
        raise Invalid(_("%(field)s takes a number.") % {"field": field.label}, _("Such as 12 or 12.5."))
    plain = f"{number:f}"
    return (plain.rstrip("0").rstrip(".") if "." in plain else plain) or "0"


def _day(field: Field, text: str) -> str:
    try:
        return date.fromisoformat(text[:10] if len(text) > len("2026-11-28") and text[10] in "T " else text).isoformat()
    except ValueError as error:
        raise Invalid(_("%(field)s takes a day.") % {"field": field.label}, _("Such as 2026-11-28.")) from error


def _yes(field: Field, text: str) -> str:
    lowered = text.lower()
    if lowered in _YES:
        return "yes"
    if lowered in _NO:
        return "no"
    raise Invalid(_("%(field)s takes yes or no.") % {"field": field.label})


def _choice(field: Field, text: str) -> str:
    found = next((one for one in field.choices if one.lower() == text.lower()), None)
    if found is None:
        raise Invalid(
            _("%(field)s has no choice “%(value)s”.") % {"field": field.label, "value": text},
            _("There are: %(choices)s.") % {"choices": ", ".join(field.choices)},
        )
    return found
