"""`rapport backup` and `rapport restore`: every row of every table, or nothing."""

import gzip
import io
import json
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.cli.conftest import Site
from tests.cli.mails import letter, mbox

MakeSite = Callable[..., Site]

# A company with members, people, a policy, a sealed password; a signed-in member's session; and a counter that moved.
_FOUND = """
import django; django.setup()
from rapport.channels.models import Channel
from rapport.channels.secrets import seal
from rapport.cli.demo_company import company
from rapport.cli.demo_company.founding import found
from django.contrib.sessions.backends.db import SessionStore
found(company.load(), 2526)
Channel.objects.update(secrets=seal({"imap_password": "sesame"}))
store = SessionStore(); store["a"] = 1; store.save()
"""
_PASSWORDS = """
import django; django.setup()
from rapport.channels.models import Channel
from rapport.channels.secrets import unseal
print({unseal(bytes(one.secrets))["imap_password"] for one in Channel.objects.all() if one.secrets})
"""


def python(site: Site, code: str) -> str:
    env = site.env() | {"DJANGO_SETTINGS_MODULE": "rapport.core.settings"}
    return subprocess.run(
        [sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True
    ).stdout


def contents(site: Site) -> dict[str, list[str]]:
    """Every row of every table as text, sorted; asked of PostgreSQL without any of our code."""
    with site.connect() as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ).fetchall()
        return {
            str(name): sorted(
                str(row)
                for (row,) in connection.execute(f"SELECT to_jsonb(t.*)::text FROM {name} t").fetchall()
            )
            for (name,) in tables
            if name not in _WORKED_OUT
        }


#: When each migration was applied differs; counters are counted as the conversations come, days closed anew, and which
#: parts of workers ran back then says nothing now.
_WORKED_OUT = (
    "django_migrations", "conversations_tally", "insight_amended", "insight_block", "insight_summed",
    "insight_day", "insight_closedday", "insight_touchedday", "inbound_part",
)  # fmt: skip
#: What no row can be made up for, each with its reason. A table that is added later is filled, or has to be named here.
EMPTY: dict[str, str] = {}
_MADE_UP = {
    "uuid": "gen_random_uuid()", "boolean": "true", "timestamp with time zone": "now()", "date": "current_date",
    "jsonb": "'{}'", "bytea": "'\\x0102'", "inet": "'192.0.2.1'", "double precision": "0.5", "interval": "'1 hour'",
    "time without time zone": "'09:00'",
}  # fmt: skip
#: Where the table insists on more than a type.
_FITTING = {
    ("staff_oncallduty", "ends_at"): "now() + interval '1 hour'",
    ("ownership_wish", "precision"): "90",
    ("conversations_watch", "organization_id"): "NULL",
    ("people_proof", "kind"): "(SELECT kind FROM people_handle ORDER BY value, kind LIMIT 1)",
    ("people_proof", "value"): "(SELECT value FROM people_handle ORDER BY value, kind LIMIT 1)",
}
_COLUMNS = f"""
SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.atttypmod - 4, r.relname, f.attname
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' AND k.conkey = ARRAY[a.attnum]
    LEFT JOIN pg_class r ON r.oid = k.confrelid
    LEFT JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[1]
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attgenerated = '' AND a.attidentity = ''
    AND c.relname <> ALL (ARRAY{[*_WORKED_OUT]})
ORDER BY c.relname, a.attnum"""


def fill_what_is_empty(site: Site) -> None:
    """A row in each table that nobody filled yet, made up from what the catalogue says of its columns."""
    with site.connect() as connection:
        columns: dict[str, list[tuple[str, str]]] = {}
        for table, name, kind, length, other, key in connection.execute(_COLUMNS).fetchall():
            made = f"(SELECT {key} FROM {other} LIMIT 1)" if other else _made_up(str(kind), int(str(length)))
            fitting = _FITTING.get((str(table), str(name)), made)
            columns.setdefault(str(table), []).append((str(name), fitting))
        waiting = [name for name in columns if not site.count(name)]
        while waiting:
            left = [name for name in waiting if not _filled(connection, name, columns[name])]
            if left == waiting:
                break
            waiting = left  # what these refer to is there now


