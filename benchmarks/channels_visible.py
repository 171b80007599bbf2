"""From what a customer says on a real server to open pages that hear of it, and from an answer to the customer."""

import os
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks import channels_peers
from benchmarks.channels import Ear, memory_mb, spread_ms, until, worker

_PER_SECOND = 2.0
_ANSWERS = 15
_PATIENCE_S = 45.0


def measured(folder: Path, given: list[str]) -> dict[str, Any]:
    """Each kind after the other, each with a worker of its own that has only this channel."""
    posts = int(given[given.index("--posts") + 1]) if "--posts" in given else 50
    kinds = [one for one in given if not one.startswith("--") and not one.isdigit()]
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    return {"posts": posts, "per_second": _PER_SECOND, "kinds": {kind: _kind(folder, kind, posts) for kind in kinds}}


def _kind(folder: Path, kind: str, posts: int) -> dict[str, Any]:
    from rapport.channels.models import Channel

    place = folder / kind
    place.mkdir()
    place.chmod(0o755)
    with getattr(channels_peers, kind)(place, 1) as (one,):
        Channel.objects.update(enabled=False)
        channel = channels_peers.connected(one, 0)
        eye = _Eye(channel.id)
        Ear(eye.look).start()
        with worker() as pid:
            until(lambda: Channel.objects.get(id=channel.id).last_heard_at, f"{kind} was never well")
            _warmed(one, eye)
            said, service = _said(one, kind, posts)
            end = time.monotonic() + _PATIENCE_S
            while len(said.keys() & eye.seen.keys()) < len(said) and time.monotonic() < end:
                time.sleep(0.05)
            waits = [eye.seen[text] - at for text, at in said.items() if text in eye.seen]
            answers = _answered(one, kind, eye)
            channel.refresh_from_db()
            return {
                "way": channel.health.get("way"), "said": posts, "post_to_visible": spread_ms(waits),
                "of_it_until_the_service_had_answered": spread_ms(service), "reply_to_there": answers,
                "state": [channel.state, channel.error], "memory": memory_mb(pid),
            }  # fmt: skip


class _Eye:
    """Which texts of a channel are there, since when, and in which conversation; looks whenever something changed."""

    def __init__(self, channel: Any) -> None:
        self.seen: dict[str, float] = {}
        self.where: dict[str, Any] = {}
        self._channel, self._lock = channel, threading.Lock()

    def look(self, at: float, _: str) -> None:
        """What is new was there at `at`, when the database said so."""
        from rapport.conversations.models import Message
        from rapport.core import scope

        with scope.system():
            rows = Message.objects.filter(channel_id=self._channel, direction="in", text__contains="number")
            found = list(rows.order_by("-id").values_list("text", "conversation_id")[:200])
        for text, conversation in found:
            words = text[text.index("number") :].strip()
            self.seen.setdefault(words, at)
            self.where.setdefault(words, conversation)


def _warmed(one: channels_peers.Connection, eye: _Eye) -> None:
    """Say something until the collector is really there: a stream, a room."""
    end = time.monotonic() + 60
    for n in range(60):
        one.say(f"number warm {n}")  # type: ignore[misc]
        time.sleep(1)
        if f"number warm {n}" in eye.seen or (n > 20 and eye.seen):
            return
        if time.monotonic() > end:
            break
    if not eye.seen:
        raise SystemExit("nothing that was said ever came")


def _said(one: channels_peers.Connection, kind: str, posts: int) -> tuple[dict[str, float], list[float]]:
    """Text -> when the customer began to send it; and how long the service itself took to take each."""
    said, service, begin = {}, [], time.monotonic()
    for n in range(posts):
        time.sleep(max(0.0, begin + n / _PER_SECOND - time.monotonic()))
        text = f"number {n} of {kind}: it never came"
        said[text] = time.monotonic()
        one.say(text)  # type: ignore[misc]
        service.append(time.monotonic() - said[text])
    return said, service


def _answered(one: channels_peers.Connection, kind: str, eye: _Eye) -> dict[str, Any]:
    """From a member's answer, sent at once, until the customer has it."""
    from rapport.outbound import actions
    from rapport.staff.models import Member

    member = Member.objects.filter(role="admin")[0]
    waits = []
    for n in range(_ANSWERS):
        conversation = eye.where.get(f"number {n} of {kind}: it never came")
        if conversation is None:
            continue
        words, at = f"We look into case {n}.", time.monotonic()
        delivery = actions.reply(conversation, member, actions.Answer(words))
        actions.send_now(conversation, member, delivery.id)
        while not one.sees(words) and time.monotonic() - at < 20:  # type: ignore[misc]
            time.sleep(0.01)
        waits.append(time.monotonic() - at)
        time.sleep(max(0.0, 1.1 - waits[-1]))
    late = sum(wait >= 20 for wait in waits)
    return {"answers": _ANSWERS, "never_seen": late + _ANSWERS - len(waits), **spread_ms(waits)}
