"""A chat window and a contact form on the company's own site.

Nothing is collected: the pages that visitors reach (`web.webchat`) hand over what they write. What a member answers is
in our own database already, and the visitor's page fetches it from there; so to send is to say that it may be shown.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    Author,
    Draft,
    Field,
    Files,
    Incoming,
    Invalid,
    Kind,
    Length,
    Media,
    Message,
    Outgoing,
    Receipt,
    Said,
    Sent,
    Unreadable,
    lazy,
)
from rapport.channels.kinds.webchat import names
from rapport.channels.kinds.webchat.identity import SECRET_CHARS_MIN, email_of, line_of

TEXT_MAX = 20_000
FILE_BYTES_MAX = 10 * 1024 * 1024
CONVERSATIONS_MAX = 999
NAME = re.compile(r"[A-Za-z0-9_-]{8,64}")
_VISITOR = re.compile(r"[uv][a-z2-7]{25}")
_OUT = re.compile(r"webchat:[A-Za-z0-9_-]{16,64}/out/[A-Za-z0-9-]{1,64}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_BODY_MAX = 40 * 1024 * 1024


class WebChatConnector(Kind):
    """The chat window and the contact form."""

    kind = names.KIND
    label = lazy("Web chat and contact form")
    about = About(
        lazy("A small chat window for your site, and a form for pages without scripts. No cookies, no third party."),
        "real server",
        steps=(
            lazy("Name the sites that may show it, and save."),
            lazy("Open the chat's own page here, copy the line of HTML, and paste it before </body> on your site."),
            lazy("If your site has a Content-Security-Policy, add the directives shown there."),
            lazy("To know signed-in customers by name, let your server sign a token with the secret."),
        ),
        group="site",
    )
    abilities = Abilities(
        undo_s=0,
        replies=True, private=True, receipts=True, idempotent=True, naming="name", length=Length(TEXT_MAX),
        files=Files(10, FILE_BYTES_MAX),
    )  # fmt: skip
    fields = (
        Field(
            "origins", lazy("Sites"), "lines", required=True,
            help=lazy("One a line, such as https://www.example.org. Other sites cannot use the chat."),
        ),
        Field("title", lazy("Title"), help=lazy("Stands above the chat; the company's name where it is empty.")),
        Field("greeting", lazy("Greeting"), help=lazy("The first words in the window.")),
        Field("color", lazy("Color"), default="#0b665b", help=lazy("Such as #0b665b. Text on it is made readable.")),
        Field(
            "position", lazy("Position"), "choice", default="end",
            choices=(("end", lazy("At the end of the line")), ("start", lazy("At its start"))),
        ),
        Field(
            "hours", lazy("Business hours"),
            help=lazy("The name of the hours in which somebody answers at once; always where it is empty."),
        ),
        Field(
            "mail_channel", lazy("E-mail channel"),
            help=lazy("The name of the mailbox that answers go out by when the visitor has left. Needed for the form."),
        ),
        Field("privacy_url", lazy("Privacy notice"), "url", help=lazy("Linked where the first message is written.")),
        Field(
            "identity_secret", lazy("Secret for known users"), "secret",
            help=lazy("Your server signs tokens with it (HS256); 32 characters at least."),
        ),
        Field("key", lazy("Public key"), help=lazy("Made by itself. Write another to retire the old one.")),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """Sites, color, secret and key are such as can be used."""
        super().check(account)
        if not names.origins(account.config):
            raise Invalid("No site is named.", "Name the sites that show the chat.")
        color = str(account.config.get("color") or "").strip()
        if color and not _COLOR.fullmatch(color):
            raise Invalid(f"{color[:40]!r} is no color.", "Write it as #0b665b.")
        secret = account.secrets.get("identity_secret", "")
        if secret and len(secret) < SECRET_CHARS_MIN:
            raise Invalid("The secret for known users is short.", f"Give it {SECRET_CHARS_MIN} random characters.")
        key = str(account.config.get("key") or "").strip()
        if key and not names.is_key(key):
            raise Invalid("This public key cannot be used.", "Take 16 to 64 letters and digits, or leave it out.")

    def test(self, account: Account) -> Sequence[str]:
        """The sites as they were understood."""
        return [f"The chat may be shown on {origin}." for origin in names.origins(account.config)]

    def identify(self, account: Account) -> Mapping[str, str]:
        """The first site's name, and the public key."""
        found = names.origins(account.config)
        address = found[0].partition("://")[2] if found else ""
        return {"address": address, "key": names.public_key(account.id, account.config)}

    def per_minute(self, account: Account) -> int:
        """Nobody else counts; enough for many who chat at once."""
        return 600

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """What a visitor wrote, or that they have seen what we wrote."""
        given = _read(item.body)
        return [_receipt(given)] if given.get("type") == "read" else [_message(account, given)]

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """Who it is shown to. Raises Invalid where nobody has written yet."""
        visitor, key = str(draft.answering.get("visitor") or ""), str(draft.answering.get("key") or "")
        if not _VISITOR.fullmatch(visitor) or not names.is_key(key):
            raise Invalid("A chat is begun by the visitor.", "Answer a message of theirs.")
        if len(draft.text) > TEXT_MAX:
            raise Invalid(f"The answer has {len(draft.text):,} characters.", f"Keep it under {TEXT_MAX:,}.")
        shown = {
            "id": names.outgoing(key, draft.key), "text": draft.text,
            "answer": {
                name: draft.answering[name]
                for name in ("key", "visitor", "conversation", "email", "name")
                if draft.answering.get(name)
            },
        }  # fmt: skip
        return Outgoing(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS), recipients=(visitor,), files=draft.files)

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Say that it may be shown; whoever has the chat open is told to look."""
        shown = orjson.loads(outgoing.body)
        about_to_send()
        answer = shown["answer"]
        kept = {**answer, "ear": names.ear(answer["key"], answer["visitor"])}
        return Sent("It is in the chat.", [shown["id"]], answer=kept)


def _read(body: bytes) -> dict[str, Any]:
    if len(body) > _BODY_MAX:
        raise Unreadable("It is too large.")
    try:
        given = orjson.loads(body)
    except ValueError as error:
        raise Unreadable("It is no JSON.") from error
    if not isinstance(given, dict):
        raise Unreadable("It is no JSON object.")
    return given


def _receipt(given: Mapping[str, Any]) -> Receipt:
    external_id = given.get("id")
    if not isinstance(external_id, str) or not _OUT.fullmatch(external_id):
        raise Unreadable("It says that something was read, but not what.")
    return Receipt(external_id, "read", _moment(given.get("at")))


def _message(account: Account, given: Mapping[str, Any]) -> Message:
    key, visitor, name = (str(given.get(one) or "") for one in ("key", "visitor", "id"))
    if not (names.is_key(key) and _VISITOR.fullmatch(visitor) and NAME.fullmatch(name)):
        raise Unreadable("It does not say who wrote it, and in which chat.")
    files = _files(given.get("files"))
    text = _text(given.get("text"))
    if not text and not files:
        raise Unreadable("It says nothing.")
    author, email = _author(visitor, given)
    number = _number(given.get("conversation"))
    answer = {"key": key, "visitor": visitor, "conversation": number, "email": email, "name": author.name}
    language = str(given.get("language") or "")[:35]
    return Message(
        external_id=names.incoming(key, visitor, name),
        author=author,
        text=text,
        at=_moment(given.get("at")),
        subject=line_of(given.get("subject"), 200),
        refers_to=(names.room(key, visitor, number),),
        recipients={
            "from": [(author.name, email or visitor)],
            "to": [("", account.address)] if account.address else [],
        },
        delivered_to=(account.address,) if account.address else (),
        url=_page(given.get("page")),
        language=language if _LANGUAGE.fullmatch(language) else "",
        files=files,
        answer={name: value for name, value in answer.items() if value},
    )


def _author(visitor: str, given: Mapping[str, Any]) -> tuple[Author, str]:
    """Who it is, and the address for an answer. An address that was only typed proves nothing: it makes nobody."""
    known = given.get("known")
    if isinstance(known, dict):
        email, name = email_of(known.get("email")), line_of(known.get("name"), 120)
        if email:
            return Author("email", email, written=email, name=name, verified=("token",)), email
        return Author("visitor", visitor, written=visitor, name=name, verified=("token",)), ""
    name = line_of(given.get("name"), 120)
    return Author("visitor", visitor, written=visitor, name=name), email_of(given.get("email"))


def _files(given: Any) -> tuple[Media, ...]:
    found = []
    for one in given[:10] if isinstance(given, list) else ():
        data = _bytes(one.get("data")) if isinstance(one, dict) else b""
        if data:
            name = line_of(one.get("name"), 200).replace("/", "_").replace("\\", "_") or "file"
            kind = line_of(one.get("type"), 100)
            found.append(Media(name, kind, data=data, size=len(data), sha256=sha256(data).hexdigest()))
    return tuple(found)


def _bytes(given: Any) -> bytes:
    if not isinstance(given, str) or len(given) > FILE_BYTES_MAX * 4 // 3 + 8:
        return b""
    try:
        return b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _text(given: Any) -> str:
    text = given[:TEXT_MAX] if isinstance(given, str) else ""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8").strip()


def _number(given: Any) -> int:
    whole = isinstance(given, int) and not isinstance(given, bool)
    return given if whole and 1 <= given <= CONVERSATIONS_MAX else 1


def _page(given: Any) -> str:
    page = line_of(given, 500)
    return page if page.startswith(("https://", "http://")) and " " not in page else ""


def _moment(given: Any) -> datetime | None:
    if not isinstance(given, str) or len(given) > 40:
        return None
    try:
        at = datetime.fromisoformat(given)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None
