"""Collect a mailbox by IMAP (RFC 3501, IDLE of RFC 2177).

New mail first; the backlog of each folder downwards, one bounded batch between two looks for new mail. How
far a folder was read is its cursor, committed with the mails themselves. Nothing is marked or deleted
unless the channel asks, and then only after the commit.
"""

import logging
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from rapport.channels.base import Source
from rapport.channels.kinds.email.imapfetch import Fetched, fetch, fetch_sizes
from rapport.channels.kinds.email.imapplan import FolderCursor, cut, read_cursor
from rapport.channels.kinds.email.imapsession import READ_SECONDS, connected
from rapport.channels.kinds.email.settings import ImapSettings
from rapport.core.clock import now
from rapport.core.errors import ChannelError

log = logging.getLogger(__name__)
_IDLE_SECONDS = 290  # well under the half hour of RFC 2177, and under what most routers forget
_SLICE_SECONDS = 1.0
_AT_ONCE = 500
_LOST = (OSError, IMAPClientAbortError)


def collect(settings: ImapSettings, password: str, source: Source) -> None:
    """Collect on one connection until `source.stopping`, or raise ChannelError: temporary when it should be
    retried.
    """
    with _plainly(settings), connected(settings, password) as client:
        mailbox = _Mailbox(client, settings, source)
        mailbox.look()
        while not source.stopping.is_set():
            if not mailbox.backfill():
                mailbox.wait()
            mailbox.look()


def probe(settings: ImapSettings, password: str) -> list[str]:
    """Sign in and look at the folders, read-only. Lines saying what is there; raises ChannelError."""
    lines = []
    with _plainly(settings), connected(settings, password) as client:
        idle = "pushes new mail (IDLE)" if client.has_capability("IDLE") else "has to be polled"
        lines.append(f"IMAP: signed in to {settings.server.host}, which {idle}.")
        for folder in settings.folders:
            try:
                found = client.select_folder(folder, readonly=True)
            except IMAPClientError as error:
                raise ChannelError(f"Folder {folder}: {error}", "Mend its name.", permanent=True) from error
            lines.append(f"IMAP: folder {folder} holds {found[b'EXISTS']} mails.")
        if settings.after == "move" and not holds(_folders(client), settings.move_to):
            raise ChannelError(
                f"There is no folder {settings.move_to}, to which collected mail is moved.",
                "Make it with your mail program, or name another.",
                permanent=True,
            )
    return lines


def folders(settings: ImapSettings, password: str) -> list[str]:
    """The names of the folders that can hold mail. Raises ChannelError."""
    with _plainly(settings), connected(settings, password) as client:
        return _folders(client)


def holds(names: Sequence[str], folder: str) -> bool:
    """Whether a folder is among the names; INBOX is one however it is written (RFC 3501, section 5.1)."""
    return folder in names or folder.upper() == "INBOX"


def _folders(client: IMAPClient) -> list[str]:
    return [str(name) for flags, _, name in client.list_folders() if rb"\Noselect" not in flags]


@contextmanager
def _plainly(settings: ImapSettings) -> Iterator[None]:
    try:
        yield
    except _LOST as error:
        raise ChannelError(f"The connection to {settings.server.host} was lost: {error}", permanent=False) from error
    except IMAPClientError as error:
        raise ChannelError(f"{settings.server.host} answered: {error}", permanent=False) from error


