"""How soon a team hears of what it watches: when it happens, gathered by the hour or the day, or not at all. Pure."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

NOW, HOURLY, DAILY, NEVER = "now", "hourly", "daily", "never"
#: Of a team for which nobody chose.
USUAL = HOURLY

PACES: dict[str, str | Promise] = {
    NOW: lazy("When it happens"),
    HOURLY: lazy("Once an hour"),
    DAILY: lazy("Once a day, with the digest"),
    NEVER: lazy("Not at all"),
}

NEW, SAID, ANSWERED, RESOLVED, REOPENED = "new", "said", "answered", "resolved", "reopened"
#: What a happening is.
WHATS = (NEW, SAID, ANSWERED, RESOLVED, REOPENED)


def chosen(pace: str, of_team: str) -> str:
    """What counts for a member who chose `pace` ("": as the team does) in a team that has `of_team` ("": as it comes).

    What is no pace counts as not chosen.
    """
    return next((one for one in (pace, of_team) if one in PACES), USUAL)
