"""What a review says, and the answer that stands under it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import Account, Author, Edited, Incoming, Message, NothingSaid, Said, Unreadable
from rapport.channels.kinds.reviews.values import TEXT_MAX, moment, obj, rows, stars, text


def parse(kind: str, account: Account, item: Incoming) -> Sequence[Said]:
    """The review, or what we answered to it. Raises Unreadable or NothingSaid."""
    try:
        whole = obj(orjson.loads(item.body))
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}"[:200]) from error
    app = text(account.config.get("app")).strip()
    read = _apple if kind == "appstore" else _google
    message, answer = read(f"{kind}:{app}", whole)
    if item.envelope.get("answer") is True:
        if answer is None:
            raise NothingSaid("no answer under the review")
        return [answer]
    return [Edited(message) if item.envelope.get("changed") is True else message]


def answer_id(review: str, words: str) -> str:
    """What an answer to a review is called. A later answer takes the place of the first: the text tells them apart."""
    return f"{review}/answer/{sha256(' '.join(words.split()).encode()).hexdigest()[:12]}"


def _apple(where: str, whole: Mapping[str, Any]) -> tuple[Message, Message | None]:
    review = obj(whole.get("review"))
    given, name = obj(review.get("attributes")), text(review.get("id"), 100)
    if not name:
        raise Unreadable("a review without id")
    at, app = moment(given.get("createdDate")), where.partition(":")[2]
    author = Author("appstore", name, name=text(given.get("reviewerNickname")))
    words = (text(given.get("body"), TEXT_MAX), text(given.get("territory"), 10))
    found = _message(f"{where}/{name}", author, given.get("rating"), words, at)
    url = f"https://apps.apple.com/app/id{app}?see-all=reviews"
    message = replace(found, subject=text(given.get("title")), url=url)
    response = obj(obj(whole.get("response")).get("attributes"))
    return message, _answer(message, response.get("responseBody"), response.get("lastModifiedDate"))


def _google(where: str, whole: Mapping[str, Any]) -> tuple[Message, Message | None]:
    review = obj(whole.get("review"))
    comments, name = rows(review.get("comments"), 20), text(review.get("reviewId"), 100)
    if not name:
        raise Unreadable("a review without id")
    given = next((obj(one["userComment"]) for one in comments if isinstance(one.get("userComment"), dict)), {})
    # Where people could write a title, Google puts it before the text, with a tab between.
    title, _, body = text(given.get("text"), TEXT_MAX).strip().rpartition("\t")
    version, device = text(given.get("appVersionName"), 50), text(given.get("device"), 50)
    author = Author("googleplay", name, name=text(review.get("authorName")))
    words = (body, ", ".join(filter(None, (version, device))))
    found = _message(f"{where}/{name}", author, given.get("starRating"), words, moment(given.get("lastModified")))
    url = f"https://play.google.com/store/apps/details?id={where.partition(':')[2]}&reviewId={name}"
    language = text(given.get("reviewerLanguage"), 10).partition("_")[0]
    message = replace(found, subject=title.strip()[:300], url=url, language=language)
    ours = next((obj(one["developerComment"]) for one in comments if isinstance(one.get("developerComment"), dict)), {})
    return message, _answer(message, ours.get("text"), ours.get("lastModified"))


def _message(name: str, author: Author, rating: Any, words: tuple[str, str], at: datetime | None) -> Message:
    """The stars stand before the text, where it was written or with which version after it."""
    count = stars(rating)
    said = [f"{count} of 5 stars" if count else "", words[0].strip(), f"({words[1]})" if words[1] else ""]
    return Message(
        name, author, "\n\n".join(filter(None, said))[:TEXT_MAX], at, public=True,
        recipients={"from": [(author.name, "")], "to": []}, answer={"review": author.value, "stars": count},
    )  # fmt: skip


def _answer(message: Message, words: Any, at: Any) -> Message | None:
    said = text(words, TEXT_MAX).strip()
    if not said:
        return None
    return Message(
        answer_id(message.external_id, said), None, said, moment(at), refers_to=(message.external_id,), public=True,
        origin="own", url=message.url, answer=message.answer,
    )  # fmt: skip
