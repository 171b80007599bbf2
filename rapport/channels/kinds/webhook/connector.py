"""The kind "webhook": a form, a device or a home-grown system becomes a channel by a mapping, without code."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar
from uuid import uuid4

import orjson

from rapport.channels import outgoing as http
from rapport.channels.base import (
    Abilities,
    About,
    Account,
    ChannelError,
    Draft,
    Field,
    Hook,
    HookRefused,
    Incoming,
    Invalid,
    Kind,
    MessageRefused,
    Outgoing,
    Received,
    Said,
    Sent,
    item_id,
    lazy,
)
from rapport.channels.kinds.webhook import mapping, parse, signing
from rapport.core.clock import now

# What says that one message is wrong, not the address or the secret (RFC 9110).
_ABOUT_THE_MESSAGE = (400, 409, 413, 415, 422)
_LINK_MAX = 2_000


class WebhookConnector(Kind):
    """Signed requests in and out (Standard Webhooks, https://www.standardwebhooks.com), read by a mapping."""

    kind: ClassVar[str] = "webhook"
    label: ClassVar[Any] = lazy("Anything else, by webhook")
    about: ClassVar[About] = About(
        summary=lazy("A form, a device or a system of your own: whatever can send a signed request becomes a channel."),
        proof="contract-tested",
        steps=(
            lazy("Choose how requests are signed, and enter the same secret here and there."),
            lazy("Let the other system POST its requests to the address of this channel's webhook."),
            lazy("Say where in a request the text, the author and the rest are found."),
            lazy("If answers are to go back, give the address that takes them."),
        ),
        permissions=((lazy("None"), lazy("the secret alone says that a request is to be believed")),),
        group="other",
    )
    abilities: ClassVar[Abilities] = Abilities(
        public=True, private=True, threads=True, subject=True, idempotent=True, naming="name"
    )
    fields: ClassVar[Sequence[Field]] = (
        Field(
            "style", lazy("How requests are signed"), "choice", default="standard",
            choices=(
                ("standard", lazy("Standard Webhooks")), ("hmac", lazy("HMAC of the body in a header")),
                ("token", lazy("A token in a header")),
            ),
        ),
        Field("secret", lazy("Secret"), "secret", lazy("For Standard Webhooks: whsec_ and base64."), required=True),
        Field("header", lazy("Header of the signature"), help=lazy("Not for Standard Webhooks. X-Signature, say.")),
        Field(
            "algorithm", lazy("Algorithm of the HMAC"), "choice", default="sha256",
            choices=(("sha256", "SHA-256"), ("sha512", "SHA-512"), ("sha1", "SHA-1")),
        ),
        Field("id_header", lazy("Header that names a delivery"), help=lazy("So that a repeated one is known again.")),
        Field(
            "text", lazy("Text"), required=True,
            help=lazy('A path such as $.form.message, a constant as in "Shop", or a text with {{$.paths}}.'),
        ),
        Field("id", lazy("Name of the message there"), help=lazy("What the other system calls it: $.id, say.")),
        Field("author", lazy("Author's name")),
        Field("email", lazy("Author's e-mail")),
        Field("phone", lazy("Author's telephone number"), help=lazy("With its country: +49 30 1234567.")),
        Field("handle", lazy("Author's name there"), help=lazy("A user name or a customer number.")),
        Field("subject", lazy("Subject")),
        Field("thread", lazy("Thread"), help=lazy("What is the same for all messages of one conversation.")),
        Field("time", lazy("Time"), help=lazy("ISO 8601, or seconds since 1970.")),
        Field("url", lazy("Page of the message")),
        Field("public", lazy("Whether it is public"), help=lazy('true, yes, 1 or public mean that it is.')),
        Field("out", lazy("Address for answers"), "url", lazy("Answers are posted there, signed. Empty: none.")),
        Field("out_secret", lazy("Secret for answers"), "secret", lazy("whsec_..., if not the one above.")),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """Every required field, a usable secret, paths that can be read, an address that is one."""
        super().check(account)
        signing.check(account)
        mapping.check(account.config, {field.name: str(field.label) for field in self.fields})
        out = _out(account)
        if out and not out.startswith(("https://", "http://")):
            raise Invalid("Address for answers: this is no address.", "It begins with https://.")

    def test(self, account: Account) -> Sequence[str]:
        """Whether the address for answers takes a signed event that says nothing ("channel.test")."""
        if not _out(account):
            return [lazy("Requests that are signed with the secret are taken. Answers have no address to go to.")]
        body = orjson.dumps({"type": "channel.test", "timestamp": now().isoformat(), "data": {}})
        answer = http.ask("POST", _out(account), **_request(account, f"test-{uuid4()}", body))
        _raise_for(answer)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "text/html":
            raise ChannelError("The address for answers shows a page.", "Enter one for machines.", permanent=False)
        if kind == "application/json" and answer.body.strip():
            answer.json()
        return [lazy("Requests that are signed with the secret are taken."), lazy("The address for answers is well.")]

    def identify(self, account: Account) -> Mapping[str, str]:
        """The address for answers, which stands for the system there."""
        return {"address": account.address or _out(account)[:254]}

    def per_minute(self, account: Account) -> int:
        """Sixty, where answers have an address."""
        return 60 if _out(account) else 0

    def receive(self, account: Account, hook: Hook) -> Received:
        """One request, once it is believed. It is kept as it came; its mapping may still change."""
        if hook.method not in ("POST", "PUT"):
            raise HookRefused("This address takes POST.", status=405)
        if len(hook.body) > mapping.BYTES_MAX:
            raise HookRefused("The body is too large.", status=413)
        signing.verify(account, hook)
        kind = hook.headers.get("content-type", "")[:200]
        return Received([Incoming(_delivery(account, hook), hook.body, {"type": kind})], b"kept")

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """See `parse.parse`."""
        return parse.parse(account, item)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The event "message.sent" (docs/channels/webhook.md has its shape). Raises Invalid without an address."""
        if not _out(account):
            raise Invalid("This channel has no address for answers.", "Enter one in its settings.")
        if not draft.text.strip():
            raise Invalid("There is nothing to send.", "Write something.")
        key = draft.key or draft.external_id or str(draft.conversation_id)
        said = {
            "id": key, "conversation": str(draft.conversation_id), "text": draft.text, "subject": draft.subject,
            "author": {"name": draft.author}, "to": [{"name": name, "address": to} for name, to in draft.to],
            "in_reply_to": draft.answering.get("id", ""), "thread": draft.answering.get("thread", ""),
            "public": draft.public, "automatic": draft.automatic,
        }  # fmt: skip
        return Outgoing(orjson.dumps({"type": "message.sent", "timestamp": draft.at.isoformat(), "data": said}))

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """POST it. `webhook-id` is the delivery's own key: whoever gets it twice knows it (Standard Webhooks)."""
        data = orjson.loads(outgoing.body)["data"]
        request = _request(account, data["id"], outgoing.body)
        about_to_send()
        answer = http.attempt("POST", _out(account), **request)
        _raise_for(answer)
        given = _answered(answer.body)
        name, url = given.get("id", ""), given.get("url", "")
        names = dict.fromkeys(parse.external(account, one) for one in (name, data["id"]) if one)
        return Sent(
            f"It was taken ({answer.status}).", list(names), url,
            {"id": name or data["id"], "thread": data["thread"] or data["in_reply_to"]},
        )  # fmt: skip


def _out(account: Account) -> str:
    value = account.config.get("out")
    return value.strip() if isinstance(value, str) else ""


def _request(account: Account, message_id: str, body: bytes) -> dict[str, Any]:
    """Redirects are not followed: they would turn a POST into a GET that looks like a success."""
    try:
        signed = signing.headers(account, message_id, now(), body)
    except Invalid as error:
        raise ChannelError(error.message, error.hint, permanent=True) from error
    return {"data": body, "headers": {"Content-Type": "application/json", **signed}, "allow_redirects": False}


def _raise_for(answer: http.Answer) -> None:
    if 300 <= answer.status < 400:
        raise ChannelError("The address for answers has moved.", "Enter the new one.", permanent=True)
    if answer.status in _ABOUT_THE_MESSAGE:
        why = mapping.clean(answer.body[:300].decode("utf-8", "replace"))
        raise MessageRefused(f"It was refused ({answer.status}): {why}", permanent=True)
    http.check(answer)


def _answered(body: bytes) -> dict[str, str]:
    """What the other system may say of the message it took: {"id": ..., "url": ...}; anything else is left alone."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    texts = {name: one for name, one in found.items() if isinstance(one, str)} if isinstance(found, dict) else {}
    given = found.get("id") if isinstance(found, dict) else None
    number = str(given) if isinstance(given, int) and not isinstance(given, bool) else ""
    url = texts.get("url", "")[:_LINK_MAX]
    return {
        "id": mapping.clean(texts.get("id", number)),
        "url": mapping.clean(url, _LINK_MAX) if url.startswith(("https://", "http://")) else "",
    }


def _delivery(account: Account, hook: Hook) -> str:
    """The delivery's own name; where it has none, the same bytes are the same delivery."""
    header = account.config.get("id_header")
    named = header.strip().lower() if isinstance(header, str) else ""
    if signing.style_of(account) == "standard":
        named = "webhook-id"
    given = hook.headers.get(named, "").strip() if named else ""
    return item_id(mapping.clean(given)) if given else sha256(hook.body).hexdigest()
