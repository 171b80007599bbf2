"""What an entry says, and who says it."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import Author, Incoming, NothingSaid, Unreadable
from rapport.channels.kinds.feeds import document, items, said
from rapport.channels.kinds.feeds.dates import instant
from rapport.channels.kinds.feeds.plaintext import bare, from_html
from tests.channels.feeds.feeds import AT, URL, Post, atom, found, jsonfeed, messages, rss

SITE = "https://blog.example.org/"


def creator(name: str) -> str:
    return f"<dc:creator>{name}</dc:creator>"


def author_of(body: bytes) -> Author:
    author = messages(body)[0].author
    assert author is not None
    return author


def test_an_entry_is_a_public_message_from_a_feed() -> None:
    dated = Post(more="<pubDate>Sun, 01 Mar 2026 10:00:00 +0100</pubDate>")
    one = messages(rss(dated, more="<language>de-CH</language>"))[0]
    assert (one.subject, one.text, one.url) == ("A kettle, tried", "It boils.", "https://blog.example.org/kettle")
    assert (one.origin, one.found_by, one.public, one.language) == ("feed", "Ann's blog", True, "de")
    assert one.at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert one.recipients == {"from": [("Ann writes", SITE)]}
    assert one.refers_to == ()


def test_the_author_of_a_personal_blog_is_its_site() -> None:
    assert author_of(rss(Post())) == Author("site", "blog.example.org", SITE, "Ann writes", SITE)
    assert author_of(rss(Post(more=creator("Ann Ash")))) == Author("site", "blog.example.org", SITE, "Ann Ash", SITE)


@pytest.mark.parametrize(
    "url",
    ["https://blog.example.org", "http://www.blog.example.org/", "https://BLOG.example.org:443/index.html"],
)
def test_a_site_is_the_same_however_it_is_written(url: str) -> None:
    assert said.site_of(url) == "blog.example.org"


def test_of_several_authors_of_a_site_each_is_somebody_else() -> None:
    posts = [Post(id=str(n), more=creator(name)) for n, name in enumerate(["Ann Ash", "Bob  Elm", "Ann Ash"])]
    few = [one.author for one in messages(rss(*posts))]
    assert [(one.value, one.name) for one in few if one] == [
        ("blog.example.org", "Ann Ash"), ("blog.example.org#bob elm", "Bob Elm"), ("blog.example.org", "Ann Ash"),
    ]  # fmt: skip
    even = [one.author for one in messages(rss(*posts[:2]))]
    assert [one.value for one in even if one] == ["blog.example.org#ann ash", "blog.example.org#bob elm"]


def test_an_address_makes_the_author() -> None:
    one = author_of(atom(Post()))
    assert (one.kind, one.value, one.written, one.name) == (
        "email", "ann@blog.example.org", "Ann@blog.example.org", "Ann Ash",
    )  # fmt: skip
    own = author_of(rss(Post(more="<author>bob@elm.example (Bob Elm)</author>")))
    assert (own.kind, own.value, own.name) == ("email", "bob@elm.example", "Bob Elm")
    editor = author_of(rss(Post(), more="<managingEditor>ann@ash.example (Ann Ash)</managingEditor>"))
    assert (editor.kind, editor.value, editor.name) == ("email", "ann@ash.example", "Ann Ash")


def test_the_address_of_the_feed_is_not_that_of_a_guest() -> None:
    guest = author_of(atom(Post(more="<author><name>Bob Elm</name></author>")))
    assert (guest.kind, guest.name) == ("site", "Bob Elm")


@pytest.mark.parametrize(
    "address", ["noreply@blogger.example", "No-Reply@x.example", "nobody@localhost", "a b@c", "@x.example"]
)
def test_an_address_that_nobody_reads_is_nobody(address: str) -> None:
    assert author_of(rss(Post(more=f"<author>{address} (Ann Ash)</author>"))).kind == "site"


def test_authors_with_a_page_of_their_own_are_that_page() -> None:
    body = jsonfeed(Post(), authors=[{"name": "Ann Ash", "url": "https://ann.example/me/"}])
    assert author_of(body) == Author("site", "ann.example/me", "https://ann.example/me/", "Ann Ash", "https://ann.example/me/")
    mailed = author_of(jsonfeed(Post(), authors=[{"name": "Ann Ash", "url": "mailto:ann@ash.example"}]))
    assert (mailed.kind, mailed.value) == ("email", "ann@ash.example")


def test_handles_fit_however_long_an_address_is() -> None:
    home = f"https://blog.example.org/{'a' * 1_500}"
    for body in (rss(Post(), link=home), rss(Post(more=creator("Ann")), Post(id="2", more=creator("Bob")), link=home)):
        one = author_of(body)
        assert 0 < len(one.value) <= 320
        assert 0 < len(one.written) <= 320


def test_a_date_in_the_future_is_the_moment_it_came() -> None:
    one = messages(rss(Post(more="<pubDate>Fri, 01 Mar 2097 10:00:00 GMT</pubDate>")))[0]
    assert one.at == AT
    assert one.problems


def test_enclosures_are_named_and_not_fetched() -> None:
    more = "<enclosure url='https://blog.example.org/a%20b.mp3' type='audio/mpeg' length='123'/>"
    (file,) = messages(rss(Post(more=more)))[0].files
    assert (file.filename, file.content_type, file.size, file.data) == ("a b.mp3", "audio/mpeg", 123, b"")
    bad = "<enclosure url='javascript:x()' type='audio/mpeg' length='many'/>"
    assert not messages(rss(Post(more=bad)))[0].files


def test_entries_of_the_same_name_are_told_apart() -> None:
    """Some sites give every entry the same guid."""
    body = rss(*(Post(id="same", link=f"https://blog.example.org/{n}", title=str(n)) for n in range(3)))
    assert len({one.external_id for one in messages(body)}) == 3
    assert [one.external_id for one in found(body)] == [one.external_id for one in found(body)]


def test_the_content_goes_before_the_summary() -> None:
    body = rss(Post(text="short", more="<content:encoded>&lt;p&gt;Much longer&lt;/p&gt;</content:encoded>"))
    body = body.replace(b"<rss ", b'<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" ')
    assert messages(body)[0].text == "Much longer"


@pytest.mark.parametrize(
    ("encoding", "declared", "served"),
    [("utf-8", "", ""), ("utf-16", "utf-16", ""), ("windows-1252", "iso-8859-1", ""), ("utf-8", "iso-8859-1", "utf-8"),
     ("gb18030", "gb2312", ""), ("utf-8", "utf-8", "no-such"), ("windows-1252", "utf-8", "")],
)  # fmt: skip
def test_any_encoding_is_read_as_its_server_or_itself_says(encoding: str, declared: str, served: str) -> None:
    title = "茶壶" if encoding == "gb18030" else "Käse für Zoë"
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = f"{head}<rss version='2.0'><channel><item><title>{title}</title></item></channel></rss>"
    headers = {"content-type": f"text/xml; charset={served}"} if served else {"content-type": "text/xml"}
    read = document.understood(text.encode(encoding), headers, URL)
    assert read.entries[0]["title"] == title


def test_html_becomes_the_text_a_person_reads() -> None:
    markup = (
        "<h1>Kettles</h1><p>One &amp; <b>two</b>,<br>three</p><ul><li>red</li><li>blue</li></ul>"
        "<pre>a\n  b</pre><!-- no --><style>p {}</style><img src=x alt='A kettle'><table><tr><td>1</td><td>2</td></tr>"
        "</table>5 < 6"
    )
    assert from_html(markup) == "Kettles\n\nOne & two,\nthree\n\n- red\n- blue\n\na\n  b\n\n[A kettle]\n\n1 2\n\n5 < 6"


@given(st.text(max_size=300))
def test_any_text_becomes_a_text(markup: str) -> None:
    for text in (from_html(markup), from_html(f"<p>{markup}"), bare(markup)):
        text.encode()
        assert "\0" not in text or text == bare(markup)


@given(st.binary(max_size=400), st.sampled_from(["", "{", "<rss>", "<feed>", "<?xml", '{"version":"1","items":[']))
def test_any_bytes_are_a_feed_or_no_feed(body: bytes, head: str) -> None:
    try:
        read = document.understood(head.encode() + body, {}, URL)
    except document.NoFeed:
        return
    check(read)


def check(read: document.Document) -> None:
    """Each entry has a name that fits, and says something or says that it does not."""
    for item in items.incoming(read, items.found(read), items.Where(URL, "", AT), frozenset()):
        assert 0 < len(item.external_id) <= 200
        with suppress(NothingSaid):
            assert said.said(item)


TAGS = st.sampled_from(["item", "title", "link", "guid", "description", "author", "pubDate", "category", "enclosure"])


def element(tag: str, parts: list[str]) -> str:
    return f"<{tag}>{''.join(parts)}</{tag}>"


@given(
    st.recursive(
        st.text("ab<>&;:/@ é\ud800", max_size=12),
        lambda inner: st.builds(element, TAGS, st.lists(inner, max_size=4)),
        max_leaves=20,
    )
)
def test_anything_inside_a_feed_has_a_name_and_a_form(inner: str) -> None:
    body = f"<rss version='2.0'><channel><item>{inner}</item></channel></rss>".encode("utf-8", "surrogatepass")
    check(document.understood(body, {}, URL))


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(written: str) -> None:
    read = instant(written)
    assert read is None or read.tzinfo is not None


@given(st.datetimes(datetime(1980, 1, 2), datetime(2199, 1, 1)))  # noqa: DTZ001 - made aware below
def test_dates_in_both_forms_are_read_exactly(at: datetime) -> None:
    from email.utils import format_datetime

    whole = at.replace(tzinfo=UTC, microsecond=0)
    assert instant(whole.isoformat()) == instant(format_datetime(whole)) == whole


def test_an_item_that_is_no_entry_is_unreadable() -> None:
    for body in (b"", b"{}", b'{"key": "", "entry": {}}', b'{"key": 1, "entry": {}}', b"[]"):
        with pytest.raises(Unreadable):
            said.said(Incoming("x", body))
