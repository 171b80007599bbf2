"""A kind of channel for measurements only: says what it is told to, as fast as it is told to."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    Author,
    Incoming,
    Kind,
    Message,
    Said,
    Source,
    Unreadable,
    item_id,
    lazy,
)

_KEPT_AT_ONCE = 200
_AT = datetime(2026, 3, 4, 9, tzinfo=UTC)
_WORDS = "The charger of my order arrived broken, and I would like my money back, please, before Friday. " * 3


class Flooding(Kind):
    """`per_second` posts for `seconds`, of the `origin` that is set; quiet where `per_second` is 0."""

    kind = "flooding"
    label = lazy("Flood")
    about = About("For measurements.", "contract-tested")
    abilities = Abilities(public=True)

    def collects(self, account: Account) -> bool:
        """Where it floods."""
        return bool(account.config.get("per_second"))

    def collect(self, account: Account, source: Source) -> None:
        """Post in time; where keeping is slower than that, be late rather than hold anything."""
        rate, seconds = int(account.config["per_second"]), int(account.config["seconds"])
        done, begin = int(source.cursors().get("done", 0)), time.monotonic()
        source.well()
        while done < rate * seconds and not source.stopping.is_set():
            due = min(rate * seconds, int((time.monotonic() - begin) * rate)) - done
            if due < _KEPT_AT_ONCE and done + due < rate * seconds:
                time.sleep(0.02)
                continue
            batch = [item(f"{account.config['origin']} {n}", n) for n in range(done, done + min(due, _KEPT_AT_ONCE))]
            done += len(batch)
            source.keep(batch, {"done": done})
        source.measured({"kept": done, "kept_in_s": round(time.monotonic() - begin, 1)})
        source.stopping.wait()

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """One public post, from one of a thousand persons."""
        try:
            given = orjson.loads(item.body)
            by, origin = f"person{given['n'] % 1000}", str(account.config.get("origin", "addressed"))
            name = str(given["name"])
        except (ValueError, TypeError, KeyError) as error:
            raise Unreadable(f"no post: {error}") from error
        author = Author("flooding", f"{account.id}.{by}", f"@{by}", by.title())
        text = f"{name} {_WORDS}"
        found_by = "charger" if origin == "search" else ""
        return [Message(
            external_id=f"flooding:{account.id}/{name}", author=author, text=text, at=_AT, public=True,
            origin=origin, found_by=found_by,
        )]  # type: ignore[arg-type]  # fmt: skip


def item(name: str, number: int) -> Incoming:
    """A post as it is delivered."""
    return Incoming(item_id(name), orjson.dumps({"name": name, "n": number}))
