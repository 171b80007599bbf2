"""HTML of a mail made safe to show (nh3): nothing executes, nothing is fetched from elsewhere until asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import nh3

from rapport.channels.kinds.email.charset import clean

_TAGS = {
    "a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption",
    "center", "cite", "code", "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption",
    "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd",
    "li", "main", "mark", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong",
    "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var",
    "wbr",
}  # fmt: skip
_COMMON = {"style", "dir", "lang", "title", "align"}
_CELL = {"width", "height", "valign", "bgcolor", "colspan", "rowspan", "nowrap", "background"}
_ATTRIBUTES = {
    "*": _COMMON,
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height", "border", "hspace", "vspace", "data-remote"},
    "table": {"width", "height", "bgcolor", "border", "cellpadding", "cellspacing", "background"},
    "tr": {"bgcolor", "valign", "height"},
    "td": _CELL,
    "th": _CELL,
    "col": {"width", "span"},
    "colgroup": {"width", "span"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "li": {"value"},
    "hr": {"width", "size", "color", "noshade"},
    "br": {"clear"},
    "time": {"datetime"},
}
_CONTENT_GONE = {
    "script",
    "style",
    "title",
    "head",
    "template",
    "noscript",
    "iframe",
    "object",
    "embed",
    "svg",
    "math",
}
# Nothing that moves a box out of its place, and nothing that can name a resource.
_PROPERTIES = {
    "background-color", "border", "border-bottom", "border-bottom-color", "border-bottom-style",
    "border-bottom-width", "border-collapse", "border-color", "border-left", "border-left-color",
    "border-left-style", "border-left-width", "border-radius", "border-right", "border-right-color",
    "border-right-style", "border-right-width", "border-spacing", "border-style", "border-top",
    "border-top-color", "border-top-style", "border-top-width", "border-width", "caption-side", "clear",
    "color", "direction", "display", "empty-cells", "float", "font", "font-family", "font-size",
    "font-style", "font-variant", "font-weight", "height", "letter-spacing", "line-height", "margin",
    "margin-bottom", "margin-left", "margin-right", "margin-top", "max-height", "max-width", "min-height",
    "min-width", "overflow-wrap", "padding", "padding-bottom", "padding-left", "padding-right",
    "padding-top", "table-layout", "text-align", "text-decoration", "text-indent", "text-transform",
    "unicode-bidi", "vertical-align", "white-space", "width", "word-break", "word-spacing", "word-wrap",
}  # fmt: skip
_DEPTH_MAX = 1_000
_OPEN = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_TAG = re.compile(r"<[^<>]*>")
#: Void elements (HTML, 13.1.2), and those whose end may be left out.
_UNCOUNTED = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p", "li",
    "dt", "dd", "td", "th", "tr", "tbody", "thead", "tfoot", "option", "html", "head", "body",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto", "tel", "cid", "data"}
_DATA_IMAGE = re.compile(r"data:image/(?:png|gif|jpe?g|webp|bmp);base64,[A-Za-z0-9+/=\s%]*", re.IGNORECASE)
_DANGEROUS_VALUE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f\\@<>{}]|url|image|expression|javascript|binding|behaviou?r|/\*", re.IGNORECASE
)
_LINK_SCHEME = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """HTML fit for the sandboxed frame, and how many remote images were held back."""

    html: str
    blocked_remote: int


def sanitise(source: str, cid_url: Callable[[str], str | None], allow_remote: bool = False) -> SafeHtml:
    """The HTML of a mail without anything that executes, fetches or leaves its place.

    `cid_url` gives the address of an inline part by its Content-ID (without brackets), None when there is none.
    A remote image keeps its address in `data-remote` and is counted, unless `allow_remote`. Links open elsewhere and
    tell nobody where from.
    """
    images = _Images(cid_url, allow_remote)
    source = clean(source)
    if _is_too_deep(source):
        # The sanitiser takes minutes for what is nested by the hundred thousand, which no program for mails writes.
        return SafeHtml(f"<pre>{escape(_TAG.sub(' ', source))}</pre>", 0)
    result = nh3.clean(
        source,
        tags=_TAGS,
        clean_content_tags=_CONTENT_GONE,
        attributes=_ATTRIBUTES,
        attribute_filter=images.filter,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        filter_style_properties=_PROPERTIES,
        strip_comments=True,
    )
    return SafeHtml(_REMOTE_SRC.sub(r'data-remote="\1"', result), images.blocked)


def _is_too_deep(source: str) -> bool:
    """Whether more elements are open at once than any mail needs, but for those that end by themselves."""
    depth = 0
    for closes, name in _OPEN.findall(source):
        if name.lower() not in _UNCOUNTED:
            depth = max(0, depth - 1) if closes else depth + 1
            if depth > _DEPTH_MAX:
                return True
    return False


# The filter may change a value but not a name: what it held back carries a mark that becomes another attribute's name.
# Attribute values are serialised with quotes and "<" escaped, so the pattern cannot begin inside one.
_MARK = "rapport-remote:"
_REMOTE_SRC = re.compile(rf'(?<=\s)src="{_MARK}([^"]*)"')


class _Images:
    """Decides each attribute; counts the remote images."""

    def __init__(self, cid_url: Callable[[str], str | None], allow_remote: bool) -> None:
        self._cid_url = cid_url
        self._allow_remote = allow_remote
        self.blocked = 0

    def filter(self, tag: str, name: str, value: str) -> str | None:
        if name == "src":
            return self._source(value.strip())
        if name == "href":
            return value if _LINK_SCHEME.match(value.strip()) else None
        if name == "background" or name == "data-remote":
            return None
        if name == "style":
            return safe_style(value)
        return value

    def _source(self, value: str) -> str | None:
        lowered = value[:10].lower()
        if lowered.startswith("cid:"):
            return self._cid_url(value[4:].strip("<> "))
        if lowered.startswith("data:"):
            return value if _DATA_IMAGE.fullmatch(value) else None
        if value.startswith("//"):
            value = "https:" + value
        if not value.lower().startswith(("http://", "https://")):
            return None
        if self._allow_remote:
            return value
        self.blocked += 1
        return _MARK + value


def safe_style(value: str) -> str | None:
    """The declarations of a style attribute that can neither fetch nor execute; None when none is left."""
    kept = []
    for declaration in value[:20_000].split(";"):
        name, colon, content = declaration.partition(":")
        if not colon or name.strip().lower() not in _PROPERTIES or _DANGEROUS_VALUE.search(content):
            continue
        kept.append(f"{name.strip().lower()}: {' '.join(content.split())}")
    return "; ".join(kept) or None
