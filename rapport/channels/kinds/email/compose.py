"""Write an e-mail (RFC 5322) from a draft. Pure."""

import html as markup
import re
from collections.abc import Iterable, Sequence
from datetime import UTC
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime

from rapport.channels.base import Account, Draft, File, Quoted
from rapport.channels.kinds.email import replyaddress
from rapport.channels.kinds.email.model import ParsedMail
from rapport.channels.kinds.email.settings import EmailSettings
from rapport.core.errors import Invalid
from rapport.core.ids import new_id

REFERENCES_MAX = 30
_RE = re.compile(r"^\s*(re|aw|sv|antw|r|ref|odp|vs)(\[\d+\]|\(\d+\))?\s*:\s*", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_CONTENT_ID = re.compile(r"[A-Za-z0-9._+-]{1,120}@[A-Za-z0-9.-]{1,120}")
_MESSAGE_IDS = ("message-id", "in-reply-to", "references")
_ROBOTS = re.compile(
    r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|.*-(bounces?|request|owner))([+-].*)?$"
)


class _Policy(EmailPolicy):
    """SMTP's line ends, seven bits, and Message-IDs left whole: the standard library would encode long ones
    as words.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in _MESSAGE_IDS:
            folded = "\r\n ".join(value.split())
            return f"{name}: {folded}\r\n".encode()
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n", cte_type="7bit", max_line_length=78)


def new_message_id(address: str) -> str:
    """A new Message-ID, without angle brackets, of the domain that `address` belongs to."""
    return f"rapport.{new_id()}@{_ascii_domain(address.rpartition('@')[2]) or 'localhost'}"


def compose(account: Account, settings: EmailSettings, draft: Draft, secret: str) -> bytes:
    """The draft as one mail with CRLF line ends. Raises Invalid where a header cannot be written safely."""
    mail = EmailMessage(policy=_policy_for(draft))
    mail["From"] = _mailbox(
        (settings.from_name.format(member=draft.author, channel=account.name), account.address)
    )
    mail["To"] = [_mailbox(pair) for pair in draft.to]
    if draft.cc:
        mail["Cc"] = [_mailbox(pair) for pair in draft.cc]
    if settings.signed_reply:
        mail["Reply-To"] = _mailbox(("", replyaddress.sign(account.address, draft.conversation_id, secret)))
    mail["Subject"] = subject(draft.subject, is_reply=bool(draft.in_reply_to))
    mail["Date"] = format_datetime(draft.at.astimezone(UTC))
    _write_ids(mail, draft)
    if draft.automatic:
        mail["Auto-Submitted"] = "auto-replied" if draft.in_reply_to else "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
    quoted = draft.quoted if settings.quote_history else None
    mail.set_content(_text(draft, quoted), cte=None)
    if draft.html:
        mail.add_alternative(_html(draft, quoted), subtype="html")
    shown = [file for file in draft.files if draft.html and _is_shown(file, draft.html)]
    for file in shown:
        _show(mail, file)
    for file in draft.files:
        if file not in shown:
            _attach(mail, file)
    return mail.as_bytes()


def subject(text: str, *, is_reply: bool) -> str:
    """The subject with exactly one `Re: ` before it if this is a reply. Raises Invalid for more than one
    line.
    """
    _one_line("subject", text)
    if not is_reply:
        return text.strip()
    while found := _RE.match(text):
        text = text[found.end() :]
    return f"Re: {text.strip()}".strip()


def references(parent_id: str, parent_references: Sequence[str]) -> list[str]:
    """The References of an answer (RFC 5322, section 3.6.4): the first and the newest, when there are too
    many.
    """
    chain = list(dict.fromkeys([*parent_references, parent_id] if parent_id else parent_references))
    return chain if len(chain) <= REFERENCES_MAX else [chain[0], *chain[-(REFERENCES_MAX - 1) :]]


def may_auto_reply(mail: ParsedMail, envelope_from: str | None = None, ours: Iterable[str] = ()) -> bool:
    """Whether a machine may answer this mail (RFC 3834, section 2): never a machine, a list, a bounce or
    ourselves.

    `envelope_from` is the return path, "" the null one, None unknown; `ours` are our own addresses.
    """
    if mail.kind != "message" or mail.list_id or mail.from_ is None or envelope_from == "":
        return False
    if mail.auto_submitted and mail.auto_submitted.partition(";")[0].strip().lower() != "no":
        return False
    own = {address.lower() for address in ours}
    senders = [
        mail.from_.address,
        *(a.address for a in mail.reply_to),
        *([envelope_from] if envelope_from else []),
    ]
    return not any(_is_robot(a) or a.lower() in own or replyaddress.bare(a.lower()) in own for a in senders)


def _is_robot(address: str) -> bool:
    return bool(_ROBOTS.match(address.rpartition("@")[0].lower()))


def _policy_for(draft: Draft) -> EmailPolicy:
    everyone = [*draft.to, *draft.cc]
    return _POLICY if all(a.rpartition("@")[0].isascii() for _, a in everyone) else _POLICY.clone(utf8=True)


def _mailbox(pair: tuple[str, str]) -> HeaderAddress:
    name, address = _one_line("name", pair[0]), _one_line("address", pair[1])
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or any(c in address for c in ' ,;<>"()'):
        raise Invalid(
            f"{address!r} is no address a mail can be sent to.", "It should look like name@example.com."
        )
    return HeaderAddress(_clean(name), local, _ascii_domain(domain))


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode()
    except UnicodeError as error:
        raise Invalid(f"{domain!r} is no domain a mail can be sent to.", "") from error


def _one_line(what: str, text: str) -> str:
    if _CONTROL.search(text):
        raise Invalid(f"The {what} holds a line break or a control character.", "Write it on one line.")
    return text


def _write_ids(mail: EmailMessage, draft: Draft) -> None:
    mail["Message-ID"] = _id(draft.external_id)
    if draft.in_reply_to:
        mail["In-Reply-To"] = _id(draft.in_reply_to)
    chain = references(draft.in_reply_to, draft.references)
    if chain:
        mail["References"] = " ".join(_id(one) for one in chain)


def _id(message_id: str) -> str:
    """In angle brackets. Raises Invalid for what would break the header."""
    bare = _one_line("Message-ID", message_id).strip().strip("<>")
    if not bare or any(c.isspace() for c in bare):
        raise Invalid(f"{message_id!r} is no Message-ID.", "")
    return f"<{bare}>"


def _text(draft: Draft, quoted: Quoted | None) -> str:
    parts = [_clean(draft.text).rstrip()]
    signature = draft.signature.strip() or draft.author
    if signature:
        parts.append(f"-- \n{_clean(signature)}")
    if quoted:
        lines = "\n".join(f"> {line}".rstrip() for line in _clean(quoted.text).splitlines())
        parts.append(f"{_said(quoted)}\n{lines}")
    return "\n\n".join(parts) + "\n"


def _html(draft: Draft, quoted: Quoted | None) -> str:
    parts = [f'<div dir="auto">{_clean(draft.html)}</div>']
    signature = draft.signature.strip() or draft.author
    if signature:
        parts.append(f'<div class="signature">-- <br>{_lines(signature)}</div>')
    if quoted:
        parts.append(f"<p>{markup.escape(_said(quoted))}</p><blockquote>{_lines(quoted.text)}</blockquote>")
    return "<!doctype html><html><body>\n" + "\n".join(parts) + "\n</body></html>\n"


def _said(quoted: Quoted) -> str:
    return f"On {quoted.at:%a, %d %b %Y at %H:%M %Z}, {_clean(quoted.name)} wrote:"


def _lines(text: str) -> str:
    return markup.escape(_clean(text)).replace("\n", "<br>\n")


def _clean(text: str) -> str:
    """Without NUL and lone surrogates, which no mail can carry."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _is_shown(file: File, html: str) -> bool:
    """Whether the file is a picture that the HTML shows where it stands."""
    return file.inline and bool(_CONTENT_ID.fullmatch(file.content_id)) and f'"cid:{file.content_id}"' in html


def _show(mail: EmailMessage, file: File) -> None:
    """Put a picture beside the HTML that shows it (RFC 2387)."""
    kind = file.content_type.lower()
    maintype, _, subtype = kind.partition("/") if _CONTENT_TYPE.fullmatch(kind) else ("application", "", "octet-stream")
    html = next(part for part in mail.walk() if part.get_content_type() in ("multipart/related", "text/html"))
    html.add_related(
        file.data, maintype=maintype, subtype=subtype, cid=f"<{file.content_id}>", disposition="inline",
        filename=_filename(file),
    )  # fmt: skip


def _filename(file: File) -> str:
    return _CONTROL.sub("_", _clean(file.filename)).replace("/", "_").strip() or "attachment"


def _attach(mail: EmailMessage, file: File) -> None:
    kind = file.content_type.lower().partition(";")[0].strip()
    if not _CONTENT_TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        kind = "application/octet-stream"
    maintype, _, subtype = kind.partition("/")
    mail.add_attachment(file.data, maintype=maintype, subtype=subtype, filename=_filename(file))
