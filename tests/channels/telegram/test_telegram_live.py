"""The connector and a Bot API server: see tests/peers/telegram/emulator.py."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rapport.channels.base import (
    Account,
    ChannelError,
    File,
    Hook,
    Message,
    MessageRefused,
    OutcomeUnknown,
    Outgoing,
    Sent,
    TooFast,
)
from rapport.channels.kinds.telegram import collect
from rapport.channels.kinds.telegram.connector import TelegramConnector
from rapport.channels.testing import MemorySource, Reply, ScriptedServer, draft_for
from tests.channels.telegram.samples import OWN, account_at
from tests.peers.telegram.emulator import BEN, BOT, GROUP, PLAIN, PRIVATE, TOKEN, Refused, TelegramServer
from tests.support import refuse

CONNECTOR = TelegramConnector()


@pytest.fixture
def telegram() -> Iterator[TelegramServer]:
    with TelegramServer() as server:
        yield server


@contextmanager
def collecting(account: Account, source: MemorySource) -> Iterator[list[BaseException]]:
    """The collector in a thread of its own, as the house runs it."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            CONNECTOR.collect(account, source)
        except ChannelError as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield failed
    finally:
        source.stopping.set()
        thread.join(60)
        assert not thread.is_alive()


def answer(account: Account, text: str, answering: dict[str, Any], **more: Any) -> Sent:
    """Prepare and send, and see that the house was told once before."""
    told: list[bool] = []
    outgoing = CONNECTOR.prepare(account, draft_for(text, answering, **more))
    sent = CONNECTOR.send(account, outgoing, lambda: told.append(True))
    assert told == [True]
    return sent


def test_the_bot_says_who_it_is(telegram: TelegramServer) -> None:
    account = account_at(telegram.url)
    assert CONNECTOR.identify(account) == OWN
    assert CONNECTOR.test(account) == ["Signed in as @hub_bot."]


def test_what_ann_writes_is_collected_and_confirmed_after_it_was_kept(telegram: TelegramServer) -> None:
    account, source = account_at(telegram.url), MemorySource()
    telegram.says("Hello")
    with collecting(account, source):
        telegram.wait_until(lambda: len(source.items) == 1)
        telegram.says("Where is my parcel?")
        telegram.wait_until(lambda: len(source.items) == 2 and not telegram.updates)
    said = [CONNECTOR.parse(account, one)[0] for one in source.items.values()]
    assert [one.text for one in said if isinstance(one, Message)] == ["Hello", "Where is my parcel?"]
    assert source.figures["way"] == "polling"
    assert source.wells


def test_after_a_crash_nothing_is_lost_or_twice(telegram: TelegramServer) -> None:
    account, source = account_at(telegram.url), MemorySource(enough=1)
    telegram.says("One")
    CONNECTOR.collect(account, source)
    assert telegram.updates, "not confirmed: we stopped before asking for the next"
    telegram.says("Two")
    again = MemorySource(enough=1, cursors=source.cursors())
    CONNECTOR.collect(account, again)
    assert [CONNECTOR.parse(account, one)[0].text for one in again.items.values()] == ["Two"]  # type: ignore[union-attr]
    forgetful = MemorySource(enough=1)
    telegram.says("Three")
    CONNECTOR.collect(account, forgetful)
    assert not set(forgetful.items) & set(source.items)


def test_numbers_that_begin_anew_after_a_quiet_week_are_heard(
    telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "_WAIT_S", 0)
    account, source = account_at(telegram.url), MemorySource()
    telegram.says("Before")
    with collecting(account, source):
        telegram.wait_until(lambda: source.cursors().get("offset 666") == 0)
        telegram._numbers = iter(range(5, 10))
        telegram.says("After")
        telegram.wait_until(lambda: len(source.items) == 2)


def test_a_picture_is_fetched_and_what_cannot_be_had_is_named(telegram: TelegramServer) -> None:
    account, source = account_at(telegram.url), MemorySource(enough=2)
    telegram.files["P1"] = b"picture"
    for name in ("P1", "P2"):
        size = {"file_id": name, "file_unique_id": name, "width": 9, "height": 9, "file_size": 7}
        telegram.says(photo=[size], caption=name)
    CONNECTOR.collect(account, source)
    said = [CONNECTOR.parse(account, one)[0] for one in source.items.values()]
    files = [file for one in said if isinstance(one, Message) for file in one.files]
    assert [file.data for file in files] == [b"picture", b""]
    none = MemorySource(enough=2)
    CONNECTOR.collect(account_at(telegram.url, files=False), none)
    assert all(b"files" not in one.body for one in none.items.values())


