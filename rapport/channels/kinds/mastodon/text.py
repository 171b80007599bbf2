"""A post's HTML as plain text: paragraphs kept, every link with its whole address, nothing that hides or turns words.

The servers' formatting is that of https://docs.joinmastodon.org/spec/activitypub/#sanitization: a link's text is cut by
`invisible` and `ellipsis` spans, which only a style sheet would act on.
"""

import re
from html.parser import HTMLParser

TEXT_MAX = 1_000_000
_TAGS = {"p", "br", "a", "span", "li", "ul", "ol", "blockquote", "pre", "code", "img", "div", "h1", "h2", "h3", "h4"}
_GONE = {"script", "style", "title", "template", "iframe", "object", "svg", "math", "noscript"}
_BLOCKS = {"p", "ul", "ol", "blockquote", "pre", "div", "h1", "h2", "h3", "h4"}
# Embeddings, overrides and isolates turn what stands around them; languages written from right to left do without.
_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_CONTROLS = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, *range(0xD800, 0xE000), 0xFEFF])
_UNWANTED = {**_TURNING, **_CONTROLS}
_BLANK_LINES = re.compile(r"[ \t]*\n(?:[ \t]*\n)+")
_LINE_END_SPACE = re.compile(r"[ \t]+\n")


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
    html = source[:TEXT_MAX]
    if "<" not in html and "&" not in html:
        return clean(html).strip()
    reader = _Reader()
    reader.feed(_well_formed(html))
    reader.close()
    text = _LINE_END_SPACE.sub("\n", clean(reader.text()))
    return _BLANK_LINES.sub("\n\n", text).strip()


def _well_formed(html: str) -> str:
    """As a browser would read it: whatever was sent, the reader below meets each tag closed and in order."""
    import nh3

    return nh3.clean(
        html.translate(_CONTROLS),
        tags=_TAGS,
        clean_content_tags=_GONE,
        attributes={"a": {"href", "class"}, "span": {"class"}, "img": {"alt"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )


class _Reader(HTMLParser):
    """Collects the text. A link is held back until it ends: only then is known whether its text says where it goes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._link: list[str] | None = None
        self._href = ""
        self._lists: list[int] = []

    def text(self) -> str:
        """All that was read."""
        self._end_link()
        return "".join(self._out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Blocks and line breaks become lines; a link begins."""
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self._end_link()
            self._link, self._href = [], given.get("href", "")
        elif tag == "br":
            self._say("\n")
        elif tag == "img":
            self._say(given.get("alt", ""))
        elif tag == "li":
            self._say(f"\n{self._bullet()} ")
        elif tag in _BLOCKS:
            self._begin(tag, given)

    def handle_endtag(self, tag: str) -> None:
        """A block or a link ends."""
        if tag == "a":
            self._end_link()
        elif tag in _BLOCKS:
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
            self._say("\n\n")

    def handle_data(self, data: str) -> None:
        """Words."""
        self._say(data)

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
        (self._out if self._link is None else self._link).append(words)

    def _end_link(self) -> None:
        if self._link is None:
            return
        words, self._link = "".join(self._link).strip(), None
        self._out.append(_link_text(words, self._href))


def _link_text(words: str, href: str) -> str:
    """Mentions and hashtags as written; an address that says itself once; anything else with where it really goes."""
    if not href or words[:1] in ("@", "#"):
        return words
    if not words or words in href or href.removeprefix("mailto:") == words or words.rstrip("/") == href.rstrip("/"):
        return href.removeprefix("mailto:")
    return f"{words} ({href})"
