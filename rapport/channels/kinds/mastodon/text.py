"""A post's HTML as plain text: paragraphs kept, every link with its whole address, nothing that hides or turns words.

The servers' formatting is that of https://docs.joinmastodon.org/spec/activitypub/#sanitization: a link's text is cut by
`invisible` and `ellipsis` spans, which only a style sheet would act on. Text is all that comes out, so nothing is made
safe here, only read, in time that grows with its length.
"""

import html
import re

TEXT_MAX = 1_000_000
# A tag: its attributes may hold ">" only in quotes. Nothing in it reaches beyond the next "<", so reading is linear.
_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9]*)((?:[^<>"']|"[^<"]*"|'[^<']*')*)>|<[!?][^<>]*>""")
_ATTRIBUTE = re.compile(r"""([A-Za-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_GONE = {"script", "style", "title", "template", "iframe", "object", "svg", "math", "noscript", "head"}
_BLOCKS = {"p", "ul", "ol", "blockquote", "pre", "div", "h1", "h2", "h3", "h4"}
# Embeddings, overrides and isolates turn what stands around them; languages written from right to left do without.
_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_CONTROLS = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, *range(0xD800, 0xE000), 0xFEFF])
_UNWANTED = {**_TURNING, **_CONTROLS}
_BLANK_LINES = re.compile(r"\n{3,}")


def clean(value: object, limit: int = TEXT_MAX) -> str:
    """A string of the service without controls and signs that turn the direction; "" for anything else."""
    return value[:limit].translate(_UNWANTED) if isinstance(value, str) else ""


def one_line(value: object, limit: int = 500) -> str:
    """The same on one line, for names and titles."""
    return " ".join(clean(value, limit).split())


def plain(source: object) -> str:
    """The text of a post. Of HTML beyond a million characters only the first million is read."""
    if not isinstance(source, str):
        return ""
    written = source[:TEXT_MAX]
    if "<" not in written and "&" not in written:
        return clean(written).strip()
    text = "\n".join(line.rstrip() for line in clean(_Reader().read(written)).split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()


class _Reader:
    """Collects the text. A link is held back until it ends: only then is known whether its text says where it goes."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._link: list[str] | None = None
        self._href = ""
        self._lists: list[int] = []
        self._gone = ""

    def read(self, written: str) -> str:
        """The text of it all."""
        at = 0
        for tag in _TAG.finditer(written):
            self._say(html.unescape(written[at : tag.start()]))
            at = tag.end()
            name = (tag[2] or "").lower()
            if self._gone:
                self._gone = "" if tag[1] and name == self._gone else self._gone
            elif tag[1]:
                self._end(name)
            elif name:
                self._start(name, tag[3])
        self._say(html.unescape(written[at:]))
        self._end_link()
        return "".join(self._out)

    def _start(self, tag: str, attributes: str) -> None:
        if tag == "a":
            self._end_link()
            self._link, self._href = [], _web(_attributes(attributes).get("href", ""))
        elif tag == "br":
            self._say("\n")
        elif tag == "img":
            self._say(_attributes(attributes).get("alt", ""))
        elif tag == "li":
            self._say(f"\n{self._bullet()} ")
        elif tag in _BLOCKS:
            self._begin(tag, _attributes(attributes))
        elif tag in _GONE and not attributes.endswith("/"):
            self._gone = tag

    def _end(self, tag: str) -> None:
        if tag == "a":
            self._end_link()
        elif tag in _BLOCKS:
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
            self._say("\n\n")

    def _begin(self, tag: str, given: dict[str, str]) -> None:
        if tag in ("ul", "ol"):
            start = given.get("start", "1")
            self._lists.append((int(start) if start.isdecimal() and len(start) < 6 else 1) if tag == "ol" else -1)
        self._say("\n\n")

    def _bullet(self) -> str:
        if not self._lists or self._lists[-1] < 0:
            return "-"
        self._lists[-1] += 1
        return f"{self._lists[-1] - 1}."

    def _say(self, words: str) -> None:
        if not self._gone:
            (self._out if self._link is None else self._link).append(words)

    def _end_link(self) -> None:
        if self._link is None:
            return
        words, self._link = "".join(self._link).strip(), None
        self._out.append(_link_text(words, self._href))


def _attributes(written: str) -> dict[str, str]:
    found = _ATTRIBUTE.finditer(written[:20_000])
    return {one[1].lower(): html.unescape(one[2] or one[3] or one[4] or "") for one in found}


def _web(href: str) -> str:
    return href.strip() if href.strip().lower().startswith(("https://", "http://", "mailto:")) else ""


def _link_text(words: str, href: str) -> str:
    """Mentions and hashtags as written; an address that says itself once; anything else with where it really goes."""
    if not href or words[:1] in ("@", "#"):
        return words
    if not words or words in href or href.removeprefix("mailto:") == words or words.rstrip("/") == href.rstrip("/"):
        return href.removeprefix("mailto:")
    return f"{words} ({href})"