def test_somebody_elses_webhook_is_left_alone(telegram: TelegramServer) -> None:
    telegram.webhook = {"url": "https://other.example.org/hook"}
    with pytest.raises(ChannelError) as error:
        CONNECTOR.collect(account_at(telegram.url), MemorySource())
    assert error.value.permanent
    with pytest.raises(ChannelError):
        CONNECTOR.test(account_at(telegram.url))
    assert telegram.webhook["url"] == "https://other.example.org/hook"


def test_the_webhook_is_set_watched_and_left_when_we_ask_again(telegram: TelegramServer) -> None:
    url = "https://hub.example.org/hook/1"
    account, source = account_at(telegram.url, url, way="webhook"), MemorySource()
    with collecting(account, source):
        telegram.wait_until(lambda: source.wells > 0)
    assert telegram.webhook["url"] == url
    hook = Hook(
        "POST", url, "/hook/1", {}, {"x-telegram-bot-api-secret-token": telegram.webhook["secret_token"]},
        json.dumps({"update_id": 1, "message": telegram.says("By webhook")}).encode(), datetime(2026, 3, 2, tzinfo=UTC),
    )  # fmt: skip
    (item,) = CONNECTOR.receive(account, hook).items
    assert isinstance(CONNECTOR.parse(account, item)[0], Message)
    again = MemorySource(enough=1)
    CONNECTOR.collect(account_at(telegram.url, url), again)
    assert telegram.webhook == {"url": ""}
    assert next(iter(again.items.values())).body


def test_a_webhook_without_a_public_address_is_said_so(telegram: TelegramServer) -> None:
    with pytest.raises(ChannelError) as error:
        CONNECTOR.collect(account_at(telegram.url, "http://127.0.0.1/hook", way="webhook"), MemorySource())
    assert error.value.permanent
    assert not telegram.calls


def test_an_answer_names_the_member_and_what_it_answers(telegram: TelegramServer) -> None:
    account = account_at(telegram.url)
    asked = telegram.says("Where is my parcel?")
    sent = answer(account, "It comes today.", {"chat": 8, "message": asked["message_id"], "public": False})
    method, given = telegram.calls[-1]
    assert method == "sendMessage"
    assert given["text"] == "It comes today.\n\n— Mara Lind"
    assert given["reply_parameters"]["message_id"] == asked["message_id"]
    assert sent.external_ids == [f"telegram:666:8/{telegram.sent[-1]['message_id']}"]
    draft = draft_for("It comes today.", {"chat": 8, "message": 1})
    assert CONNECTOR.parts(account, draft) == [given["text"]]


def test_a_text_of_ten_thousand_goes_in_pieces_and_a_file_after_it(telegram: TelegramServer) -> None:
    account = account_at(telegram.url)
    file = File("plan.pdf", "application/pdf", b"%PDF-1.7 made up")
    sent = answer(account, "🌻 word " * 1_250, {"chat": 8, "message": 1}, files=[file])
    assert len(sent.external_ids) == len(telegram.sent) == 4
    assert telegram.calls[-1][1]["document"] == "plan.pdf"
    assert telegram.sent[-2]["text"].endswith("— Mara Lind")


def test_an_answer_in_a_topic_stays_there_and_one_in_private_leaves_the_group(telegram: TelegramServer) -> None:
    account = account_at(telegram.url)
    answering = {"chat": GROUP["id"], "message": 40, "public": True, "topic": 7, "person": 8}
    sent = answer(account, "Here.", answering)
    assert telegram.calls[-1][1]["message_thread_id"] == 7
    assert sent.url == f"https://t.me/garden_club/{telegram.sent[-1]['message_id']}"
    answer(account, "Between us.", answering, public=False)
    assert telegram.calls[-1][1]["chat_id"] == 8
    assert "message_thread_id" not in telegram.calls[-1][1]


def test_a_person_who_blocked_the_bot_is_a_refusal_of_this_message(telegram: TelegramServer) -> None:
    telegram.refusals = [Refused(403, "Forbidden: bot was blocked by the user")]
    with pytest.raises(MessageRefused):
        answer(account_at(telegram.url), "Hello?", {"chat": 8, "message": 1})
    assert not telegram.sent


def test_a_group_that_moved_is_followed(telegram: TelegramServer) -> None:
    telegram.refusals = [Refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=GROUP["id"])]
    sent = answer(account_at(telegram.url), "Hello.", {"chat": PLAIN["id"], "message": 1})
    assert sent.external_ids == [f"telegram:-1001234567890/{telegram.sent[0]['message_id']}"]
    assert "reply_parameters" not in telegram.calls[-1][1]


