"""What stands at a feed's address, understood: RSS, RDF, Atom or JSON Feed, as one plain form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rapport.channels.kinds.feeds import jsonfeed
from rapport.channels.kinds.feeds.settings import MOST_S

ENTRIES_MAX = 1_000
_FIRST_BYTES = 2_000
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# The head of an XML document: its declaration, and what HTML begins with.
_ENCODING = re.compile(rb"""encoding\s?=\s?["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s?=\s?["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml[^<>]{0,500}>")
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
ROOT = re.compile(r"<(?:rss|rdf:RDF|(?:atom:)?feed)\b", re.IGNORECASE)
# What servers and authors call by one name and write in a larger one (the WHATWG encoding standard).
_LARGER = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "windows-1252", "us-ascii": "windows-1252"}


@dataclass(frozen=True, slots=True)
class Document:
    """A feed. `feed` and `entries` are what JSON can hold; `hub` and `topic` are WebSub's, `least_s` how long it asks
    to be left alone.
    """

    feed: Mapping[str, Any]
    entries: tuple[Mapping[str, Any], ...]
    hub: str = ""
    topic: str = ""
    least_s: float = 0.0
    problems: tuple[str, ...] = field(default=())


class NoFeed(Exception):
    """It is something else; the words say what. `html`: a page, which may name a feed."""

    def __init__(self, words: str, html: str = "") -> None:
        super().__init__(words)
        self.html = html


def understood(body: bytes, headers: Mapping[str, str], url: str) -> Document:
    """The feed in an answer from `url`. Raises NoFeed, and nothing else whatever the bytes are."""
    if not body.strip():
        raise NoFeed("The answer is empty.")
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _json(body)
    text = decoded(body, headers)
    start = text.find("<")
    if start < 0:
        raise NoFeed("What stands there is no feed.")
    if _is_page(text, start + _FIRST_BYTES):
        raise NoFeed("What stands there is a web page, no feed.", html=text)
    from rapport.channels.kinds.feeds import xmlfeed

    found = xmlfeed.understood(_DECLARATION.sub("", text[start:], count=1).lstrip(), url)
    if found is None:
        raise NoFeed("What stands there is no feed.")
    return found


def decoded(body: bytes, headers: Mapping[str, str]) -> str:
    """The text of an answer: by its byte order mark, its Content-Type, its XML declaration, or as UTF-8 (RFC 7303)."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body.decode(name, "replace").lstrip("\ufeff")
    if body[:4] in (b"<\0?\0", b"\0<\0?"):
        return body.decode("utf-16-le" if body[:1] == b"<" else "utf-16-be", "replace")
    declared = _ENCODING.search(body[:_FIRST_BYTES].partition(b"?>")[0])
    served = _CHARSET.search(headers.get("content-type", "")[:_FIRST_BYTES])
    names = [served[1] if served else "", declared[1].decode() if declared else "", "utf-8", "windows-1252"]
    for name in filter(None, names):
        try:
            return body.decode(_LARGER.get(name.lower(), name))
        except (LookupError, ValueError):
            continue
    return body.decode("utf-8", "replace")



def _is_page(text: str, end: int) -> bool:
    page, root = _HTML.search(text, 0, end), ROOT.search(text, 0, end)
    return page is not None and (root is None or page.start() < root.start())


def _json(body: bytes) -> Document:
    found = jsonfeed.understood(body)
    if found is None:
        raise NoFeed("What stands there is JSON, but no feed.")
    return Document(
        found["feed"], tuple(found["entries"][:ENTRIES_MAX]), hub=found["hub"], topic=found["topic"],
        least_s=MOST_S if found["expired"] else 0.0,
    )  # fmt: skip
