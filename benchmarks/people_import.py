"""Bringing in a CSV of many people, beside saving them row by row as Django's models do.

    python benchmarks/people_import.py 100000 2000      # rows in batches, rows one by one

Both in an empty database of their own, one after the other in the same run. Prints one JSON object: rows a second, CPU
seconds a 1,000 rows, and the peak memory of the process after the batches.
"""

import io
import os
import sys
import tempfile
import time
from pathlib import Path

import orjson


def main(many: int, few: int) -> None:
    """Measure and print."""
    os.environ["RAPPORT_HOME"] = tempfile.mkdtemp(prefix="rapport-bench-")
    Path(os.environ["RAPPORT_HOME"]).chmod(0o755)
    from rapport.core.postgres import EmbeddedPostgres

    with EmbeddedPostgres(Path(os.environ["RAPPORT_HOME"])) as url:
        os.environ["DATABASE_URL"] = url
        os.environ["DJANGO_SETTINGS_MODULE"] = "rapport.core.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        print(orjson.dumps(_measured(many, few), option=orjson.OPT_INDENT_2).decode())  # noqa: T201 - the result


def _measured(many: int, few: int) -> dict[str, object]:
    from rapport.cli import bench_meter

    first, second = _file(many, 0), _file(few, many)
    results: dict[str, object] = {"rows": many, "bytes": len(first), "load": os.getloadavg()}
    results["batches"] = _timed(many, _batches, first) | {"peak_rss_mb": bench_meter.peak_rss_mb()}
    results["again"] = _timed(many, _batches, first)
    results["row_by_row"] = _timed(few, _row_by_row, second) | {"rows": few}
    return results


def _timed(rows: int, run: object, data: bytes) -> dict[str, object]:
    wall, cpu = time.monotonic(), time.process_time()
    told = run(data)  # type: ignore[operator]
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    return {"seconds": round(wall, 2), "rows_per_s": round(rows / wall), "python_cpu_s": round(cpu, 2), **told}


def _file(rows: int, start: int) -> bytes:
    """Names, addresses, phones, companies; one row in the middle is bad."""
    written = io.StringIO()
    written.write("id,given name,family name,email,phone,company,relationship,since,language,note\n")
    for number in range(start, start + rows):
        bad = number == start + rows // 2
        address = "nowhere" if bad else f"person.{number}@company{number % 5000}.example"
        written.write(
            f"C-{number},Given{number % 997},Family{number % 7919},{address},+4930{1_000_000 + number},"
            f"Company {number % 5000},customer,2020-01-{number % 28 + 1:02},de,Met at the fair {number % 13}\n"
        )
    return written.getvalue().encode()


def _batches(data: bytes) -> dict[str, object]:
    from rapport.core import scope
    from rapport.people.exchange import files, shapes
    from rapport.people.exchange.running import Done, Run, batches, terms_of
    from rapport.people.exchange.shapes import Mapping
    from rapport.people.exchange.writing import Writer

    file = files.opened(data)
    mapping = Mapping(shapes.guess(file.layout.columns, file.samples(), {}), "bench")
    whole = Done()
    with scope.system():
        run = Run(terms_of(mapping), Writer("bench"))
    for batch in batches(file.records()):
        with scope.system():
            whole.counts += run.take(batch).counts
    return {"counts": dict(whole.counts)}


def _row_by_row(data: bytes) -> dict[str, object]:
    """As it was done before: get or create, a transaction a row."""
    import csv

    from rapport.core import scope
    from rapport.people.models import Handle, Organization, Person, Relationship

    taken = 0
    for row in csv.DictReader(io.StringIO(data.decode())):
        if "@" not in row["email"]:
            continue
        with scope.system():
            held = Handle.objects.filter(kind="email", value=row["email"]).select_related("person").first()
            person = held.person if held else Person(audience=["00000000-0000-0000-0000-000000000001"])
            person.name, person.language = f"{row['given name']} {row['family name']}", row["language"]
            person.note, person.external_id = row["note"], row["id"]
            person.organization, _ = Organization.objects.get_or_create(name=row["company"])
            person.save()
            for kind, value in (("email", row["email"]), ("phone", row["phone"])):
                Handle.objects.get_or_create(kind=kind, value=value, defaults={"person": person})
            Relationship.objects.get_or_create(
                person=person, kind=row["relationship"], until=None, defaults={"since": row["since"]}
            )
        taken += 1
    return {"taken": taken}


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:3]))
