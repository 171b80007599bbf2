"""`rapport privacy`, and that restoring an older backup brings nobody back who was erased since."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Site
from tests.cli.mails import mbox

MakeSite = Callable[[], Site]
_NEEDLE = "xanthippe"
_HERS = (
    f"From: Ann <ann@{_NEEDLE}.test>\nTo: us@here.test\nSubject: About {_NEEDLE}\nMessage-ID: <1@b.test>\n"
    f"Date: Wed, 4 Mar 2026 09:00:00 +0000\n\nMy {_NEEDLE} is broken.\n"
).encode()
_OTHERS = b"From: bob@b.test\nTo: us@here.test\nSubject: Else\nMessage-ID: <2@b.test>\n\nSomething else.\n"


@pytest.fixture(scope="module")
def site(make_site: MakeSite, tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = make_site()
    made.run("migrate")
    made.run("ingest", mbox(tmp_path_factory.mktemp("mail") / "m.mbox", _HERS, _OTHERS), "--channel", "I", "--create")
    return made


def test_a_backup_from_before_an_erasure_is_erased_again_when_it_is_restored(site: Site, tmp_path: Path) -> None:
    site.run("backup", tmp_path / "before.tar.gz")
    with site.connect() as connection:
        row = connection.execute("SELECT person_id FROM people_handle WHERE value LIKE 'ann@%'").fetchone()
    assert row
    person = str(row[0])
    told = json.loads(site.run("privacy", "check", person, "--json", code=1).stdout)
    assert {one["table"] for one in told["found"]} >= {"people_handle", "inbound_rawitem"}
    assert "Nothing was changed" in site.run("privacy", "erase", person).stderr
    done = json.loads(site.run("privacy", "erase", person, "--yes", "--json").stdout)
    assert (done["state"], done["left"]) == ("done", {})
    site.run("privacy", "check", "--text", _NEEDLE)
    restored = site.run("restore", tmp_path / "before.tar.gz", "--force")
    assert "1 people who were erased since were erased again" in restored.stderr
    assert "It stands nowhere" in site.run("privacy", "check", "--text", _NEEDLE).stdout
    assert site.count("conversations_message", "text LIKE 'Something else%'") == 1
    assert site.count("people_erasure", "source = 'restore' AND state = 'done'") == 1
