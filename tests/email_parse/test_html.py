"""HTML that is safe to show."""

import json
import re
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from rapport.channels.kinds.email.html import sanitise

_EXECUTABLE_TAGS = {
    "script", "style", "iframe", "object", "embed", "svg", "math", "form", "input", "link", "meta",
    "base", "template", "frame"
}  # fmt: skip
_BAD_ADDRESS = re.compile(
    r"\s*(?:javascript|vbscript|data:(?!image/(?:png|gif|jpe?g|webp|bmp);))", re.IGNORECASE
)
_BAD_STYLE = re.compile(r"url|expression|@import|binding|behaviou?r|\\|/\*", re.IGNORECASE)


def executable(html: str) -> list[str]:
    """Everything in parsed HTML that a browser would run or fetch by itself."""
    found = []
    for node in LexborHTMLParser(html).root.traverse(include_text=False):
        if node.tag in _EXECUTABLE_TAGS:
            found.append(node.tag)
        for name, value in node.attributes.items():
            if name.startswith("on") or name in ("srcdoc", "formaction", "srcset", "background", "xlink:href"):
                found.append(name)
            elif name in ("href", "src", "action") and _BAD_ADDRESS.match(value or ""):
                found.append(f"{name}={value}")
            elif name == "style" and _BAD_STYLE.search(value or ""):
                found.append(f"style={value}")
    return found


def none(_: str) -> None:
    return None


def test_nothing_of_the_known_attacks_survives(shared_data: Path) -> None:
    attacks = json.loads((shared_data / "html-sanitise/dompurify_expect.json").read_text("utf-8"))
    assert len(attacks) == 223
    for attack in attacks:
        once = sanitise(attack["payload"], none).html
        assert executable(once) == [], attack["payload"]
        assert executable(sanitise(once, none).html) == []  # also after a second parse (mutation XSS)


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ('<p style="color:red;background:url(http://x/a);position:fixed">a</p>', '<p style="color:red">a</p>'),
        ('<td background="http://x/a">b</td>', "b"),
        ('<img src="data:image/svg+xml;base64,AAAA">', "<img>"),
        ('<img src="data:image/png;base64,AAAA">', '<img src="data:image/png;base64,AAAA">'),
        ('<img src="cid:a@b" alt="x">', '<img src="/files/a@b" alt="x">'),
        ('<img data-remote="javascript:x">', "<img>"),
        ("<style>p{}</style><script>x</script>text", "text"),
        ("nul\x00 and \ud800", "nul and \ufffd"),
    ],
)
def test_what_is_kept_and_what_goes(source: str, html: str) -> None:
    assert sanitise(source, lambda content_id: f"/files/{content_id}").html == html


def test_remote_images_wait_until_they_are_allowed() -> None:
    source = '<img src="http://x/a.png?b=1&c=2"><img src="//x/b.png">'
    held = sanitise(source, none)
    assert held.blocked_remote == 2
    assert held.html == '<img data-remote="http://x/a.png?b=1&amp;c=2"><img data-remote="https://x/b.png">'
    shown = sanitise(source, none, allow_remote=True)
    assert (shown.blocked_remote, shown.html) == (
        0,
        '<img src="http://x/a.png?b=1&amp;c=2"><img src="https://x/b.png">',
    )


def test_text_that_resembles_the_mark_of_a_held_image_is_left_alone() -> None:
    source = (
        '<p title=" src=&quot;rapport-remote:x&quot;"> src="rapport-remote:x"</p><img src="rapport-remote:x">'
    )
    result = sanitise(source, none)
    nodes = LexborHTMLParser(result.html).css("[data-remote]")
    assert (nodes, result.blocked_remote) == ([], 0)


def test_links_open_elsewhere_and_tell_nobody() -> None:
    link = LexborHTMLParser(
        sanitise('<a href="https://x/y" target="_top" onclick="z()">a</a>', none).html
    ).css_first("a")
    assert link is not None
    assert link.attributes == {"href": "https://x/y", "target": "_blank", "rel": "noopener noreferrer nofollow"}


def test_what_is_nested_beyond_reason_is_shown_as_text() -> None:
    deep = "<ul><li>" * 370_000 + "<script>alert(1)</script>words"
    safe = sanitise(deep, lambda cid: None)
    assert "words" in safe.html
    assert "<script" not in safe.html
    usual = "<p>one<p>two" * 5_000 + "<table><tr><td>" * 50
    assert "<table>" in sanitise(usual, lambda cid: None).html