class _Mailbox:
    """The folders of one mailbox on one connection."""

    def __init__(self, client: IMAPClient, settings: ImapSettings, source: Source) -> None:
        self._client = client
        self._settings = settings
        self._source = source
        self._selected = ""
        self._cursors: dict[str, FolderCursor] = {}
        self._backlog: dict[str, list[int]] = {}
        self._missing: set[str] = set()
        self._refused: set[str] = set()

    def look(self) -> None:
        """Take what is new in every folder. A folder that cannot be opened is shown, and does not stop the
        others.
        """
        for folder in self._settings.folders:
            if self._open(folder):
                self._act(folder)
                self._take_new(folder)
        if not self._missing and not self._refused:
            self._source.well()

    def backfill(self) -> bool:
        """Take one batch of the backlog of each folder; False when there is none left."""
        more = [self._backfill(folder) for folder in self._settings.folders if folder in self._cursors]
        return any(more)

    def wait(self) -> None:
        """Until the first folder has something new, it is time to look at the others, or we are to stop."""
        home = self._settings.folders[0]
        if not self._client.has_capability("IDLE") or not self._open(home):
            self._source.stopping.wait(self._settings.poll_seconds)
            self._client.noop()
            return
        self._take_new(home)
        if self._was_told():
            return
        seconds = _IDLE_SECONDS if len(self._settings.folders) == 1 else self._settings.poll_seconds
        self._client.idle()
        if not self._is_buffered():
            self._listen(time.monotonic() + min(seconds, _IDLE_SECONDS))
        self._client.idle_done()

    def _listen(self, deadline: float) -> None:
        while not self._source.stopping.is_set() and time.monotonic() < deadline:
            began = time.monotonic()
            heard = self._client.idle_check(timeout=_SLICE_SECONDS)
            if any(_is_news(one) for one in heard):
                return
            # A closed connection is readable and empty, for ever: idle_done() will say so.
            if not heard and time.monotonic() - began < _SLICE_SECONDS / 2:
                return

    def _open(self, folder: str) -> bool:
        if self._selected == folder:
            return True
        self._selected = ""
        try:
            answer = self._client.select_folder(folder, readonly=self._settings.after == "leave")
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            self._report_missing(folder, str(error))
            return False
        self._selected = folder
        self._missing.discard(folder)
        self._begin(folder, answer)
        return True

    def _report_missing(self, folder: str, words: str) -> None:
        self._cursors.pop(folder, None)
        self._missing.add(folder)
        self._source.unwell(f"The folder {folder} cannot be read: {words}")

    def _begin(self, folder: str, answer: dict[bytes, Any]) -> None:
        """Where to go on in the folder, or begin anew when the server numbered it anew (RFC 3501, section
        2.3.1.1), or is another.
        """
        validity, settings = int(answer.get(b"UIDVALIDITY") or 0), self._settings
        kept = self._cursors.get(folder) or read_cursor(self._source.cursors().get(_name(folder)))
        known = kept
        if known is None or known.uidvalidity != validity or known.of not in ("", settings.whose):
            next_uid = answer.get(b"UIDNEXT")
            top = int(next_uid) - 1 if next_uid else max(self._client.search("ALL"), default=0)
            known = FolderCursor.start(validity, top, known, backfill=settings.backfill)
            self._backlog.pop(folder, None)
        self._cursors[folder] = known.heeding(settings.whose, settings.after, backfill=settings.backfill)
        if self._cursors[folder] != kept:
            self._source.keep([], {_name(folder): self._cursors[folder].as_json()})

    def _is_buffered(self) -> bool:
        """Whether news came in one packet with the answer to IDLE: read already, so the socket will not tell."""
        line = self._client.socket()
        line.setblocking(False)
        try:
            return bool(self._client._imap.file.peek(1))
        except ssl.SSLWantReadError:
            return False
        finally:
            line.settimeout(READ_SECONDS)

    def _was_told(self) -> bool:
        """Whether the server spoke of new mail since the last search: in IDLE it would not say so again."""
        return bool(self._client._imap.untagged_responses.get("EXISTS"))

    def _take_new(self, folder: str) -> None:
        cursor = self._cursors[folder]
        self._client._imap.untagged_responses.pop("EXISTS", None)
        found = self._client.search(["UID", f"{cursor.top + 1}:*"])
        uids = sorted(uid for uid in found if uid > cursor.top)  # n:* always names the last mail, whatever n
        while uids and not self._source.stopping.is_set():
            batch = self._batch(uids)
            uids = uids[len(batch) :]
            self._keep(folder, batch, self._cursors[folder].taken_new(batch[-1], now()))

    def _backfill(self, folder: str) -> bool:
        cursor = self._cursors[folder]
        if cursor.low <= 1 or self._source.stopping.is_set() or not self._open(folder):
            return False
        if folder not in self._backlog:
            criteria: list[Any] = ["UID", f"1:{cursor.low - 1}"]
            since = cursor.since_date()
            self._backlog[folder] = sorted(self._client.search([*criteria, *(["SINCE", since] if since else [])]))
        waiting = self._backlog[folder]
        batch = self._batch(list(reversed(waiting[-self._settings.batch_messages :])))
        low = batch[-1] if len(batch) < len(waiting) else 1
        if batch:
            self._keep(folder, batch, cursor.taken_old(low, now()))
            del waiting[-len(batch) :]
        else:
            self._cursors[folder] = cursor.taken_old(1, now())
            self._source.keep([], {_name(folder): self._cursors[folder].as_json()})
        return low > 1

    def _batch(self, uids: Sequence[int]) -> list[int]:
        """The first of `uids` that together stay within the batch's messages and bytes; at least one."""
        first = list(uids[: self._settings.batch_messages])
        return cut(first, fetch_sizes(self._client, first), self._settings.batch_bytes, self._settings.max_bytes)

    def _keep(self, folder: str, uids: Sequence[int], cursor: FolderCursor) -> None:
        fetched = fetch(self._client, folder, cursor.uidvalidity, uids, self._settings.max_bytes)
        if self._settings.after != "leave":
            cursor = cursor.to_act_on((*cursor.pending, *_done(fetched)))
        self._source.keep([one.item for one in fetched], {_name(folder): cursor.as_json()})
        self._cursors[folder] = cursor
        self._act(folder)

    def _act(self, folder: str) -> None:
        """Do what the channel asks with mails already committed; also those that a crash left undone. What the server
        refuses is shown and tried again at the next look, and does not stop collecting.
        """
        while uids := list(self._cursors[folder].pending):
            try:
                self._finish(uids[:_AT_ONCE])
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                self._refused.add(folder)
                self._source.unwell(f"{_refusal(folder, self._settings)} The server says: {error}")
                return
            self._cursors[folder] = self._cursors[folder].to_act_on(uids[_AT_ONCE:])
            self._source.keep([], {_name(folder): self._cursors[folder].as_json()})
        self._refused.discard(folder)

    def _finish(self, uids: list[int]) -> None:
        after = self._settings.after
        if after == "seen":
            self._client.add_flags(uids, [rb"\Seen"], silent=True)
        elif after == "move" and self._client.has_capability("MOVE"):
            self._client.move(uids, self._settings.move_to)
        elif after == "move":
            self._client.copy(uids, self._settings.move_to)
            try:
                self._delete(uids)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:  # tried again, they would be copied again
                log.warning("mails copied to %s stay where they were, too: %s", self._settings.move_to, error)
        elif after == "delete":
            self._delete(uids)

    def _delete(self, uids: list[int]) -> None:
        self._client.delete_messages(uids, silent=True)
        # A plain EXPUNGE would also remove what somebody else has marked.
        if self._client.has_capability("UIDPLUS"):
            with suppress(IMAPClientError):
                self._client.uid_expunge(uids)


def _name(folder: str) -> str:
    return f"imap:{folder}"[:200]


def _refusal(folder: str, settings: ImapSettings) -> str:
    """What could not be done, and what to do about it."""
    if settings.after == "move":
        return (
            f"Collected mail of {folder} cannot be moved to {settings.move_to} and stays where it is. Make that folder "
            "with your mail program, or name another in the settings of this channel."
        )
    what = "marked as read" if settings.after == "seen" else "deleted"
    return (
        f"Collected mail of {folder} cannot be {what}. Give {settings.server.user} the right to, or change in the "
        "settings of this channel what happens to collected mail."
    )


def _done(fetched: Sequence[Fetched]) -> tuple[int, ...]:
    """Only what is kept whole may be marked, moved or deleted at its source."""
    return tuple(one.uid for one in fetched if not one.item.trouble)


def _is_news(response: Any) -> bool:
    return isinstance(response, tuple) and any(word in response for word in (b"EXISTS", b"BYE"))
