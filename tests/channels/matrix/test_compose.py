"""What a draft becomes in Matrix."""

from typing import Any

import orjson
import pytest

from rapport.channels.base import File, Invalid
from rapport.channels.kinds.matrix.compose import BYTES_MAX, composed
from rapport.channels.kinds.matrix.connector import MatrixConnector
from rapport.channels.testing import Reply, ScriptedServer, draft_for
from tests.channels.matrix.test_contract import matrix_account

ROOM = {"room": "!help:example.org", "event": "$1", "root": "", "from": "@ann:example.org", "public": True}


def events(answering: dict[str, Any], **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(composed(draft_for("Hello", answering, **given)).body)["events"]
    return found


def test_in_a_thread_the_answer_stays_in_the_thread() -> None:
    related = events({**ROOM, "root": "$root"})[0]["m.relates_to"]
    assert (related["event_id"], related["m.in_reply_to"]) == ("$root", {"event_id": "$1"})


def test_between_two_the_answer_is_a_reply_and_no_thread() -> None:
    assert events({**ROOM, "direct": True})[0]["m.relates_to"] == {"m.in_reply_to": {"event_id": "$1"}}


def test_an_automatic_message_is_a_notice_so_that_other_programs_do_not_answer_it() -> None:
    assert events(ROOM, automatic=True)[0]["msgtype"] == "m.notice"


@pytest.mark.parametrize("to", ["", "ann", "ann@example.org", "@ann"])
def test_what_is_no_address_is_refused(to: str) -> None:
    with pytest.raises(Invalid, match="no address"):
        composed(draft_for("Hello", to=[("", to)]))


def test_the_signature_counts_in_the_length() -> None:
    whole = "x" * (BYTES_MAX - len("\n\n— Mara Lind".encode()))
    composed(draft_for(whole, ROOM))
    with pytest.raises(Invalid, match="bytes"):
        composed(draft_for(whole + "x", ROOM))


def test_files_are_uploaded_before_and_shown_after_the_words() -> None:
    account_of, connector = matrix_account, MatrixConnector()
    with ScriptedServer() as server:
        server.always(Reply.of({"event_id": "$sent", "content_uri": "mxc://example.org/up"}))
        account = account_of(homeserver=server.url)
        files = [File("cup.png", "image/png", b"png"), File("a.pdf", "application/pdf", b"pdf")]
        outgoing = connector.prepare(account, draft_for("Look", ROOM, files=files, key="k"))
        asked_then: list[int] = []
        connector.send(account, outgoing, lambda: asked_then.append(len(server.asked)))
    assert asked_then == [2]
    puts = [one for one in server.asked if one.method == "PUT"]
    assert [one.path.rpartition("/")[2] for one in puts] == ["k.0", "k.1", "k.2"]
    bodies = [orjson.loads(one.body) for one in puts]
    assert [one["msgtype"] for one in bodies] == ["m.text", "m.image", "m.file"]
    assert bodies[1]["url"] == "mxc://example.org/up"


@pytest.mark.parametrize(
    ("setting", "value"),
    [("homeserver", "http://example.org"), ("homeserver", "example.org"), ("homeserver", "ftp://x"), ("rooms", "help")],
)
def test_a_wrong_setting_is_named(setting: str, value: str) -> None:
    with pytest.raises(Invalid, match=setting.capitalize()):
        MatrixConnector().check(matrix_account(**{setting: value}))