def test_being_asked_to_wait_at_the_start_is_left_to_the_house(telegram: TelegramServer) -> None:
    telegram.refusals = [Refused(429, "Too Many Requests: retry after 9", retry_after=9)]
    with pytest.raises(TooFast) as error:
        answer(account_at(telegram.url), "Hello.", {"chat": 8, "message": 1})
    assert error.value.retry_after == 9
    assert not telegram.sent


class _SecondRefused(list[Refused]):
    """Refuses the second part and lets the first pass."""

    def __init__(self, error: Refused) -> None:
        super().__init__([error])
        self._asked = 0

    def __bool__(self) -> bool:
        self._asked += 1
        return self._asked > 1 and len(self) > 0


def test_being_asked_to_wait_in_the_middle_is_waited_for(telegram: TelegramServer) -> None:
    telegram.refusals = _SecondRefused(Refused(429, "Too Many Requests: retry after 1", retry_after=1))
    answer(account_at(telegram.url), "word " * 1_000, {"chat": 8, "message": 1})
    assert len(telegram.sent) == 2


def test_a_part_that_fails_after_another_arrived_is_for_a_person_to_see(telegram: TelegramServer) -> None:
    telegram.refusals = _SecondRefused(Refused(403, "Forbidden: bot was blocked by the user"))
    with pytest.raises(OutcomeUnknown) as error:
        answer(account_at(telegram.url), "word " * 1_000, {"chat": 8, "message": 1})
    assert "1 of 2" in error.value.message
    assert len(telegram.sent) == 1


def test_the_token_is_in_no_error() -> None:
    with ScriptedServer() as server:
        gone = server.url
    told: list[bool] = []
    for refused in (
        lambda: CONNECTOR.test(account_at(gone)),
        lambda: CONNECTOR.send(
            account_at(gone), Outgoing(b'{"parts":[{"chat_id":8,"text":"x"}]}'), lambda: told.append(True)
        ),
    ):
        with pytest.raises(ChannelError) as error:
            refused()
        whole = [error.value, error.value.__cause__, error.value.__context__]
        assert TOKEN not in " ".join(map(str, whole))
        assert not error.value.permanent


def test_a_page_in_place_of_an_answer_leaves_it_open_whether_it_was_sent() -> None:
    with ScriptedServer() as server:
        server.always(Reply(200, b"<html>hello</html>", {"Content-Type": "text/html"}))
        with pytest.raises(OutcomeUnknown):
            answer(account_at(server.url), "Hello.", {"chat": 8, "message": 1})


def test_another_token_is_no_bot(telegram: TelegramServer) -> None:
    account = replace(account_at(telegram.url), secrets={"token": "666:quite-another-token-0123456789"})
    with pytest.raises(ChannelError) as error:
        CONNECTOR.test(account)
    assert error.value.permanent


@pytest.mark.peers
def test_all_that_went_over_the_wire_is_as_published(telegram: TelegramServer) -> None:
    """aiogram's models are generated from the page of the Bot API; they live in the servers' environment."""
    folder = Path(os.environ.get("RAPPORT_SERVERS_VENV", Path(__file__).parents[3] / ".venv-servers"))
    python = folder / "bin" / "python"
    if not python.exists() or not list(folder.glob("lib/python3*/site-packages/aiogram")):
        refuse("aiogram is not installed in the servers' environment")
    account = account_at(telegram.url)
    CONNECTOR.test(account)
    telegram.says("Hello")
    telegram.says("@hub_bot hello", GROUP, BEN, entities=[{"type": "mention", "offset": 0, "length": 8}])
    telegram.says("Group", PLAIN, reply_to_message={"message_id": 2, "date": 1772442000, "chat": PLAIN, "from": BOT})
    seen = list(telegram.updates)
    CONNECTOR.collect(account, MemorySource(enough=3))
    answer(account, "word " * 1_000, {"chat": PRIVATE["id"], "message": 1}, files=[File("a.txt", "text/plain", b"a")])
    answer(account, "Here.", {"chat": GROUP["id"], "message": 40, "public": True, "topic": 7})
    with collecting(
        account_at(telegram.url, "https://hub.example.org/hook", way="webhook"), (source := MemorySource())
    ):
        telegram.wait_until(lambda: source.wells > 0)
    telegram.files["P1"] = b"p"
    telegram.call("getFile", {"file_id": "P1"})
    whole = json.dumps({"calls": telegram.calls, "updates": seen, "messages": telegram.sent})
    check = Path(__file__).parents[2] / "peers" / "telegram" / "check.py"
    done = subprocess.run([python, check], input=whole.encode(), capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert b"checked" in done.stdout
