"""The few requests that are needed, over `channels.outgoing`."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from rapport.channels import outgoing
from rapport.channels.base import Account, ChannelError, MessageRefused, OutcomeUnknown, TooFast
from rapport.channels.kinds.reddit.values import fullname, obj, rows, text
from rapport.channels.outgoing import Answer

SIGN_IN = "https://www.reddit.com"
SERVER = "https://oauth.reddit.com"
_WAIT_S, _WAIT_MAX_S = 60.0, 3_600.0
_BYTES_MAX = 16 * 1024 * 1024


class Reddit:
    """One account by its script app. Every method raises ChannelError."""

    def __init__(self, account: Account) -> None:
        self._server = (text(account.config.get("server")).strip() or SERVER).rstrip("/")
        self._sign_in = (text(account.config.get("sign_in")).strip() or SIGN_IN).rstrip("/")
        self._user = text(account.config.get("username"), 40).strip().removeprefix("u/")
        self._app = (text(account.config.get("client_id")).strip(), text(account.secrets.get("client_secret")).strip())
        self._password = text(account.secrets.get("password"))
        # Reddit wants program, version and account in this form, and slows others down.
        self._agent = f"server:rapport-hub:v1 (by /u/{self._user})"
        self._token = ""
        self.left: Mapping[str, float] = {}

    def sign_in(self) -> None:
        """A token that is good for an hour."""
        form = {"grant_type": "password", "username": self._user, "password": self._password}
        answer = outgoing.ask(
            "POST",
            f"{self._sign_in}/api/v1/access_token",
            data=form,
            auth=self._app,
            headers={"User-Agent": self._agent},
        )
        _good(answer, to_send=False)
        whole = obj(answer.json())
        self._token = text(whole.get("access_token"), 5_000)
        if not self._token:
            raise ChannelError(
                f"Reddit does not accept the sign-in ({text(whole.get('error')) or 'no token'}).",
                "Check app, user name and password; two-factor sign-in must be off for this account.",
                permanent=True,
            )

    def me(self) -> str:
        """The account's name."""
        name = text(obj(self._got("/api/v1/me", {})).get("name"), 40)
        if not name:
            raise ChannelError("Reddit did not say who we are.", permanent=False)
        return name

    def listing(self, path: str, given: Mapping[str, str]) -> tuple[Sequence[Mapping[str, Any]], str]:
        """One page of a listing, newest first, and the name that the next page comes after ("" for none)."""
        data = obj(obj(self._got(path, {"limit": "100", "raw_json": "1", **given})).get("data"))
        return rows(data.get("children")), fullname(data.get("after"))

    def comment(self, thing: str, words: str) -> Mapping[str, Any]:
        """POST /api/comment answers a comment, a post or a message. Errors come with status 200."""
        form = {"api_type": "json", "thing_id": thing, "text": words, "raw_json": "1"}
        answer = outgoing.attempt("POST", f"{self._server}/api/comment", data=form, headers=self._headers())
        _good(answer, to_send=True)
        try:
            whole = obj(obj(orjson.loads(answer.body)).get("json"))
        except orjson.JSONDecodeError:
            whole = {}
        errors = whole.get("errors")
        if isinstance(errors, list) and errors:
            _refused(whole, errors)
        found = next((obj(one.get("data")) for one in rows(obj(whole.get("data")).get("things"))), {})
        if not fullname(found.get("name")):
            raise OutcomeUnknown("Reddit did not say which comment came of it.", permanent=False)
        return found

    def _headers(self) -> Mapping[str, str]:
        if not self._token:
            self.sign_in()
        return {"Authorization": f"Bearer {self._token}", "User-Agent": self._agent}

    def _got(self, path: str, given: Mapping[str, str]) -> Any:
        url = f"{self._server}{path}"
        answer = outgoing.ask("GET", url, params=given, headers=self._headers(), bytes_max=_BYTES_MAX)
        if answer.status == 401:
            # Tokens end after an hour; one that was just given and is refused means more.
            self._token = ""
            answer = outgoing.ask("GET", url, params=given, headers=self._headers(), bytes_max=_BYTES_MAX)
        _good(answer, to_send=False)
        self.left = _left(answer.headers)
        return answer.json()


def _good(answer: Answer, *, to_send: bool) -> None:
    """Raise what a bad answer means; nothing for a good one."""
    if answer.status < 400:
        return
    if to_send and answer.status < 500 and answer.status not in (401, 408, 429):
        hint = "The account may be banned there, or the thread is locked." if answer.status == 403 else ""
        raise MessageRefused(f"Reddit refused it ({answer.status}).", hint, permanent=True)
    if answer.status == 429:
        seconds = _left(answer.headers).get("limit_resets_s", 0.0) or outgoing.retry_after(answer.headers)
        raise TooFast("Reddit asks us to slow down.", retry_after=min(max(seconds, 1.0), _WAIT_MAX_S))
    outgoing.check(answer)


def _refused(whole: Mapping[str, Any], errors: Sequence[Any]) -> None:
    """Each error is [code, words, field]."""
    first = errors[0] if isinstance(errors[0], list) else []
    code, words = (text(first[at]) if len(first) > at else "" for at in (0, 1))
    if code == "RATELIMIT":
        seconds = whole.get("ratelimit")
        wait = float(seconds) if isinstance(seconds, int | float) else _WAIT_S
        raise TooFast(f"Reddit: {words}", retry_after=min(max(wait, 1.0), _WAIT_MAX_S))
    if code == "USER_REQUIRED":
        raise ChannelError("Reddit does not accept the sign-in any more.", "Enter the password again.", permanent=True)
    raise MessageRefused(f"Reddit refused it: {words or code}", permanent=True)


def _left(headers: Mapping[str, str]) -> Mapping[str, float]:
    try:
        left, resets = float(headers["x-ratelimit-remaining"]), float(headers["x-ratelimit-reset"])
    except (KeyError, ValueError):
        return {}
    return {"limit_left": left, "limit_resets_s": resets}
