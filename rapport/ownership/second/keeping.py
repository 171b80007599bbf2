"""What an administrator sets of the endpoint: where it is, what it costs at most, on and off. Each leaves an event."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import gettext as _

from rapport.channels import guard
from rapport.channels.secrets import seal
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.options import options
from rapport.ownership.kinds import TEAM, TOPIC
from rapport.ownership.second.models import AskedDay, Endpoint, Opinion, Stage

CHANGED, SWITCHED, TRIED, ASKED = "second.changed", "second.switched", "second.tried", "second.asked"
ASKABLE = (TEAM, TOPIC)
REQUESTS_MOST, CHARACTERS_MOST = 100_000, 1_000_000_000


@dataclass(frozen=True)
class Given:
    """What was entered. An empty `key` keeps the stored one; `no_key` takes it away."""

    url: str
    model: str
    key: str
    kinds: Collection[str]
    requests_a_day: int
    characters_a_day: int
    no_key: bool = False


def here() -> Endpoint:
    """The endpoint as it is set up; as it comes where nobody has."""
    with scope.system():
        return found()


def found() -> Endpoint:
    """The same, for callers in the system's scope."""
    return Endpoint.objects.filter(id=1).first() or Endpoint()


def checked_url(url: str) -> str:
    """A base address as it is kept, such as https://api.example.org/v1.

    Raises Invalid for what is none, and for one that is not encrypted and not in the own network.
    """
    given = url.strip().rstrip("/")
    try:
        parts = urlsplit(given)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("https", "http") or not host or parts.username or parts.query or parts.fragment:
        raise Invalid(_("This is no base address."), _("Write one such as https://api.example.org/v1."))
    if parts.scheme == "http" and not guard.is_loopback(host) and not options().allow_private_addresses:
        raise Invalid(
            _("What is sent there could be read on its way."),
            _("Write https://. For a host in your own network the operator sets allow_private_addresses."),
        )
    return given


def checked_key(key: str) -> str:
    """A key as it is kept. Raises Invalid for one that fits in no header: errors would repeat it."""
    if not re.fullmatch(r"[!-~]{0,500}", key.strip()):
        raise Invalid(_("This is no key."), _("It has letters, digits and signs, and no spaces."))
    return key.strip()


def host_of(url: str) -> str:
    """The host of a base address, as pages and the log name it."""
    return urlsplit(url).hostname or ""


def save(given: Given, actor_id: UUID) -> Endpoint:
    """Keep what was entered. Raises Invalid as `checked_url`, for no kind, and where another address has no key of its
    own: else whoever can change the address could have the stored key sent to a host of theirs.
    """
    url, kinds = checked_url(given.url), [one for one in ASKABLE if one in given.kinds]
    if not given.model.strip() or not kinds:
        raise Invalid(_("Something is missing."), _("Name a model, and at least one thing it is asked about."))
    key = checked_key(given.key)
    with scope.system():
        row = Endpoint.objects.select_for_update().filter(id=1).first() or Endpoint()
        if needs_key(row, url, key, no_key=given.no_key):
            raise Invalid(_("For another address, enter the key again."))
        changed = _differing(row, given, url, kinds)
        row.url, row.model, row.kinds = url, given.model.strip(), kinds
        row.requests_a_day, row.characters_a_day = given.requests_a_day, given.characters_a_day
        if key or given.no_key:
            row.secrets = seal({"key": key}) if key else b""
        # Whatever was wrong with what was set before says nothing of what is set now.
        row.plain, row.failures, row.rest_until, row.problem, row.changed_at = False, 0, None, "", now()
        row.save()
        if changed:
            events.record(CHANGED, actor_id=actor_id, data={"what": changed, "host": host_of(url)})
    return row


def needs_key(row: Endpoint, url: str, key: str, *, no_key: bool = False) -> bool:
    """Whether the stored key would go to an address it was not entered for."""
    return bool(row.secrets) and row.url != url and not key and not no_key


def _differing(row: Endpoint, given: Given, url: str, kinds: list[str]) -> list[str]:
    pairs = {
        "url": (row.url, url), "model": (row.model, given.model.strip()), "kinds": (list(row.kinds), kinds),
        "requests": (row.requests_a_day, given.requests_a_day),
        "characters": (row.characters_a_day, given.characters_a_day),
        "key": (False, bool(given.key or (given.no_key and row.secrets))),
    }  # fmt: skip
    return [name for name, (before, after) in pairs.items() if before != after]


def switch(on: bool, actor_id: UUID) -> None:
    """Let it be asked about what comes from now on, or about nothing. What waits when it is put off is not asked.

    Raises Invalid where it is not set up.
    """
    with scope.system():
        row = Endpoint.objects.select_for_update().filter(id=1).first()
        if row is None or not row.url or not row.model or not row.kinds:
            raise Invalid(_("There is nothing to switch on."), _("Enter address and model first."))
        if row.enabled == on:
            return
        row.enabled, row.failures, row.rest_until, row.problem = on, 0, None, ""
        row.since = row.looked_at = now() if on else row.since
        row.save()
        if not on:
            Opinion.objects.filter(stage=Stage.WAITING).update(stage=Stage.NONE)
        events.record(SWITCHED, actor_id=actor_id, data={"on": on, "host": host_of(row.url)})


def today() -> date:
    """The day by the company's clock."""
    return now().astimezone(ZoneInfo(options().time_zone)).date()


def spent() -> AskedDay:
    """What today has taken so far."""
    with scope.system():
        return AskedDay.objects.filter(day=today()).first() or AskedDay(day=today())


def reserve(row: Endpoint, characters: int) -> bool:
    """Take a request of so many characters out of today's budget; False where it has not that much left.

    One statement: of several workers none takes what is not there. In the system's scope.
    """
    if row.requests_a_day < 1 or characters > row.characters_a_day:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO ownership_askedday AS d (day, requests, characters, tokens, unasked)
            VALUES (%s, 1, %s, 0, 0) ON CONFLICT (day) DO UPDATE
            SET requests = d.requests + 1, characters = d.characters + EXCLUDED.characters
            WHERE d.requests < %s AND d.characters + EXCLUDED.characters <= %s RETURNING 1""",
            [today(), characters, row.requests_a_day, row.characters_a_day],
        )
        return cursor.fetchone() is not None


def count(*, tokens: int = 0, unasked: int = 0) -> None:
    """Count what came of today's: tokens taken, conversations that were not asked about. In the system's scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO ownership_askedday AS d (day, requests, characters, tokens, unasked)
            VALUES (%s, 0, 0, %s, %s) ON CONFLICT (day) DO UPDATE
            SET tokens = d.tokens + EXCLUDED.tokens, unasked = d.unasked + EXCLUDED.unasked""",
            [today(), tokens, unasked],
        )
