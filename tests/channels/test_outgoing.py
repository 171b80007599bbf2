"""Outgoing requests are bounded in bytes and time, and go nowhere private."""

import gzip
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rapport.channels import outgoing
from rapport.channels.base import ChannelError, OutcomeUnknown, TooFast
from rapport.channels.testing import Reply, ScriptedServer
from rapport.core.options import options
from tests.support import free_port


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as one:
        yield one


def test_an_answer_is_what_was_said_whatever_its_status(server: ScriptedServer) -> None:
    server.always(Reply.of({"a": 1}, 418))
    answer = outgoing.ask("GET", server.url)
    assert (answer.status, answer.json()) == (418, {"a": 1})


def test_an_endless_answer_and_an_endless_redirect_are_left(server: ScriptedServer) -> None:
    server.always(Reply(200, b"x" * 65_536, endless=True))
    with pytest.raises(outgoing.TooLarge):
        outgoing.ask("GET", server.url, bytes_max=100_000)
    server.on("GET", "/there", Reply(302, b"x" * 65_536, {"Location": "/here"}, endless=True))
    server.on("GET", "/here", Reply.of({"well": True}))
    assert outgoing.ask("GET", f"{server.url}/there", bytes_max=1000).json() == {"well": True}


def test_a_bomb_is_not_unpacked(server: ScriptedServer) -> None:
    server.always(Reply(200, gzip.compress(bytes(300_000_000), 9), {"Content-Encoding": "gzip"}))
    with pytest.raises(outgoing.TooLarge):
        outgoing.ask("GET", server.url, bytes_max=1_000_000)


def test_an_answer_that_drips_comes_to_an_end() -> None:
    class Dripping(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            for _ in range(600):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return
                time.sleep(0.05)

    one = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    one.daemon_threads = True
    threading.Thread(target=one.serve_forever, daemon=True).start()
    with pytest.raises(outgoing.TooLarge, match="did not come to an end"):
        outgoing.ask("GET", f"http://127.0.0.1:{one.server_port}/", whole_s=0.5)
    one.shutdown()
    one.server_close()


def test_a_redirect_to_a_private_address_is_not_followed(server: ScriptedServer) -> None:
    for target in ("http://10.1.2.3/", "http://169.254.169.254/latest", "http://[fd00::1]/"):
        server.always(Reply(302, b"", {"Location": target}))
        with pytest.raises(ChannelError) as error:
            outgoing.ask("GET", server.url)
        assert "private" in error.value.message


def test_what_a_status_means(server: ScriptedServer) -> None:
    server.always(Reply.of({}, 429, Retry_After="12"))
    with pytest.raises(TooFast) as slow:
        outgoing.call("GET", server.url)
    assert slow.value.retry_after == 12
    for status, permanent in ((401, True), (403, True), (404, True), (408, False), (500, False), (503, False)):
        server.always(Reply.of({}, status))
        with pytest.raises(ChannelError) as error:
            outgoing.call("GET", server.url)
        assert error.value.permanent == permanent


def test_what_may_have_been_done_is_not_called_undone(server: ScriptedServer) -> None:
    for status in (500, 502, 504):
        server.always(Reply.of({}, status))
        with pytest.raises(OutcomeUnknown):
            outgoing.submit("POST", server.url, json={})
    with ScriptedServer() as gone:
        url = gone.url
    with pytest.raises(ChannelError) as error:
        outgoing.submit("POST", url, json={})
    assert not isinstance(error.value, OutcomeUnknown)


@pytest.mark.parametrize("value", ["", "soon", "-5", "99999999", "Wed, 21 Oct 2015 07:28:00 GMT", "\u0664", "\u00b2",
    "Wed, 21 Oct 2015 07:28:00 +99999999999999"])
def test_retry_after_is_bounded_whatever_it_says(value: str) -> None:
    assert 1 <= outgoing.retry_after({"retry-after": value}) <= 3600


def test_requests_go_through_the_companys_proxy_where_there_is_one(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.always(Reply.of({"by": "proxy"}))
    monkeypatch.setattr(outgoing, "options", lambda: replace(options(), outgoing_proxy=server.url))
    assert outgoing.ask("GET", "http://service.example/path").json() == {"by": "proxy"}
    assert server.asked[0].path == "http://service.example/path"


def test_a_redirected_submission_is_not_made_into_another_request(server: ScriptedServer) -> None:
    server.on("POST", "/there", Reply(302, b"", {"Location": "/here"})).always(Reply.of({"well": True}))
    with pytest.raises(ChannelError) as error:
        outgoing.submit("POST", f"{server.url}/there", json={})
    assert error.value.permanent
    assert [one.path for one in server.asked] == ["/there"]


def test_why_nothing_answers_is_said_in_words_for_a_person() -> None:
    dead = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(ChannelError) as told:
        outgoing.ask("GET", dead)
    assert told.value.message == "127.0.0.1 does not answer: nothing listens at this address and port."
