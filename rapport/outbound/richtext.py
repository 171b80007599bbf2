"""What members write: HTML of few tags, and the same as plain text. Pure.

The editor's HTML is sanitised (nh3), brought into one form, and read as text by the same walk, so that the two parts of
a mail say the same. Reading what was read changes nothing. Images are named by Content-ID; mentions of members, teams
and conversations exist only in what colleagues read, and name a conversation by its id alone: who may not see it learns
nothing from the note.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from uuid import UUID

import nh3

from rapport.outbound import placeholders

_DEPTH_MAX = 40
# What was nested as nobody nests may need a second walk to come to rest.
_TURNS_MAX = 5
_SAME = {
    "strong": "b", "em": "i", "del": "s", "strike": "s", "p": "div", "h1": "div", "h2": "div", "h3": "div",
    "h4": "div", "h5": "div", "h6": "div", "tt": "code", "kbd": "code", "samp": "code", "ins": "u",
}  # fmt: skip
_INLINE = {"b", "i", "s", "u", "code"}
_BLOCKS = {"div", "ul", "ol", "li", "blockquote", "pre"}
_TAGS = {*_SAME, *_INLINE, *_BLOCKS, "a", "br", "img", "span", "mark"}
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "data-conversation"},
    "img": {"src", "alt", "data-cid"},
    "span": {"data-member", "data-team"},
    "mark": {"data-gap"},
    **{tag: {"dir"} for tag in ("div", "p", "ul", "ol", "li", "blockquote", "pre")},
}
_GONE = {"script", "style", "title", "head", "template", "noscript", "iframe", "object", "embed", "svg", "math"}
_SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\s<>\"]+", re.IGNORECASE)
_CID = re.compile(r"[A-Za-z0-9._+-]{1,120}@[A-Za-z0-9.-]{1,120}")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff\ufdd0-\ufdef\ufffe\uffff]|[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Rich:
    """What was written, in both forms, and what it names. `gaps` are placeholders still to be filled."""

    html: str
    text: str
    images: tuple[str, ...] = ()
    members: tuple[UUID, ...] = ()
    teams: tuple[UUID, ...] = ()
    conversations: tuple[UUID, ...] = ()
    gaps: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said: no word and no image."""
        return not self.text.strip() and not self.images


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[_Node | str]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Form:
    """How the pieces that depend on the place are written: stored, in the editor, or shown."""

    internal: bool
    image: Callable[[str, str], str]
    reference: Callable[[UUID], str]
    link: str = ""


def read(html: str, *, internal: bool = False) -> Rich:
    """The HTML of an editor in its two forms. `internal`: mentions are kept (notes); else they become words."""
    form = _Form(internal, _stored_image, lambda found: f"#{str(found)[-8:]}")
    written = html
    for _turn in range(_TURNS_MAX):
        before, written = written, _written(_tree(written), form)
        if written == before:
            break
    return _found(_tree(written), written, form)


def of_text(text: str) -> str:
    """HTML that says what a plain text says, line by line."""
    lines = _NOT_TEXT.sub("", text).replace("\r", "").strip("\n").split("\n")
    return "".join(f"<div>{_kept_spaces(line) or '<br>'}</div>" for line in lines)


def shown(
    html: str,
    image: Callable[[str], str | None],
    subject: Callable[[UUID], str | None],
    *,
    editing: bool = False,
) -> str:
    """Stored HTML for a page, sanitised once more. `image` gives the address of an image by Content-ID, `subject` the
    subject of a conversation for who sees it. `editing`: for the editor, which gives it back.
    """

    def picture(cid: str, alt: str) -> str:
        address = image(cid)
        if address is None:
            return f"[{escape(alt or 'image')}]"
        keep = f' data-cid="{escape(cid)}"' if editing else ' loading="lazy"'
        return f'<img src="{escape(address)}" alt="{escape(alt)}"{keep}>'

    def reference(found: UUID) -> str:
        known = subject(found)
        return f"#{known}" if known else f"#{str(found)[-8:]}"

    link = "" if editing else ' target="_blank" rel="noopener noreferrer nofollow"'
    return _written(_tree(html), _Form(True, picture, reference, link))


def references(htmls: Iterable[str]) -> set[UUID]:
    """The conversations that stored HTML names."""
    found = {one for html in htmls for one in _REFERENCE.findall(html)}
    return {UUID(one) for one in found}


