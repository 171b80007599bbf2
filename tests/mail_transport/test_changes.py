"""What a changed mailbox means for where its collecting stands."""

from typing import Any

import pytest

from rapport.channels.kinds.email import changes
from rapport.channels.kinds.email.imapplan import FolderCursor, read_cursor

ME = "me@imap.example.com"


def cursor(low: int, **more: Any) -> FolderCursor:
    return FolderCursor(7, 50, low, of=ME, **{"asked": "leave", "left": 0, **more})


@pytest.mark.parametrize(
    ("kept", "after", "backfill", "low", "left", "pending"),
    [
        (cursor(1), "leave", True, 1, 0, ()),
        (cursor(20), "leave", True, 20, 0, ()),
        # A backlog not wanted any more is left where it was, and gone on with once it is wanted again.
        (cursor(20), "leave", False, 1, 19, ()),
        (cursor(1, left=19), "leave", True, 20, 0, ()),
        # Left alone from the beginning.
        (FolderCursor.start(7, 40, None, backfill=False), "leave", True, 41, 0, ()),
        # From before it was kept how much was left: as it was set, so it was begun.
        (cursor(1, left=None), "leave", True, 1, 0, ()),
        (cursor(1, left=None), "leave", False, 1, 50, ()),
        # What a renumbered folder is caught up with is not left.
        (cursor(30, left=50, since="2026-01-01"), "leave", False, 30, 50, ()),
        # Only what was asked when a mail was collected is done to it.
        (cursor(1, asked="move", pending=(3, 4)), "move", True, 1, 0, (3, 4)),
        (cursor(1, asked="move", pending=(3, 4)), "delete", True, 1, 0, ()),
        (cursor(1, asked="move", pending=(3, 4)), "leave", True, 1, 0, ()),
        (cursor(1, asked="", pending=(3, 4)), "seen", True, 1, 0, (3, 4)),
    ],
)
def test_a_cursor_heeds_how_its_mailbox_is_set(
    kept: FolderCursor, after: str, backfill: bool, low: int, left: int, pending: tuple[int, ...]
) -> None:
    heeding = kept.heeding(ME, after, backfill=backfill)
    assert (heeding.low, heeding.left, heeding.pending) == (low, left, pending)
    assert (heeding.top, heeding.of, heeding.asked) == (kept.top, ME, after)
    assert heeding.heeding(ME, after, backfill=backfill) == heeding
    assert read_cursor(heeding.as_json()) == heeding


def test_what_waits_at_a_server_that_refuses_does_not_grow_for_ever() -> None:
    assert cursor(1).to_act_on([*range(30_000), 29_999]).pending == tuple(range(20_000, 30_000))


def test_what_is_given_changes_and_what_is_empty_goes() -> None:
    before = {
        "imap": {"host": "a", "port": 1, "poll_seconds": 9}, "smtp": {"host": "b"}, "addresses": ["x@b.example"],
        "quote_history": False,
    }  # fmt: skip
    assert changes.changed(before, {}) == before
    given = {"imap_port": None, "after": "seen", "smtp_host": "", "smtp_user": "u", "aliases": [], "from_name": "x"}
    assert changes.changed(before, given) == {
        "imap": {"host": "a", "poll_seconds": 9, "after": "seen"}, "quote_history": False, "from_name": "x",
    }  # fmt: skip
    assert before["imap"] == {"host": "a", "port": 1, "poll_seconds": 9}


def test_a_message_belongs_to_the_setting_it_begins_with() -> None:
    told = ("imap.move_to is missing.", "addresses has 'x', which", "smtp.port must be", "'x' is no address.", "")
    assert [changes.setting_of(one) for one in told] == ["move_to", "aliases", "smtp_port", "", ""]
