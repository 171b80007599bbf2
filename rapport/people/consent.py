"""Whether somebody may be written to, for what and how: decided from what they said. Pure.

Whoever asked not to be contacted is not written to. For each purpose counts what was said last about it, on the channel
in question or on all; but a no on one channel is taken back only by a yes on that channel.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

NOTHING, NO_OBJECTION, CONSENT = "nothing", "no_objection", "consent"
#: As which a general "do not contact me", and its end, stand in the history.
CONTACT = "contact"
#: What there is before a company changes it: (slug, name, what it needs).
DEFAULTS = (
    ("service", "Answers to what they asked", NOTHING),
    ("announcements", "Announcements", CONSENT),
    ("surveys", "Surveys", NO_OBJECTION),
    ("events", "Events", CONSENT),
)


@dataclass(frozen=True, slots=True)
class Said:
    """One statement: yes or no to a purpose, on one kind of channel or (`channel` empty) on all."""

    purpose: str
    channel: str
    given: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether they may be written to, and by which rule: "do_not_contact", "refused", "given", "asked",
    "not_objected", "never_given". `said` is the statement it rests on, if any."""

    allowed: bool
    why: str
    said: Said | None = None


def may_write(purpose: str, needs: str, channel: str, said: Iterable[Said], *, do_not_contact: bool) -> Verdict:
    """Whether somebody who said `said` may be written to for `purpose` on `channel` (a kind of handle)."""
    if do_not_contact:
        return Verdict(False, "do_not_contact")
    relevant = [one for one in said if one.purpose == purpose and one.channel in ("", channel)]
    here = _last(one for one in relevant if one.channel == channel)
    last = _last(relevant)
    if here is not None and not here.given:
        return Verdict(False, "refused", here)
    if last is not None:
        return Verdict(last.given, "given" if last.given else "refused", last)
    if needs == NOTHING:
        return Verdict(True, "asked")
    return Verdict(True, "not_objected") if needs == NO_OBJECTION else Verdict(False, "never_given")


def _last(said: Iterable[Said]) -> Said | None:
    """The latest; of two at one moment the no."""
    return max(said, key=lambda one: (one.at, not one.given), default=None)


#: Whole messages that mean "write to me here no more", as carriers ask to be understood (CTIA, section 5.1.3).
STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "stopp", "arret", "arrêt"})


def is_stop(text: str) -> bool:
    """Whether a short message asks to be left alone."""
    return len(text) < 20 and text.strip().strip(".!\"'").lower() in STOP_WORDS
