"""Fetch mails by UID without marking them, and account for each that cannot be had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from rapport.channels.base import Incoming, mail

_HEADER_BYTES = 64 * 1024
_WHOLE = (b"BODY[]", b"RFC822")


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail and the UID it came under."""

    uid: int
    item: Incoming


def fetch_sizes(client: IMAPClient, uids: Sequence[int]) -> dict[int, int]:
    """RFC822.SIZE of each mail that is still there."""
    if not uids:
        return {}
    answer = client.fetch(list(uids), ["RFC822.SIZE"])
    return {uid: int(data.get(b"RFC822.SIZE", 0)) for uid, data in answer.items()}


def fetch(client: IMAPClient, folder: str, uidvalidity: int, uids: Sequence[int], max_bytes: int) -> list[Fetched]:
    """Every one of `uids`: whole; or with a reason for quarantine; or not at all, if it was deleted
    meanwhile.
    """
    sizes = fetch_sizes(client, uids)
    place = {"source": "imap", "folder": folder, "uidvalidity": uidvalidity}
    small = [uid for uid in uids if uid in sizes and sizes[uid] <= max_bytes]
    large = [uid for uid in uids if uid in sizes and sizes[uid] > max_bytes]
    bodies = _bodies(client, small)
    fetched = [
        _whole(uid, bodies[uid], place) if uid in bodies else _refused(client, uid, place, sizes[uid]) for uid in small
    ]
    fetched += [_header_only(client, uid, place, sizes[uid], max_bytes) for uid in large]
    return [one for one in fetched if one]


def _bodies(client: IMAPClient, uids: Sequence[int]) -> dict[int, Mapping[bytes, Any]]:
    """What the server gives together; where it refuses the batch, what it gives one by one."""
    if not uids:
        return {}
    try:
        return _having_body(client.fetch(list(uids), ["BODY.PEEK[]", "INTERNALDATE"]))
    except IMAPClientAbortError:
        raise
    except IMAPClientError:
        if len(uids) == 1:
            return {}
    found: dict[int, Mapping[bytes, Any]] = {}
    for uid in uids:
        found.update(_bodies(client, [uid]))
    return found


def _having_body(answer: Mapping[int, Mapping[bytes, Any]]) -> dict[int, Mapping[bytes, Any]]:
    return {uid: data for uid, data in answer.items() if any(data.get(name) for name in _WHOLE)}


def _whole(uid: int, data: Mapping[bytes, Any], place: Mapping[str, Any]) -> Fetched:
    body = next(data[name] for name in _WHOLE if data.get(name))
    return Fetched(uid, mail(body, {**place, "uid": uid}, _received(data)))


def _refused(client: IMAPClient, uid: int, place: Mapping[str, Any], size: int) -> Fetched | None:
    """A mail that is there but was not handed over; None if it is gone."""
    if uid not in client.search(["UID", str(uid)]):
        return None
    name = f"imap:{place['folder']}:{place['uidvalidity']}:{uid}"
    reason = f"The mail server lists this mail ({size:,} bytes) but does not hand it over."
    item = Incoming(sha256(name.encode()).hexdigest(), b"", {**place, "uid": uid, "size": size}, None, reason)
    return Fetched(uid, item)


def _header_only(client: IMAPClient, uid: int, place: Mapping[str, Any], size: int, max_bytes: int) -> Fetched | None:
    answer = client.fetch([uid], [f"BODY.PEEK[HEADER]<0.{_HEADER_BYTES}>", "INTERNALDATE"])
    data = answer.get(uid)
    if data is None:
        return None
    header = next((value for key, value in data.items() if key.startswith(b"BODY[HEADER]")), b"") or b""
    reason = f"The mail has {size:,} bytes, over the limit of {max_bytes:,}: only its header was fetched."
    name = sha256(header + str(size).encode()).hexdigest()
    return Fetched(uid, Incoming(name, header, {**place, "uid": uid, "size": size}, _received(data), reason))


def _received(data: Mapping[bytes, Any]) -> datetime | None:
    """INTERNALDATE, which IMAPClient gives in local time without saying so."""
    value = data.get(b"INTERNALDATE")
    return value.astimezone(UTC) if isinstance(value, datetime) else None
