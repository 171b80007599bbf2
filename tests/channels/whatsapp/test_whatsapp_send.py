"""Answers, as the Cloud API takes them. What a request may hold is written by hand after Meta's published OpenAPI."""

import orjson
import pytest

from rapport.channels.base import ChannelError, File, Invalid, MessageRefused, OutcomeUnknown, Sent, TooFast
from rapport.channels.kinds.whatsapp.connector import WhatsAppConnector
from rapport.channels.testing import Reply, ScriptedServer, draft_for
from tests.channels.whatsapp.samples import ANN, BEN_HIDDEN, LINE, account_at

CONNECTOR = WhatsAppConnector()
ANSWERING = {"line": LINE, "to": f"+{ANN}", "message": "wamid.A1"}
_ALLOWED = {
    "text": {"body", "preview_url"}, "image": {"id", "link", "caption"},
    "document": {"id", "link", "caption", "filename"}, "audio": {"id", "link"}, "video": {"id", "link", "caption"},
}  # fmt: skip


def went(name: str) -> Reply:
    """The answer to a message that was taken."""
    contacts = [{"input": f"+{ANN}", "wa_id": ANN}]
    return Reply.of({"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": name}]})


def refused(code: int, status: int = 400) -> Reply:
    """An error as the Graph API words it."""
    return Reply.of(
        {"error": {"message": f"(#{code}) no", "type": "OAuthException", "code": code, "fbtrace_id": "x"}}, status
    )


def answer(server: ScriptedServer, text: str = "It comes today.", **more: object) -> Sent:
    """Prepare and send, and see that the house was told once."""
    told: list[bool] = []
    account = account_at(server.url)
    outgoing = CONNECTOR.prepare(account, draft_for(text, more.pop("answering", ANSWERING), **more))  # type: ignore[arg-type]
    try:
        return CONNECTOR.send(account, outgoing, lambda: told.append(True))
    finally:
        assert told == [True]


def checked(server: ScriptedServer) -> list[dict[str, object]]:
    """Every message that was sent, after holding it against what the API says a message is."""
    bodies = [orjson.loads(one.body) for one in server.asked if one.path == f"/{LINE}/messages"]
    for body in bodies:
        kind = body["type"]
        assert body["messaging_product"] == "whatsapp"
        assert body["recipient_type"] in ("individual", "group")
        assert ("to" in body) != ("recipient" in body)
        assert set(body) <= {"messaging_product", "recipient_type", "to", "recipient", "type", "context", kind}
        assert set(body[kind]) <= _ALLOWED[kind]
        assert kind != "text" or 1 <= len(body["text"]["body"]) <= 4096
    assert all(one.headers["authorization"] == "Bearer made-up-token" for one in server.asked)
    return bodies


def test_an_answer_quotes_what_it_answers_and_names_the_member() -> None:
    with ScriptedServer() as server:
        server.on("POST", f"/{LINE}/messages", went("wamid.OURS"))
        sent = answer(server)
    (body,) = checked(server)
    assert body["to"] == f"+{ANN}"
    assert body["context"] == {"message_id": "wamid.A1"}
    assert body["text"] == {"body": "It comes today.\n\n— Mara Lind", "preview_url": True}
    assert sent.external_ids == ["whatsapp:wamid.OURS"]
    assert CONNECTOR.parts(account_at(), draft_for("It comes today.", ANSWERING)) == ["It comes today.\n\n— Mara Lind"]
    assert sent.answer == {"line": LINE, "to": f"+{ANN}", "message": "wamid.OURS"}


def test_a_person_without_a_number_is_answered_by_what_whatsapp_calls_them() -> None:
    with ScriptedServer() as server:
        server.on("POST", f"/{LINE}/messages", went("wamid.OURS"))
        sent = answer(server, answering={"line": LINE, "recipient": BEN_HIDDEN})
    assert checked(server)[0]["recipient"] == BEN_HIDDEN
    assert sent.answer["recipient"] == BEN_HIDDEN


def test_a_group_is_written_to_as_a_group() -> None:
    with ScriptedServer() as server:
        server.on("POST", f"/{LINE}/messages", went("wamid.OURS"))
        answer(server, answering={"line": LINE, "group": "Y2Fw"})
    assert (checked(server)[0]["recipient_type"], checked(server)[0]["to"]) == ("group", "Y2Fw")


