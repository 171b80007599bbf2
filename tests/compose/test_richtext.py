"""What members write becomes clean HTML and the same as text, whatever is pasted into it."""

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.outbound import richtext

_ID = UUID("01890000-0000-7000-8000-00000abcdef0")

_tags = st.sampled_from(
    ["b", "strong", "i", "p", "div", "ul", "ol", "li", "blockquote", "pre", "code", "a", "span", "mark", "script", "h1",
     "table", "td", "svg", "style", "textarea", "math", "template", "form", "iframe", "u", "s"]
)  # fmt: skip
_attributes = st.sampled_from(
    ["", ' onclick="alert(1)"', ' style="position:fixed"', ' href="javascript:alert(1)"', ' href="https://a.example/?x=1&y"',
     f' data-member="{_ID}"', f' data-conversation="{_ID}"', ' data-gap="person.name"', ' dir="rtl"', " href='//x'"]
)  # fmt: skip
_text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
_html = st.recursive(
    _text
    | st.sampled_from(["<br>", "<img src=x onerror=alert(1)>", '<img src="cid:a@b">', "&amp;", "&lt;script&gt;", "\n"]),
    lambda inner: st.builds(
        lambda t, a, parts: f"<{t}{a}>{''.join(parts)}</{t}>", _tags, _attributes, st.lists(inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(_html, st.booleans())
def test_reading_what_was_read_changes_nothing_and_nothing_can_run(html: str, internal: bool) -> None:
    once = richtext.read(html, internal=internal)
    again = richtext.read(once.html, internal=internal)
    assert (again.html, again.text) == (once.html, once.text)
    assert not re.search(r"<[^>]*(?:javascript:|onclick|style=)", once.html)
    assert not re.search(r"<(?:script|svg|style|iframe|form|textarea|template|math)", once.html)
    page = richtext.shown(once.html, lambda cid: None, lambda found: None)
    assert "<script" not in page
    assert "<img" not in page


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_plain_text_comes_back_as_it_was_apart_from_space_at_ends(text: str) -> None:
    said = richtext.read(richtext.of_text(text)).text
    wanted = "".join(text.split())
    assert "".join(said.split()) == "".join(
        c for c in wanted if c in "".join(richtext.read(richtext.of_text(c)).text for c in set(wanted)) or c.isspace()
    )


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<ul><li>x</li><li>y<br>z</li></ul>", "- x\n- y\n  z"),
        ("<ol><li>x</li><li>y</li></ol>", "1. x\n2. y"),
        ("<ul><li>x<ul><li>deep</li></ul></li></ul>", "- x\n  - deep"),
        ("see <a href='https://a.example/b'>this</a>", "see this <https://a.example/b>"),
        ("<a href='https://a.example'>https://a.example</a>", "https://a.example"),
        ("<a href='mailto:a@b.example'>a@b.example</a>", "a@b.example"),
        ("<blockquote><div>said</div><div>twice</div></blockquote><div>yes</div>", "> said\n> twice\nyes"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n> > b"),
        ("<pre>if x:\n    y  =  1</pre>", "if x:\n    y  =  1"),
        ("<b>bold</b> and\n   <i>more</i>&nbsp;", "bold and more"),
        ('<div>pic <img src="cid:u@rapport" alt="a cat"></div>', "pic [a cat]"),
        ("<h1>Title</h1><table><tr><td>cell</td></tr></table>", "Title\ncell"),
        ("<b>x<div>y</div></b>", "x\ny"),
    ],
)
def test_html_reads_as_text(html: str, text: str) -> None:
    assert richtext.read(html).text == text


@pytest.mark.parametrize(
    "bad",
    [
        "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>", "<div style='position:fixed'>x</div>",
        "<img src='https://tracker.example/x.gif'>", "<img src='data:image/png;base64,AAAA'>", "<a href='/log/'>x</a>",
    ],
)  # fmt: skip
def test_what_runs_calls_home_or_hides_is_gone(bad: str) -> None:
    found = richtext.read(bad).html
    assert "alert" not in found
    assert "style" not in found
    assert "<img" not in found
    assert "href" not in found


def test_mentions_exist_only_among_colleagues_and_a_conversation_is_named_by_its_id_alone() -> None:
    link = f'<a data-conversation="{_ID}" href="https://evil.example">#Secret matter</a>'
    html = f'<span data-member="{_ID}">@Ada</span> see {link}'
    note, letter = richtext.read(html, internal=True), richtext.read(html)
    assert note.members == (_ID,)
    assert note.conversations == (_ID,)
    assert "Secret" not in note.html + note.text
    assert "evil" not in note.html
    assert letter.members == ()
    assert "data-" not in letter.html
    assert richtext.references([note.html]) == {_ID}
    assert "Known to me" in richtext.shown(note.html, lambda cid: None, lambda found: "Known to me")
    assert "#0abcdef0" in richtext.shown(note.html, lambda cid: None, lambda found: None)


def test_images_are_named_by_content_id_and_shown_only_where_there_is_one() -> None:
    found = richtext.read('<img src="/uploads/1/" data-cid="abc@rapport" alt="x&quot;><script>"><img src="/x.png">')
    assert found.images == ("abc@rapport",)
    assert found.html.count("<img") == 1
    assert not found.is_empty
    page = richtext.shown(found.html, {"abc@rapport": "/files/1/"}.get, lambda _: None)
    assert 'src="/files/1/"' in page
    assert "<script" not in page
    assert "data-cid" in richtext.shown(found.html, lambda _: "/files/1/", lambda _: None, editing=True)


def test_a_gap_is_one_until_it_is_written_over() -> None:
    assert richtext.read('Dear <mark data-gap="person.name">{{person.name}}</mark>').gaps == ("person.name",)
    assert richtext.read('Dear <mark data-gap="person.name">Carla</mark>').gaps == ()
    assert richtext.read("Dear {{person.frist_name}}").gaps == ("person.frist_name",)
    assert richtext.read("use {{ user }} in your template").gaps == ()


def test_a_tower_of_tags_does_not_fall_over() -> None:
    found = richtext.read("<blockquote>" * 5000 + "deep" + "</blockquote>" * 5000)
    assert found.text.endswith("deep")
    assert richtext.read("<b>" * 3000 + "x").text == "x"
    assert richtext.read(f"<span data-member='{uuid4()}'>" * 2 + "y", internal=True).text == "y"
