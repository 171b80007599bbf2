"""The three requests of the Cloud API that are needed, over `channels.outgoing`."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from rapport.channels import outgoing
from rapport.channels.base import Account, ChannelError, File, OutcomeUnknown
from rapport.channels.kinds.whatsapp.refusals import raise_for
from rapport.channels.kinds.whatsapp.values import obj, rows, text

# Graph API 25.0 is served until July 2028 (https://developers.facebook.com/docs/graph-api/changelog).
SERVER = "https://graph.facebook.com/v25.0"


class Line:
    """One phone number of ours. Every method raises ChannelError."""

    def __init__(self, account: Account, number_id: str = "") -> None:
        server = (text(account.config.get("server")).strip() or SERVER).rstrip("/")
        line = number_id or text(account.config.get("phone_number_id")).strip()
        self._url = f"{server}/{quote(line, safe='')}"
        self._headers = {"Authorization": f"Bearer {text(account.secrets.get('token'), 2_000).strip()}"}

    def about(self) -> Mapping[str, Any]:
        """The number and the name that WhatsApp has verified."""
        given = {"fields": "id,display_phone_number,verified_name,quality_rating"}
        answer = outgoing.ask("GET", self._url, params=given, headers=self._headers)
        raise_for(answer, to_send=False)
        found = obj(answer.json())
        if not text(found.get("display_phone_number")):
            raise ChannelError("WhatsApp did not say which number this is.", permanent=False)
        return found

    def upload(self, file: File) -> str:
        """Bring a file there, which nobody sees yet; its media id (kept there for 30 days)."""
        given = {"messaging_product": "whatsapp", "type": file.content_type}
        parts = {"file": (file.filename, file.data, file.content_type)}
        answer = outgoing.ask(
            "POST", f"{self._url}/media", data=given, files=parts, headers=self._headers, timeout=60, whole_s=120
        )
        if answer.status >= 500:  # nobody sees it yet: it is simply brought again
            raise ChannelError(f"WhatsApp did not take {file.filename} now.", permanent=False)
        raise_for(answer, to_send=True)
        media = text(obj(answer.json()).get("id"))
        if not media:
            raise ChannelError(f"WhatsApp did not take {file.filename}.", permanent=False)
        return media

    def send(self, given: Mapping[str, Any]) -> str:
        """Send one message; its id. There is no key that would tell a second from the first, so OutcomeUnknown is
        raised where it may have arrived.
        """
        answer = outgoing.attempt("POST", f"{self._url}/messages", json=given, headers=self._headers)
        raise_for(answer, to_send=True)
        try:
            whole = obj(orjson.loads(answer.body))
        except orjson.JSONDecodeError:
            whole = {}
        found = next((text(one.get("id"), 400) for one in rows(whole.get("messages"))), "")
        if not found:
            raise OutcomeUnknown("WhatsApp did not say which message came of it.", permanent=False)
        return found
