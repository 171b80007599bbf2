"""`rapport ingest`: counted to the last mail, whatever happens on the way."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from rapport.channels.models import Channel, Cursor
from rapport.conversations.models import Conversation, Message
from rapport.core import scope
from rapport.core.options import options
from rapport.inbound import importing, pipeline
from rapport.inbound.models import RawItem
from tests.cli.conftest import Run, Site
from tests.cli.mails import letter, maildir, mbox

FIVE = [letter(1), letter(2, parent=1), letter(3), letter(4, parent=3), letter(5)]


@pytest.fixture
def box(db: None) -> Channel:
    return Channel.objects.create(name="Old mail", kind="email", address="support@rapport.example")


def summary(run: Run, path: Path, *more: str) -> dict[str, Any]:
    done = run("ingest", path, "--channel", "Old mail", "--json", *more)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["received"] == sum(found[key] for key in ("stored", "duplicate", "quarantined", "refused"))
    return found


@pytest.mark.parametrize("name", ["old.mbox", "old.mbox.gz"])
def test_every_mail_of_an_mbox_is_stored_in_its_conversation(
    run: Run, box: Channel, tmp_path: Path, name: str
) -> None:
    found = summary(run, mbox(tmp_path / name, *FIVE))
    assert (found["received"], found["stored"], found["conversations"]) == (5, 5, 3)
    with scope.system():
        assert Message.objects.count() == 5
        assert {one.sent_at for one in Message.objects.all()} == {one.at for one in Message.objects.all()}
    assert not Cursor.objects.exists()


def test_a_maildir_and_a_single_mail_are_taken_in(run: Run, box: Channel, tmp_path: Path) -> None:
    assert summary(run, maildir(tmp_path / "dir", *FIVE[:3]))["stored"] == 3
    (tmp_path / "one.eml").write_bytes(FIVE[3])
    found = summary(run, tmp_path / "one.eml")
    assert (found["stored"], found["conversations"]) == (1, 0)


def test_taking_the_same_file_in_again_changes_nothing(run: Run, box: Channel, tmp_path: Path) -> None:
    path = mbox(tmp_path / "old.mbox", *FIVE, FIVE[0])
    assert (summary(run, path)["stored"], summary(run, path)["duplicate"]) == (5, 6)
    with scope.system():
        assert (Message.objects.count(), RawItem.objects.count()) == (5, 5)


def test_an_empty_mail_is_quarantined_and_holds_up_nothing(run: Run, box: Channel, tmp_path: Path) -> None:
    found = summary(run, maildir(tmp_path / "dir", FIVE[0], b" \n", FIVE[2]))
    assert (found["stored"], found["quarantined"]) == (2, 1)


def test_a_mail_over_the_limit_is_refused_and_named(
    run: Run, box: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "options", lambda: type("Small", (), {"mail_bytes_max": 2_000})())
    path = mbox(tmp_path / "old.mbox", FIVE[0], letter(9, text="x" * 3_000), FIVE[2])
    done = run("ingest", path, "--channel", "Old mail", "--json")
    found = json.loads(done.stdout)
    assert (found["received"], found["stored"], found["refused"]) == (3, 2, 1)
    assert "more than 2000 are not taken" in done.stderr
    assert options().mail_bytes_max > 2_000


def test_conversations_that_a_later_mail_makes_one_are_counted_once(
    run: Run, box: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_MAILS", 1)
    tying = letter(3, parent=1).replace(b"In-Reply-To:", b"References: <2@berg.example>\nIn-Reply-To:")
    found = summary(run, mbox(tmp_path / "old.mbox", letter(1), letter(2), tying))
    assert found["conversations"] == 1
    with scope.system():
        assert Conversation.objects.filter(merged_into__isnull=True).count() == 1


def test_mail_that_waits_in_other_channels_is_not_counted(run: Run, box: Channel, tmp_path: Path) -> None:
    other = Channel.objects.create(name="Other", kind="email", address="other@rapport.example")
    importing.intake.accept(other, [importing.mail(letter(77))])
    found = summary(run, mbox(tmp_path / "old.mbox", *FIVE))
    assert (found["received"], found["stored"], found["conversations"]) == (5, 5, 3)


def test_an_interrupted_import_goes_on_where_it_was(
    run: Run, box: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = mbox(tmp_path / "old.mbox", *FIVE)
    monkeypatch.setattr(importing, "BATCH_MAILS", 2)
    real, calls = pipeline.run_batch, iter(range(9))

    def stops_at_the_second() -> pipeline.BatchResult:
        if next(calls) == 1:
            raise OperationalError("the server is gone")
        return real()

    monkeypatch.setattr(pipeline, "run_batch", stops_at_the_second)
    done = run("ingest", path, "--channel", "Old mail")
    assert done.exit_code == 1
    assert "the server is gone" in done.stderr
    assert "goes on from there" in done.stderr
    assert Cursor.objects.get().value["received"] == 4
    found = summary(run, path)
    assert found["resumed_at"] > 0
    assert (found["received"], found["stored"], found["conversations"]) == (5, 5, 3)
    assert not Cursor.objects.exists()


def test_an_interrupted_maildir_is_read_again_without_counting_twice(
    run: Run, box: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = maildir(tmp_path / "dir", *FIVE, FIVE[0])
    monkeypatch.setattr(importing, "BATCH_MAILS", 2)

    def stops() -> pipeline.BatchResult:
        raise OperationalError("the server is gone")

    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "run_batch", stops)
        assert run("ingest", folder, "--channel", "Old mail").exit_code == 1
    found = summary(run, folder)
    assert (found["received"], found["stored"], found["duplicate"], found["conversations"]) == (6, 5, 1, 3)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.txt", b"Dear diary,\nno mail today.\n", "is no mbox file"),
        ("picture.mbox", bytes(range(256)) * 20, "is no mbox file"),
        ("packed.gz", b"\x1f\x8b\x08\x00garbage", "is no mbox file"),
        ("missing.mbox", None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_no_mbox_is_refused_before_the_first_row(
    run: Run, box: Channel, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = run("ingest", tmp_path / name, "--channel", "Old mail", "--create")
    assert (done.exit_code, said in done.stderr) == (1, True), done.stderr
    with scope.system():
        assert not RawItem.objects.exists()
        assert not Cursor.objects.exists()


def test_a_packed_file_that_was_cut_off_says_so_and_keeps_what_could_be_read(
    run: Run, box: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_MAILS", 1)
    path = mbox(tmp_path / "old.mbox.gz", *(letter(n, text=os.urandom(3000).hex()) for n in range(1, 30)))
    path.write_bytes(path.read_bytes()[:-5000])
    done = run("ingest", path, "--channel", "Old mail")
    assert (done.exit_code, "is damaged" in done.stderr) == (1, True)
    with scope.system():
        assert 20 < Message.objects.count() < 29


def test_an_unknown_channel_names_those_there_are(run: Run, box: Channel, tmp_path: Path) -> None:
    done = run("ingest", mbox(tmp_path / "old.mbox", *FIVE), "--channel", "Nope")
    assert done.exit_code == 1
    assert "There are: Old mail." in done.stderr
    assert "rapport channel add" in done.stderr
    with scope.system():
        assert not RawItem.objects.exists()


def test_a_channel_only_for_imports_can_be_made_on_the_way(run: Run, tmp_path: Path) -> None:
    assert summary(run, mbox(tmp_path / "old.mbox", *FIVE), "--create")["stored"] == 5
    assert Channel.objects.get().enabled is False


def test_without_json_the_summary_is_for_reading(run: Run, box: Channel, tmp_path: Path) -> None:
    done = run("ingest", mbox(tmp_path / "old.mbox", *FIVE), "--channel", "Old mail")
    assert "stored" in done.stdout
    assert "conversations" in done.stdout
    assert done.stderr == ""


def test_an_import_that_is_killed_again_and_again_loses_and_doubles_nothing(
    make_site: Callable[[], Site], tmp_path: Path
) -> None:
    site = make_site()
    letters = [letter(n, parent=n - 1 if n % 3 else None) for n in range(900)]
    path = mbox(tmp_path / "old.mbox", *letters)
    command = site.command("ingest", path, "--channel", "Old", "--create", "--json")
    for killed_after in (50, 250, 450):
        process = subprocess.Popen(
            command, env=site.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        with site.connect() as looking:
            while process.poll() is None and time.monotonic() < deadline:
                taken = looking.execute("SELECT count(*) FROM inbound_rawitem").fetchone()
                if taken and int(str(taken[0])) >= killed_after:
                    break
                time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    found = json.loads(site.run(*command[3:]).stdout)
    assert found["resumed_at"] > 0
    assert (found["received"], found["stored"], found["duplicate"], found["conversations"]) == (
        900,
        900,
        0,
        300,
    )
    assert (site.count("conversations_message"), site.count("inbound_rawitem")) == (900, 900)
    assert site.count("conversations_conversation", "status <> 'merged'") == 300
