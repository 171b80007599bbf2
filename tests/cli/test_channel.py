"""`rapport channel`: a mailbox is connected, shown and changed; what is not said stays."""

from typing import Any

import pytest
from click.testing import CliRunner

from rapport.channels import keeping
from rapport.channels.kinds.email import imap
from rapport.channels.models import Channel
from rapport.channels.secrets import seal, unseal
from rapport.cli.main import main
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import ChannelError, Invalid
from rapport.core.models import Event
from tests.cli.conftest import Run


def events() -> list[tuple[str, Any]]:
    with scope.system():
        return list(Event.objects.order_by("at", "id").values_list("kind", "data__what"))


@pytest.fixture
def box(run: Run, monkeypatch: pytest.MonkeyPatch) -> Channel:
    monkeypatch.setenv("WORD", "hush")
    where = ("--imap", "imap.example.com", "--smtp", "smtp.example.com", "--alias", "shop@brand.example")
    done = run("channel", "add", "Sales", "--address", "sales@brand.example", *where, "--password-env", "WORD")
    assert done.exit_code == 0, done.output
    return Channel.objects.get(name="Sales")


def test_a_mailbox_is_connected_with_the_settings_it_always_began_with(run: Run, box: Channel) -> None:
    assert box.config == {
        "imap": {"host": "imap.example.com", "security": "tls", "user": "sales@brand.example", "folders": ["INBOX"],
                 "after": "leave", "backfill": True},
        "smtp": {"host": "smtp.example.com", "security": "tls", "user": "sales@brand.example", "per_minute": 60},
        "addresses": ["shop@brand.example"], "from_name": "{member}", "signed_reply": False,
    }  # fmt: skip
    assert unseal(bytes(box.secrets)) == {"imap_password": "hush", "smtp_password": "hush"}
    shown = run("channel", "show", "Sales").output
    assert "imap.after = leave\n" in shown
    assert "addresses = shop@brand.example\n" in shown
    assert "hush" not in shown
    again = run("channel", "add", "Sales", "--address", "x@brand.example")
    assert "There is a channel called 'Sales' already" in again.stderr


def test_what_is_said_changes_and_what_is_not_stays(run: Run, box: Channel) -> None:
    box.config["imap"] |= {"poll_seconds": 300}
    box.save()
    words = (
        "--name", "Shop", "--after", "seen", "--no-backfill", "--per-minute", "9", "--alias", "a@brand.example",
        "--alias", "b@brand.example", "--signed-reply", "--imap-user", "in", "--smtp-port", "2525",
    )  # fmt: skip
    done = run("channel", "change", "Sales", *words)
    assert (done.exit_code, done.output) == (0, "Shop is changed.\n")
    kept = Channel.objects.get(id=box.id)
    assert kept.name == "Shop"
    assert kept.config["imap"] == {**box.config["imap"], "after": "seen", "backfill": False, "user": "in"}
    assert kept.config["smtp"] == {**box.config["smtp"], "per_minute": 9, "port": 2525}
    assert kept.config["addresses"] == ["a@brand.example", "b@brand.example"]
    assert kept.config["signed_reply"]
    assert unseal(bytes(kept.secrets)) == unseal(bytes(box.secrets))
    what = "addresses imap.after imap.backfill imap.user name signed_reply smtp.per_minute smtp.port"
    assert events() == [("channel.added", None), ("channel.changed", what.split())]
    assert run("channel", "change", "Shop", "--no-alias", "--smtp", "", "--user", "all").exit_code == 0
    kept = Channel.objects.get(id=box.id)
    assert ("smtp" in kept.config, "addresses" in kept.config, kept.config["imap"]["user"]) == (False, False, "all")


def test_deleting_is_asked_first_unless_told_otherwise(run: Run, box: Channel) -> None:
    words = ["channel", "change", "Sales", "--after", "delete"]
    done = CliRunner().invoke(main, words, input="n\n")
    assert done.exit_code == 1
    assert "Collected mail will be deleted at imap.example.com, for good" in done.output
    assert Channel.objects.get(id=box.id).config == box.config
    assert CliRunner().invoke(main, words, input="y\n").exit_code == 0
    assert Channel.objects.get(id=box.id).config["imap"]["after"] == "delete"
    assert run("channel", "change", "Sales", "--per-minute", "5").exit_code == 0
    assert run("channel", "change", "Sales", "--folder", "INBOX", "--folder", "Archive", "--yes").exit_code == 0


def test_a_folder_to_move_to_is_looked_for(run: Run, box: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "folders", lambda *_: ["INBOX", "Archive"])
    done = run("channel", "change", "Sales", "--after", "move", "--move-to", "Done")
    assert (done.exit_code, "There is no folder Done." in done.stderr) == (1, True)
    assert "Archive, INBOX" in done.stderr
    assert Channel.objects.get(id=box.id).config == box.config

    def away(*_: object) -> list[str]:
        raise ChannelError("It is away.", permanent=False)

    monkeypatch.setattr(imap, "folders", away)
    done = run("channel", "change", "Sales", "--after", "move", "--move-to", "Done")
    assert (done.exit_code, done.stderr) == (0, "The folder Done could not be looked for: It is away.\n")


def test_what_cannot_be_is_told_and_nothing_changes(run: Run, box: Channel) -> None:
    Channel.objects.create(name="Help", kind="email", address="Help@brand.example")
    Channel.objects.create(name="Bird", kind="mastodon")
    for words, said in (
        ([], "Nothing was said to change."),
        (["--alias", "nobody"], "addresses has 'nobody', which is no e-mail address."),
        (["--alias", "help@brand.example"], "help@brand.example belongs to Help."),
        (["--name", "Help"], "There is a channel called 'Help' already."),
        (["--after", "move"], "imap.move_to is missing."),
        (["--imap-security", "none"], "imap.security is none, but imap.example.com is another machine."),
        (["--address", "x"], "'x' is no e-mail address."),
    ):
        done = run("channel", "change", "Sales", *words)
        assert (done.exit_code, said in done.stderr) == (1, True), done.stderr
    kept = Channel.objects.get(id=box.id)
    assert (kept.name, kept.config, kept.changed_at) == (box.name, box.config, box.changed_at)
    assert "is no mailbox" in run("channel", "change", "Bird", "--after", "seen").stderr


def test_a_password_of_one_server_leaves_the_other(
    run: Run, box: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORD", "other")
    assert run("channel", "password", "Sales", "--for", "smtp", "--password-env", "WORD").exit_code == 0
    kept = Channel.objects.get(id=box.id)
    assert unseal(bytes(kept.secrets)) == {"imap_password": "hush", "smtp_password": "other"}
    assert events()[-1] == ("channel.changed", ["secrets"])


def test_what_somebody_else_changed_meanwhile_is_not_written_over(run: Run, box: Channel) -> None:
    mine = Channel.objects.get(id=box.id)
    Channel.objects.filter(id=box.id).update(address="new@brand.example", changed_at=now())
    mine.secrets = seal({})
    with pytest.raises(Invalid, match="Somebody else changed Sales"):
        keeping.keep(mine)
    kept = Channel.objects.get(id=box.id)
    assert (kept.address, unseal(bytes(kept.secrets))["imap_password"]) == ("new@brand.example", "hush")
    assert [kind for kind, _ in events()] == ["channel.added"]