def _made_up(kind: str, length: int) -> str:
    if kind.endswith("[]"):
        return "'{}'"
    if kind in ("text", "character varying"):
        return f"'{'made up, ünïcödé'[: length if length > 0 else 20]}'"
    return _MADE_UP.get(kind, "1")


def _filled(connection: psycopg.Connection[tuple[object, ...]], table: str, columns: list[tuple[str, str]]) -> bool:
    names, values = ", ".join(f'"{name}"' for name, _ in columns), ", ".join(value for _, value in columns)
    try:
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({values})")
    except psycopg.Error:
        return False
    return True


def walls(site: Site) -> list[tuple[object, ...]]:
    with site.connect() as connection:
        return connection.execute(
            """SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"""
        ).fetchall()


@pytest.fixture(scope="module")
def company(make_site: MakeSite, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """An installation with something in every table that an import can fill."""
    site = make_site()
    python(site, _FOUND)
    odd = letter(8, text="tabs\tand \\. backslashes \\N and\r\nlines; ünïcödé 🙂")
    attached = (
        b"From: a@b.test\nMessage-ID: <9@b.test>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        b"--x\nContent-Type: text/plain\n\nhello\n--x\nContent-Type: application/pdf\nContent-Disposition: attachment; "
        b"filename=a.pdf\nContent-Transfer-Encoding: base64\n\nAAECAwQFBgc=\n--x--\n"
    )
    letters = [letter(n, parent=n - 1 if n % 3 else None) for n in range(30)]
    path = mbox(
        tmp_path_factory.mktemp("mail") / "old.mbox", *letters, odd.replace(b"<8@", b"<88@"), attached
    )
    site.run("ingest", path, "--channel", "Import", "--create")
    fill_what_is_empty(site)
    return site


@pytest.fixture(scope="module")
def saved(company: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backups") / "rapport.tar.gz"
    company.run("backup", file)
    return file


def test_every_row_of_every_table_comes_back(company: Site, saved: Path, make_site: MakeSite) -> None:
    site = make_site(empty=True)
    assert "all of them are as they were" in site.run("restore", saved).stdout
    before, after = contents(company), contents(site)
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == []
    assert {name for name, rows in before.items() if not rows} == set(EMPTY), "nothing passes by being empty"
    assert walls(site) == walls(company)
    told = json.loads(site.run("doctor", "--json").stdout)["checks"]
    assert next(one["grade"] for one in told if one["name"] == "counters") == "ok"
    assert site.count("conversations_tally") > 0
    assert python(site, _PASSWORDS) == "{'sesame'}\n"


def test_who_was_erased_since_the_backup_is_erased_again(
    company: Site, saved: Path, make_site: MakeSite, tmp_path: Path
) -> None:
    with company.connect() as connection:
        row = connection.execute("SELECT person_id, value FROM people_handle WHERE value = 'a@b.test'").fetchone()
    assert row
    erased = {"erasure": str(uuid4()), "at": "2026-03-04", "mode": "erase", "pseudonym": "Person 1"}
    erased |= {"people": [str(row[0])]}
    (tmp_path / "ledger.jsonl").write_text(json.dumps(erased) + '\n{"cut off')
    site = make_site()
    told = site.run("restore", saved, "--ledger", tmp_path / "ledger.jsonl").stderr
    assert "1 people who were erased since were erased again" in told
    assert not site.count("people_handle", "value = 'a@b.test'")
    assert not site.count("inbound_rawitem", "position('a@b.test'::bytea in body) > 0")
    assert site.count("people_handle") == company.count("people_handle") - 1
    assert erased["erasure"] in (site.home / "erasures.jsonl").read_text()


def test_work_goes_on_after_a_restore(saved: Path, make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site()
    site.run("restore", saved)
    done = site.run("ingest", mbox(tmp_path / "new.mbox", letter(500)), "--channel", "Import", "--json")
    assert json.loads(done.stdout)["stored"] == 1
    python(
        site,
        "import django; django.setup()\nfrom django.contrib.contenttypes.models import ContentType as C\n"
        "C.objects.create(app_label='a', model='b')",
    )
    with site.connect() as connection, pytest.raises(Exception, match="append-only"):
        connection.execute("DELETE FROM core_event")


def test_what_waited_to_be_sent_can_be_held(company: Site, make_site: MakeSite, tmp_path: Path) -> None:
    with company.connect() as connection:
        connection.execute(
            """INSERT INTO outbound_delivery (conversation_id, id, message_id, channel_id, state, external_id,
                recipients, options, send_after, attempts, error, created_at)
            SELECT conversation_id, gen_random_uuid(), id, channel_id, 'queued', 'x@y', '{}', '{}', now(), 0, '', now()
            FROM conversations_message LIMIT 1"""
        )
    company.run("backup", tmp_path / "b.tar.gz")
    held, sent = make_site(), make_site()
    assert (
        "1 messages that were waiting to be sent are held"
        in held.run("restore", "--hold", tmp_path / "b.tar.gz").stderr
    )
    assert held.count("outbound_delivery", "state = 'uncertain'") == 1
    assert "will be sent when a worker starts" in sent.run("restore", tmp_path / "b.tar.gz").stderr
    assert contents(sent) == contents(company)
    with company.connect() as connection:
        connection.execute("DELETE FROM outbound_delivery WHERE state = 'queued'")


def test_what_is_in_the_database_is_only_destroyed_when_asked_to(
    company: Site, saved: Path, make_site: MakeSite, tmp_path: Path
) -> None:
    site = make_site()
    site.run("ingest", mbox(tmp_path / "a.mbox", letter(700)), "--channel", "Mine", "--create")
    before = contents(site)
    refused = site.run("restore", saved, code=1).stderr
    assert "The database is not empty: it has 1 channels, 1 people, 1 conversations" in refused
    assert contents(site) == before
    forced = site.run("restore", saved, "--force").stderr
    assert "Destroying what is there: 1 channels" in forced
    assert contents(site) == contents(company)
    assert walls(site) == walls(company)


def test_the_file_is_for_its_owner_alone_and_not_overwritten_unasked(company: Site, saved: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    before = saved.read_bytes()
    assert "is there already" in company.run("backup", saved, code=1).stderr
    assert saved.read_bytes() == before
    assert [one.name for one in saved.parent.iterdir()] == [saved.name]


def test_a_damaged_backup_changes_nothing(saved: Path, make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site()
    whole = saved.read_bytes()
    flipped = bytearray(gzip.decompress(whole))
    at = flipped.index(b"Hello there.")
    flipped[at : at + 5] = b"Jello"
    damaged = {
        "cut": whole[: len(whole) // 2],
        "end": gzip.compress(gzip.decompress(whole)[:-20_000]),
        "flipped": gzip.compress(bytes(flipped)),
    }
    for name, data in damaged.items():
        (tmp_path / name).write_bytes(data)
        assert "damaged" in site.run("restore", tmp_path / name, code=1).stderr
        assert not site.count("staff_member")
        assert not site.count("inbound_rawitem")


@pytest.mark.parametrize("content", [b"", b"no backup\n", gzip.compress(b"no tar", mtime=0), b"\x1f\x8bshort"])
def test_another_file_is_no_backup(make_site: MakeSite, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert "is no backup of Rapport" in make_site(empty=True).run("restore", tmp_path / "file", code=1).stderr


def test_a_backup_by_a_newer_version_is_refused(saved: Path, make_site: MakeSite, tmp_path: Path) -> None:
    newer = tmp_path / "newer.tar.gz"
    with tarfile.open(saved) as old, tarfile.open(newer, "w:gz") as new:
        for member in old:
            data = old.extractfile(member)
            assert data
            content = data.read()
            if member.name == "manifest.json":
                manifest = json.loads(content)
                manifest["migrations"].append("core.9999_from_the_future")
                content = json.dumps(manifest).encode()
                member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    assert "core.9999_from_the_future" in make_site().run("restore", newer, code=1).stderr
