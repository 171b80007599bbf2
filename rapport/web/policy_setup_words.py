"""What of the setup is otherwise where a draft is tried, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rapport.ownership.kinds import PRIORITY, TEAM, TOPIC
from rapport.ownership.simulate.changed import PROMISED_USUALLY


@dataclass(frozen=True)
class Said:
    """One thing that is otherwise: where it stands in the plain data, and what of it."""

    part: str
    name: str
    says: str


def says(part: str, name: str, one: Mapping[str, Any]) -> str:
    """A sentence of one thing."""
    return _WAYS[part](name, one)


def _topic(slug: str, one: Mapping[str, Any]) -> str:
    called = one.get("name", slug)
    if not one.get("active", True):
        return _("There is no topic %(name)s.") % {"name": called}
    return _("Topic %(name)s by the words: %(words)s.") % {
        "name": called, "words": ", ".join(one["words"]) if "words" in one else _("as they are"),
    }  # fmt: skip


def _team(slug: str, one: Mapping[str, Any]) -> str:
    called = one.get("name", slug)
    if not one.get("active", True):
        return _("There is no team %(name)s.") % {"name": called}
    parts = [_("Team %(name)s") % {"name": called}]
    parts += [_("business hours %(hours)s") % {"hours": one["hours"]}] if one.get("hours") else []
    if "confidential" in one:
        parts.append(_("in confidence") if one["confidential"] else _("not in confidence"))
    members = one.get("members", ())
    parts += [_("with %(members)s") % {"members": ", ".join(members)}] if members else []
    return ", ".join(parts) + "."


def _hours(name: str, one: Mapping[str, Any]) -> str:
    blocks = one.get("blocks", ())
    days = len({block[0] for block in blocks})
    spans = ", ".join(dict.fromkeys(f"{block[1]}–{block[2]}" for block in blocks))
    said = ngettext("Business hours %(name)s: %(spans)s on %(count)s day, %(zone)s.",
                    "Business hours %(name)s: %(spans)s on %(count)s days, %(zone)s.", days)  # fmt: skip
    return said % {"name": name, "spans": spans, "count": days, "zone": one.get("time_zone", "UTC")}


def _member(email: str, one: Mapping[str, Any]) -> str:
    parts = []
    if "teams" in one:
        parts.append(_("in %(teams)s") % {"teams": ", ".join(one["teams"]) or _("no team")})
    parts += [_("capacity %(count)s") % {"count": one["capacity"]}] if "capacity" in one else []
    parts += [_("business hours %(hours)s") % {"hours": one["hours"]}] if one.get("hours") else []
    parts += [_("skills %(skills)s") % {"skills": ", ".join(one["skills"])}] if "skills" in one else []
    parts += [_("languages %(languages)s") % {"languages": ", ".join(one["languages"])}] if "languages" in one else []
    return f"{email}: {', '.join(parts)}."


def _learned(kind: str, one: Mapping[str, Any]) -> str:
    if "from" in one:
        said = {
            TEAM: _("What was learned gives to a team from %(percent)s%% on."),
            TOPIC: _("What was learned sets the topic from %(percent)s%% on."),
            PRIORITY: _("What was learned sets the priority from %(percent)s%% on."),
        }
        return said[kind] % {"percent": one["from"]}
    said = {
        TEAM: _("What was learned gives to a team where %(promised)s of 100 are promised and kept."),
        TOPIC: _("What was learned sets the topic where %(promised)s of 100 are promised and kept."),
        PRIORITY: _("What was learned sets the priority where %(promised)s of 100 are promised and kept."),
    }
    labels = one.get("labels", {})
    each = str(one.get("precision", PROMISED_USUALLY))
    named = ", ".join(f"{name} {of_100}" for name, of_100 in labels.items())
    return said[kind] % {"promised": f"{each} ({named})" if named else each}


_WAYS = {"topics": _topic, "teams": _team, "hours": _hours, "members": _member, "learned": _learned}
