"""Requests in by each way of signing, and answers out, between two real ends on loopback."""

import hmac
from base64 import b64encode
from dataclasses import replace
from hashlib import sha1, sha256
from typing import Any

import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from rapport.channels.base import Account, ChannelError, HookRefused, Invalid, Message, MessageRefused
from rapport.channels.kinds.webhook.connector import WebhookConnector
from rapport.channels.kinds.webhook.mapping import BYTES_MAX
from rapport.channels.kinds.webhook.signing import key_of, new_secret
from rapport.channels.testing import Reply, ScriptedServer, draft_for
from tests.channels.webhook.test_webhook_contract import ACCOUNT, BODY, MAPPING, SECRET, request, standard

CONNECTOR = WebhookConnector()
PREFIX = f"webhook:{ACCOUNT.id}/"
ANSWERING = {"id": "f-17", "thread": "4711"}


def with_style(style: str, **config: Any) -> Account:
    return replace(ACCOUNT, config={**MAPPING, "style": style, **config}, secrets={"secret": "k" * 20})


def test_a_delivery_is_called_what_the_sender_calls_it() -> None:
    assert CONNECTOR.receive(ACCOUNT, standard(BODY, name="msg_7")).items[0].external_id == "msg_7"
    account = with_style("token", header="X-Token", id_header="X-Request-Id")
    hook = request(BODY, {"x-token": "k" * 20, "x-request-id": "r-1"})
    assert CONNECTOR.receive(account, hook).items[0].external_id == "r-1"
    nameless = request(BODY, {"x-token": "k" * 20})
    assert CONNECTOR.receive(account, nameless).items[0].external_id == sha256(BODY).hexdigest()


def test_one_of_several_signatures_must_be_good() -> None:
    good = standard(BODY)
    none = {**good.headers, "webhook-signature": "v1,AAAA v1 ,, v2,x"}
    with pytest.raises(HookRefused):
        CONNECTOR.receive(ACCOUNT, replace(good, headers=none))
    for stamp in ("", "soon", "-1", "1" * 20, "²"):
        with pytest.raises(HookRefused):
            CONNECTOR.receive(ACCOUNT, replace(good, headers={**good.headers, "webhook-timestamp": stamp}))


@pytest.mark.parametrize(
    ("algorithm", "given"),
    [
        ("sha256", hmac.new(b"k" * 20, BODY, sha256).hexdigest()),
        ("sha256", "sha256=" + hmac.new(b"k" * 20, BODY, sha256).hexdigest()),
        ("sha256", b64encode(hmac.new(b"k" * 20, BODY, sha256).digest()).decode()),
        ("sha1", "sha1=" + hmac.new(b"k" * 20, BODY, sha1).hexdigest()),
    ],
)
def test_a_plain_hmac_is_believed_in_the_forms_it_comes_in(algorithm: str, given: str) -> None:
    account = with_style("hmac", header="X-Signature", algorithm=algorithm)
    CONNECTOR.check(account)
    assert CONNECTOR.receive(account, request(BODY, {"x-signature": given})).items
    for header in (given[:-1], given + "0", "", "ä"):
        with pytest.raises(HookRefused):
            CONNECTOR.receive(account, request(BODY, {"x-signature": header}))


@pytest.mark.parametrize("given", ["k" * 20, "Bearer " + "k" * 20])
def test_a_token_in_a_header_is_believed(given: str) -> None:
    account = with_style("token", header="Authorization")
    assert CONNECTOR.receive(account, request(BODY, {"authorization": given})).items
    for header in (given[:-1], "", "Bearer ", "k"):
        with pytest.raises(HookRefused):
            CONNECTOR.receive(account, request(BODY, {"authorization": header}))


def test_what_is_too_large_or_no_post_is_refused_before_it_is_looked_at() -> None:
    for hook, status in ((replace(standard(BODY), method="GET"), 405), (standard(b" " * (BYTES_MAX + 1)), 413)):
        with pytest.raises(HookRefused) as refused:
            CONNECTOR.receive(ACCOUNT, hook)
        assert refused.value.status == status


