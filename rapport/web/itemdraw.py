"""The entries of a timeline, drawn in Python: thirty messages by a template are most of what a conversation costs.

Every value that anybody wrote goes through `escape`; words of ours are translated once for all entries of a page. What
became of an answer is a template's (`delivery.html`), since few entries have it to tell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rapport.conversations.models import Attachment, Direction, Message
from rapport.web import aboutdraw, locales
from rapport.web.faces import avatar
from rapport.web.icons import icon
from rapport.web.timeline import Item

_NOWHERE = UUID(int=0)
_SWAP = 'hx-target="#detail" hx-swap="innerHTML show:none"'


@dataclass(frozen=True)
class Around:
    """What all entries of a page share. `query` goes behind addresses; `token` is the form's secret, as a field;
    `delivery` draws what became of an answer; `age` how long ago something was."""

    conversation_id: UUID
    can_write: bool
    query: str
    token: str
    delivery: Callable[[Item], str]
    age: Callable[..., str]


@dataclass(frozen=True)
class _Words:
    choose: str
    note: str
    kinds: dict[str, str]
    machine: str
    to: str
    copy: str
    only_files: str
    erased: str
    files: str
    file: str
    not_kept: str
    recording: str
    transcript: str
    whole: str
    alone: str
    nothing: str
    undo: str
    undo_what: str


def draw(items: Sequence[Item], around: Around) -> SafeString:
    """The entries, one after another."""
    words = _words()
    lines = (_message(one, one.message, around, words) if one.message else _event(one, around, words) for one in items)
    return mark_safe("\n".join(lines))  # noqa: S308 - escaped below


def _words() -> _Words:
    return _Words(
        choose=_("Choose the message of %(who)s, %(when)s"),
        note=_badge(_("Note, colleagues only"), "badge-warn", str(icon("micro", "lock-closed", 12))),
        kinds={
            "auto_reply": _badge(_("Automatic reply")),
            "bounce": _badge(_("Delivery report"), "badge-danger"),
            "list": _badge(_("Mailing list")),
            "abuse_report": _badge(_("Abuse report"), "badge-warn"),
            "call": _badge(_("Call"), "badge-info", str(icon("micro", "phone", 12))),
        },
        machine=_badge(_("Drafted by a machine"), "badge-info"),
        to=_("to"),
        copy=_("copy to"),
        only_files=_("(nothing but what is attached)"),
        erased=_("(erased)"),
        files=escape(_("Attachments")),
        file=_("file"),
        not_kept=_("%(size)s, over the limit, not kept"),
        transcript=_("What a machine heard; (?) marks words it was not sure of"),
        recording=_("Recording: %(name)s"),
        whole=escape(_("Show the whole message")),
        alone=escape(_("Open it on its own page")),
        nothing=_("(no subject)"),
        undo=escape(_("Undo")),
        undo_what=_("Undo: %(what)s"),
    )


def _badge(text: str, kind: str = "", drawn: str = "") -> str:
    return f'<span class="{f"badge {kind}".strip()}">{drawn}{escape(text)}</span>'


def _message(item: Item, message: Message, around: Around, words: _Words) -> str:
    who = item.who
    face = avatar(who) if message.direction == Direction.IN else avatar(who, "member")
    nothing = words.erased if "erased" in (message.about or {}) else words.only_files
    body = item.body or escape(message.text or nothing)
    classes = "item-body rich" if item.body else "item-body"
    classes += " item-gone" if message.deleted_at else ""
    sent = around.delivery(item) if item.delivery else ""
    return (
        f'<li class="item item-{message.direction}" id="i-{item.id}" data-revision="{item.revision}">\n{face}\n'
        f'<div class="item-card">\n<div class="item-head">{_head(item, message, around, words)}</div>\n'
        f'{aboutdraw.warning(message)}'
        f'<div class="{classes}" dir="auto" data-said data-who="{escape(who)}">{body}</div>\n'
        f"{_files(item.attachments, around, words)}{aboutdraw.beside(message, item.before)}{sent}"
        f"{_problems(message)}{_more(item, message, around, words)}\n</div>\n</li>"
    )


def _head(item: Item, message: Message, around: Around, words: _Words) -> str:
    parts = [f'<span class="strong">{escape(item.who)}</span>']
    if around.can_write:
        said = escape(words.choose % {"who": item.who, "when": item.when})
        parts[0] = (
            f'<input class="item-check" type="checkbox" form="choosing" name="messages" value="{item.id}"'
            f' aria-label="{said}">{parts[0]}'
        )
    if message.direction == Direction.NOTE:
        parts.append(words.note)
    parts.append(words.kinds.get(message.kind, ""))
    parts.append(aboutdraw.marks(message))
    parts.append(words.machine if message.machine_drafted else "")
    parts.append(_badge(item.by) if item.by else "")
    parts.append(around.age(item.at))
    if message.direction == Direction.OUT and message.recipients.get("to"):
        parts.append(_recipients(message, words))
    return "\n".join(part for part in parts if part)


def _recipients(message: Message, words: _Words) -> str:
    to, cc = (", ".join(name or address for name, address in message.recipients.get(key) or ()) for key in ("to", "cc"))
    said = f"{words.to} {to}" + (f", {words.copy} {cc}" if cc else "")
    return f'<span class="item-to">{escape(said)}</span>'


def _files(files: Sequence[Attachment], around: Around, words: _Words) -> str:
    if not files:
        return ""
    lines = "".join(f"<li>{_file(one, around, words)}</li>" for one in files)
    return f'<ul class="files" aria-label="{words.files}">{lines}</ul>'


def _file(file: Attachment, around: Around, words: _Words) -> str:
    size = locales.size(file.size)
    name = f'{icon("mini", "paper-clip", 14)}<span class="clip">{escape(file.filename or words.file)}</span>'
    if not file.blob_id:
        return f'<span class="file faint">{name}{escape(words.not_kept % {"size": size})}</span>'
    url = reverse("attachment", args=[around.conversation_id, file.id])
    link = f'<a class="file" href="{url}" download>{name}<span class="faint nowrap">{escape(size)}</span></a>'
    if not file.content_type.startswith("audio/"):
        return link
    label = escape(words.recording % {"name": file.filename})
    heard = ""
    if file.transcript:
        heard = (
            f'<details class="transcript" open><summary>{escape(words.transcript)}</summary>'
            f'<p dir="auto">{escape(file.transcript)}</p></details>'
        )
    return f'<audio controls preload="none" src="{url}?play=1" aria-label="{label}"></audio>{heard}{link}'


def _problems(message: Message) -> str:
    count = len(message.problems)
    if not count:
        return ""
    said = ngettext("%(count)s oddity in this mail", "%(count)s oddities in this mail", count) % {"count": count}
    lines = "".join(f"<li>{escape(problem)}</li>" for problem in message.problems)
    return f'<div class="item-foot"><details><summary>{escape(said)}</summary><ul>{lines}</ul></details></div>'


def _more(item: Item, message: Message, around: Around, words: _Words) -> str:
    if not message.raw_item_id or not (message.has_html or message.has_more):
        return ""
    url = reverse("whole", args=[around.conversation_id, item.id])
    return (
        f'<details class="item-more" id="more-{item.id}"><summary>{words.whole}</summary>\n<div hx-get="{url}"'
        f' hx-trigger="toggle from:closest details once" hx-swap="innerHTML"><a href="{url}">{words.alone}</a></div>'
        "</details>"
    )


def _event(item: Item, around: Around, words: _Words) -> str:
    actor = f'<span class="soft">{escape(item.actor)}</span> ' if item.actor else ""
    other = ""
    if item.other:
        url = reverse("conversation", args=[item.other.id])
        other = f': <a href="{url}">{escape(item.other.subject or words.nothing)}</a>'
    undo = _undo(item, around, words) if item.undo and around.can_write else ""
    return (
        f'<li class="item item-event" id="i-{item.id}" data-revision="{item.revision}">{icon("mini", item.icon, 16)}'
        f'<div class="item-line"><span>{actor}{escape(item.phrase)}{other}</span>{around.age(item.at)}{undo}</div></li>'
    )


def _undo(item: Item, around: Around, words: _Words) -> str:
    query = escape(around.query)
    url, back = reverse("undo_event", args=[item.id]), reverse("conversation", args=[around.conversation_id])
    return (
        f'<form method="post" action="{url}{query}" hx-post="{url}{query}" {_SWAP}>{around.token}'
        f'<input type="hidden" name="next" value="{back}{query}"><button class="button-link"'
        f' aria-label="{escape(words.undo_what % {"what": item.phrase})}">{words.undo}</button></form>'
    )
