"""What `rapport doctor` makes of what it found. Pure: values in, checks out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

GIGABYTE = 1_000_000_000
POSTGRES_MIN = 15
_HEARD = timedelta(hours=1)
_LATE, _STUCK = timedelta(minutes=5), timedelta(hours=1)
_KEY_OLD, _SEAL_LATE = timedelta(days=365), timedelta(minutes=1)
_NAMED = 10
_SKEW, _SKEW_MAX = timedelta(seconds=2), timedelta(seconds=30)


class Grade(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: how it is, what was found, and what to do about it ("" where nothing)."""

    name: str
    grade: Grade
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """The database server and the role we are there."""

    version_num: int
    encoding: str
    superuser: bool
    bypasses_walls: bool
    has_trigram: bool
    pending: Sequence[str] = ()
    without_wall: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One channel. `key_fits` is whether its stored passwords can be read."""

    name: str
    state: str
    error: str
    enabled: bool
    collects: bool
    heard_at: datetime | None
    key_fits: bool


@dataclass(frozen=True, slots=True)
class Queues:
    """What waits: ages of the oldest (None for an empty queue), counts of the troubled, a few reasons."""

    oldest_item: timedelta | None
    items: int
    oldest_delivery: timedelta | None
    deliveries: int
    quarantined: int
    reasons: Sequence[str]
    uncertain: int


def of_server(server: Server) -> list[Check]:
    """The database: version, role, walls, extension, migrations."""
    major = server.version_num // 10_000
    return [
        _check(
            "database",
            Grade.OK if major >= POSTGRES_MIN else Grade.FAIL,
            f"PostgreSQL {major} answers",
            f"Rapport needs PostgreSQL {POSTGRES_MIN} or newer: upgrade the server.",
        ),
        _check(
            "database encoding",
            Grade.OK if server.encoding == "UTF8" else Grade.FAIL,
            f"it stores text as {server.encoding}",
            "Mail in other scripts cannot be stored. Make one with ENCODING 'UTF8' and restore a backup into it.",
        ),
        _role(server),
        _check(
            "walls",
            Grade.FAIL if server.without_wall else Grade.OK,
            "row-level security is off for " + ", ".join(server.without_wall)
            if server.without_wall
            else "row-level security is on",
            "Members could see what is not theirs. Stop Rapport; ALTER TABLE ... ENABLE and FORCE ROW LEVEL SECURITY.",
        ),
        _check(
            "pg_trgm",
            Grade.OK if server.has_trigram else Grade.FAIL,
            "the extension is there"
            if server.has_trigram
            else "the extension is missing: search would be slow or fail",
            "As the database's owner: CREATE EXTENSION pg_trgm.",
        ),
        _check(
            "migrations",
            Grade.FAIL if server.pending else Grade.OK,
            f"{len(server.pending)} not applied, the first is {server.pending[0]}"
            if server.pending
            else "all applied",
            "Run `rapport migrate`.",
        ),
    ]


def of_channels(lines: Sequence[Line], at: datetime) -> list[Check]:
    """Each channel."""
    if not lines:
        advice = "Connect one with `rapport channel add`."
        return [Check("channels", Grade.WARN, "there is none: no mail comes in", advice)]
    return [_channel(line, at) for line in lines]


def of_parts(
    missed: Sequence[tuple[str, timedelta | None, str]], needed: Sequence[str], command: str
) -> Check:
    """The parts of the worker that run nowhere, each with for how long (None: never) and the machine it last ran on."""
    ever = [(ago, host) for _, ago, host in missed if ago is not None]
    if not missed:
        told = f"all {len(needed)} parts run"
    elif len(missed) == len(needed):
        last = f"was seen for {in_words(min(ever)[0])}, the last on {min(ever)[1]}" if ever else "was ever seen"
        told = f"none {last}"
    else:
        named = [
            f"{part} (for {in_words(ago)}, last on {host})" if ago is not None else f"{part} (never seen)"
            for part, ago, host in missed
        ]
        told = "these parts run nowhere: " + ", ".join(named)
    return _check("worker", Grade.WARN if missed else Grade.OK, told, f"Start it: `rapport up`, or `{command}`.")


def of_failing(parts: Sequence[tuple[str, datetime, datetime, int, str, str]]) -> Check:
    """The parts of the worker that run but fail again and again: each with since when, when last (both UTC), how often,
    of what and where in the code, and on which machine.
    """
    named = [
        f"{part} (since {since:%Y-%m-%d %H:%M}, {times:,} times, last at {at:%H:%M:%S} on {host}: {what})"
        for part, since, at, times, what, host in parts
    ]
    return _check(
        "worker faults",
        Grade.WARN if named else Grade.OK,
        "these parts fail again and again: " + ", ".join(named) if named else "no part fails again and again",
        "They go on trying by themselves, every few seconds. The worker's log says what the matter is.",
    )


def of_queues(queues: Queues) -> list[Check]:
    """What waits to come in and to go out."""
    return [
        _check(
            "queue in",
            _by_age(queues.oldest_item),
            f"{queues.items:,} items wait, the oldest for {in_words(queues.oldest_item)}"
            if queues.oldest_item is not None
            else "nothing waits",
            "Is a worker running (`rapport up` or `rapport worker`)? If so, its log says what holds it up.",
        ),
        _check(
            "queue out",
            _by_age(queues.oldest_delivery),
            f"{queues.deliveries:,} messages are due, the oldest for {in_words(queues.oldest_delivery)}"
            if queues.oldest_delivery is not None
            else "nothing is late",
            "Is a worker running, and can the channel send (see the channels above)?",
        ),
        _check(
            "quarantine",
            Grade.WARN if queues.quarantined else Grade.OK,
            f"{queues.quarantined:,} items: " + "; ".join(queues.reasons) if queues.quarantined else "empty",
            "They are kept as delivered. After an upgrade or a fix: `rapport replay`, or `rapport replay ID`.",
        ),
        _check(
            "uncertain deliveries",
            Grade.WARN if queues.uncertain else Grade.OK,
            f"{queues.uncertain:,} messages may or may not have been sent" if queues.uncertain else "none",
            "They are not sent again by themselves. Look at the mail server's log, then send again by hand.",
        ),
    ]


def of_counters(wrong: int) -> Check:
    """The figures beside the views and of ownership that are kept; `wrong` is how many differ from what is there."""
    return _check(
        "counters",
        Grade.WARN if wrong else Grade.OK,
        f"{wrong} figures differ from what is there" if wrong else "the figures beside the views are right",
        "Count anew: rapport doctor --recount",
    )


def of_days(closed: int, looked: int, wrong: Sequence[date]) -> Check:
    """The days that reports keep; which of those looked at differ from what is there."""
    told = f"{looked:,} of {closed:,} closed days were compared"
    named = ", ".join([day.isoformat() for day in wrong[:_NAMED]] + ["..."] * (len(wrong) > _NAMED))
    return _check(
        "days of reports",
        Grade.WARN if wrong else Grade.OK,
        f"{told}, {len(wrong)} of them not what is there: {named}" if wrong else f"{told}, none differs",
        "Have every day closed anew: rapport doctor --recount",
    )


def of_clock(skew: timedelta) -> Check:
    """The database's clock against this machine's."""
    size = abs(skew)
    grade = Grade.OK if size <= _SKEW else Grade.WARN if size <= _SKEW_MAX else Grade.FAIL
    return _check(
        "clock",
        grade,
        f"the database's and this machine's differ by {size.total_seconds():.1f} s",
        "Promises and the undo of sending would be off. Turn on time synchronisation (NTP) on both machines.",
    )


def of_disk(place: str, free: int, total: int) -> Check:
    """Room for more; sizes in bytes."""
    grade = Grade.FAIL if free < GIGABYTE // 4 else Grade.WARN if free < 2 * GIGABYTE else Grade.OK
    return _check(
        f"disk ({place})",
        grade,
        f"{free / GIGABYTE:,.1f} GB of {total / GIGABYTE:,.1f} GB are free",
        "When it is full no mail is taken in (none is lost: its server keeps it). Make room or move to a larger disk.",
    )


def of_key(path: str, mode: int | None) -> Check:
    """The secret key; `mode` is that of its file, None where it is given as a setting."""
    if mode is None:
        return Check("secret key", Grade.OK, "given as a setting")
    return _check(
        "secret key",
        Grade.FAIL if mode & 0o077 else Grade.OK,
        f"{path} may be read by others (mode {mode & 0o777:o})" if mode & 0o077 else "for its owner alone",
        f"chmod 600 {path}",
    )


def of_keys(age: timedelta | None) -> Check:
    """The key that encrypts secrets; `age` is None where nothing was encrypted yet."""
    if age is None:
        return Check("keys", Grade.OK, "no secret is stored yet")
    return _check(
        "keys",
        Grade.WARN if age > _KEY_OLD else Grade.OK,
        f"secrets are under a key that is {in_words(age)} old",
        "rapport keys rotate",
    )


def of_log(waiting: int, oldest: timedelta) -> Check:
    """The chain of seals over the log; the worker adds to it."""
    late = f"{waiting:,} events wait for their seal, the oldest for {in_words(oldest)}"
    return _check(
        "log",
        Grade.WARN if oldest > _SEAL_LATE else Grade.OK,
        late if waiting else "sealed to its end",
        "Seals are set by a worker: does one run?",
    )


def in_words(age: timedelta | None) -> str:
    """An age as a person says it."""
    seconds = int(age.total_seconds()) if age else 0
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"


def _role(server: Server) -> Check:
    found = (
        "a superuser"
        if server.superuser
        else "a role with BYPASSRLS"
        if server.bypasses_walls
        else "an ordinary role"
    )
    return _check(
        "database role",
        Grade.FAIL if server.superuser or server.bypasses_walls else Grade.OK,
        f"Rapport is {found} there",
        "Row-level security does not hold for such a role: members could see what is not theirs. "
        "Give the database to an ordinary role (ALTER ROLE ... NOSUPERUSER NOBYPASSRLS).",
    )


def _channel(line: Line, at: datetime) -> Check:
    name = f"channel {line.name}"
    if not line.key_fits:
        return Check(
            name,
            Grade.FAIL,
            "its stored password cannot be read: the secret key is another one",
            "Set the secret key this database was made with, or enter the channel's password again.",
        )
    if not line.enabled:
        return Check(name, Grade.OK, "switched off")
    if line.state == "stopped":
        return Check(
            name,
            Grade.FAIL,
            line.error or "stopped",
            "Mend its settings with `rapport channel` and enable it.",
        )
    if line.state == "failing":
        return Check(
            name,
            Grade.WARN,
            line.error or "failing",
            "It is tried again by itself; if it stays, mend its settings.",
        )
    heard = f"last heard {in_words(at - line.heard_at)} ago" if line.heard_at else "not heard from yet"
    silent = line.collects and (line.heard_at is None or at - line.heard_at > _HEARD)
    return _check(name, Grade.WARN if silent else Grade.OK, heard, "Is a worker running (`rapport up`)?")


def _by_age(age: timedelta | None) -> Grade:
    if age is None or age < _LATE:
        return Grade.OK
    return Grade.WARN if age < _STUCK else Grade.FAIL


def _check(name: str, grade: Grade, found: str, advice: str) -> Check:
    return Check(name, grade, found, "" if grade is Grade.OK else advice)