def test_settings_that_could_verify_nothing_are_refused_in_words() -> None:
    for account in (
        replace(ACCOUNT, secrets={"secret": "whsec_short"}), replace(ACCOUNT, secrets={"secret": "whsec_" + "A" * 8}),
        replace(ACCOUNT, secrets={"secret": SECRET, "out_secret": "no base64!"}), with_style("hmac"), with_style("odd"),
        replace(with_style("token", header="X"), secrets={"secret": "short"}),
        replace(ACCOUNT, config={**MAPPING, "out": "ftp://x.example"}),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            CONNECTOR.check(account)
    assert len(key_of(new_secret())) == 32
    assert new_secret() != new_secret()


def send(server: ScriptedServer, account: Account = ACCOUNT) -> Any:
    account = replace(account, config={**account.config, "out": f"{server.url}/in"})
    outgoing = CONNECTOR.prepare(account, draft_for("Thank you.", ANSWERING, to=[("Ann", "ann@example.org")]))
    told: list[bool] = []
    sent = CONNECTOR.send(account, outgoing, lambda: told.append(True))
    assert told == [True]
    return sent


def test_an_answer_is_posted_signed_and_named_by_its_delivery() -> None:
    with ScriptedServer() as server:
        server.always(Reply.of({"id": 88, "url": "https://shop.example/88"}))
        first, second = send(server), send(server)
        asked, again = server.asked
    event = Webhook(SECRET).verify(asked.body, dict(asked.headers))
    assert event["type"] == "message.sent"
    data = event["data"]
    assert (data["text"], data["author"], data["in_reply_to"], data["thread"]) == (
        "Thank you.", {"name": "Mara Lind"}, "f-17", "4711",
    )  # fmt: skip
    assert asked.headers["webhook-id"] == again.headers["webhook-id"] == data["id"]
    assert asked.body == again.body
    assert first == second
    assert first.external_ids == [f"{PREFIX}88", f"{PREFIX}{data['id']}"]
    assert (first.url, first.answer) == ("https://shop.example/88", {"id": "88", "thread": "4711"})


def test_what_is_said_to_our_answer_comes_to_its_conversation() -> None:
    with ScriptedServer() as server:
        server.always(Reply(204))
        sent = send(server)
    body = orjson.dumps({"id": "f-18", "case": sent.answer["id"], "form": {"message": "It boils."}})
    (item,) = CONNECTOR.receive(ACCOUNT, standard(body)).items
    (message,) = CONNECTOR.parse(ACCOUNT, item)
    assert isinstance(message, Message)
    assert set(message.refers_to) & set(sent.external_ids)


def test_answers_may_have_a_secret_of_their_own() -> None:
    other = new_secret()
    with ScriptedServer() as server:
        server.always(Reply(200, b"thanks"))
        send(server, replace(ACCOUNT, secrets={"secret": SECRET, "out_secret": other}))
        send(server, with_style("token", header="X-Token"))
        own, shared = server.asked
    Webhook(other).verify(own.body, dict(own.headers))
    Webhook(b"k" * 20).verify(shared.body, dict(shared.headers))


@pytest.mark.parametrize(
    ("reply", "refused", "permanent"),
    [
        (Reply(413, b"too long"), True, True), (Reply(404), False, True), (Reply(410), False, True),
        (Reply(302, b"", {"Location": "/elsewhere"}), False, True), (Reply(503), False, False),
    ],
)  # fmt: skip
def test_what_the_other_end_says_no_to_is_told_apart(reply: Reply, refused: bool, permanent: bool) -> None:
    with ScriptedServer() as server:
        server.always(reply)
        with pytest.raises(ChannelError) as error:
            send(server)
        assert len(server.asked) == 1
    assert isinstance(error.value, MessageRefused) == refused
    assert error.value.permanent == permanent


def test_without_an_address_nothing_can_be_answered() -> None:
    deaf = replace(ACCOUNT, config=MAPPING)
    assert (CONNECTOR.per_minute(deaf), CONNECTOR.per_minute(ACCOUNT)) == (0, 60)
    assert CONNECTOR.test(deaf)
    with pytest.raises(Invalid):
        CONNECTOR.prepare(deaf, draft_for("Hello", ANSWERING))
    with pytest.raises(Invalid):
        CONNECTOR.prepare(ACCOUNT, draft_for(" ", ANSWERING))


def test_trying_the_address_says_nothing_to_anybody() -> None:
    with ScriptedServer() as server:
        server.always(Reply(202))
        assert len(CONNECTOR.test(replace(ACCOUNT, config={**MAPPING, "out": f"{server.url}/in"}))) == 2
        (asked,) = server.asked
    event = Webhook(SECRET).verify(asked.body, dict(asked.headers))
    assert (event["type"], event["data"]) == ("channel.test", {})
