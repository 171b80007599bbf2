"""One request to the endpoint: bounded in time and size, without redirects, its faults in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from rapport.channels import guard, outgoing
from rapport.channels.base import TooFast
from rapport.core.errors import ChannelError
from rapport.ownership.second import wording
from rapport.ownership.second.models import Endpoint
from rapport.ownership.second.wording import Choices, Nonsense, Said

ANSWER_BYTES_MAX = 256 * 1024
ANSWER_S, WHOLE_S = 30.0, 60.0
_NOT_OFFERED = (400, 422)


class Spent(Exception):
    """The day's budget has not so much left."""


class Moot(Exception):
    """The settings, or the conversation, are not any more what they were when it was taken."""


@dataclass(frozen=True)
class Reply:
    """What it said by kind, the tokens that took, and whether it had to be asked without a JSON schema."""

    said: Mapping[str, Said]
    tokens: int
    plain: bool


def ask(
    row: Endpoint, key: str, choices: Choices, message: Mapping[str, str], reserve: Callable[[int], bool]
) -> Reply:
    """Ask about a redacted message; `reserve` takes the characters of each request out of the budget before it is made.

    Raises Spent, what `reserve` raises, TooFast, ChannelError (permanent: the settings are wrong), and Nonsense for an
    answer that is none.
    """
    _check_encrypted(row.url)
    asked = wording.body(row.model, choices, message, plain=row.plain)
    answer = _sent(row, key, asked, reserve)
    plain = row.plain
    if answer.status in _NOT_OFFERED and not plain:
        # Whoever does not know JSON schemas refuses the request; the same without is worth one more.
        asked, plain = wording.body(row.model, choices, message, plain=True), True
        answer = _sent(row, key, asked, reserve)
    _check(answer)
    try:
        told = answer.json()
    except ChannelError as error:
        raise Nonsense from error
    return Reply(wording.answer(told, choices), wording.tokens(told), plain)


def _sent(row: Endpoint, key: str, asked: Mapping[str, object], reserve: Callable[[int], bool]) -> outgoing.Answer:
    if not reserve(wording.length(asked)):
        raise Spent
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        return outgoing.ask(
            "POST", f"{row.url}/chat/completions", json=asked, headers=headers, timeout=ANSWER_S,
            allow_redirects=False, bytes_max=ANSWER_BYTES_MAX, whole_s=WHOLE_S,
        )  # fmt: skip
    except outgoing.TooLarge as error:
        raise Nonsense from error


def _check(answer: outgoing.Answer) -> None:
    """Raise what its status means, in words that fit an endpoint."""
    host = urlsplit(answer.url).hostname
    if answer.status == 429:
        raise TooFast(f"{host} asks us to slow down.", retry_after=outgoing.retry_after(answer.headers))
    if 300 <= answer.status < 400:
        raise ChannelError(f"{host} has moved.", "Correct its address.", permanent=True)
    if answer.status in (401, 403):
        raise ChannelError(f"{host} does not accept the key ({answer.status}).", "Enter another key.", permanent=True)
    if answer.status == 404:
        raise ChannelError(
            f"{host} knows no such model, or nothing answers there (404).", "Check address and model.", permanent=True
        )
    outgoing.check(answer)


def _check_encrypted(url: str) -> None:
    """Without encryption only within the own network, wherever the name leads by now."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or guard.is_loopback(host):
        return
    address = guard.resolved(host, parts.port or 80)
    if ip_address(address.partition("%")[0]).is_global:
        raise ChannelError(f"{host} is not in your own network.", "Write https:// in its address.", permanent=True)
