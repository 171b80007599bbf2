"""The facts that were learned from, in words."""

from collections.abc import Callable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from rapport.people.models import RelationshipKind

Say = str | Promise

_SENTENCES: Mapping[str, Say] = {
    "channel": lazy("it came by %(what)s"),
    "account": lazy("it came to the channel “%(what)s”"),
    "language": lazy("its language is %(what)s"),
    "address": lazy("it was to %(what)s"),
    "relationship": lazy("the sender is %(what)s"),
    "organization": lazy("the sender is of %(what)s"),
    "earlier_owner": lazy("%(what)s had this person before"),
    "thread_owner": lazy("%(what)s had this thread before"),
    "weekday": lazy("it came on a %(what)s"),
    "hour": lazy("it came between %(what)s o’clock"),
    "hours": lazy("%(what)s"),
}
_WEEKDAYS: Mapping[str, Say] = {
    "mon": pgettext_lazy("in a sentence", "Monday"), "tue": pgettext_lazy("in a sentence", "Tuesday"),
    "wed": pgettext_lazy("in a sentence", "Wednesday"), "thu": pgettext_lazy("in a sentence", "Thursday"),
    "fri": pgettext_lazy("in a sentence", "Friday"), "sat": pgettext_lazy("in a sentence", "Saturday"),
    "sun": pgettext_lazy("in a sentence", "Sunday"),
}  # fmt: skip
_HOURS: Mapping[str, Say] = {
    "open": lazy("it came in business hours"), "closed": lazy("it came outside business hours")
}  # fmt: skip


def in_words(kind: str, what: str, teams: Mapping[str, str]) -> str:
    """A piece of an explanation: a word as it is, a fact ("name: value") as a sentence. `teams` are names by slug."""
    if kind != "fact":
        return what
    name, _colon, value = what.partition(": ")
    if name not in _SENTENCES:
        return what
    parts = [str(_value(name, part, teams)) for part in value.split(",")]
    return str(_SENTENCES[name]) % {"what": ", ".join(parts)}


def _value(name: str, value: str, teams: Mapping[str, str]) -> Say:
    looked_up: dict[str, Callable[[], Say]] = {
        "weekday": lambda: _WEEKDAYS.get(value, value),
        "hours": lambda: _HOURS.get(value, value),
        "relationship": lambda: dict(RelationshipKind.choices).get(value, value),
        "earlier_owner": lambda: teams.get(value, value),
        "thread_owner": lambda: teams.get(value, value),
        "hour": lambda: value.replace("-", "–"),
    }
    return looked_up[name]() if name in looked_up else value
