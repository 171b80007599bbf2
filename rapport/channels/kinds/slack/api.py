"""The few methods of Slack's Web API that are needed (https://docs.slack.dev/reference/methods), bounded.

slack_sdk's WebClient opens its own connections, wherever a name leads; these go through `channels.outgoing`.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from rapport.channels import outgoing
from rapport.channels.base import Account, ChannelError, MessageRefused, OutcomeUnknown, TooFast
from rapport.channels.kinds.slack.values import obj, text

SERVER = "https://slack.com/api"
_SIGN_IN = frozenset({
    "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope",
    "no_permission", "org_login_required", "ekm_access_denied", "not_allowed_token_type", "access_denied",
    "team_access_not_granted", "enterprise_is_restricted", "accesslimited", "two_factor_setup_required",
    "team_not_found", "invalid_app", "app_missing_action_url", "missing_post_type",
})  # fmt: skip
_TOO_FAST = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_LATER = frozenset({"service_unavailable", "request_timeout", "team_added_to_org"})
# "It's possible some aspect of the operation succeeded before the error was raised."
_PERHAPS = frozenset({"fatal_error", "internal_error"})
_REASONS: Mapping[str, str] = {
    "channel_not_found": "the channel is not there, or the app is not in it",
    "not_in_channel": "the app is not in the channel: invite it there",
    "is_archived": "the channel is archived",
    "msg_too_long": "the text is too long",
    "restricted_action": "an administrator has restricted who may write there",
    "restricted_action_thread_locked": "the thread is locked",
    "cannot_reply_to_message": "this message cannot be answered",
    "user_not_found": "the person is not there any more",
    "messages_tab_disabled": "the app takes no direct messages: turn on its Messages tab",
}


class Slack:
    """The app's bot in one workspace. Every method raises ChannelError."""

    def __init__(self, account: Account) -> None:
        self._url = (text(account.config.get("server"), 2_000).strip() or SERVER).rstrip("/")
        self._headers = {"Authorization": f"Bearer {account.secrets.get('token', '').strip()}"}

    def me(self) -> tuple[Mapping[str, Any], frozenset[str]]:
        """Who the token is (url, team, team_id, user, user_id, bot_id), and the scopes it has, if Slack says so."""
        answer = outgoing.ask("GET", f"{self._url}/auth.test", headers=self._headers)
        found = _good(answer)
        scopes = answer.headers.get("x-oauth-scopes", "")
        return found, frozenset(one.strip() for one in scopes.split(",") if one.strip())

    def info(self, method: str, given: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        """users.info or conversations.info, in `timeout_s` seconds at most."""
        answer = outgoing.ask(
            "GET", f"{self._url}/{method}", params=dict(given), headers=self._headers, timeout=timeout_s,
            whole_s=timeout_s,
        )  # fmt: skip
        return _good(answer)

    def post(self, given: Mapping[str, str]) -> Mapping[str, Any]:
        """chat.postMessage: {channel, ts}. There is no key that tells a second one: OutcomeUnknown where it may be."""
        url = f"{self._url}/chat.postMessage"
        answer = outgoing.attempt("POST", url, data=dict(given), headers=self._headers, allow_redirects=False)
        if answer.status in (400, 404, 413, 422):
            raise MessageRefused(f"Slack did not take the message ({answer.status}).", permanent=True)
        if 300 <= answer.status < 400:
            raise ChannelError("Slack's address has moved.", "Correct it in the settings.", permanent=True)
        outgoing.check(answer)
        try:
            whole = obj(orjson.loads(answer.body))
        except orjson.JSONDecodeError:
            whole = {}
        if whole.get("ok") is True:
            return whole
        error = text(whole.get("error"), 100)
        if not error or error in _PERHAPS:
            raise OutcomeUnknown("Slack did not say what came of it.", permanent=False)
        _raise_for(error, answer)
        raise MessageRefused(f"Slack did not take the message: {_REASONS.get(error, error)}.", permanent=True)


def _good(answer: outgoing.Answer) -> Mapping[str, Any]:
    """Slack says 200 also where it refuses, with "ok": false and an error by name."""
    outgoing.check(answer)
    whole = obj(answer.json())
    if whole.get("ok") is True:
        return whole
    error = text(whole.get("error"), 100) or "nothing that is understood"
    _raise_for(error, answer)
    raise ChannelError(f"Slack answered: {error}.", permanent=False)


def _raise_for(error: str, answer: outgoing.Answer) -> None:
    """Raise what an error means for the account, if it means something for it."""
    if error in _SIGN_IN:
        needed = text(obj(orjson.loads(answer.body)).get("needed"), 100)
        hint = f"Give the app the scope {needed} and install it again." if needed else "Enter a new token."
        raise ChannelError(f"Slack does not accept the app: {error}.", hint, permanent=True)
    if error in _TOO_FAST:
        raise TooFast("Slack asks us to slow down.", retry_after=outgoing.retry_after(answer.headers))
    if error in _LATER:
        raise ChannelError(f"Slack cannot do it now: {error}.", permanent=False)
