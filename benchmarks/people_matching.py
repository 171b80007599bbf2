"""Everybody compared with everybody, and newcomers with everybody: `python benchmarks/people_matching.py [PEOPLE] [HOME]`.

Fills a throw-away database with invented people, one in twenty of them twice (another address, a short name, a slip of
the keys, the name's parts the other way round), runs the nightly pass in a process of its own and then brings newcomers
in. Prints one JSON object. Compared in the same run with joining those of the very same name by SQL. With a HOME the
database stays; a filled one is used again, for newcomers alone.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import psutil
from people_world import World

_COMPANIES_EACH = 40
_TWICE = 0.05
_NEWCOMERS = 300


def main(people: int, home: str = "") -> None:
    """A database, and the measuring in it."""
    from rapport.core.postgres import EmbeddedPostgres

    with ExitStack() as stack:
        folder = home or stack.enter_context(tempfile.TemporaryDirectory(prefix="rapport-people-"))
        filled = (Path(folder) / "postgres").exists()
        Path(folder).mkdir(exist_ok=True)
        Path(folder).chmod(0o711)
        with EmbeddedPostgres(Path(folder)) as url:
            os.environ |= {
                "DJANGO_SETTINGS_MODULE": "rapport.core.settings", "RAPPORT_HOME": folder, "DATABASE_URL": url, "RAPPORT_LOG_LEVEL": "error",
            }  # fmt: skip
            import django

            django.setup()
            print(json.dumps({"people": people, "newcomers": newcomers()} if filled else measured(people)))


def measured(people: int) -> dict[str, object]:
    """Fill, pass, newcomers."""
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    truth = fill(people)
    with connection.cursor() as cursor:
        for table in ("people_organization", "people_person", "people_handle"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
    say("filled")
    first = nightly()
    say(f"{first}")
    again = nightly()
    return {
        "people": people,
        "nightly": first,
        "nightly_again": again,
        "quality": quality(truth),
        "size_mb": sizes(),
        "newcomers": newcomers(),
        "same_name_by_sql": by_sql(truth),
    }


def say(text: str) -> None:
    """Progress."""
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def fill(people: int) -> set[tuple[UUID, UUID]]:
    """Write people; returns the pairs that are one human."""
    from django.db import connection

    from rapport.core import scope
    from rapport.core.ids import new_id

    world = World(11)
    companies = [(new_id(), f"{world.family().title()} {n}", f"c{n}.example") for n in range(people // _COMPANIES_EACH)]
    truth: set[tuple[UUID, UUID]] = set()
    with scope.system(), connection.cursor() as cursor:
        # Without the index of search, which is not measured here and takes most of the time.
        cursor.execute("SET LOCAL statement_timeout = 0")
        for table in ("people_organization", "people_person", "people_handle"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        _insert("people_organization", {"id": "uuid", "name": "text", "domain": "text"}, companies)
        persons = list(_people(world, people, companies, truth))
        everyone = "{00000000-0000-0000-0000-000000000001}"
        _insert(
            "people_person",
            {
                "id": "uuid",
                "name": "text",
                "organization_id": "uuid",
                "language": "text",
                "time_zone": "text",
                "note": "text",
                "audience": "uuid[]",
            },
            [(id_, name, company, "", "", "", everyone) for id_, name, company, _ in persons],
        )
        handles = [(kind, value, value, id_, "") for id_, _, _, some in persons for kind, value in some]
        _insert(
            "people_handle",
            {"kind": "text", "value": "text", "written": "text", "person_id": "uuid", "source": "text"},
            handles,
        )
    return truth


def _insert(table: str, columns: dict[str, str], rows: list[tuple]) -> None:
    from rapport.core import bulk

    for at in range(0, len(rows), 20_000):
        part = rows[at : at + 20_000]
        bulk.insert(
            table,
            {name: (kind, [row[n] for row in part]) for n, (name, kind) in enumerate(columns.items())}
            | {"created_at": ("timestamptz", ["2026-01-01"] * len(part))},
        )


def _people(world: World, people: int, companies: list, truth: set) -> Iterator[tuple]:
    from rapport.core.ids import new_id

    chance = world.chance
    made = 0
    while made < people:
        given, family, company = world.given(), world.family(), chance.choice(companies)
        first = new_id()
        handles = [
            (
                "email",
                f"{given}.{family}{made}@{company[2]}"
                if chance.random() < 0.6
                else f"{chance.choice('abcdefgh')}{made}@gmail.com",
            )
        ]
        if chance.random() < 0.3:
            handles.append(("phone", f"+4930{made:08d}"))
        yield first, f"{given} {family}".title(), company[0], handles
        made += 1
        if made < people and chance.random() < _TWICE:
            second = new_id()
            name = chance.choice(
                (
                    f"{given} {family}".title(),
                    f"{family}, {given}".title(),
                    f"{chance.choice(world.nicknames.get(given, [given]))} {family}".title(),
                    world.typo(f"{given} {family}").title(),
                )
            )
            other = (
                ("email", f"{given}.{family}{made - 1}@yahoo.com")
                if chance.random() < 0.5
                else ("fediverse", f"{given}{family}{made}@social.example")
            )
            yield second, name, company[0] if chance.random() < 0.6 else None, [other]
            truth.add((first, second) if first < second else (second, first))
            made += 1


def nightly() -> dict[str, object]:
    """The pass in its own processes, with their memory: the sum of what each has for itself, and a share of the rest."""
    began, most = time.monotonic(), 0.0
    process = subprocess.Popen([sys.executable, "-m", "rapport.people.nightly"], stdout=subprocess.PIPE, text=True)
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.5):
            try:
                root = psutil.Process(process.pid)
                most = max(
                    most, sum(one.memory_full_info().pss for one in (root, *root.children(recursive=True))) / 1e6
                )
            except psutil.Error:
                continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    told = process.communicate()[0]
    done.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(process.returncode)
    return {"seconds_in_all": round(time.monotonic() - began, 1), "peak_memory_mb": round(most), **json.loads(told)}


def quality(truth: set[tuple[UUID, UUID]]) -> dict[str, float]:
    """Of the suggestions how many are true, and how many of the true are there."""
    from django.db import connection

    from rapport.core import scope

    with scope.system(), connection.cursor() as cursor:
        cursor.execute("SELECT low_id, high_id FROM people_pair WHERE NOT 'impersonation' = ANY(flags)")
        found = set(cursor.fetchall())
        cursor.execute("SELECT low_id, high_id FROM people_pair WHERE 'impersonation' = ANY(flags)")
        flagged = set(cursor.fetchall())
    right = len(found & truth)
    return {
        "true_pairs": len(truth),
        "suggested": len(found),
        "precision": round(right / max(1, len(found)), 4),
        "recall": round(right / max(1, len(truth)), 4),
        "impersonation": len(flagged),
        "of_these_true": len(flagged & truth),
    }


def sizes() -> dict[str, float]:
    """What is kept, in MB."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_total_relation_size(oid) / 1e6 FROM pg_class WHERE relname IN "
            "('people_matchkeys', 'people_pair', 'people_matchmodel', 'people_person', "
            "'people_handle')"
        )
        return {name: round(float(size), 1) for name, size in cursor.fetchall()}