def _tree(html: str) -> _Node:
    parser = _Parser()
    parser.feed(_CLEANER.clean(_NOT_TEXT.sub("", html)))
    parser.close()
    return parser.root


def _found(tree: _Node, written: str, form: _Form) -> Rich:
    nodes = list(_walk(tree))
    marked = [n.attributes.get("data-gap", "") for n in nodes if n.tag == "mark" and _is_gap(n)]
    text = "\n".join(_lines(tree.children, form)).replace("\xa0", " ").rstrip()
    gaps = dict.fromkeys([*(m for m in marked if m), *(p.name for p in placeholders.ours(text))])
    kept = nodes if form.internal else []
    return Rich(
        written, text.strip("\n"),
        images=tuple(dict.fromkeys(cid for n in nodes if n.tag == "img" and (cid := _cid(n)))),
        members=_ids(kept, "span", "data-member"), teams=_ids(kept, "span", "data-team"),
        conversations=_ids(kept, "a", "data-conversation"), gaps=tuple(gaps),
    )  # fmt: skip


class _Parser(HTMLParser):
    """Clean HTML as a tree of bounded depth; what lies deeper is laid into its ancestor."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Node("div")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1]
        node = _Node(_SAME.get(tag, tag), {name: value or "" for name, value in attrs})
        if len(self._open) > _DEPTH_MAX and tag not in ("br", "img"):
            node = parent
        else:
            parent.children.append(node)
        if tag not in ("br", "img"):
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if tag == "p" and len(self._open) <= _DEPTH_MAX:
            # Paragraphs have air between them; lines have not.
            self._open[-2].children.append(_Node("div", {"p": ""}, [_Node("br")]))
        if len(self._open) > 1:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def _written(node: _Node, form: _Form) -> str:
    children = _without_last_air(node.children)
    return "".join(_piece(child, form) for child in children)


def _piece(node: _Node | str, form: _Form) -> str:
    if isinstance(node, str):
        return escape(node, quote=False)
    if node.tag == "br":
        return "<br>"
    if node.tag == "img":
        cid = _cid(node)
        return form.image(cid, node.attributes.get("alt", "")[:200]) if cid else ""
    inner = _written(node, form)
    if node.tag in _BLOCKS:
        way = node.attributes.get("dir", "")
        inner = inner.lstrip("\n") if node.tag == "pre" else inner
        return f"<{node.tag}{f' dir={_quoted(way)}' if way in ('ltr', 'rtl', 'auto') else ''}>{inner}</{node.tag}>"
    if node.tag in _INLINE:
        return f"<{node.tag}>{inner}</{node.tag}>"
    return _special(node, inner, form)


def _special(node: _Node, inner: str, form: _Form) -> str:
    """Links, mentions and gaps."""
    given = node.attributes
    if node.tag == "a":
        conversation = _uuid(given.get("data-conversation", ""))
        if conversation and form.internal:
            name = escape(form.reference(conversation), quote=False)
            return f'<a href="/c/{conversation}/" data-conversation="{conversation}">{name}</a>'
        href = _href(node)
        return f"<a href={_quoted(href)}{form.link}>{inner}</a>" if href else inner
    if node.tag == "span" and form.internal:
        for name in ("data-member", "data-team"):
            mentioned = _uuid(given.get(name, ""))
            if mentioned:
                return f'<span {name}="{mentioned}">{inner}</span>'
    if node.tag == "mark" and _is_gap(node):
        return f"<mark data-gap={_quoted(given.get('data-gap', ''))}>{inner}</mark>"
    return inner


def _lines(nodes: "list[_Node | str]", form: _Form) -> list[str]:
    """The lines of some siblings, blocks on lines of their own."""
    lines: list[str] = []
    line = ""
    for node in _without_last_air(nodes):
        if isinstance(node, _Node) and node.tag == "br":
            lines.append(line.strip(" "))
            line = ""
        elif isinstance(node, _Node) and _has_blocks(node):
            if line.strip(" "):
                lines.append(line.strip(" "))
            line = ""
            lines += _block(node, form)
        else:
            line += _inline(node, form)
    if line.strip(" "):
        lines.append(line.strip(" "))
    return lines


def _block(node: _Node, form: _Form) -> list[str]:
    if node.tag == "pre":
        return _raw(node).strip("\n").split("\n")
    if node.tag == "blockquote":
        return [f"> {line}".rstrip() for line in _lines(node.children, form)]
    if node.tag in ("ul", "ol"):
        return _items(node, form)
    return _lines(node.children, form)


def _items(node: _Node, form: _Form) -> list[str]:
    lines: list[str] = []
    number = 0
    for child in node.children:
        if isinstance(child, str) and not child.strip():
            continue
        within = _lines(child.children if isinstance(child, _Node) and child.tag == "li" else [child], form)
        if isinstance(child, _Node) and child.tag in ("ul", "ol"):
            lines += [f"  {line}" for line in within]
            continue
        number += 1
        sign = f"{number}. " if node.tag == "ol" else "- "
        lines += [f"{sign if at == 0 else ' ' * len(sign)}{line}" for at, line in enumerate(within or [""])]
    return lines


def _inline(node: _Node | str, form: _Form) -> str:
    if isinstance(node, str):
        return _SPACES.sub(" ", node)
    if node.tag == "br":
        return " "
    if node.tag == "img":
        return f"[{node.attributes.get('alt', '')[:200] or 'image'}]" if _cid(node) else ""
    inner = "".join(_inline(child, form) for child in node.children)
    if node.tag != "a":
        return inner
    conversation = _uuid(node.attributes.get("data-conversation", ""))
    if conversation and form.internal:
        return form.reference(conversation)
    href = _href(node)
    plain = href.removeprefix("mailto:").removeprefix("tel:")
    return inner if not href or inner.strip() in (href, plain, plain.rstrip("/")) else f"{inner} <{plain}>"


def _has_blocks(node: _Node) -> bool:
    return node.tag in _BLOCKS or any(
        isinstance(child, _Node) and (child.tag == "br" or _has_blocks(child)) for child in node.children
    )


def _without_last_air(nodes: "list[_Node | str]") -> "list[_Node | str]":
    """Without the blank line after the last of some paragraphs."""
    kept = list(nodes)
    while kept and (
        (isinstance(kept[-1], _Node) and "p" in kept[-1].attributes) or (len(kept) > 1 and _blank(kept[-1]))
    ):
        if isinstance(kept[-1], _Node):
            return kept[:-1]
        kept.pop()
    return nodes


def _blank(node: "_Node | str") -> bool:
    return isinstance(node, str) and not node.strip(" \t\r\n\f")


def _raw(node: _Node) -> str:
    return "".join(
        child if isinstance(child, str) else "\n" if child.tag == "br" else _raw(child) for child in node.children
    )


def _walk(node: _Node) -> Iterable[_Node]:
    for child in node.children:
        if isinstance(child, _Node):
            yield child
            yield from _walk(child)


def _is_gap(node: _Node) -> bool:
    """A marked place that still holds its placeholder; once written over it is words like all others."""
    return "{{" in _raw(node)


def _cid(node: _Node) -> str:
    given = node.attributes.get("data-cid") or node.attributes.get("src", "").removeprefix("cid:")
    return given if _CID.fullmatch(given) else ""


def _href(node: _Node) -> str:
    given = node.attributes.get("href", "").strip()
    return given if _LINK.fullmatch(given) else ""


def _ids(nodes: Iterable[_Node], tag: str, name: str) -> tuple[UUID, ...]:
    found = [_uuid(node.attributes.get(name, "")) for node in nodes if node.tag == tag]
    return tuple(dict.fromkeys(one for one in found if one))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _stored_image(cid: str, alt: str) -> str:
    return f'<img src="cid:{escape(cid)}" alt="{escape(alt)}">'


def _quoted(value: str) -> str:
    return f'"{escape(value)}"'


def _kept_spaces(line: str) -> str:
    return escape(line.expandtabs(4), quote=False).replace("  ", "\xa0 ")


def _safe_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if value.startswith("cid:") else None
    return value[:2000]


_REFERENCE = re.compile(r'data-conversation="([0-9a-f-]{36})"')
_CLEANER = nh3.Cleaner(
    tags=_TAGS, attributes=_ATTRIBUTES, clean_content_tags=_GONE, url_schemes=_SCHEMES, link_rel=None,
    attribute_filter=_safe_attribute, strip_comments=True,
)  # fmt: skip
