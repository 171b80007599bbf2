"""Directories that are connected: what they are asked with, and keeping up with them by the hour or the day."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from rapport.channels.secrets import seal, unseal
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import RapportError
from rapport.people.exchange import ldap, reasons
from rapport.people.exchange.employees import Sync, reasons_of
from rapport.people.exchange.ldapwords import Access, address, attributes
from rapport.people.models import Directory, ExternalId, Relationship

LEASE = timedelta(minutes=3)
_AGAIN = timedelta(hours=1)
_REPORT_MAX = 200


def access_of(row: Directory, password: str | None = None) -> Access:
    """How the directory is asked, with this password or the stored one. Raises Invalid, or ChannelError where that
    cannot be read.
    """
    secret = unseal(bytes(row.secrets)).get("password", "") if password is None else password
    config = row.config
    host, port, tls = address(str(config.get("url", "")))
    given = config.get("attributes", {})
    return Access(
        host, port, tls, str(config.get("bind", "")), secret,
        str(config.get("base", "")), str(config.get("filter", "")),
        {name: attributes(str(text)) for name, text in given.items()}, str(config.get("ca", "")),
    )  # fmt: skip


def source_of(name: str) -> str:
    """Whose ids they are: a file that calls its source by the same name must not meet them."""
    return f"ldap {name}"[:60]


def save(row: Directory, password: str, actor_id: UUID) -> None:
    """Keep what an administrator entered; an empty password keeps the stored one. A new name goes everywhere."""
    with scope.system():
        before = Directory.objects.filter(id=row.id).first()
        if password:
            row.secrets = seal({"password": password})
        row.due_at = now() if row.enabled else None
        row.save()
        if before is not None and before.name != row.name:
            ExternalId.objects.filter(source=source_of(before.name)).update(source=source_of(row.name))
            Relationship.objects.filter(source=before.name).update(source=row.name)
        events.record("directory.saved", actor_id=actor_id, subject=row.name, data={"directory": str(row.id)})


def remove(row: Directory, actor_id: UUID) -> None:
    """Disconnect it; employees stay as they are."""
    with scope.system():
        Directory.objects.filter(id=row.id).delete()
        events.record("directory.removed", actor_id=actor_id, subject=row.name, data={"directory": str(row.id)})


def ask_now(row: Directory, *, believed: bool = False) -> None:
    """Have it read as soon as a worker is free. `believed`: if many are gone, they are."""
    config = {**row.config, "believed": believed}
    with scope.system():
        Directory.objects.filter(id=row.id).update(due_at=now(), config=config)


def claim() -> UUID | None:
    """A directory that is due and that nobody is reading, now ours for the length of a lease."""
    with scope.system():
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=now())
        due = Directory.objects.select_for_update(skip_locked=True).filter(free, enabled=True, due_at__lte=now())
        row = due.order_by("due_at").first()
        if row is None:
            return None
        Directory.objects.filter(id=row.id).update(leased_until=now() + LEASE)
        return row.id


def sync(directory_id: UUID) -> None:
    """Read a directory whole and take its people; what went wrong stands at it."""
    with scope.system():
        row = Directory.objects.filter(id=directory_id).first()
    if row is None:
        return
    counts: Counter[str] = Counter()
    report: list[list[str]] = []
    problem = ""
    try:
        _read(row, counts, report)
    except RapportError as error:
        problem = f"{error.message} {error.hint}".strip()
    every = timedelta(hours=max(1, row.every_hours))
    with scope.system():
        Directory.objects.filter(id=row.id).update(
            error=problem[:400], counts=dict(counts), report=report, leased_until=None,
            due_at=now() + (min(every, _AGAIN) if problem else every),
            **({} if problem else {"synced_at": now(), "config": {**row.config, "believed": False}}),
        )  # fmt: skip
        events.record("directory.synced", data={"directory": str(row.id), "failed": bool(problem), **counts})


def _read(row: Directory, counts: Counter[str], report: list[list[str]]) -> None:
    sync = Sync(row.name, source_of(row.name), str(row.config.get("country", "")))
    for page in ldap.pages(access_of(row)):
        with scope.system():
            done = sync.take(page)
            Directory.objects.filter(id=row.id).update(leased_until=now() + LEASE)
        counts.update(done.counts)
        report += [[who, reasons.words(reason)] for who, reason in reasons_of(done)][: _REPORT_MAX - len(report)]
    with scope.system():
        counts["ended"] = sync.end_gone(believed=bool(row.config.get("believed")))
