"""HTML to the plain text a person would read, in linear time: quotes become "> " lines."""

from __future__ import annotations

import html
import re

from rapport.channels.kinds.email.charset import clean

_TAG = re.compile(r"<(/?[a-zA-Z!?][^<>]*)>")
_HREF = re.compile(r"href\s*=\s*[\"']?\s*((?:https?|mailto):[^\"'\s>]{1,2000})", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")
_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9]*")
_BLOCKS = {
    "p", "div", "table", "tr", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr", "section",
    "article", "header", "footer", "center", "dl", "dt", "dd", "form", "body", "html", "title", "address",
}  # fmt: skip
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre", "blockquote"}
_HIDDEN = ("script", "style", "head", "title", "noscript", "template")


def html_to_text(source: str) -> str:
    """The readable text of an HTML mail: blocks on lines of their own, links not repeated, quotes prefixed."""
    pieces = _TAG.split(_without_hidden(source))
    writer = _Writer()
    for index, piece in enumerate(pieces):
        if index % 2:
            writer.tag(piece)
        elif piece:
            writer.text(piece)
    return writer.finish()


def _without_hidden(source: str) -> str:
    """Without comments, scripts, styles and the head."""
    source = _cut(source, "<!--", "-->")
    lowered = source.lower()
    if len(lowered) != len(source):  # some capital letters change length: then no offsets can be shared
        return source
    for name in _HIDDEN:
        if f"<{name}" in lowered:
            source = _cut_element(source, lowered, name)
            lowered = source.lower()
    return source


def _cut(source: str, opening: str, closing: str) -> str:
    out, position = [], 0
    while (start := source.find(opening, position)) >= 0:
        end = source.find(closing, start)
        if end < 0:
            break
        out.append(source[position:start])
        position = end + len(closing)
    out.append(source[position:])
    return "".join(out)


def _cut_element(source: str, lowered: str, name: str) -> str:
    out, position = [], 0
    while (start := lowered.find(f"<{name}", position)) >= 0:
        after = lowered[start + len(name) + 1 : start + len(name) + 2]
        end = lowered.find(f"</{name}", start)
        if end < 0 and name == "head":
            end = lowered.find("<body", start)
        if end < 0:
            break
        if after.isalnum():  # <header> is no <head>
            out.append(source[position : start + 1])
            position = start + 1
            continue
        out.append(source[position:start])
        position = end
    out.append(source[position:])
    return "".join(out)


class _Writer:
    """Gathers lines; knows how deep in quotes it is."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._pre = 0
        self._gap_depth = -1  # the quote depth of a blank line that is due before the next text; -1 for none

    def text(self, piece: str) -> None:
        piece = html.unescape(piece)
        if self._pre:
            first, *rest = piece.split("\n")
            self._line.append(first)
            for line in rest:
                self._break(keep_blank=True)
                self._line.append(line)
            return
        folded = _SPACE.sub(" ", piece)
        if folded != " " or (self._line and not self._line[-1].endswith(" ")):
            self._line.append(folded)

    def tag(self, tag: str) -> None:
        match = _NAME.match(tag)
        if match is None:
            return
        name = match[0].lower()
        closing = name.startswith("/")
        name = name.lstrip("/")
        if name == "br":
            self._break(keep_blank=True)
        elif name == "blockquote":
            self._break()
            self._gap()
            self._quotes = max(0, self._quotes + (-1 if closing else 1))
        elif name in ("td", "th"):
            if self._line:
                self._line.append(" ")
        elif name in _BLOCKS:
            self._block(name, closing)
        elif name == "img" and not closing:
            self._image(tag)

    def _block(self, name: str, closing: bool) -> None:
        self._break()
        if name in _PARAGRAPHS:
            self._gap()
        if name == "pre":
            self._pre = max(0, self._pre + (-1 if closing else 1))
        elif name == "hr":
            self._fill_gap()
            self._lines.append(self._prefix() + "________________________________")
        elif name == "li" and not closing:
            self._line.append("* ")

    def _image(self, tag: str) -> None:
        match = re.search(r"alt\s*=\s*(?:\"([^\"]{1,200})\"|'([^']{1,200})')", tag, re.IGNORECASE)
        if match:
            self._line.append(html.unescape(match[1] or match[2]))

    def _prefix(self) -> str:
        return "> " * min(self._quotes, 20)

    def _break(self, keep_blank: bool = False) -> None:
        line = "".join(self._line)
        line = line.rstrip() if self._pre else line.strip(" \t\r\n\f\u00a0")
        self._line = []
        if line or keep_blank:
            self._fill_gap()
            self._lines.append((self._prefix() + line).rstrip() if self._quotes else line)

    def _gap(self) -> None:
        if self._lines and self._lines[-1].strip("> "):
            self._gap_depth = self._quotes if self._gap_depth < 0 else min(self._gap_depth, self._quotes)

    def _fill_gap(self) -> None:
        if self._gap_depth >= 0:
            self._lines.append(("> " * min(self._gap_depth, self._quotes, 20)).rstrip())
        self._gap_depth = -1

    def finish(self) -> str:
        self._break()
        return clean("\n".join(self._lines).strip("\n"))
