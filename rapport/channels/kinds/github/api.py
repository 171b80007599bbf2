"""The few requests to GitHub that are needed: REST (api version 2022-11-28) and one GraphQL mutation."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from rapport.channels import outgoing
from rapport.channels.base import Account, ChannelError, MessageRefused, OutcomeUnknown, TooFast
from rapport.channels.kinds.github.values import number, obj, text
from rapport.core.clock import now

SERVER = "https://api.github.com"
_ADD_COMMENT = (
    "mutation($input: AddDiscussionCommentInput!) "
    "{ addDiscussionComment(input: $input) { comment { id databaseId url } } }"
)
_WAIT_MAX_S = 3600.0


class GitHub:
    """One account of ours there. Every method raises ChannelError."""

    def __init__(self, account: Account) -> None:
        self._url = (text(account.config.get("server"), 2_000).strip() or SERVER).rstrip("/")
        self._token = account.secrets.get("token", "").strip()

    def me(self) -> Mapping[str, Any]:
        """Whose the token is; an empty object for a token of an app's installation, which is nobody's."""
        answer = outgoing.ask("GET", f"{self._url}/user", headers=self._headers())
        if answer.status == 403 and not _wait(answer):
            return {}
        _raise_for(answer, to_send=False)
        return obj(answer.json())

    def limits(self) -> tuple[int, int]:
        """How many requests are left in this hour, and of how many. Raises where the token is not good."""
        answer = outgoing.ask("GET", f"{self._url}/rate_limit", headers=self._headers())
        _raise_for(answer, to_send=False)
        core = obj(obj(obj(answer.json()).get("resources")).get("core"))
        return number(core.get("remaining")), number(core.get("limit"))

    def repository(self, name: str) -> Mapping[str, Any]:
        """A repository by "owner/name". Raises a permanent error where the token may not see it."""
        answer = outgoing.ask("GET", f"{self._url}/repos/{quote(name)}", headers=self._headers())
        if answer.status == 404:
            raise ChannelError(f"The token does not reach {name}.", "Give it access to it.", permanent=True)
        _raise_for(answer, to_send=False)
        return obj(answer.json())

    def comment(self, repository: str, thread: int, body: str) -> Mapping[str, Any]:
        """Comment on an issue or a pull request: what was made of it. OutcomeUnknown where it may have been made."""
        url = f"{self._url}/repos/{quote(repository)}/issues/{thread}/comments"
        answer = outgoing.attempt("POST", url, json={"body": body}, headers=self._headers(), allow_redirects=False)
        _raise_for(answer, to_send=True)
        return _made(answer)

    def discuss(self, given: Mapping[str, str]) -> Mapping[str, Any]:
        """Comment on a discussion, which only GraphQL can: {id, databaseId, url} of the comment. As `comment`."""
        asked = {"query": _ADD_COMMENT, "variables": {"input": dict(given)}}
        answer = outgoing.attempt("POST", self._graphql(), json=asked, headers=self._headers(), allow_redirects=False)
        _raise_for(answer, to_send=True)
        whole = _made(answer)
        made = obj(obj(obj(whole.get("data")).get("addDiscussionComment")).get("comment"))
        if not made:
            _raise_graphql(whole)
        return made

    def _graphql(self) -> str:
        """GitHub Enterprise Server has it beside the REST API (/api/v3), not below."""
        return f"{self._url.removesuffix('/v3')}/graphql"

    def _headers(self) -> dict[str, str]:
        return {
            "Accept": "application/vnd.github+json, application/json",
            "Authorization": f"Bearer {self._token}",
            "X-GitHub-Api-Version": "2022-11-28", "User-Agent": "rapport",
        }  # fmt: skip


def _made(answer: outgoing.Answer) -> Mapping[str, Any]:
    try:
        return obj(orjson.loads(answer.body))
    except orjson.JSONDecodeError as error:
        raise OutcomeUnknown("GitHub did not say what came of it.", permanent=False) from error


def _raise_for(answer: outgoing.Answer, *, to_send: bool) -> None:
    """403 and 429 may mean too fast (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""
    if answer.status < 300:
        return
    why = _why(answer)
    if answer.status in (403, 429) and (wait := _wait(answer)):
        raise TooFast("GitHub asks us to slow down.", retry_after=wait)
    if to_send and answer.status in (400, 404, 410, 413, 422):
        raise MessageRefused(f"GitHub did not take the comment: {why}", permanent=True)
    if to_send and answer.status == 403 and ("locked" in why.lower() or "blocked" in why.lower()):
        raise MessageRefused(f"GitHub did not take the comment: {why}", permanent=True)
    if answer.status == 403:
        hint = "Give the token the right to read and write issues and discussions."
        raise ChannelError(f"GitHub does not allow it: {why}", hint, permanent=True)
    if answer.status < 400:
        raise ChannelError("GitHub has moved what was asked for.", "Was the repository renamed?", permanent=True)
    outgoing.check(answer)


def _raise_graphql(whole: Mapping[str, Any]) -> None:
    """GraphQL answers 200 also where it refuses, with `errors` (https://spec.graphql.org, 7.1)."""
    errors = whole.get("errors")
    first = obj(errors[0]) if isinstance(errors, list) and errors else {}
    if not first:
        raise OutcomeUnknown("GitHub did not say what came of it.", permanent=False)
    kind, why = text(first.get("type")), text(first.get("message"), 300)
    if kind == "RATE_LIMITED":
        raise TooFast("GitHub asks us to slow down.", retry_after=60)
    if kind in ("INSUFFICIENT_SCOPES", "FORBIDDEN") and "locked" not in why.lower():
        raise ChannelError(f"GitHub does not allow it: {why}", "Give the token access to discussions.", permanent=True)
    raise MessageRefused(f"GitHub did not take the comment: {why}", permanent=True)


def _wait(answer: outgoing.Answer) -> float:
    """The seconds to wait if the answer means that we were too fast, else 0."""
    if answer.status == 429 or "retry-after" in answer.headers:
        return outgoing.retry_after(answer.headers)
    resets = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and resets.isdigit() and len(resets) < 12:
        return min(max(int(resets) - now().timestamp(), 1.0), _WAIT_MAX_S)
    return 60.0 if "secondary rate limit" in _why(answer).lower() else 0.0


def _why(answer: outgoing.Answer) -> str:
    try:
        found = obj(orjson.loads(answer.body))
    except orjson.JSONDecodeError:
        found = {}
    return text(found.get("message"), 300) or f"it answered {answer.status}"
