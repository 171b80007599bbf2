"""The clocks of one conversation, as its page shows them: how each stands, in whose hours, and what comes next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from rapport.conversations import clocks
from rapport.conversations.models import Conversation
from rapport.core.clock import now
from rapport.staff.clocks import CLOCKS, Phase, Reading, read
from rapport.staff.opening import business_hours
from rapport.staff.timetable import Kept
from rapport.web import locales
from rapport.web.promise_words import CLOCKS as NAMES
from rapport.web.promise_words import step_words
from rapport.web.shell import Shell

_TONES = {Phase.KEPT: "good", Phase.BROKEN: "danger", Phase.PAUSED: "info"}


@dataclass(frozen=True)
class Shown:
    """One clock in words: what it is, how it stands and since when, in which hours, and its next step."""

    name: str
    state: str
    tone: str
    detail: str
    hours: str
    step: str


def clocks_of(conversation: Conversation, shell: Shell) -> list[Shown]:
    """The clocks of a conversation that has any, in the scope of who looks."""
    if not conversation.promised:
        return []
    hours, at = business_hours(), now()
    kept = [clocks.kept_of(row, hours) for row in conversation.clocks.values(*clocks.FIELDS)]
    names = {team.slug: team.name for team in shell.all_teams}
    kept.sort(key=lambda one: CLOCKS.index(one.terms.name))
    return [_shown(one, at, names) for one in kept]


def _shown(kept: Kept, at: datetime, names: dict[str, str]) -> Shown:
    found = read(kept.terms, kept.run, at)
    return Shown(
        name=str(NAMES[kept.terms.name][0]),
        state=_state(found, kept),
        tone=_TONES.get(found.phase, "plain"),
        detail=_detail(found, kept),
        hours=kept.hours or _("the company’s hours"),
        step=_step(kept, names),
    )


def _state(found: Reading, kept: Kept) -> str:
    day = kept.terms.hours.minutes_a_day
    if found.phase is Phase.RUNNING:
        return _("%(span)s left") % {"span": locales.span(found.left.total_seconds(), day)}
    if found.phase is Phase.PAUSED:
        return _("paused, %(span)s left") % {"span": locales.span(found.left.total_seconds(), day)}
    if found.phase is Phase.BROKEN:
        if found.late < timedelta(minutes=1):
            return _("broken")
        return _("broken, %(span)s late") % {"span": locales.span(found.late.total_seconds(), day)}
    return _("kept") if found.phase is Phase.KEPT else _("waits for a question")


def _detail(found: Reading, kept: Kept) -> str:
    run = kept.run
    if found.phase is Phase.IDLE or found.due is None:
        return ""
    if run.stopped is not None:
        given = {"when": locales.moment(run.stopped), "due": locales.moment(found.due)}
        return _("done %(when)s, due %(due)s") % given
    if found.phase is Phase.PAUSED and run.halted is not None:
        return _("stands since %(when)s") % {"when": locales.moment(run.halted)}
    return _("due %(when)s") % {"when": locales.moment(found.due)}


def _step(kept: Kept, names: dict[str, str]) -> str:
    if kept.next_at is None or kept.step >= len(kept.steps):
        return ""
    _minutes, do, to = kept.steps[kept.step]
    return _("%(when)s: %(does)s") % {"when": locales.moment(kept.next_at), "does": step_words(do, to, names)}
