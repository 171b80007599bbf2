"""Look at a store's reviews again and again, newest first, and keep what is new or has changed."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import Incoming, Source, item_id
from rapport.channels.kinds.reviews.stores import Store
from rapport.channels.kinds.reviews.values import TEXT_MAX, obj, rows, text

SEEN_MAX = 1_000
_PAGES_MAX = 10
_BATCH = 200


def collect(kind: str, store: Store, source: Source, every_s: float) -> None:
    """Until the source stops. Errors are for the house: it begins again later, from the last cursor."""
    while not source.stopping.is_set():
        once(kind, store, source)
        source.well()
        source.measured({"way": "polling"})
        source.stopping.wait(every_s)


def once(kind: str, store: Store, source: Source) -> None:
    """One look. Pages are read until one holds nothing that is new: the cursor moves only after all were kept."""
    before = {text(name): text(mark) for name, mark in obj(source.cursors().get("seen")).items()}
    found: dict[str, str] = {}
    for count, page in enumerate(store.pages(), 1):
        fresh: list[Incoming] = []
        for one in page:
            name, mark = _name(one), _mark(one)
            found[name] = mark
            fresh += _changes(kind, one, before.get(name, ""), mark)
        for at in range(0, len(fresh), _BATCH):
            source.keep(fresh[at : at + _BATCH], {})
        if not fresh or count >= _PAGES_MAX or source.stopping.is_set():
            break
    older = {name: mark for name, mark in before.items() if name not in found}
    seen = dict(list({**found, **older}.items())[:SEEN_MAX])
    if seen != before and not source.stopping.is_set():
        source.keep([], {"seen": seen})


def _changes(kind: str, one: Mapping[str, Any], before: str, now: str) -> list[Incoming]:
    """The review and our answer as raw items, each where it is not what it was. They are named by what they say now."""
    body, name = orjson.dumps(one), _name(one)
    (review, answer), (old_review, _, old_answer) = now.split("."), before.partition(".")
    items = []
    if review != old_review:
        items.append(Incoming(item_id(kind, name, review), body, {"changed": True} if old_review else {}))
    if answer and answer != old_answer:
        items.append(Incoming(item_id(kind, name, "answer", answer), body, {"answer": True}))
    return items


def _name(one: Mapping[str, Any]) -> str:
    review = obj(one.get("review"))
    return text(review.get("id") or review.get("reviewId")) or "none"


def _mark(one: Mapping[str, Any]) -> str:
    """What changes when the review does, a point, and what changes when the answer does ("" without one).

    Votes and the pictures of people do not count.
    """
    review, response = obj(one.get("review")), obj(obj(one.get("response")).get("attributes"))
    comments = rows(review.get("comments"), 20)
    theirs = [obj(comment.get("userComment")) for comment in comments]
    told = [review.get("attributes"), [[given.get("text"), given.get("starRating")] for given in theirs]]
    ours = [text(obj(comment.get("developerComment")).get("text"), TEXT_MAX) for comment in comments]
    answer = text(response.get("responseBody"), TEXT_MAX) or "".join(ours)
    return f"{_short(told)}.{_short(answer) if answer else ''}"


def _short(value: Any) -> str:
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]
