"""Formatted bodies become text, whatever they hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.kinds.matrix.formatted import clean, to_text, without_quote


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("a <b>bold</b> <em>word</em>", "a bold word"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<p>one\n  and more</p>", "one and more"),
        ("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "* a\n* b\n  * c"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<blockquote><p>they said</p></blockquote>so what", "> they said\n\nso what"),
        ("<pre><code>x = 1\n  y</code></pre>", "x = 1\n  y"),
        ('<a href="https://example.org/a?b=1&amp;c=2">here</a>', "here (https://example.org/a?b=1&c=2)"),
        ('<a href="https://example.org">https://example.org</a>', "https://example.org"),
        ('<a href="https://matrix.to/#/@ann:example.org">Ann</a>: hello', "Ann: hello"),
        ('<a href="javascript:alert(1)">here</a>', "here"),
        ("<mx-reply><blockquote>before</blockquote></mx-reply>after", "after"),
        ("1 &lt; 2 &amp; 3 &gt; 2", "1 < 2 & 3 > 2"),
        ('<img src="mxc://x/y" alt=":cup:"> tea', ":cup: tea"),
        ("a<hr>b", "a\n----\nb"),
        ("2 < 3", "2 < 3"),
        ("</p></ul></blockquote></a>x", "x"),
    ],
)  # fmt: skip
def test_a_formatted_body_reads_like_this(source: str, text: str) -> None:
    assert to_text(source) == text


_PIECES = st.sampled_from([
    "<p>", "</p>", "<ul>", "<ol>", "</ol>", "<li>", "<blockquote>", "</blockquote>", "<pre>", "</pre>", "<br>",
    '<a href="https://example.org">', "<a href='x'>", "</a>", "<mx-reply>", "</mx-reply>", "<", ">", "&amp;", "&#0;",
    "&#xd800;", "\n", "\0",
])  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=20), max_size=60).map("".join))
def test_any_body_becomes_a_text_that_can_be_stored(source: str) -> None:
    text = to_text(source)
    assert "\0" not in text
    text.encode()


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), exclude_characters="<>&\0")))
def test_words_without_tags_stay_as_they_are(words: str) -> None:
    assert to_text(words) == words


@pytest.mark.parametrize("piece", ["<", "<p>", "<blockquote>", "<ul><li>", "<mx-reply>", "<pre>\n", "&", '<a href="'])
def test_a_body_full_of_openings_ends_soon(piece: str) -> None:
    assert isinstance(to_text(piece * 100_000), str)


def test_the_quote_that_older_clients_put_before_a_reply_is_left_out() -> None:
    assert without_quote("> <@ann:example.org> before\n> more\n\nafter\n> kept") == "after\n> kept"
    assert without_quote("> a quote of my own\n\nafter") == "> a quote of my own\n\nafter"
    assert without_quote("> <@ann:example.org> only a quote") == ""


@given(st.text())
def test_any_text_is_cleaned(text: str) -> None:
    clean(text + "\ud800\0").encode()