def test_files_are_uploaded_before_anybody_can_see_anything() -> None:
    files = [
        File("a.png", "image/png", b"png"),
        File("b.pdf", "application/pdf", b"pdf"),
        File("c.mp3", "audio/mpeg", b"mp3"),
    ]
    with ScriptedServer() as server:
        server.on("POST", f"/{LINE}/media", Reply.of({"id": "M1"}), Reply.of({"id": "M2"}), Reply.of({"id": "M3"}))
        server.on("POST", f"/{LINE}/messages", *(went(f"wamid.{one}") for one in range(4)))
        sent = answer(server, files=files)
    assert [one.path.rpartition("/")[2] for one in server.asked] == ["media"] * 3 + ["messages"] * 4
    bodies = checked(server)
    assert [one["type"] for one in bodies] == ["text", "image", "document", "audio"]
    assert bodies[2]["document"] == {"id": "M2", "filename": "b.pdf"}
    assert len(sent.external_ids) == 4


def test_a_file_that_is_not_taken_is_said_before_anything_went() -> None:
    with ScriptedServer() as server:
        server.on("POST", f"/{LINE}/media", refused(131053))
        account = account_at(server.url)
        outgoing = CONNECTOR.prepare(
            account, draft_for("See", ANSWERING, files=[File("a.pdf", "application/pdf", b"x")])
        )
        told: list[bool] = []
        with pytest.raises(MessageRefused):
            CONNECTOR.send(account, outgoing, lambda: told.append(True))
    assert not told
    assert not checked(server)


def test_after_a_day_the_refusal_says_what_can_be_done() -> None:
    with ScriptedServer() as server:
        server.always(refused(131047))
        with pytest.raises(MessageRefused) as error:
            answer(server)
    assert "24 hours" in error.value.message
    assert "templates" in error.value.hint


@pytest.mark.parametrize(
    ("code", "status", "kind", "permanent"),
    [
        (130429, 400, TooFast, False), (80007, 400, TooFast, False), (131056, 400, TooFast, False),
        (190, 401, ChannelError, True), (190, 400, ChannelError, True), (131031, 403, ChannelError, True),
        (131042, 400, ChannelError, True), (200, 403, ChannelError, True), (131016, 503, ChannelError, False),
        (131026, 400, MessageRefused, True), (100, 400, MessageRefused, True), (131000, 500, OutcomeUnknown, False),
    ],
)  # fmt: skip
def test_errors_mean_what_meta_says(code: int, status: int, kind: type[ChannelError], permanent: bool) -> None:
    with ScriptedServer() as server:
        server.always(refused(code, status))
        with pytest.raises(ChannelError) as error:
            answer(server)
    assert type(error.value) is kind
    assert error.value.permanent == permanent


def test_a_second_part_that_fails_is_for_a_person_to_see() -> None:
    with ScriptedServer() as server:
        server.on("POST", f"/{LINE}/messages", went("wamid.1"), refused(130429))
        with pytest.raises(OutcomeUnknown) as error:
            answer(server, "word " * 1_000)
    assert "1 of 2" in error.value.message
    assert len(checked(server)) == 2


def test_a_page_in_place_of_an_answer_leaves_it_open_whether_it_went() -> None:
    with ScriptedServer() as server:
        server.always(Reply(200, b"<html>", {"Content-Type": "text/html"}))
        with pytest.raises(OutcomeUnknown):
            answer(server)


def test_the_number_says_who_it_is() -> None:
    about = {"id": LINE, "display_phone_number": "+49 30 123400", "verified_name": "Tulips", "quality_rating": "GREEN"}
    with ScriptedServer() as server:
        server.on("GET", f"/{LINE}", Reply.of(about))
        account = account_at(server.url)
        assert CONNECTOR.identify(account) == {"address": "+4930123400", "id": LINE, "name": "Tulips"}
        assert CONNECTOR.test(account) == ["+49 30 123400: Tulips.", "Quality, says WhatsApp: green."]


def test_what_cannot_be_sent_is_said_before() -> None:
    account = account_at()
    for draft in (
        draft_for("Hello", {}),
        draft_for("  ", ANSWERING),
        draft_for("See", ANSWERING, files=[File("a.pdf", "application/pdf", b"x" * (16 * 1024 * 1024 + 1))]),
    ):
        with pytest.raises(Invalid):
            CONNECTOR.prepare(account, draft)
