"""WebSub (W3C Recommendation, 2018): asking a hub to push, and believing only what it pushes on our asking.

The callback's path says which feed it is for and carries an HMAC of that, so that nothing needs to be looked up:
whoever does not hold the channel's `hook_secret` cannot make one.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from rapport.channels import guard, outgoing
from rapport.channels.base import Account, ChannelError, Hook, HookRefused, Incoming, Invalid, Received
from rapport.channels.kinds.feeds import document, items, settings
from rapport.channels.kinds.feeds.fetch import USER_AGENT, Trouble, host_of, peace
from rapport.channels.kinds.feeds.state import State

LEASE_S = 10 * 24 * 3600
#: A hub may grant less than was asked for, and tells only the webhook: asking again each day needs no telling.
RENEW_S = 24 * 3600
_URL_MAX = 2_000
_CHALLENGE_MAX = 2_000
_ANSWER_MAX = 64 * 1024
_ALGORITHMS = ("sha1", "sha256", "sha384", "sha512")


@dataclass(frozen=True, slots=True)
class Topic:
    """What a callback is for: the line of the settings, the address that names the feed, and the hub's name for it."""

    line: str
    url: str
    topic: str


def is_due(account: Account, state: State, now: float) -> bool:
    """Whether the feed's hub is to be asked, for the first time or again; after a clock has jumped, too."""
    since = now - state.subscribed_at
    return bool(state.hub) and can_reach_us(account, state.hub) and not 0 <= since < RENEW_S


def can_reach_us(account: Account, hub: str) -> bool:
    """Whether a hub can call our webhook: not from elsewhere on this machine alone or a private network."""
    here, there = host_of(account.hook_url), host_of(hub)
    if not here or not account.secrets.get("hook_secret"):
        return False
    return not _is_private(here) or _is_private(there)


def subscribe(account: Account, topic: Topic, hub: str) -> None:
    """Ask the hub to push the topic. Raises Trouble where it does not take the request."""
    callback = callback_for(account, topic)
    if len(callback) > _URL_MAX:
        raise Trouble("Its address is too long for its hub.", lasting=True)
    form = {
        "hub.mode": "subscribe", "hub.topic": topic.topic, "hub.callback": callback,
        "hub.lease_seconds": str(LEASE_S), "hub.secret": _secret(account, _payload(topic)),
    }  # fmt: skip
    try:
        answer = outgoing.ask(
            "POST", hub, data=form, headers={"User-Agent": USER_AGENT}, bytes_max=_ANSWER_MAX, allow_redirects=False
        )
    except ChannelError as error:
        raise Trouble(f"Its hub does not answer: {error.message}"[:300]) from error
    if not 200 <= answer.status < 300:
        peace_s = peace(answer.headers) if answer.status in (429, 503) else 0.0
        raise Trouble(f"Its hub answers {answer.status}.", peace_s=peace_s, lasting=answer.status < 500)


def callback_for(account: Account, topic: Topic) -> str:
    """Where the hub is to reach us: a path below the channel's webhook."""
    payload = _payload(topic)
    return f"{account.hook_url.rstrip('/')}/{payload}.{_proof(account, payload)}"


def receive(account: Account, hook: Hook) -> Received:
    """One request of a hub: the question whether we asked (GET), or entries (POST). Raises HookRefused."""
    payload, topic = _topic(account, hook)
    wanted = {one.url: one for one in _feeds(account)}
    if hook.method == "GET":
        return _verified(hook, topic, topic.line in wanted)
    if hook.method != "POST":
        raise HookRefused("A hub asks by GET and pushes by POST.", status=405)
    if not _is_signed(hook, _secret(account, payload)):
        raise HookRefused("The signature of the hub is not right.")
    if topic.line not in wanted:
        raise HookRefused("This feed is not wanted any more.", status=410)
    one = wanted[topic.line]
    return Received(_entries(account, hook, topic, one.label or topic.url))


def _verified(hook: Hook, topic: Topic, is_wanted: bool) -> Received:
    """Section 5.3. A hub may end a subscription only when the feed was taken out of the settings."""
    mode, challenge = hook.query.get("hub.mode", ""), hook.query.get("hub.challenge", "")
    if mode == "denied":
        return Received()
    meant = hook.query.get("hub.topic") == topic.topic and mode == ("subscribe" if is_wanted else "unsubscribe")
    if not meant or not 0 < len(challenge) <= _CHALLENGE_MAX:
        raise HookRefused("Nobody here asked for this.", status=404)
    return Received(body=challenge.encode("utf-8", "replace"))


def _entries(account: Account, hook: Hook, topic: Topic, found_by: str) -> list[Incoming]:
    """All may have come before, and may have changed since: the house keeps each form of each once."""
    try:
        pushed = document.understood(hook.body, _content_type(hook.headers), topic.topic)
    except document.NoFeed as other:
        raise HookRefused(str(other), status=400) from other
    days = settings.read(account.config).days
    chosen = [one for one in items.found(pushed) if items.is_recent(one.entry, hook.at, days)]
    where = items.Where(topic.url, found_by, hook.at, pushed=True)
    return list(items.incoming(pushed, chosen, where, frozenset(one.key for one in chosen)))


def _content_type(headers: Mapping[str, str]) -> dict[str, str]:
    return {"content-type": headers.get("content-type", "")}


def _feeds(account: Account) -> tuple[settings.Subscription, ...]:
    try:
        return settings.read(account.config).feeds
    except Invalid:
        return ()


def _topic(account: Account, hook: Hook) -> tuple[str, Topic]:
    payload, _, proof = hook.path.strip("/").rpartition("/")[2].rpartition(".")
    secret = account.secrets.get("hook_secret", "")
    if not secret or not _same(proof, _proof(account, payload)):
        raise HookRefused("This is no address that we gave to a hub.")
    try:
        parts = urlsafe_b64decode(payload.encode()).decode().split("\n")
    except ValueError as error:
        raise HookRefused("This is no address that we gave to a hub.") from error
    if len(parts) != 3:
        raise HookRefused("This is no address that we gave to a hub.")
    return payload, Topic(parts[0], parts[1] or parts[0], parts[2] or parts[1] or parts[0])


def _payload(topic: Topic) -> str:
    """Base64 of three lines; what is as the one before is left out."""
    url = topic.url if topic.url != topic.line else ""
    name = topic.topic if topic.topic != topic.url else ""
    return urlsafe_b64encode(f"{topic.line}\n{url}\n{name}".encode()).decode()


def _proof(account: Account, payload: str) -> str:
    return _mac(account, f"callback {payload}")[:40]


def _secret(account: Account, payload: str) -> str:
    """What the hub signs with: another one for each feed, and nothing to store."""
    return _mac(account, f"signature {payload}")


def _mac(account: Account, words: str) -> str:
    key = account.secrets.get("hook_secret", "").encode()
    return hmac.new(key, words.encode("utf-8", "replace"), "sha256").hexdigest()


def _is_signed(hook: Hook, secret: str) -> bool:
    """Section 7.1: `X-Hub-Signature: method=signature`."""
    method, _, signature = hook.headers.get("x-hub-signature", "").partition("=")
    if method.strip().lower() not in _ALGORITHMS:
        return False
    return _same(signature.strip().lower(), hmac.new(secret.encode(), hook.body, method.strip().lower()).hexdigest())


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())


def _is_private(host: str) -> bool:
    if guard.is_loopback(host) or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host
