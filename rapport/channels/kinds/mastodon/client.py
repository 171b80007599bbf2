"""One account at one server, asked through Mastodon.py over a session that is bounded and goes only where it may.

What is kept is what the server said, not what the library made of it: the last answer's bytes are read here, so that a
server of another make (GoToSocial, Takahe, Pleroma) cannot stumble over the library's types. The library's way of
reading a token from a file of that name is not used.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import orjson

from rapport.channels import outgoing
from rapport.channels.base import Account, ChannelError, File, MessageRefused, OutcomeUnknown, TooFast
from rapport.channels.kinds.mastodon.settings import Settings, read
from rapport.core.clock import now

# Only for the library's own "is there such an endpoint": what is there is found out by asking.
_API_VERSION = "4.6.0"
_BYTES_MAX = 16 * 1024 * 1024
_WHOLE_S = 60.0
_UPLOAD_S = 60.0
_WAIT_S = 1.0
_REFUSALS = (400, 404, 410, 413, 415, 422)


@dataclass(frozen=True, slots=True)
class Budget:
    """How many requests the server still takes, and until when; None where it does not say."""

    left: int | None = None
    resets_at: datetime | None = None


class Client:
    """`with Client(account) as client`. Every method raises ChannelError (TooFast, permanent for a dead token)."""

    def __init__(self, account: Account) -> None:
        from mastodon import Mastodon

        self.settings: Settings = read(account.config)
        self.budget = Budget()
        self.status = 0
        self._answer: Any = None
        self._body = _Limited(None, 0, 0.0)
        self._session = outgoing.session()
        self._session.hooks["response"].append(self._keep)
        self._library = Mastodon(
            api_base_url=self.settings.url, session=self._session, request_timeout=outgoing.TIMEOUT_S,
            ratelimit_method="throw", version_check_mode="created", mastodon_version=_API_VERSION,
            user_agent="Rapport",
        )  # fmt: skip
        self._library.access_token = account.secrets.get("token", "").strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every connection."""
        if self._answer is not None:
            self._answer.close()
        self._session.close()

    def who(self) -> dict[str, Any]:
        """Our own account (GET /api/v1/accounts/verify_credentials)."""
        return _object(self._get(lambda: self._library.account_verify_credentials()))

    def instance(self) -> dict[str, Any]:
        """What the server says of itself: /api/v2/instance, or the first version where that is all there is."""
        try:
            return _object(self._get(lambda: self._library.instance_v2()))
        except TooFast:
            raise
        except ChannelError:
            if self.status not in (404, 405, 410):
                raise
        return _object(self._get(lambda: self._library.instance_v1()))

    def notifications(self, **page: Any) -> list[dict[str, Any]]:
        """One page, newest first; `page` is min_id, max_id, limit."""
        skipped = ["follow", "follow_request", "poll"]
        return _objects(self._get(lambda: self._library.notifications(exclude_types=list(skipped), **page)))

    def tagged(self, tag: str, **page: Any) -> list[dict[str, Any]]:
        """One page of the public posts with a hashtag (without #)."""
        from urllib.parse import quote

        return _objects(self._get(lambda: self._library.timeline_hashtag(quote(tag, safe=""), **page)))

    def said_by(self, account_id: str, **page: Any) -> list[dict[str, Any]]:
        """One page of an account's own posts."""
        return _objects(self._get(lambda: self._library.account_statuses(account_id, exclude_reblogs=True, **page)))

    def search(self, words: str) -> list[dict[str, Any]]:
        """Posts the server finds (GET /api/v2/search, only posts, nothing fetched from elsewhere)."""
        found = self._get(lambda: self._library.search_v2(words, resolve=False, result_type="statuses"))
        return _objects(_object(found).get("statuses"))

    def post(self, status_id: str) -> dict[str, Any] | None:
        """One post as it is now; None where the server says in so many words that there is no such post any more."""
        try:
            return _object(self._get(lambda: self._library.status(status_id)))
        except ChannelError:
            if self.status in (404, 410) and isinstance(self._said(), dict):
                return None
            raise

    def posts(self, status_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Those of several posts that are there (Mastodon 4.3 and later)."""
        return _objects(self._get(lambda: self._library.statuses(list(status_ids))))

    def ancestors(self, status_id: str) -> list[str]:
        """The ids of what a post answers, root first."""
        above = _object(self._get(lambda: self._library.status_context(status_id))).get("ancestors")
        return [str(one.get("id", "")) for one in _objects(above)]

    def upload(self, file: File) -> str:
        """Store a file at the server, wait until it is ready; its id there. Nobody sees it before it is posted."""
        stored = self._write(
            lambda: self._library.media_post(
                file.data, file.content_type, description=file.description or None, file_name=file.filename
            )
        )
        until = time.monotonic() + _UPLOAD_S
        media_id = str(stored.get("id", ""))
        while self.status in (202, 206):
            if time.monotonic() > until:
                raise ChannelError(f"{self._host} is still working on {file.filename}.", permanent=False)
            time.sleep(_WAIT_S)
            self._get(lambda: self._library.media(media_id))
        return media_id

    def say(self, text: str, key: str, **what: Any) -> dict[str, Any]:
        """Post. `key` lets the server know a second attempt; `what` is in_reply_to_id, visibility, media_ids, ...

        Raises MessageRefused where the server says no, OutcomeUnknown where the answer did not come whole.
        """
        return self._write(lambda: self._library.status_post(text, idempotency_key=key or None, **what))

    def stream(self, tag: str, listener: Any) -> None:
        """Hand the open event stream of the account (or of a hashtag) to `listener.handle_stream`, until it ends."""
        timeout = listener.silence_s
        if tag:
            self._run(lambda: self._library.stream_hashtag(tag, listener, timeout=timeout), streams=True)
        else:
            self._run(lambda: self._library.stream_user(listener, timeout=timeout), streams=True)

    @property
    def token(self) -> str:
        """For the other way to stream."""
        return str(self._library.access_token)

    @property
    def _host(self) -> str:
        return self.settings.host

    def _get(self, ask: Callable[[], Any]) -> Any:
        """Ask, once more where a kept connection turned out to be gone."""
        try:
            self._run(ask)
        except ChannelError as error:
            if "Connection aborted" not in error.message:
                raise
            self._run(ask)
        return self._good()

    def _write(self, ask: Callable[[], Any]) -> dict[str, Any]:
        try:
            self._run(ask)
        except ChannelError as error:
            if self._answer is None and not _never_began(error):
                raise OutcomeUnknown(error.message, error.hint, permanent=False) from error
            raise
        if self.status in _REFUSALS:
            raise MessageRefused(f"{self._host} refuses this: {self._words()}", permanent=True)
        try:
            return _object(self._good())
        except ChannelError as error:
            if self.status < 400 or self.status in (500, 502, 504):
                raise OutcomeUnknown(error.message, error.hint, permanent=False) from error
            raise

    def _run(self, ask: Callable[[], Any], *, streams: bool = False) -> None:
        """Let the library ask. Its own errors matter only where no answer came: what came is judged here."""
        from mastodon.errors import MastodonError

        self._forget()
        try:
            ask()
        except (MastodonError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            if self._answer is None or not (streams or self._body.came_whole):
                self._forget()
                raise _unreached(self._host, error) from error
            if streams:
                outgoing.check(self._as_answer(b""))
                raise ChannelError(f"The stream of {self._host} ended.", permanent=False) from error

    def _good(self) -> Any:
        """What was answered, where that is a good answer, in JSON."""
        answer = self._as_answer(self._answer.content)
        if answer.status == 403:
            raise ChannelError(
                f"{self._host} does not allow this: {self._words()}",
                "Make a new token with every permission named in the steps.",
                permanent=True,
            )
        outgoing.check(answer)
        said = self._said()
        return answer.json() if said is None else said

    def _said(self) -> Any:
        body = self._answer.content if self._answer is not None else b""
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
        try:
            # Half a surrogate pair in one post is no reason to lose the page: that post alone is unreadable later.
            return json.loads(body)
        except (ValueError, RecursionError):
            return None

    def _words(self) -> str:
        said = self._said()
        words = said.get("error_description") or said.get("error") if isinstance(said, dict) else ""
        return " ".join(str(words or f"answer {self.status}").split())[:300]

    def _as_answer(self, body: bytes) -> outgoing.Answer:
        headers = {name.lower(): value for name, value in self._answer.headers.items()}
        if self.status == 429 and "retry-after" not in headers and self.budget.resets_at:
            headers["retry-after"] = str(max(1, round((self.budget.resets_at - now()).total_seconds())))
        return outgoing.Answer(self.status, headers, body, str(self._answer.url))

    def _forget(self) -> None:
        if self._answer is not None:
            self._answer.close()
        self._answer, self.status = None, 0

    def _keep(self, response: Any, **how: Any) -> None:
        """Called by `requests` when the headers are there: the body will be read through a limit."""
        self._answer, self.status = response, response.status_code
        left, resets = budget_of(response.headers)
        self.budget = Budget(left, resets) if left is not None or resets else self.budget
        if not how.get("stream"):
            self._body = response.raw = _Limited(response.raw, _BYTES_MAX, time.monotonic() + _WHOLE_S)


class _Limited:
    """A body that ends with an error beyond so many bytes (unpacked), or after so long."""

    def __init__(self, raw: Any, bytes_max: int, until: float) -> None:
        self._raw = raw
        self._left = bytes_max
        self._until = until
        self.came_whole = False

    def stream(self, size: int = 65_536, decode_content: bool | None = None) -> Any:
        """The body in pieces. Raises TooLarge."""
        for piece in self._raw.stream(size, decode_content=decode_content):
            self._left -= len(piece)
            if self._left < 0 or time.monotonic() > self._until:
                self._raw.close()
                raise outgoing.TooLarge("The server's answer does not end.", permanent=False)
            yield piece
        self.came_whole = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def as_bytes(said: Mapping[str, Any]) -> bytes:
    """One thing the server said, as it goes into a raw item."""
    try:
        return orjson.dumps(said)
    except (orjson.JSONEncodeError, TypeError):
        return json.dumps(said).encode()


def budget_of(headers: Mapping[str, str]) -> tuple[int | None, datetime | None]:
    """What X-RateLimit-Remaining and -Reset say: Mastodon gives a time (ISO 8601), GoToSocial seconds since 1970."""
    left = headers.get("X-RateLimit-Remaining", "").strip()
    resets = headers.get("X-RateLimit-Reset", "").strip()
    return int(left) if left.isdecimal() and len(left) < 10 else None, _moment(resets)


def _moment(text: str) -> datetime | None:
    try:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text), UTC)
        found = datetime.fromisoformat(text)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found if abs(found - now()) < timedelta(days=2) else None
    except (ValueError, OverflowError, OSError):
        return None


def _unreached(host: str, error: BaseException) -> ChannelError:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ChannelError):
            made = type(seen) if isinstance(seen, outgoing.TooLarge) else ChannelError
            return made(f"{host}: {seen.message}", seen.hint, permanent=seen.permanent)
        seen = seen.__context__
    return ChannelError(f"{host} does not answer: {' '.join(str(error).split())[:300]}", permanent=False)


def _never_began(error: ChannelError) -> bool:
    """Whether no connection came about: then nothing can have been posted."""
    never = ("Failed to establish", "private", "cannot be resolved", "CERTIFICATE_VERIFY_FAILED", "ConnectTimeout")
    return any(one in error.message for one in never)


def _object(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise ChannelError("The server answered with something that is no answer to this.", permanent=False)
    return said


def _objects(said: Any) -> list[dict[str, Any]]:
    if not isinstance(said, list):
        raise ChannelError("The server answered with something that is no list.", permanent=False)
    return [one for one in said if isinstance(one, dict)]
