"""The kind "whatsapp": a business number of the WhatsApp Business Platform (Cloud API)."""

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar

import orjson

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    ChannelError,
    Draft,
    Field,
    Files,
    Hook,
    HookRefused,
    Incoming,
    Invalid,
    Kind,
    Length,
    OutcomeUnknown,
    Outgoing,
    Received,
    Said,
    Sent,
    lazy,
)
from rapport.channels.kinds.whatsapp import compose, parse
from rapport.channels.kinds.whatsapp.api import SERVER, Line
from rapport.channels.kinds.whatsapp.pieces import message_id, pieces
from rapport.channels.kinds.whatsapp.values import phone, text

_MB = 1024 * 1024


class WhatsAppConnector(Kind):
    """Webhooks in, the messages endpoint out."""

    kind: ClassVar[str] = "whatsapp"
    label: ClassVar[Any] = lazy("WhatsApp")
    about: ClassVar[About] = About(
        summary=lazy(
            "A business number on WhatsApp (Cloud API): people write to it, and are answered within 24 hours."
        ),
        proof="contract-tested",
        steps=(
            lazy("At developers.facebook.com, make an app of the type Business and add WhatsApp to it."),
            lazy("Add your phone number there and copy its Phone number ID, not the number itself."),
            lazy("In the business settings, make a system user with app and account, and a token that never expires."),
            lazy("Copy the app secret from the app's basic settings."),
            lazy("There, under WhatsApp > Configuration, enter this channel's webhook address and your verify token."),
            lazy(
                "There, subscribe to the field messages (and smb_message_echoes if the number is also used in the app)."
            ),
        ),
        permissions=(
            ("whatsapp_business_messaging", lazy("to receive and send messages")),
            ("whatsapp_business_management", lazy("to read the name and state of the number")),
        ),
        terms=lazy(
            "Meta charges for each delivered message by category and country; since October 2026 also for answers "
            "(category Service). Outside of 24 hours after a person's last message only approved templates are taken. "
            "People must have agreed to hear from you (WhatsApp Business Messaging Policy)."
        ),
        group="messengers",
    )
    abilities: ClassVar[Abilities] = Abilities(
        undo_s=0,
        threads=False, reactions=True, receipts=True, splits=True, naming="name",
        length=Length(compose.LENGTH),
        files=Files(
            5, compose.FILE_BYTES_MAX, (*compose.PICTURES, *compose.SOUNDS, *compose.FILMS, *compose.DOCUMENTS)
        ),
    )  # fmt: skip
    fields: ClassVar[Sequence[Field]] = (
        Field("phone_number_id", lazy("Phone number ID"), help=lazy("Digits; not the phone number."), required=True),
        Field("token", lazy("Access token"), "secret", lazy("Of a system user."), required=True),
        Field("app_secret", lazy("App secret"), "secret", lazy("Proves that webhooks come from Meta."), required=True),
        Field("verify_token", lazy("Verify token"), "secret", lazy("Any word; enter the same at Meta."), required=True),
        Field("server", lazy("Graph API"), "url", lazy("Only its version ever changes."), default=SERVER),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """The id is digits; an address has http or https."""
        super().check(account)
        if not re.fullmatch(r"\d{5,30}", str(account.config.get("phone_number_id", "")).strip()):
            raise Invalid("Phone number ID: this is none.", "It is made of digits only, and is not the number itself.")
        if not str(account.config.get("server") or SERVER).startswith(("https://", "http://")):
            raise Invalid("Graph API: this is no address.", f"It is usually {SERVER}.")

    def test(self, account: Account) -> Sequence[str]:
        """That the token may use the number."""
        about = Line(account).about()
        quality = text(about.get("quality_rating"), 40)
        lines = [f"{text(about.get('display_phone_number'), 40)}: {text(about.get('verified_name'))}."]
        return [*lines, *([f"Quality, says WhatsApp: {quality.lower()}."] if quality else [])]

    def identify(self, account: Account) -> Mapping[str, str]:
        """The number in E.164, and the name that people see."""
        about = Line(account).about()
        number = phone(re.sub(r"\D", "", text(about.get("display_phone_number"), 40)))
        return {"address": number, "id": text(about.get("id"), 40), "name": text(about.get("verified_name"))}

    def receive(self, account: Account, hook: Hook) -> Received:
        """The question that Meta asks once, or one request, cut into its pieces."""
        if hook.method == "GET":
            return _verified(account, hook)
        given = hook.headers.get("x-hub-signature-256", "")
        secret = str(account.secrets.get("app_secret", "")).strip().encode()
        good = f"sha256={hmac.new(secret, hook.body, sha256).hexdigest()}"
        if hook.method != "POST" or not secret or not hmac.compare_digest(given.encode(), good.encode()):
            raise HookRefused("This does not come from Meta.")
        return Received(pieces(hook.body))

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """See `parse.parse`."""
        return parse.parse(account, item)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The requests of one answer, in order."""
        for file in draft.files:
            if len(file.data) > compose.FILE_BYTES_MAX:
                raise Invalid(
                    f"{file.filename} is too large.", f"WhatsApp takes {compose.FILE_BYTES_MAX // _MB} MB here."
                )
        whom, parts = compose.parts(draft)
        whole = {"line": text(draft.answering.get("line"), 40), "whom": whom, "parts": parts}
        return Outgoing(orjson.dumps(whole), files=tuple(draft.files))

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The texts, as `prepare` cuts and signs them."""
        return [one["text"]["body"] for one in orjson.loads(self.prepare(account, draft).body)["parts"]]

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Files are brought there first, unseen; then each message once.

        A part that fails after another arrived is OutcomeUnknown: a person looks.
        """
        whole = orjson.loads(outgoing.body)
        line, whom, parts = Line(account, whole["line"]), whole["whom"], list(whole["parts"])
        parts += [compose.file_part(whom, file, line.upload(file)) for file in outgoing.files]
        about_to_send()
        names: list[str] = []
        for part in parts:
            try:
                names.append(line.send(part))
            except ChannelError as error:
                if not names:
                    raise
                words = f"{len(names)} of {len(parts)} parts have gone, then: {error.message}"
                raise OutcomeUnknown(words, "Send what is missing as a new message.", permanent=False) from error
        answer = {"line": whole["line"], "message": names[0], **_where(whom)}
        return Sent("WhatsApp has it.", [message_id(one) for one in names], answer=answer)


def _where(whom: Mapping[str, Any]) -> Mapping[str, Any]:
    if whom["recipient_type"] == "group":
        return {"group": whom["to"]}
    return {name: whom[name] for name in ("to", "recipient") if name in whom}


def _verified(account: Account, hook: Hook) -> Received:
    """Meta asks with the verify token, and wants its challenge back."""
    wanted = str(account.secrets.get("verify_token", "")).strip()
    given = hook.query.get("hub.verify_token", "")
    asked = hook.query.get("hub.mode") == "subscribe" and wanted
    if not asked or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise HookRefused("This is not the verify token of this channel.", status=403)
    return Received(body=text(hook.query.get("hub.challenge")).encode())
