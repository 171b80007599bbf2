"""Who may come in to a web chat: which site, which visitor, how often. Nothing of a refused request is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

import orjson
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from rapport.channels.base import Account
from rapport.channels.kinds.webchat import identity, names
from rapport.channels.models import Channel
from rapport.channels.secrets import unseal
from rapport.core.clock import now
from rapport.core.errors import ChannelError, Invalid
from rapport.core.options import options
from rapport.web import throttle
from rapport.web.hooks import count_refused

BODY_BYTES_MAX = 256 * 1024
_DAY_S = 24 * 3600
_SALT = "rapport.webchat"
_VALID_S = {"v": 180 * _DAY_S, "u": _DAY_S // 2}
_GETS = throttle.Quick(600, 60)
#: So often a minute the channel's page learns of sites that were refused: strangers must not make us write at will.
_TOLD = throttle.Quick(10, 60)


class Refused(Exception):
    """A request that is not served: its status, and words for whoever builds the site."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass(frozen=True, slots=True)
class Chat:
    """The chat of one channel, as a request reached it. `origin` is the site that asks, "" where none says so."""

    channel: Channel
    account: Account
    key: str
    origin: str

    def setting(self, name: str) -> str:
        """One of the channel's settings, as text."""
        return str(self.account.config.get(name) or "").strip()

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that may show it."""
        return names.origins(self.account.config)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who writes: made up for strangers, the same everywhere for whom the site vouches for (`known`)."""

    id: str
    known: Mapping[str, str] | None = None


_View = Callable[..., HttpResponseBase]


def door(*methods: str) -> Callable[[_View], _View]:
    """A view of strangers' pages, which is handed a Chat. Answers preflights (Fetch standard, 4.8) and refusals."""

    def decorate(view: _View) -> _View:
        @wraps(view)
        def answered(request: HttpRequest, public_key: str, **named: str) -> HttpResponseBase:
            chat = None
            try:
                if request.method != "POST" and not _GETS.is_within(throttle.address_of(request)):
                    raise Refused(429, "Too many requests.")
                chat = _chat(request, public_key)
                if request.method == "OPTIONS":
                    return _open(HttpResponse(status=204), chat, methods)
                if request.method not in methods:
                    raise Refused(405, "This address takes other requests.")
                return _open(view(request, chat, **named), chat)
            except Refused as refused:
                return _open(answer({"error": refused.words}, refused.status), chat)

        answered.without_scope = True  # type: ignore[attr-defined]
        return csrf_exempt(answered)

    return decorate


def find(public_key: str) -> tuple[Channel, Account] | None:
    """The channel behind a public key, if it is not paused."""
    for channel in Channel.objects.filter(kind=names.KIND, enabled=True):
        if names.public_key(channel.id, channel.config) == public_key:
            # Without its secrets: only who is vouched for needs one, and a wrong key must not close the chat.
            return channel, Account(channel.id, channel.name, channel.kind, channel.address, channel.config)
    return None


def own_origin(request: HttpRequest) -> str:
    """Where our own pages stand."""
    return f"{request.scheme}://{request.get_host()}"


def answer(value: Any, status: int = 200) -> HttpResponse:
    """JSON that no cache keeps."""
    response = HttpResponse(orjson.dumps(value), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


def body_of(request: HttpRequest, limit: int = BODY_BYTES_MAX) -> Mapping[str, Any]:
    """A JSON object. Raises Refused: 413 before a larger body is read, 400 for what is none."""
    check_size(request, limit)
    try:
        given = orjson.loads(request.body)
    except ValueError as error:
        raise Refused(400, "This is no JSON.") from error
    if not isinstance(given, dict):
        raise Refused(400, "This is no JSON object.")
    return given


def check_size(request: HttpRequest, limit: int) -> None:
    """Refuse a body that is too large, or does not say how large it is, before it is read."""
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if not length.isdigit():
        raise Refused(411, "The length of the body is missing.")
    if int(length) > limit:
        raise Refused(413, "This is too large.")


def token_for(chat: Chat, visitor: Visitor) -> str:
    """What a visitor shows to write on and to read what is said to them."""
    return signing.dumps({"v": visitor.id, **({"k": dict(visitor.known)} if visitor.known else {})}, salt=_salt(chat))


def visitor_of(request: HttpRequest, chat: Chat) -> Visitor:
    """Whose token the request shows. Raises Refused (401)."""
    scheme, _blank, token = request.headers.get("Authorization", "").partition(" ")
    found = read_token(chat, token) if scheme.lower() == "bearer" else None
    if found is None:
        raise Refused(401, "This visitor is not known any more: begin anew.")
    return found


def read_token(chat: Chat, token: Any) -> Visitor | None:
    """The visitor a token of this chat names; None where it is forged, of another chat, or too old."""
    if not isinstance(token, str) or not 0 < len(token) < 2_000:
        return None
    try:
        given = signing.loads(token, salt=_salt(chat), max_age=_VALID_S["v"])
        visitor = str(given["v"])
        if visitor[:1] == "u":
            signing.loads(token, salt=_salt(chat), max_age=_VALID_S["u"])
        return Visitor(visitor, given.get("k"))
    except (signing.BadSignature, ValueError, TypeError, KeyError):
        return None


def vouched_for(request: HttpRequest, chat: Chat, token: Any) -> Visitor:
    """The visitor whom the company's site names by its signed token. Raises Refused (401), which is counted."""
    limit(request, "webchat-identity", [(30, 60)])
    try:
        secret = unseal(bytes(chat.channel.secrets)).get("identity_secret", "")
        known = identity.read(token if isinstance(token, str) else "", secret, now())
    except (Invalid, ChannelError) as error:
        count_refused(chat.channel, error.message)
        raise Refused(401, f"{error.message} {error.hint}".strip()) from error
    said = {"email": known.email, "name": known.name, "id": known.id}
    return Visitor(names.known_visitor(chat.channel.id, known.who), {one: text for one, text in said.items() if text})


def limit(request: HttpRequest, what: str, each: list[tuple[int, int]], who: str = "") -> None:
    """Count one more `what`, by address or by `who`. Raises Refused (429)."""
    if not throttle.is_within(what, who or throttle.address_of(request), each):
        raise Refused(429, _("That was a lot at once. Wait a minute, and try again."))


def _salt(chat: Chat) -> str:
    return f"{_SALT} {chat.channel.id} {chat.key}"


def _chat(request: HttpRequest, public_key: str) -> Chat:
    found = find(public_key) if names.is_key(public_key) else None
    if found is None:
        raise Refused(404, "There is no such chat.")
    channel, account = found
    origin = request.headers.get("Origin", "")
    chat = Chat(channel, account, public_key, origin)
    asks = request.method not in ("GET", "HEAD")
    allowed = origin in (*chat.sites, own_origin(request), options().public_url)
    if (origin or asks) and not allowed:
        if _TOLD.is_within(public_key):
            count_refused(channel, f"{origin[:100] or 'Something'} asked for the chat and is not among its sites.")
        raise Refused(403, "This site is not among those that may show the chat.")
    return chat


def _open(response: HttpResponseBase, chat: Chat | None, methods: tuple[str, ...] = ()) -> HttpResponseBase:
    """Let the site that asked read the answer; no cookie is ever part of it."""
    patch_vary_headers(response, ["Origin"])
    if chat is None:
        return response
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    if chat.origin:
        response["Access-Control-Allow-Origin"] = chat.origin
    if methods:
        response["Access-Control-Allow-Methods"] = ", ".join(methods)
        response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response["Access-Control-Max-Age"] = "7200"
    return response

