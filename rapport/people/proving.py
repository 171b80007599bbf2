"""What arrives with messages and proves something: noted in the batch that brought it, worked out shortly after.

Noting costs a statement for a batch in which something is said that may be new, and none for others. Working out looks
at what a proof says about others: evidence for a suggestion, or two profiles that vouch for one another, which join.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from rapport.core import bulk, scope
from rapport.core.clock import now
from rapport.people import proofs
from rapport.people.proofs import Key, Proved

if TYPE_CHECKING:
    from rapport.people.arrivals import Met, Speaker

_FORMER_MAX = 20
#: Services that always say all they vouch for: what is not among it is not vouched for any more.
_SAYS_ALL = "fediverse"
_WRITTEN_MAX = 320
_SETTLED_AT_ONCE = 200


def note(met: "Mapping[Key, Met]", speakers: "Mapping[Key, Speaker]") -> None:
    """Keep what handles are called now, what verified them, and what services vouch for; where it says anything new."""
    _rename(met, speakers)
    verify({
        key: how for key, one in met.items()
        if key in speakers and (how := proofs.how_verified(key[0], one.verified))
        and proofs.stronger(how, speakers[key].verified_how) == how != speakers[key].verified_how
    })  # fmt: skip
    # An address proves itself; pages and domains are proved by accounts of other kinds.
    vouched = {key: proofs.read(one.verified) for key, one in met.items() if key in speakers and key[0] != proofs.EMAIL}
    _vouch({key: found for key, found in vouched.items() if found})
    _withdraw({key: found for key, found in vouched.items() if key[0] == _SAYS_ALL and not speakers[key].is_new})


def verify(hows: Mapping[Key, str]) -> None:
    """Say that these handles are proved to be their persons', and how; by a stronger way where there was one."""
    bulk.update(
        "people_handle",
        ["kind", "value"],
        {
            "kind": ("text", [kind for kind, _ in hows]),
            "value": ("text", [value for _, value in hows]),
            "how": ("text", list(hows.values())),
            "at": ("timestamptz", [now()] * len(hows)),
        },
        "verified_how = row.how, verified_at = row.at",
    )


def settle(limit: int = _SETTLED_AT_ONCE) -> int:
    """Work out what fresh proofs say about others; how many were. May run in several processes at once."""
    from rapport.people import vouching

    with scope.system(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT p.kind, p.value, p.proved, h.person_id FROM people_proof p
                JOIN people_handle h ON h.kind = p.kind AND h.value = p.value
                WHERE p.settled_at IS NULL ORDER BY p.at LIMIT %s FOR UPDATE OF p SKIP LOCKED""",
                [limit],
            )
            rows = cursor.fetchall()
        for kind, value, proved, person in rows:
            vouching.work_out((kind, value), person, proved)
        _settled((kind, value, proved) for kind, value, proved, _ in rows)
    return len(rows)


def pages_of(keys: Iterable[Key]) -> dict[Key, list[str]]:
    """What services vouch for now, by handle."""
    wanted = list(keys)
    found: dict[Key, list[str]] = {}
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT p.kind, p.value, p.proved FROM unnest(%s::text[], %s::text[]) AS asked(kind, value)
                JOIN people_proof p ON p.kind = asked.kind AND p.value = asked.value
                WHERE p.gone_at IS NULL ORDER BY p.at""",
                [[kind for kind, _ in wanted], [value for _, value in wanted]],
            )
            for kind, value, proved in cursor.fetchall():
                found.setdefault((kind, value), []).append(proved)
    return found


def _rename(met: "Mapping[Key, Met]", speakers: "Mapping[Key, Speaker]") -> None:
    renamed = [
        (key, one.written) for key, one in met.items()
        if key in speakers and not speakers[key].is_new
        and key[0] != proofs.EMAIL and proofs.is_rename(key[1], speakers[key].written, one.written)
    ]  # fmt: skip
    if not renamed:
        return
    bulk.update(
        "people_handle",
        ["kind", "value"],
        {
            "kind": ("text", [kind for (kind, _), _ in renamed]),
            "value": ("text", [value for (_, value), _ in renamed]),
            "now": ("text", [written[:_WRITTEN_MAX] for _, written in renamed]),
        },
        f"""former = (array_append(array_remove(t.former, row.now::varchar), t.written))[
            greatest(1, cardinality(t.former) + 2 - {_FORMER_MAX}):], written = row.now""",
    )


def _vouch(vouched: Mapping[Key, list[Proved]]) -> None:
    rows = sorted({(*key, one.value) for key, found in vouched.items() for one in found})
    bulk.insert(
        "people_proof",
        {
            "kind": ("text", [row[0] for row in rows]),
            "value": ("text", [row[1] for row in rows]),
            "proved": ("text", [row[2] for row in rows]),
            "at": ("timestamptz", [now()] * len(rows)),
        },
        """ON CONFLICT (kind, value, proved) DO UPDATE SET gone_at = NULL, settled_at = NULL
        WHERE people_proof.gone_at IS NOT NULL""",
    )


def _withdraw(vouched: Mapping[Key, list[Proved]]) -> None:
    """What a service vouches for no longer proves nothing any more; the handle neither, where that was all."""
    if not vouched:
        return
    said = [(*key, one.value) for key, found in vouched.items() for one in found]
    parameters: list[Any] = [[key[0] for key in vouched], [key[1] for key in vouched]]
    parameters += [[row[0] for row in said], [row[1] for row in said], [row[2] for row in said]]
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH gone AS (UPDATE people_proof p SET gone_at = now()
                FROM unnest(%s::text[], %s::text[]) AS asked(kind, value)
                WHERE p.kind = asked.kind AND p.value = asked.value AND p.gone_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM unnest(%s::text[], %s::text[], %s::text[]) AS said(kind, value, proved)
                    WHERE said.kind = p.kind AND said.value = p.value AND said.proved = p.proved)
                RETURNING p.kind, p.value, p.proved)
            UPDATE people_handle h SET verified_at = NULL, verified_how = '' FROM gone
            WHERE h.kind = gone.kind AND h.value = gone.value AND h.verified_how = 'service'
            AND NOT EXISTS (SELECT 1 FROM people_proof p WHERE p.kind = h.kind AND p.value = h.value
                AND p.gone_at IS NULL AND NOT EXISTS (SELECT 1 FROM gone g
                    WHERE g.kind = p.kind AND g.value = p.value AND g.proved = p.proved))""",
            parameters,
        )


def _settled(rows: Iterable[tuple[str, str, str]]) -> None:
    keys = list(rows)
    bulk.update(
        "people_proof",
        ["kind", "value", "proved"],
        {
            "kind": ("text", [key[0] for key in keys]),
            "value": ("text", [key[1] for key in keys]),
            "proved": ("text", [key[2] for key in keys]),
            "at": ("timestamptz", [now()] * len(keys)),
        },
        "settled_at = row.at",
    )
