"""Who may come in to a chat: which sites, which visitors, how often, with how much. What is refused leaves nothing."""

from typing import Any

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import Client

from rapport.channels.kinds.webchat import names
from rapport.channels.models import Channel
from tests.channels.webchat.conftest import ORIGIN, Page, make_chat, raw_items, understand
from tests.walls.test_headers import inline
from tests.web.cast import Cast

pytestmark = pytest.mark.django_db
OTHERS = [
    "https://evil.example", "https://www.example.org.evil.example", "http://www.example.org", "null",
    "https://www.example.org:8443", "https://example.org", "https://WWW.example.org", "https://www.example.org/",
]  # fmt: skip


@pytest.mark.parametrize("origin", OTHERS)
def test_another_site_is_refused_and_nothing_is_kept(page: Page, origin: str) -> None:
    page.begin()
    page.origin = origin
    upload = page.upload("a.txt", b"hello")
    for answer in (page.say("Hello"), page.post("session", {}), page.get("settings"), page.get("messages"), upload):
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert raw_items(page.channel) == []


def test_a_site_that_is_named_may_read_the_answers_and_no_cookie_is_part_of_it(page: Page) -> None:
    page.begin()
    for answer in (page.say("Hello"), page.get("settings"), page.get("messages"), page.post("messages", {})):
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" in answer.headers["Vary"]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert not answer.cookies


def test_a_preflight_is_answered(page: Page) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    answer = page.client.options(page.base + "messages", headers={"Origin": ORIGIN, **asked})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    refused = page.client.options(page.base + "messages", headers={"Origin": "https://evil.example", **asked})
    assert refused.status_code == 403
    assert "Access-Control-Allow-Methods" not in refused.headers


def test_what_no_browser_sends_does_not_come_in(page: Page) -> None:
    page.begin()
    page.origin = ""
    assert page.say("Hello").status_code == 403
    assert raw_items(page.channel) == []


def test_our_own_pages_may_show_it(page: Page) -> None:
    page.origin = "http://testserver"
    assert page.say("Hello").status_code == 200


@pytest.mark.parametrize("key", ["nothing", "x" * 20, "a" * 65])
def test_a_key_that_is_none_leads_nowhere(page: Page, key: str) -> None:
    for path in ("widget.js", "settings", "messages", "form", "theme.css", "files/x"):
        answer = page.client.get(f"/chat/{key}/{path}", headers={"Origin": ORIGIN})
        assert answer.status_code == 404
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_paused_chat_and_a_retired_key_lead_nowhere(page: Page) -> None:
    page.begin()
    old = page.base
    Channel.objects.filter(id=page.channel.id).update(enabled=False)
    assert page.say("Hello").status_code == 404
    config = {"origins": [ORIGIN], "key": "another0key0of0chat"}
    Channel.objects.filter(id=page.channel.id).update(enabled=True, config=config)
    assert page.client.get(old + "settings").status_code == 404
    page.channel.refresh_from_db()
    assert page.get("settings").status_code == 200
    assert page.say("Hello").status_code == 401, "what the old key vouched for is gone with it"
    assert raw_items(page.channel) == []


def forged(page: Page) -> list[str]:
    mine = page.token
    body, _, signature = mine.rpartition(":")
    return [
        "", "nonsense", mine[:-1], body + ":" + signature[::-1], "x" * 3_000,
        signing.dumps({"v": names.new_visitor(b"x")}), signing.dumps("x", salt="rapport.live"), mine.swapcase(),
    ]  # fmt: skip


def test_nobody_reads_or_writes_with_a_token_that_is_not_theirs(page: Page, cast: Cast) -> None:
    page.say("My secret order 1009")
    understand()
    elsewhere = Page(make_chat_named("Another chat"))
    elsewhere.begin()
    for token in (*forged(page), elsewhere.token):
        other = Page(page.channel, token=token)
        assert other.get("messages").status_code == 401
        assert other.post("messages", {"id": "0123456789", "text": "I am you"}).status_code == 401
        assert other.upload("a.txt", b"a").status_code == 401
    stranger = Page(page.channel)
    stranger.begin()
    for number in range(1, 4):
        stranger.number = number
        assert stranger.texts() == []
    assert len(raw_items(page.channel)) == 1


def make_chat_named(name: str) -> Channel:
    made = Channel(name=name, kind="webchat", config={"origins": [ORIGIN]})
    made.save()
    return made


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"id": "short", "text": "x"}, 400), ({"text": "x"}, 400), ({"id": "0123456789", "text": ""}, 400),
        ({"id": "0123456789", "text": "\0 "}, 400), ({"id": "0123456789", "text": "x" * 20_001}, 413),
        ({"id": "0123456789", "text": 7}, 413), ({"id": "a/../b/c/d", "text": "x"}, 400), ([1], 400), ("x", 400),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(page: Page, given: Any, status: int) -> None:
    page.begin()
    assert page.post("messages", given).status_code == status
    assert raw_items(page.channel) == []


