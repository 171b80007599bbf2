"""What a webhook missed, because we were down or Twilio could not reach us, is found in Twilio's lists.

Twilio tries a webhook for texts and calls once. Items found here are called what the webhook's would have been, so
that nothing comes twice. The cursor "lists" holds since when to look, and the recordings that were fetched.
"""

import base64
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from rapport.channels import outgoing
from rapport.channels.base import Account, ChannelError, Incoming, Source
from rapport.channels.kinds.twilio import api, hooks
from rapport.core.clock import now

EVERY_S = 300.0
_OVERLAP = timedelta(minutes=15)
_BATCH = 100
_SEEN_MAX = 500


def collect(account: Account, source: Source) -> None:
    """Look every five minutes until told to stop. Raises ChannelError."""
    while not source.stopping.is_set():
        look(account, source)
        until = time.monotonic() + EVERY_S
        while time.monotonic() < until and not source.stopping.wait(0.5):
            pass


def look(account: Account, source: Source) -> None:
    """One look at texts, calls and recordings. The first one only notes the time: what was before is not ours."""
    cursor = source.cursors().get("lists")
    cursor = cursor if isinstance(cursor, dict) else {}
    began = now()
    since = _time(cursor.get("since")) or began
    seen = [one for one in cursor.get("seen") or () if isinstance(one, str)]
    batch: list[Incoming] = []
    for item in _found(account, since - _OVERLAP, seen):
        batch.append(item)
        if len(batch) >= _BATCH or len(item.body) > 1_000_000:
            source.keep(batch, {})
            batch = []
        if source.stopping.is_set():
            break
    else:
        source.keep(batch, {"lists": {"since": began.isoformat(), "seen": seen[-_SEEN_MAX:]}})
    source.well()
    source.measured({"way": "polling", "lag_s": 0})


def _found(account: Account, since: datetime, seen: list[str]) -> Iterator[Incoming]:
    number = str(account.config.get("number") or "")
    day = since.date().isoformat()
    for row in api.listed(account, "Messages.json", "messages", {"To": number, "DateSent>": day, "PageSize": "100"}):
        if row.get("direction") == "inbound" and _after(row.get("date_sent"), since):
            yield _text(account, row)
    for row in api.listed(account, "Calls.json", "calls", {"To": number, "StartTime>": day, "PageSize": "100"}):
        if row.get("direction") == "inbound" and _after(row.get("start_time"), since):
            yield _call(row)
            yield from _recordings(account, row, seen)


def _text(account: Account, row: Mapping[str, Any]) -> Incoming:
    params = {"MessageSid": row.get("sid"), "From": row.get("from"), "To": row.get("to"), "Body": row.get("body")}
    media = []
    if str(row.get("num_media") or "0") != "0":
        listed = api.listed(account, f"Messages/{row.get('sid')}/Media.json", "media_list", {})
        for one in list(listed)[:10]:
            where = api.base(account) + str(one.get("uri") or "").removesuffix(".json")
            media.append(hooks.fetched(account, where, str(one.get("content_type") or "")))
    return _item("sms", params, row.get("date_sent"), media=media)


def _call(row: Mapping[str, Any]) -> Incoming:
    params = {"CallSid": row.get("sid"), "From": row.get("from"), "To": row.get("to")}
    return _item("voice", params, row.get("start_time"))


def _recordings(account: Account, call: Mapping[str, Any], seen: list[str]) -> Iterator[Incoming]:
    listed = api.listed(account, f"Calls/{call.get('sid')}/Recordings.json", "recordings", {})
    for row in list(listed)[:5]:
        sid = row.get("sid")
        if not api.is_sid(sid) or sid in seen or row.get("status") != "completed":
            continue
        try:
            audio = base64.b64encode(api.recording(account, str(sid))).decode()
        except ChannelError as error:
            if error.permanent or isinstance(error, outgoing.TooLarge):
                continue  # gone, or too long: it does not hold up the others
            raise
        params = {"RecordingSid": sid, "CallSid": call.get("sid"), "RecordingDuration": str(row.get("duration") or "")}
        about = {"from": call.get("from"), "to": call.get("to"), "at": call.get("start_time")}
        yield _item("recording", params, call.get("start_time"), query=about, audio=audio)
        seen.append(str(sid))


def _item(kind: str, params: Mapping[str, Any], at: Any, **beside: Any) -> Incoming:
    texts = {key: value for key, value in params.items() if isinstance(value, str)}
    body = {"hook": kind, "params": texts, "query": {}, "at": at, **beside}
    return Incoming(hooks.name(kind, texts), orjson.dumps(body), received_at=now())


def _after(value: Any, since: datetime) -> bool:
    at = _time(value)
    return at is not None and at >= since


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = read(value)
        except (ValueError, TypeError, IndexError):
            continue
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None
