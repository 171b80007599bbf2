"""HTML as blogs write it, to the text a person reads. Pure, and linear in the length of what it is given."""

import html
import re

TEXT_MAX = 1_000_000
# A tag ends at the first ">"; quotes are not followed, which keeps the search linear on hostile input.
_TAG = re.compile(r"<!--|<(/?)([a-zA-Z][a-zA-Z0-9:-]*)([^<>]*)>|<[!?][^<>]*>")
_SILENT = {
    name: re.compile(rf"</{name}\b[^<>]*>", re.IGNORECASE)
    for name in ("script", "style", "template", "noscript", "iframe", "svg", "math", "head")
}
_BLOCKS = frozenset(
    ["address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
     "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table",
     "ul"]
)  # fmt: skip
_LINES = frozenset(["br", "li", "tr"])
_ALT = re.compile(r"""\balt\s?=\s?("[^"]*"|'[^']*')""", re.IGNORECASE)
_KEPT = "\ufdd0"  # a space inside <pre>, while other spaces are folded; Unicode keeps it for such use
_ATTRIBUTES_MAX = 2_000
_SPACES = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\n{3,}")
_BARE = re.compile(r"<[^<>]*>")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def plain(text: str) -> str:
    """A text without what no text may hold (control characters, halves of characters), not longer than texts are."""
    return _CONTROLS.sub("", text[:TEXT_MAX]).strip()


def line(text: str, length: int = 1_000) -> str:
    """The same as one line."""
    return " ".join(plain(text[: length * 10]).split())[:length]


def from_html(markup: str) -> str:
    """The words of a piece of HTML: paragraphs apart by an empty line, list items by a dash; no link, no script."""
    pieces: list[str] = []
    preformatted = 0
    for text, closes, tag, attributes in _parts(markup[: TEXT_MAX * 4]):
        pieces.append(_words(text, preformatted > 0))
        if tag == "pre":
            preformatted = max(preformatted + (-1 if closes else 1), 0)
        pieces.append(_mark(tag, closes, attributes))
    whole = _SPACES.sub(" ", "".join(pieces).replace("\xa0", " "))
    lines = (one.strip(" ").rstrip(f" {_KEPT}").replace(_KEPT, " ") for one in whole.split("\n"))
    return plain(_BREAKS.sub("\n\n", "\n".join(lines)))


def bare(markup: str) -> str:
    """The words of HTML for comparing: what stays when only tags or spaces change. Far cheaper than `from_html`."""
    return " ".join(html.unescape(_BARE.sub(" ", markup)).split())


def _parts(markup: str) -> list[tuple[str, bool, str, str]]:
    """(text before it, whether it closes, tag, attributes); the last has no tag."""
    found = []
    at = 0
    while match := _TAG.search(markup, at):
        text, tag, end = markup[at : match.start()], (match[2] or "").lower(), match.end()
        if match[0] == "<!--":
            closed = markup.find("-->", end)
            end = len(markup) if closed < 0 else closed + 3
        elif tag in _SILENT and not match[1] and not match[3].endswith("/"):
            silence = _SILENT[tag].search(markup, end)
            end = silence.end() if silence else len(markup)
        found.append((text, bool(match[1]), tag, match[3] or ""))
        at = end
    found.append((markup[at:], False, "", ""))
    return found


def _words(text: str, preformatted: bool) -> str:
    words = html.unescape(text)
    if preformatted:
        return words.replace("\r\n", "\n").replace("\t", "    ").replace(" ", _KEPT)
    return re.sub(r"[ \t\r\n\f]+", " ", words)


def _mark(tag: str, closes: bool, attributes: str) -> str:
    if tag in _BLOCKS:
        return "\n\n"
    if tag in _LINES:
        return "\n- " if tag == "li" and not closes else "" if closes else "\n"
    if tag in ("td", "th"):
        return " "
    if tag == "img":
        words = _ALT.search(attributes[:_ATTRIBUTES_MAX])
        return f" [{html.unescape(words[1][1:-1]).strip()}] " if words and words[1][1:-1].strip() else ""
    return ""
