"""`rapport audit` and `rapport keys`, as an operator runs them; and that a restored log is the one it was."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Site

MakeSite = Callable[..., Site]

_EVENT = (
    "INSERT INTO core_event (id, at, kind, subject, data) "
    "SELECT gen_random_uuid(), now(), 'policy.saved', 'version ' || n, '{}' FROM generate_series(1, 20) n"
)


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """An installation with a log, sealed."""
    made = make_site()
    with made.connect() as connection:
        connection.execute(_EVENT)
    return made


def seal(site: Site) -> None:
    """What the worker does."""
    import subprocess
    import sys

    code = "import django; django.setup(); from rapport.core import audit; print(audit.seal_waiting())"
    env = {**site.env(), "DJANGO_SETTINGS_MODULE": "rapport.core.settings"}
    subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True)


def test_the_log_is_sealed_verified_exported_kept_by_a_backup_and_by_new_keys(
    site: Site, make_site: MakeSite, tmp_path: Path
) -> None:
    assert "20 events wait" in site.run("audit", "verify").stdout
    seal(site)
    said = site.run("audit", "verify").stdout
    assert "20 sealed events" in said
    receipt = said.split("receipt: ")[1].strip()

    lines = [json.loads(line) for line in site.run("audit", "export", "--text", "version 1").stdout.splitlines()]
    assert len(lines) == 11
    assert all(line["seq"] and line["hash"] and line["subject"].startswith("version 1") for line in lines)
    assert site.run("audit", "export", "--format", "csv", "--kind", "export.made").stdout.count("\n") == 3
    assert "no id" in site.run("audit", "export", "--conversation", "x", code=1).stderr

    key = (site.home / "secret_key").read_text()
    assert "1 key retired" in site.run("keys", "rotate", "--secret-key").stdout
    assert (site.home / "secret_key").read_text() != key
    assert (site.home / "secret_key_before").read_text() == key
    seal(site)
    site.run("audit", "verify", "--receipt", receipt)
    (site.home / "secret_key_before").unlink()

    file = tmp_path / "backup.tar.gz"
    site.run("backup", file)
    second = make_site()
    second.run("restore", file)
    assert "22 sealed events" in second.run("audit", "verify", "--receipt", receipt).stdout

    with second.connect() as connection:
        connection.execute("ALTER TABLE core_event DISABLE TRIGGER USER")
        connection.execute("UPDATE core_event SET subject = 'another' WHERE subject = 'version 7'")
    assert "BROKEN at" in second.run("audit", "verify", code=1).stderr