def test_what_is_too_large_is_refused_before_it_is_read(page: Page) -> None:
    page.begin()
    assert page.post("messages", {"id": "0123456789", "text": "x", "more": "y" * 300_000}).status_code == 413
    assert page.post("session", {"token": "y" * 300_000}).status_code == 413
    assert page.upload("large.bin", b"x" * (10 * 1024 * 1024 + 1)).status_code == 413
    assert page.upload("huge.bin", b"x" * (11 * 1024 * 1024)).status_code == 413
    assert page.upload("empty.txt", b"").status_code == 400
    assert raw_items(page.channel) == []


def test_broken_uploads_are_refused(page: Page) -> None:
    page.begin()
    headers = {"Origin": ORIGIN, "Authorization": f"Bearer {page.token}"}
    for kind, body in (
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"), ("multipart/form-data", b"abc"),
        ("application/json", b'{"id": "0123456789"}'), ("text/plain", b"x"),
    ):  # fmt: skip
        answer = page.client.post(page.base + "files", body, content_type=kind, headers=headers)
        assert answer.status_code == 400, kind
    assert raw_items(page.channel) == []


@pytest.mark.usefixtures("one_minute")
def test_who_writes_too_much_must_wait(page: Page) -> None:
    page.begin()
    answers = [page.say(f"Message {number}").status_code for number in range(22)]
    assert answers.count(200) == 20
    assert answers[-1] == 429
    assert len(raw_items(page.channel)) == 20
    other = Page(page.channel, address="198.51.100.3")
    assert other.say("I am somebody else").status_code == 200


@pytest.mark.usefixtures("one_minute")
def test_one_address_makes_only_so_many_visitors(page: Page) -> None:
    answers = [page.post("session", {}).status_code for _ in range(32)]
    assert answers.count(200) == 30
    assert answers[-1] == 429
    assert Page(page.channel, address="198.51.100.3").post("session", {}).status_code == 200


@pytest.mark.usefixtures("one_minute")
def test_tokens_are_not_tried_without_end(page: Page) -> None:
    answers = [page.post("session", {"identity": f"wrong{number}"}).status_code for number in range(32)]
    assert answers.count(401) == 30
    assert answers[-1] == 429


def every_answer(page: Page) -> dict[str, HttpResponse]:
    page.say("Hello")
    paths = ["widget.js", "settings", "messages", "form", "theme.css", "files/nothing", "demo", "session"]
    return {path: page.get(path) for path in paths}


def test_no_answer_sets_a_cookie_and_all_are_guarded(page: Page) -> None:
    for path, answer in every_answer(page).items():
        assert not answer.cookies, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
        assert "unsafe" not in answer.headers["Content-Security-Policy"], path
        if path == "form":
            assert f"frame-ancestors 'self' {ORIGIN}" in answer.headers["Content-Security-Policy"]
            assert inline(answer.content.decode()) == []
            assert "<script" not in answer.content.decode()
        else:
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN", path


def test_a_member_who_is_signed_in_is_a_stranger_here(page: Page, cast: Cast) -> None:
    page.client.force_login(cast.admin, backend="rapport.web.entrance.MemberBackend")
    page.say("Hello")
    understand()
    assert page.texts() == ["Hello"]
    anonymous = Page(page.channel, client=page.client)
    assert anonymous.get("messages").status_code == 401


def test_the_script_is_small_and_kept_by_browsers(page: Page) -> None:
    answer = page.get("widget.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert len(answer.content) < 15_000
    packed = page.get("widget.js", **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.content) < 6_000
    assert page.get("widget.js", **{"If-None-Match": answer.headers["ETag"]}).status_code == 304
    for forbidden in ("innerHTML", "eval(", "document.cookie", "document.write", "style=\""):
        assert forbidden not in answer.content.decode()


def test_the_page_that_shows_it_is_for_administrators(page: Page, cast: Cast) -> None:
    assert page.get("demo").status_code == 302
    for member, status in ((cast.agent, 403), (cast.lead, 403), (cast.admin, 200)):
        client = Client()
        client.force_login(member, backend="rapport.web.entrance.MemberBackend")
        shown = client.get(page.base + "demo")
        assert shown.status_code == status
        if status == 200:
            assert f"{page.base}widget.js" in shown.content.decode()
            assert inline(shown.content.decode()) == []
            assert client.get("/chat/xxxxxxxxxxxxxxxxxxxx/demo").status_code == 404


def test_the_chat_of_a_company_without_a_name_still_has_a_title(cast: Cast) -> None:
    page = Page(make_chat(title="", color="#ffee00", position="start", privacy_url="javascript:alert(1)"))
    found = page.get("settings").json()
    assert found["title"]
    assert (found["ink"], found["position"], found["privacy"]) == ("#111110", "start", "")
