"""What reports count, each with the sentence that says exactly what. Pure.

The sentences stand on the page and in docs/reports.md (a test compares them); `source` is how the store is asked, and
`insight.sources` has one of each, used for the figure and for the list behind it alike.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Unit(StrEnum):
    """What a figure is a figure of."""

    COUNT = "count"
    TIME = "time"
    SHARE = "share"


@dataclass(frozen=True)
class Measure:
    """One column of a report. `rows` names the list behind its figure; `better` is where less or more is good news."""

    name: str
    label: str | Promise
    counts: str | Promise
    source: str
    unit: Unit = Unit.COUNT
    better: str = ""
    about_speed: bool = False

    @property
    def rows(self) -> str:
        """The list of conversations behind it."""
        return self.source


MEASURES = (
    Measure(
        "received", _("Messages received"),
        _("Messages that came in during the period. Automatic answers and bounces do not count."), "received",
    ),
    Measure(
        "sent", _("Messages sent"),
        _("Messages that members sent during the period. Notes, and answers taken back before they went, do not "
          "count."),
        "sent",
    ),
    Measure("opened", _("Opened"), _("Conversations that began during the period."), "opened"),
    Measure(
        "resolved", _("Resolved"),
        _("Every time a conversation was resolved during the period. One resolved twice counts twice."), "resolved",
    ),
    Measure(
        "reopened", _("Reopened"),
        _("Every time a resolved conversation was opened again during the period, by a member or by a new message."),
        "reopened", better="less",
    ),
    Measure(
        "backlog", _("Backlog"),
        _("Conversations that were open at the end of the period, or are open now if it has not ended. "
          "Snoozed ones count."),
        "backlog", better="less",
    ),
    Measure(
        "first_answer", _("First answer"),
        _("The time from the beginning of a conversation to its first answer, for conversations first answered during "
          "the period. Median and nine out of ten; in business hours of the team that owns it, and by the clock."),
        "answered", Unit.TIME, "less", True,
    ),
    Measure(
        "kept", _("Within the promise"),
        _("Of the conversations first answered during the period that had a promise, the share answered before it was "
          "due."),
        "promised", Unit.SHARE, "more", True,
    ),
    Measure(
        "resolution", _("Resolution"),
        _("The time from the beginning of a conversation to each time it was resolved during the period. Median and "
          "nine out of ten; in business hours of the team that owns it, and by the clock."),
        "resolved", Unit.TIME, "less", True,
    ),
)  # fmt: skip
BY_NAME = {measure.name: measure for measure in MEASURES}

EVERYWHERE = (
    _("Every figure covers the conversations you may see, and no others."),
    _("Conversations marked as spam or merged into another count nowhere."),
    _("A conversation belongs to the team, channel, topic and member it has now. A message sent belongs to its "
      "writer."),
)
"""What holds for every measure."""

GROUP_SIZE_MIN = 5
"""Figures on how fast members work are shown for groups of at least so many, unless the company allows more."""


def may_see_individuals(allowed: bool, leads: bool) -> bool:
    """Figures on individuals: only where the company allows them, and then only for leads and administrators."""
    return allowed and leads


def speed_is_shown(allowed: bool, members: int | None) -> bool:
    """How fast a team works is shown where the company allows figures on individuals, or the team is large enough.

    None stands for the company, or for no team in particular.
    """
    return allowed or members is None or members >= GROUP_SIZE_MIN