def newcomers() -> dict[str, float]:
    """Each comes alone and is compared at once; milliseconds of the comparison with all it writes."""
    from rapport.core import scope
    from rapport.people.models import Handle, Person
    from rapport.people.suggesting import match_new

    world = World(11)
    spent: list[float] = []
    python: list[float] = []
    with scope.system():
        names = list(Person.objects.order_by("?").values_list("name", "organization_id")[:_NEWCOMERS])
    random.Random(3).shuffle(names)
    for n, (name, organization) in enumerate(names):
        with scope.system():
            person = Person.objects.create(
                name=name if n % 2 else f"{world.given()} {world.family()}".title(), organization_id=organization
            )
            Handle.objects.create(kind="email", value=f"new{time.time_ns()}@example.net", person=person)
        began, used = time.perf_counter(), time.process_time()
        match_new(1)
        spent.append((time.perf_counter() - began) * 1000)
        python.append((time.process_time() - used) * 1000)
    spent, python = sorted(spent[10:]), sorted(python[10:])
    return {
        "ms_p50": round(spent[len(spent) // 2], 1),
        "ms_p95": round(spent[int(len(spent) * 0.95)], 1),
        "ms_p99": round(spent[int(len(spent) * 0.99)], 1),
        "ms_most": round(spent[-1], 1),
        "python_cpu_ms_p50": round(python[len(python) // 2], 1),
    }


def by_sql(truth: set[tuple[UUID, UUID]]) -> dict[str, float]:
    """The same names, joined by the database: what a simple rule would suggest."""
    from django.db import connection

    from rapport.core import scope

    began = time.monotonic()
    with scope.system(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(
            "SELECT count(*) FROM people_person a JOIN people_person b ON lower(a.name) = lower(b.name) AND a.id < b.id"
        )
        joined = int(cursor.fetchone()[0])
        cursor.execute(
            "SELECT count(*) FROM unnest(%s::uuid[], %s::uuid[]) AS t(one, other) JOIN people_person a ON "
            "a.id = one JOIN people_person b ON b.id = other WHERE lower(a.name) = lower(b.name)",
            [[one for one, _ in truth], [other for _, other in truth]],
        )
        right = int(cursor.fetchone()[0])
    return {
        "seconds": round(time.monotonic() - began, 1),
        "pairs": joined,
        "precision": round(right / max(1, joined), 4),
        "recall": round(right / max(1, len(truth)), 4),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, *sys.argv[2:3])
