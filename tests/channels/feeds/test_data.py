"""Real feeds and the suites of two other parsers: entry by entry, what they expect and what is found here.

`rss-parser` (31 real feeds) and `gofeed` (550 small files, one question each) wrote down what a good parser finds. A
field counts where they expect it to be; texts are compared as a reader sees them. What differs on purpose is listed.
"""

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rapport.channels.base import NothingSaid
from rapport.channels.kinds.feeds import document, items, said
from rapport.channels.kinds.feeds.dates import instant
from rapport.channels.kinds.feeds.plaintext import bare
from tests.channels.feeds.feeds import AT

URL = "https://feeds.example.org/feed"


@pytest.fixture(scope="session")
def feeds_data(shared_data: Path) -> Path:
    folder = shared_data / "feeds"
    if not folder.is_dir():
        pytest.skip("the real feeds are not here")
    return folder


def read(path: Path) -> document.Document | None:
    try:
        return document.understood(path.read_bytes(), {}, URL)
    except document.NoFeed:
        return None


def same(expected: str, found: str) -> bool:
    """As a reader sees them: without tags, entities and folded spaces."""
    return seen(expected) == seen(found)


def seen(text: str) -> str:
    return "".join(html.unescape(bare(html.unescape(text))).split())


def moment(written: object) -> object:
    return instant(re.sub(r"(\.\d{6})\d+", r"\1", written)) if isinstance(written, str) else None


REAL_AGREED = {
    "title": 1227, "link": 1228, "id": 1019, "date": 1221, "author": 310, "content": 1023, "enclosure": 770,
}  # fmt: skip
#: uolNoticias: they lose its accents, which are kept here. gulp-atom: its links have no host, and get one here.
#: xml2js-options: "EMPTY" is an option of theirs. reddit: they lose the order of words in XHTML.
REAL_OTHERS = {
    ("gulp-atom", "link"), ("reddit-atom", "content"), ("reddit-home", "content"), ("uolNoticias", "content"),
    ("uolNoticias", "title"), ("xml2js-options", "content"),
}  # fmt: skip
SMALL_AGREED = {
    "entries": 539, "feed title": 58, "title": 54, "date": 18, "author": 37, "content": 21, "id": 15, "link": 18,
    "feed link": 16, "enclosure": 8,
}  # fmt: skip
#: Contents that are no text (base64, video, JSON) are left out here on purpose, as are controls in titles, links to the
#: feed itself as its home, and ids made whole by xml:base (RFC 4287 compares them as written). The rest are files with
#: wrong end tags or undeclared prefixes, of which feedparser makes less, and links of other schemes than the web's.
SMALL_OTHERS = {
    ("parser/atom/atom10_feed_entry_content_base64", "content"),
    ("parser/atom/atom10_feed_entry_content_base64_escaped_markup", "content"),
    ("parser/atom/atom10_feed_title_xhtml_escaped_markup", "feed title"),
    ("parser/atom/atom10_feed_title_xhtml_inline_markup", "feed title"),
    ("parser/atom/entry_id_xml_base", "id"),
    ("parser/atom/issue_275_extensions_and_source", "content"),
    ("parser/rss/rss_channel_item_author_naked_markup", "author"),
    ("parser/rss/rss_channel_item_guid_naked_markup", "id"),
    ("parser/rss/rss_channel_item_illegal_char", "title"),
    ("parser/rss/rss_channel_item_uri_at_protocol", "link"),
    ("translator/atom/feed_feedlink_-_atom10_feed_link_rel_self", "feed link"),
    ("translator/rss/feed_link_-_rss_channel_atom_link", "feed link"),
    ("translator/rss/feed_link_-_rss_channel_atom_link_alternate", "feed link"),
}


