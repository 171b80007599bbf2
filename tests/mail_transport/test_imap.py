import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from imapclient import IMAPClient

from rapport.channels.base import Incoming
from rapport.channels.kinds.email import imap
from rapport.channels.kinds.email.settings import ImapSettings, Server
from rapport.core.errors import ChannelError
from tests.mail_transport.peers import PASSWORD, Dovecot, wait_for


class Memory:
    """A source that keeps in memory what a database would."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.items: dict[str, Incoming] = {}
        self.batches: list[int] = []
        self.order: list[bytes] = []
        self.kept: dict[str, Any] = {}
        self.states: list[str] = []

    def cursors(self) -> Mapping[str, Any]:
        return dict(self.kept)

    def keep(self, items: Sequence[Incoming], cursors: Mapping[str, Any]) -> None:
        self.kept.update(cursors)
        self.batches.append(len(items))
        self.order += [i.body for i in items if i.external_id not in self.items]
        self.items.update({i.external_id: i for i in items})

    def well(self) -> None:
        self.states.append("ok")

    def unwell(self, message: str) -> None:
        self.states.append(message)


def letter(n: int, size: int = 10) -> bytes:
    return f"From: a@cust.test\r\nMessage-ID: <{n}@cust.test>\r\nSubject: {n}\r\n\r\n{'x' * size}\r\n".encode()


@contextmanager
def mailbox(server: Dovecot, user: str) -> Iterator[IMAPClient]:
    client = IMAPClient("127.0.0.1", server.imap, ssl=False)
    client.login(user, PASSWORD)
    yield client
    client.logout()


def settings_for(server: Dovecot, user: str, **more: Any) -> ImapSettings:
    return ImapSettings(Server("127.0.0.1", server.imap, "none", user), **more)


@contextmanager
def collecting(settings: ImapSettings, source: Memory) -> Iterator[list[ChannelError]]:
    """The collector in a thread, begun again after each fault as the worker does."""
    errors: list[ChannelError] = []
    source.stopping = threading.Event()

    def run() -> None:
        while not source.stopping.is_set():
            try:
                imap.collect(settings, PASSWORD, source)
            except ChannelError as error:
                errors.append(error)
                source.stopping.wait(0.1)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield errors
    finally:
        source.stopping.set()
        thread.join(60)
        assert not thread.is_alive()


def new_user() -> str:
    return f"u{uuid4().hex[:10]}"


def test_new_mail_is_pushed_and_nothing_is_marked(dovecot: Dovecot) -> None:
    user, source = new_user(), Memory()
    with mailbox(dovecot, user) as box, collecting(settings_for(dovecot, user), source):
        wait_for(lambda: "ok" in source.states)
        time.sleep(0.3)
        box.append("INBOX", letter(1))
        # It is told: the next look of its own would be minutes later.
        wait_for(lambda: source.items)
        box.select_folder("INBOX", readonly=True)
        assert box.search("UNSEEN") == [1]
    item = next(iter(source.items.values()))
    assert item.body == letter(1)
    assert item.envelope["folder"] == "INBOX"
    assert item.received_at is not None


def test_the_backlog_comes_in_bounded_batches_newest_first(dovecot: Dovecot) -> None:
    user, source = new_user(), Memory()
    with mailbox(dovecot, user) as box:
        for n in range(25):
            box.append("INBOX", letter(n))
        with collecting(settings_for(dovecot, user, batch_messages=10), source):
            wait_for(lambda: len(source.items) == 25)
            wait_for(lambda: source.kept["imap:INBOX"]["low"] == 1)
    assert max(source.batches) == 10
    assert letter(24) in source.order[:10]
    assert letter(0) in source.order[-5:]


def test_new_mail_does_not_wait_for_the_backlog(dovecot: Dovecot) -> None:
    user, source = new_user(), Memory()
    with mailbox(dovecot, user) as box:
        for n in range(30):
            box.append("INBOX", letter(n))
        keep, added = source.keep, threading.Event()

        def slowly(items: Sequence[Incoming], cursors: Mapping[str, Any]) -> None:
            keep(items, cursors)
            if len(source.items) == 2 and not added.is_set():
                box.append("INBOX", letter(99))
                added.set()

        source.keep = slowly  # type: ignore[method-assign]
        with collecting(settings_for(dovecot, user, batch_messages=2), source):
            wait_for(lambda: len(source.items) == 31)
    assert source.order.index(letter(99)) < 6


def test_a_restart_goes_on_where_it_was(dovecot: Dovecot) -> None:
    user, source = new_user(), Memory()
    with mailbox(dovecot, user) as box:
        box.append("INBOX", letter(1))
        with collecting(settings_for(dovecot, user), source):
            wait_for(lambda: len(source.items) == 1)
        box.append("INBOX", letter(2))
        fetched = sum(source.batches)
        with collecting(settings_for(dovecot, user), source):
            wait_for(lambda: len(source.items) == 2)
    assert sum(source.batches) == fetched + 1


def test_a_renumbered_folder_is_read_again_and_nothing_is_lost(dovecot: Dovecot) -> None:
    user, source = new_user(), Memory()
    with mailbox(dovecot, user) as box:
        box.append("INBOX", letter(1))
        box.create_folder("Work")
        box.append("Work", letter(2))
        settings = settings_for(dovecot, user, folders=("INBOX", "Work"))
        with collecting(settings, source):
            wait_for(lambda: len(source.items) == 2)
        before = source.kept["imap:Work"]["uidvalidity"]
        box.delete_folder("Work")
        time.sleep(1.1)
        box.create_folder("Work")
        box.append("Work", letter(2))
        box.append("Work", letter(3))
        with collecting(settings, source):
            wait_for(lambda: len(source.items) == 3)
    assert source.kept["imap:Work"]["uidvalidity"] != before


def test_a_missing_folder_is_shown_and_the_others_go_on(dovecot: Dovecot) -> None:
    user, source = new_user(), Memory()
    with mailbox(dovecot, user) as box:
        box.append("INBOX", letter(1))
        with collecting(settings_for(dovecot, user, folders=("Gone", "INBOX"), poll_seconds=1), source):
            wait_for(lambda: source.items)
    assert any("folder Gone" in state for state in source.states)


def test_the_server_dies_and_comes_back(dovecot: Dovecot) -> None:
    user, source = new_user(), Memory()
    with collecting(settings_for(dovecot, user), source) as errors:
        wait_for(lambda: "ok" in source.states)
        dovecot.stop()
        wait_for(lambda: errors)
        dovecot.start()
        with mailbox(dovecot, user) as box:
            box.append("INBOX", letter(7))
            wait_for(lambda: source.items)
    assert not any(error.permanent for error in errors)


def test_a_wrong_password_is_permanent_and_said_plainly(dovecot: Dovecot) -> None:
    with pytest.raises(ChannelError, match="refused the user name or password of someone") as caught:
        imap.collect(settings_for(dovecot, "someone"), "wrong", Memory())
    assert caught.value.permanent
    assert "wrong" not in str(caught.value)


def test_nobody_listening_is_temporary() -> None:
    settings = ImapSettings(Server("127.0.0.1", 9, "none", "u"))
    with pytest.raises(ChannelError, match="cannot be reached") as caught:
        imap.collect(settings, "x", Memory())
    assert not caught.value.permanent


def test_a_mail_over_the_limit_is_kept_as_its_header_with_a_reason(dovecot: Dovecot) -> None:
    user, source = new_user(), Memory()
    with mailbox(dovecot, user) as box:
        box.append("INBOX", letter(1, 300_000))
        box.append("INBOX", letter(2))
        with collecting(settings_for(dovecot, user, max_bytes=100_000), source):
            wait_for(lambda: len(source.items) == 2)
    large = next(i for i in source.items.values() if i.trouble)
    assert b"Subject: 1" in large.body
    assert b"xxx" not in large.body
    assert "over the limit of 100,000" in large.trouble


@pytest.mark.parametrize("after", ["seen", "move", "delete"])
def test_what_the_channel_asks_is_done_after_the_commit(dovecot: Dovecot, after: str) -> None:
    user, source = new_user(), Memory()
    with mailbox(dovecot, user) as box:
        box.create_folder("Done")
        box.append("INBOX", letter(1))
        with collecting(settings_for(dovecot, user, after=after, move_to="Done"), source):
            wait_for(lambda: source.items and source.kept["imap:INBOX"]["pending"] == [])
        box.select_folder("INBOX")
        assert len(box.search("ALL")) == (1 if after == "seen" else 0)
        assert box.search("UNSEEN") == []
        box.select_folder("Done")
        assert len(box.search("ALL")) == (1 if after == "move" else 0)


def test_probe_says_what_is_there(dovecot: Dovecot) -> None:
    lines = imap.probe(settings_for(dovecot, new_user()), PASSWORD)
    assert "pushes new mail" in lines[0]
    assert "INBOX holds 0" in lines[1]


def subjects(source: Memory) -> list[bytes]:
    return [body.partition(b"Subject: ")[2].partition(b"\r")[0] for body in source.order]


def test_what_becomes_of_mail_holds_for_what_is_collected_after_the_change(dovecot: Dovecot) -> None:
    user, source = new_user(), Memory()
    with mailbox(dovecot, user) as box:
        box.append("INBOX", letter(1))
        with collecting(settings_for(dovecot, user), source):
            wait_for(lambda: len(source.items) == 1)
        box.append("INBOX", letter(2))
        with collecting(settings_for(dovecot, user, after="delete"), source):
            wait_for(lambda: len(source.items) == 2 and source.kept["imap:INBOX"]["pending"] == [])
        box.select_folder("INBOX")
        assert box.search("ALL") == [1]
    assert subjects(source) == [b"1", b"2"]


def test_a_folder_to_move_to_that_is_not_there_is_shown_and_holds_up_nothing(dovecot: Dovecot) -> None:
    user, source = new_user(), Memory()
    with mailbox(dovecot, user) as box:
        box.append("INBOX", letter(1))
        settings = settings_for(dovecot, user, after="move", move_to="Done")
        with pytest.raises(ChannelError, match="There is no folder Done"):
            imap.probe(settings, PASSWORD)
        with collecting(settings, source) as errors:
            wait_for(lambda: len(source.items) == 1)
            box.append("INBOX", letter(2))
            wait_for(lambda: len(source.items) == 2)
            assert source.kept["imap:INBOX"]["pending"] == [1, 2]
            assert "cannot be moved to Done and stays where it is. Make that folder" in source.states[-1]
            box.create_folder("Done")
            box.append("INBOX", letter(3))
            wait_for(lambda: len(source.items) == 3 and source.kept["imap:INBOX"]["pending"] == [])
            wait_for(lambda: source.states[-1] == "ok")
        box.select_folder("Done")
        assert len(box.search("ALL")) == 3
        assert sorted(imap.folders(settings, PASSWORD)) == ["Done", "INBOX"]
    assert (subjects(source), errors) == ([b"1", b"2", b"3"], [])


def test_a_backlog_that_was_left_alone_is_taken_in_once_it_is_wanted(dovecot: Dovecot) -> None:
    user, source = new_user(), Memory()
    with mailbox(dovecot, user) as box:
        for n in (1, 2):
            box.append("INBOX", letter(n))
        with collecting(settings_for(dovecot, user, backfill=False), source):
            wait_for(lambda: "ok" in source.states)
            box.append("INBOX", letter(3))
            wait_for(lambda: len(source.items) == 1)
        with collecting(settings_for(dovecot, user), source):
            wait_for(lambda: len(source.items) == 3 and source.kept["imap:INBOX"]["low"] == 1)
    assert subjects(source)[0] == b"3"
    assert sum(source.batches) == 3


def test_another_mailbox_whose_numbers_look_the_same_is_read_from_its_beginning(dovecot: Dovecot) -> None:
    first, second, source = new_user(), new_user(), Memory()
    with mailbox(dovecot, first) as box, mailbox(dovecot, second) as other:
        for n in (1, 2):
            box.append("INBOX", letter(n))
        with collecting(settings_for(dovecot, first), source):
            wait_for(lambda: len(source.items) == 2)
        other.append("INBOX", letter(3))
        numbered = other.folder_status("INBOX", ["UIDVALIDITY"])[b"UIDVALIDITY"]
        source.kept["imap:INBOX"]["uidvalidity"] = numbered
        with collecting(settings_for(dovecot, second), source):
            wait_for(lambda: len(source.items) == 3)
    assert source.kept["imap:INBOX"]["of"] == f"{second}@127.0.0.1"
