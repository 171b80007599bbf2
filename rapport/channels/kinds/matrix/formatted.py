"""Matrix's formatted bodies (a small HTML, specification 11.2.1.1) to the text a person would read. Pure, linear."""

import html
import re
from collections.abc import Callable

HTML_MAX = 100_000  # an event has 65,536 bytes at most
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,20})([^<>]*)>")
_HREF = re.compile(r"\bhref\s*=\s*(?:\"([^\"]{1,2000})\"|'([^']{1,2000})')", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]{1,500})\"|'([^']{1,500})')", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_BLOCKS = frozenset({"p", "div", "ul", "ol", "table", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "details", "summary"})
_APART = frozenset({"p", "ul", "ol", "pre", "blockquote", "table", "h1", "h2", "h3", "h4", "h5", "h6"})
_DEEPEST = 10


def clean(text: object, limit: int = 1_000_000) -> str:
    """A text as it may be stored: without NUL and lone surrogates, at most `limit` characters; "" for what is none."""
    if not isinstance(text, str):
        return ""
    return text[:limit].replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def to_text(source: str) -> str:
    """The readable text: blocks on lines of their own, "> " before quotes, links with their address."""
    writer = _Writer()
    position = 0
    source = _without_reply(source[:HTML_MAX])
    for tag in _TAG.finditer(source):
        writer.text(source[position : tag.start()])
        position = tag.end()
        if tag[1]:
            writer.close(tag[2].lower())
        else:
            writer.open(tag[2].lower(), tag[3])
    writer.text(source[position:])
    return clean(writer.finish())


def without_quote(body: str) -> str:
    """A plain body without the quote that older clients put before a reply (specification before 1.13)."""
    if not body.startswith(("> <", "> * <")):
        return body
    lines = body.split("\n")
    rest = next((number for number, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[rest:]).lstrip("\n")


def _without_reply(source: str) -> str:
    start, end = source.find("<mx-reply>"), source.rfind("</mx-reply>")
    return source[:start] + source[end + len("</mx-reply>") :] if 0 <= start < end else source


class _Writer:
    """Gathers lines; knows how deep in quotes and lists it is."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._pre = 0
        self._lists: list[int] = []  # the next number of an ordered list, 0 for one without numbers
        self._link: tuple[str, int] | None = None

    def text(self, piece: str) -> None:
        piece = html.unescape(piece)
        if self._pre:
            first, *rest = piece.split("\n")
            self._line.append(first)
            for line in rest:
                self._break(blank=True)
                self._line.append(line)
        elif piece:
            folded = _SPACE.sub(" ", piece)
            follows = self._line and not self._line[-1].endswith(" ")
            self._line.append(folded if follows else folded.lstrip(" "))

    def open(self, name: str, attributes: str) -> None:
        if name in _BLOCKS or name in ("pre", "blockquote", "li", "hr"):
            self._break()
        if name in _APART and self._lines and self._lines[-1].strip("> ") and not self._lists:
            self._lines.append(("> " * self._quotes).rstrip())
        known = _OPEN.get(name)
        if known is not None:
            known(self, attributes)

    def close(self, name: str) -> None:
        if name in _BLOCKS or name in ("pre", "blockquote", "li"):
            self._break()
        if name == "pre":
            self._pre = max(0, self._pre - 1)
        elif name == "blockquote":
            self._quotes = max(0, self._quotes - 1)
            if self._lines and not self._lines[-1].strip("> "):  # the gap after it is no part of it
                self._lines[-1] = ("> " * self._quotes).rstrip()
        elif name in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif name == "a":
            self._end_link()
        if name in _APART and self._lines and self._lines[-1].strip("> ") and not self._lists:
            self._lines.append(("> " * self._quotes).rstrip())

    def finish(self) -> str:
        self._end_link()
        self._break()
        lines = [line for number, line in enumerate(self._lines) if line.strip("> ") or self._matters(number)]
        return "\n".join(lines).strip("\n")

    def _matters(self, number: int) -> bool:
        """Whether an empty line is the first of several."""
        return number > 0 and bool(self._lines[number - 1].strip("> "))

    def _break(self, *, blank: bool = False) -> None:
        line = "".join(self._line)
        line = line.rstrip() if self._pre else line.rstrip(" ")
        self._line = []
        if line or blank:
            self._lines.append(("> " * self._quotes + line).rstrip())

    def _begin_quote(self, _: str) -> None:
        self._quotes = min(self._quotes + 1, _DEEPEST)

    def _begin_pre(self, _: str) -> None:
        self._pre += 1

    def _begin_list(self, first: int) -> None:
        if len(self._lists) < _DEEPEST:
            self._lists.append(first)

    def _begin_item(self, _: str) -> None:
        number = self._lists[-1] if self._lists else 0
        if number:
            self._lists[-1] += 1
        indent = "  " * max(0, len(self._lists) - 1)
        self._line.append(f"{indent}{number}. " if number else f"{indent}* ")

    def _begin_link(self, attributes: str) -> None:
        found = _HREF.search(attributes)
        if found:
            self._link = (html.unescape(found[1] or found[2]).strip(), len(self._line))

    def _end_link(self) -> None:
        """The address after the words, unless the words are the address, or it only names a person or room."""
        if self._link is None:
            return
        (address, since), self._link = self._link, None
        words = "".join(self._line[since:]).strip()
        web = address.startswith(("https://", "http://", "mailto:")) and not address.startswith("https://matrix.to/")
        if web and words and words not in (address, address.removeprefix("mailto:")):
            self._line.append(f" ({address})")

    def _image(self, attributes: str) -> None:
        found = _ALT.search(attributes)
        if found:
            self._line.append(html.unescape(found[1] or found[2]))

    def _rule(self, _: str) -> None:
        self._line.append("----")
        self._break()


_OPEN: dict[str, Callable[[_Writer, str], None]] = {
    "br": lambda writer, _: writer._break(blank=True),
    "hr": _Writer._rule,
    "blockquote": _Writer._begin_quote,
    "pre": _Writer._begin_pre,
    "ul": lambda writer, _: writer._begin_list(0),
    "ol": lambda writer, _: writer._begin_list(1),
    "li": _Writer._begin_item,
    "a": _Writer._begin_link,
    "img": _Writer._image,
    "td": lambda writer, _: writer._line.append(" "),
    "th": lambda writer, _: writer._line.append(" "),
}