class Score:
    """How many answers agree, by field, and which do not."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.agreed: Counter[str] = Counter()
        self.others: set[tuple[str, str]] = set()

    def ask(self, name: str, field: str, agrees: object) -> None:
        self.asked[field] += 1
        self.agreed[field] += bool(agrees)
        if not agrees:
            self.others.add((name, field))


def listed(expected: Mapping[str, Any], *names: str) -> list[Any]:
    value = next((expected[name] for name in names if expected.get(name)), [])
    return value if isinstance(value, list) else [value]


def linked(expected: Mapping[str, Any]) -> str:
    one = expected.get("link") or next(iter(listed(expected, "links")), "")
    if isinstance(one, dict):
        return str(one.get("href", "")) if one.get("rel") in (None, "alternate") else ""
    return str(one)


def text_of(value: Any) -> str:
    return str(value.get("value", "")) if isinstance(value, dict) else str(value or "")


def compare(score: Score, name: str, expected: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
    """Every field of one entry that the other parser found."""
    dates = {moment(entry["published_at"]), moment(entry["updated_at"])} - {None}
    if expected.get("title"):
        score.ask(name, "title", same(expected["title"], entry["title"]))
    if linked(expected):
        score.ask(name, "link", linked(expected).strip() == entry["link"])
    if id_ := text_of(expected.get("guid") or expected.get("id")):
        score.ask(name, "id", id_.strip() == entry["id"])
    for key in ("isoDate", "publishedParsed", "pubDateParsed", "updatedParsed"):
        if key in expected:
            score.ask(name, "date", moment(expected[key]) in dates)
    if text := text_of(expected.get("content:encoded") or expected.get("content")):
        score.ask(name, "content", same(text, entry["content"]) or same(text, entry["summary"]))
    if people := listed(expected, "authors", "creator", "author"):
        score.ask(name, "author", author(people[0]) == author(entry["authors"][0] if entry["authors"] else ""))
    if wanted := [one["url"] for one in listed(expected, "enclosures", "enclosure") if one.get("url")]:
        score.ask(name, "enclosure", wanted == [one["href"] for one in entry["enclosures"]])


def author(value: Any) -> tuple[str, str]:
    person = said._person({"authors": [value if isinstance(value, dict) else {"name": value}]})
    return person["name"], person["email"]


def real_feeds(folder: Path) -> Iterator[tuple[str, dict[str, Any], document.Document | None]]:
    sources = {path.stem: path for path in (folder / "rss-parser/test/input").iterdir()}
    for path in sorted((folder / "rss-parser/test/output").glob("*.json")):
        raw = path.read_bytes()
        try:
            expected = json.loads(raw)
        except UnicodeDecodeError:
            expected = json.loads(raw.decode("latin-1"))
        yield path.stem, expected.get("feed", expected), read(sources[path.stem])


def test_real_feeds_say_what_another_parser_finds_in_them(feeds_data: Path) -> None:
    score = Score()
    for name, expected, found in real_feeds(feeds_data):
        assert found is not None, name
        assert len(found.entries) == len(expected["items"]), name
        for wanted, entry in zip(expected["items"], found.entries, strict=True):
            compare(score, name, wanted, entry)
    assert score.others == REAL_OTHERS
    assert {field: score.agreed[field] for field in score.asked} == REAL_AGREED


def small_feeds(folder: Path) -> Iterator[tuple[str, dict[str, Any], document.Document | None]]:
    root = folder / "gofeed/testdata"
    for path in sorted(root.rglob("*.json")):
        source = path.with_suffix(".xml")
        if path.stem.endswith("_expected"):
            source = path.with_name(path.name.replace("_expected", ""))
        if source.exists() and source != path:
            yield str(path.relative_to(root).with_suffix("")), json.loads(path.read_bytes()), read(source)


def test_the_questions_of_another_parsers_suite_are_answered(feeds_data: Path) -> None:
    score = Score()
    for name, expected, found in small_feeds(feeds_data):
        assert found is not None, name
        wanted = listed(expected, "entries", "items")
        score.ask(name, "entries", len(wanted) == len(found.entries))
        if expected.get("title"):
            score.ask(name, "feed title", same(expected["title"], str(found.feed["title"])))
        if linked(expected):
            score.ask(name, "feed link", linked(expected) == found.feed["link"])
        for one, entry in zip(wanted, found.entries, strict=False):
            compare(score, name, one, entry)
    assert score.others == SMALL_OTHERS
    assert {field: score.agreed[field] for field in score.asked} == SMALL_AGREED


def test_every_file_is_a_feed_or_said_to_be_none_and_every_entry_a_message(feeds_data: Path) -> None:
    others, count, silent = [], 0, 0
    folders = ("rss-parser/test/input", "gofeed/testdata")
    for path in sorted(path for folder in folders for path in (feeds_data / folder).rglob("*") if path.is_file()):
        if path.suffix == ".json" and "version_json" not in path.name and "feed.json" not in path.name:
            continue  # what is expected, not a feed
        found = read(path)
        if found is None:
            others.append(path.name)
            continue
        for item in items.incoming(found, items.found(found), items.Where(URL, "", AT), frozenset()):
            count += 1
            try:
                assert said.said(item)
            except NothingSaid:
                silent += 1
    assert others == ["empty_feed.xml", "unknown_feed.xml", "unrecognized.rss"]
    assert count > 1_500
    assert silent < 250
