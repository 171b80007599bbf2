"""A post's HTML as text: paragraphs, whole links, nothing hidden and nothing that turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.kinds.mastodon.text import clean, one_line, plain

_LONG = (
    '<a href="https://shop.example/a/very/long/way/to/somewhere?x=1&amp;y=2" rel="nofollow"><span class="invisible">'
    'https://</span><span class="ellipsis">shop.example/a/very/long/way/</span><span class="invisible">'
    "to/somewhere?x=1&amp;y=2</span></a>"
)
CASES = [
    ("<p>One</p><p>Two<br/>Three</p>", "One\n\nTwo\nThree"),
    (f"<p>See {_LONG}!</p>", "See https://shop.example/a/very/long/way/to/somewhere?x=1&y=2!"),
    ('<p><span><a href="https://a.example/@ann" class="u-url mention">@<span>ann</span></a></span> hi</p>', "@ann hi"),
    ('<p title="a>b">x</p><a href=https://a.example/?q=1&amp;r=2>there</a>', "x\n\nthere (https://a.example/?q=1&r=2)"),
    ("<P>ONE</P><!-- no --><P>TWO</P>", "ONE\n\nTWO"), ("I <3 you & me", "I <3 you & me"),
    ('<a href="https://a.example/tags/tea" class="mention hashtag" rel="tag">#<span>tea</span></a>', "#tea"),
    ('<a href="https://bad.example/">https://bank.example</a>', "https://bank.example (https://bad.example/)"),
    ('<a href="https://a.example/x">our page</a>', "our page (https://a.example/x)"),
    ('<a href="javascript:alert(1)">press</a>', "press"),
    ("<p>List</p><ul><li>one</li><li>two</li></ul><ol><li>a</li><li>b</li></ol>", "List\n\n- one\n- two\n\n1. a\n2. b"),
    ("<p>&lt;b&gt; &amp; &#39;you&#39;</p>", "<b> & 'you'"),
    ("<script>alert(1)</script><style>p{}</style><p>said</p>", "said"),
    ('<img src="https://a.example/e.png" alt=":smile:"> yes', ":smile: yes"),
    ("no html at all", "no html at all"), ("a < b", "a < b"), ("", ""),
    ("<p>\u202eright\u202c to \u2066left\u2069\x00\x07</p>", "right to left"),
    ("<p>\u05e9\u05dc\u05d5\u05dd \u200fx</p>", "\u05e9\u05dc\u05d5\u05dd \u200fx"),
    ("<p>\U0001f469\u200d\U0001f4bb\U0001f44d\U0001f3fd</p>", "\U0001f469\u200d\U0001f4bb\U0001f44d\U0001f3fd"),
]  # fmt: skip


@pytest.mark.parametrize(("html", "text"), CASES)
def test_html_becomes_text(html: str, text: str) -> None:
    assert plain(html) == text


def test_what_is_no_text_is_none() -> None:
    assert plain(None) == plain(7) == plain(["<p>"]) == clean(None) == one_line({}) == ""


@pytest.mark.parametrize(
    "one", ["<a href=x>", "<", "<!--", "&", "<p", "</p>", "<ul><li>", '<a href="', "<![CDATA[", "' <", " ", "\n <"]
)
def test_nonsense_without_end_comes_to_an_end(one: str) -> None:
    assert isinstance(plain("&" + one * (400_000 // len(one))), str)


@given(st.text(alphabet=st.sampled_from("<>/ab &;#\"'=!-pul\u202e\x00\n\U0001f600"), max_size=200))
def test_no_html_breaks_it_or_leaves_controls(html: str) -> None:
    text = plain(html)
    assert not any(sign in text for sign in "\x00\u202e")
    text.encode()
    assert "\n\n\n" not in text
