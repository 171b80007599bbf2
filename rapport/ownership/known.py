"""What is known of a message beside its text, as it is learned from: few plain words by name. Pure.

Kept with the decision when the message came, so that an example has the facts of its own time and no others. Nothing
that only some may know: of a sender whom not everybody may know of, and of teams whose work not everybody sees, there
is nothing in here.
"""

from collections.abc import Container
from zoneinfo import ZoneInfo

from rapport.ownership.facts import Facts
from rapport.staff.hours import Hours, is_open

NAMES = (
    "channel", "account", "language", "address", "relationship", "organization", "earlier_owner", "thread_owner",
    "weekday", "hour", "hours",
)  # fmt: skip
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ADDRESSES_MAX = 3
_PART_OF_DAY = 4
_LENGTH_MAX = 120


def known(facts: Facts, hours: Hours, open_teams: Container[str]) -> dict[str, str]:
    """By name, what is known; what is not is left out. `hours` are the company's, `open_teams` those all may see."""
    local = facts.at.astimezone(ZoneInfo(hours.time_zone))
    first = local.hour - local.hour % _PART_OF_DAY
    earlier = (facts.earlier_owner_of_person, facts.earlier_owner_of_thread)
    person, thread = (slug if slug in open_teams else "" for slug in earlier)
    told = {
        "channel": facts.channel_kind,
        "account": facts.channel,
        "language": facts.language,
        "address": ",".join(facts.our_addresses[:_ADDRESSES_MAX]),
        "thread_owner": thread,
        "weekday": WEEKDAYS[local.weekday()],
        "hour": f"{first}-{first + _PART_OF_DAY}",
        "hours": "open" if is_open(facts.at, hours) else "closed",
    }
    if facts.known_openly:
        told |= {
            "relationship": ",".join(sorted(facts.relationships)),
            "organization": facts.organization_domain or facts.organization,
            "earlier_owner": person,
        }
    return {name: value[:_LENGTH_MAX] for name in NAMES if (value := told.get(name))}
