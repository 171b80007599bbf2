"""Matrix end to end: Synapse as the homeserver, matrix-nio as what customers use."""

import asyncio
import io
import tempfile
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rapport.channels.base import Account, ChannelError, Deleted, Edited, Message, MessageRefused, Reaction
from rapport.channels.kinds.matrix.connector import MatrixConnector
from rapport.channels.testing import account_for, draft_for
from tests.channels.matrix.synapse import Synapse, User
from tests.channels.standin import collecting, until

if TYPE_CHECKING:
    from nio import AsyncClient, RoomMessage

pytestmark = pytest.mark.peers
CONNECTOR = MatrixConnector()


@pytest.fixture(scope="module")
def synapse() -> Iterator[Synapse]:
    with tempfile.TemporaryDirectory(prefix="rapport-matrix-") as name:
        server = Synapse(Path(name))
        server.start()
        yield server
        server.stop()


class Person:
    """A customer with a Matrix client."""

    def __init__(self, user: User) -> None:
        self.name = user.name
        self._loop = asyncio.new_event_loop()
        self._client = self._do(self._made(user))

    async def _made(self, user: User) -> "AsyncClient":
        # It takes a second to import, which every process of the tests would do.
        from nio import AsyncClient

        client = AsyncClient(user.url, user.name)
        client.access_token, client.user_id, client.device_id = user.token, user.name, "CLIENT"
        return client

    def _do(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(what)

    def room(self, **given: Any) -> str:
        return str(self._do(self._client.room_create(**given)).room_id)

    def join(self, room: str) -> None:
        assert self._do(self._client.join(room)).room_id

    def put(self, room: str, content: dict[str, Any], kind: str = "m.room.message") -> str:
        return str(self._do(self._client.room_send(room, kind, content)).event_id)

    def say(self, room: str, text: str, **more: Any) -> str:
        return self.put(room, {"msgtype": "m.text", "body": text, **more})

    def many(self, room: str, texts: list[str]) -> None:
        async def all_of_them() -> None:
            for start in range(0, len(texts), 20):
                batch = texts[start : start + 20]
                await asyncio.gather(*(
                    self._client.room_send(room, "m.room.message", {"msgtype": "m.text", "body": one}) for one in batch
                ))  # fmt: skip

        self._do(all_of_them())

    def take_back(self, room: str, event: str) -> None:
        self._do(self._client.room_redact(room, event))

    def upload(self, data: bytes, content_type: str) -> str:
        done = self._do(self._client.upload(io.BytesIO(data), content_type, "cup.png", filesize=len(data)))
        return str(done[0].content_uri)

    def sees(self, room: str) -> "list[RoomMessage]":
        from nio import RoomMessage, RoomMessagesResponse

        page = self._do(self._client.room_messages(room, "", limit=50))
        assert isinstance(page, RoomMessagesResponse)
        return [one for one in page.chunk if isinstance(one, RoomMessage)]

    def rooms(self) -> list[str]:
        return list(self._do(self._client.joined_rooms()).rooms)

    def invites(self) -> list[str]:
        return list(self._do(self._client.sync(timeout=0, full_state=True)).rooms.invite)

    def close(self) -> None:
        self._do(self._client.close())
        self._loop.close()


_count = iter(range(1_000))


@pytest.fixture
def hub(synapse: Synapse) -> Account:
    user = synapse.register(f"hub{next(_count)}")
    bare = account_for("matrix", secrets={"access_token": user.token}, config={"homeserver": synapse.url})
    own = CONNECTOR.identify(bare)
    return replace(bare, address=own["address"], config={**bare.config, "own": own})


@pytest.fixture
def ann(synapse: Synapse) -> Iterator[Person]:
    person = Person(synapse.register(f"ann{next(_count)}"))
    yield person
    person.close()


def with_room(account: Account, person: Person, **given: Any) -> tuple[Account, str]:
    """A public room of a customer's that the account is told to join."""
    alias = f"help{next(_count)}"
    room = person.room(name="Help", alias=alias, preset=_public(), **given)
    return replace(account, config={**account.config, "rooms": [f"#{alias}:brand.test"]}), room


def _public() -> Any:
    from nio import RoomPreset

    return RoomPreset.public_chat


def answer(account: Account, message: Message, text: str = "We look into it.", **given: Any) -> Any:
    draft = draft_for(text, message.answer, key=f"key-{next(_count)}", to=[("", message.author.value)], **given)  # type: ignore[union-attr]
    told: list[bool] = []
    outgoing = CONNECTOR.prepare(account, draft)
    sent = CONNECTOR.send(account, outgoing, lambda: told.append(True))
    assert told == [True]
    return sent, outgoing


def test_a_message_in_a_public_room_is_answered_in_a_thread(hub: Account, ann: Person) -> None:
    account, room = with_room(hub, ann)
    ann.say(room, "said before we came")
    assert any("will be joined" in line for line in CONNECTOR.test(account))
    with collecting(CONNECTOR, account) as collected:
        asked = ann.say(room, "My order is late")
        message = collected.wait_for("My order is late")
        assert message.public
        assert message.external_id == f"matrix:{asked}"
        assert message.recipients["to"][0][0] == "Help"
        sent, outgoing = answer(account, message)
        seen = next(one for one in ann.sees(room) if one.sender == account.address)
        assert seen.body == "We look into it.\n\n— Mara Lind"
        assert seen.source["content"]["m.relates_to"] == {
            "rel_type": "m.thread", "event_id": asked, "is_falling_back": False, "m.in_reply_to": {"event_id": asked},
        }  # fmt: skip
        again = CONNECTOR.send(account, outgoing, lambda: None)
        assert again.external_ids == sent.external_ids
        assert len([one for one in ann.sees(room) if one.sender == account.address]) == 1
        own = collected.wait_for("We look into it.\n\n— Mara Lind")
        assert (own.external_id, own.origin) == (sent.external_ids[0], "own")
        assert own.refers_to == (message.external_id,)
        assert [one.text for one in collected.messages()] == ["My order is late", own.text]
    assert any("can be read" in line for line in CONNECTOR.test(account))


def test_edits_deletions_reactions_and_files_are_followed(hub: Account, ann: Person) -> None:
    account, room = with_room(hub, ann)
    with collecting(CONNECTOR, account) as collected:
        first = ann.say(room, "My order is lte")
        collected.wait_for("My order is lte")
        ann.say(room, "* My order is late", **{
            "m.new_content": {"msgtype": "m.text", "body": "My order is late"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": first},
        })  # fmt: skip
        edited: Edited = collected.wait_for_kind(Edited)[0]
        assert (edited.message.external_id, edited.message.text) == (f"matrix:{first}", "My order is late")
        related = {"m.relates_to": {"rel_type": "m.annotation", "event_id": first, "key": "👍"}}
        reaction = ann.put(room, related, "m.reaction")
        collected.wait_for_kind(Reaction)
        ann.take_back(room, reaction)
        assert collected.wait_for_kind(Reaction, 2)[1] == replace(
            collected.wait_for_kind(Reaction, 2)[0], removed=True, at=collected.wait_for_kind(Reaction, 2)[1].at,
            author=collected.wait_for_kind(Reaction, 2)[1].author,
        )  # fmt: skip
        address = ann.upload(b"\x89PNG of a cup", "image/png")
        ann.put(room, {"msgtype": "m.image", "body": "cup.png", "url": address, "info": {"mimetype": "image/png"}})
        picture: Message = until(lambda: next((one for one in collected.messages() if one.files), None))
        assert (picture.files[0].filename, picture.files[0].data) == ("cup.png", b"\x89PNG of a cup")
        ann.take_back(room, first)
        deleted: Deleted = collected.wait_for_kind(Deleted)[0]
        assert deleted.external_id == f"matrix:{first}"
        assert not [one for one in collected.wait_for_kind(Deleted) if one.external_id != f"matrix:{first}"]


def test_an_edit_of_what_somebody_else_said_changes_nothing(hub: Account, ann: Person, synapse: Synapse) -> None:
    account, room = with_room(hub, ann)
    eve = Person(synapse.register(f"eve{next(_count)}"))
    eve.join(room)
    with collecting(CONNECTOR, account) as collected:
        first = ann.say(room, "My order is late")
        collected.wait_for("My order is late")
        eve.say(room, "* All is well", **{
            "m.new_content": {"msgtype": "m.text", "body": "All is well"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": first},
        })  # fmt: skip
        eve.say(room, "Something else")
        collected.wait_for("Something else")
        assert not [one for one in collected.said() if isinstance(one, Edited)]
    eve.close()


def test_a_direct_invitation_is_accepted_and_what_was_said_before_is_heard(hub: Account, ann: Person) -> None:
    with collecting(CONNECTOR, hub) as collected:
        room = ann.room(is_direct=True, invite=[hub.address])
        ann.say(room, "Are you there?")
        message = collected.wait_for("Are you there?")
        assert not message.public
        assert message.refers_to == (f"matrix:{room}",)
        answer(hub, message)
        assert next(one.body for one in ann.sees(room)) == "We look into it.\n\n— Mara Lind"
    with collecting(CONNECTOR, hub, collected.source.cursors()) as later:
        ann.say(room, "Thank you")
        assert later.wait_for("Thank you").refers_to == (f"matrix:{room}",)


def test_invitations_are_left_alone_where_the_setting_says_so(hub: Account, ann: Person) -> None:
    account = replace(hub, config={**hub.config, "accept_invites": False})
    helped, other = with_room(account, ann)
    with collecting(CONNECTOR, helped) as collected:
        room = ann.room(is_direct=True, invite=[hub.address])
        ann.say(room, "Are you there?")
        ann.say(other, "And here?")
        collected.wait_for("And here?")
        ann.say(other, "Nobody?")
        collected.wait_for("Nobody?")
        assert [one.text for one in collected.messages()] == ["And here?", "Nobody?"]


def test_a_conversation_is_begun_in_a_direct_room_and_kept_there(hub: Account, ann: Person) -> None:
    for count in (1, 2):
        draft = draft_for(f"Hello {count}", key=f"begin-{count}", to=[("Ann", ann.name)])
        sent = CONNECTOR.send(hub, CONNECTOR.prepare(hub, draft), lambda: None)
        assert sent.answer["direct"]
        if count == 1:
            invited = ann.invites()
            assert len(invited) == 1
            ann.join(invited[0])
    assert [one.body.split("\n")[0] for one in ann.sees(invited[0])] == ["Hello 2", "Hello 1"]
    assert ann.rooms() == invited


def test_a_public_question_can_be_answered_in_private(hub: Account, ann: Person) -> None:
    account, room = with_room(hub, ann)
    with collecting(CONNECTOR, account) as collected:
        ann.say(room, "My number is 4711")
        answer(account, collected.wait_for("My number is 4711"), public=False)
        direct = ann.invites()[0]
        ann.join(direct)
        assert ann.sees(direct)[0].sender == account.address
        assert [one.sender for one in ann.sees(room)] == [ann.name]


def test_a_flood_loses_none_also_beyond_what_one_answer_holds(hub: Account, ann: Person) -> None:
    account, room = with_room(hub, ann)
    texts = [f"flood {number}" for number in range(1_000)]
    with collecting(CONNECTOR, account) as collected:
        ann.many(room, texts[:500])
        until(lambda: len(collected.source.items) >= 500)
    ann.many(room, texts[500:])  # while nobody collects: the timeline is then limited to 100 of 500
    with collecting(CONNECTOR, account, collected.source.cursors()) as later:
        until(lambda: len(later.source.items) >= 500)
    assert sorted(one.text for one in (*collected.messages(), *later.messages())) == sorted(texts)


def test_a_lost_cursor_misses_nothing_recent_and_doubles_nothing(hub: Account, ann: Person) -> None:
    account, room = with_room(hub, ann)
    with collecting(CONNECTOR, account) as collected:
        ann.say(room, "before")
        collected.wait_for("before")
    texts = [f"meanwhile {number}" for number in range(150)]
    ann.many(room, texts)
    lost = {**collected.source.cursors()["sync"], "since": "nonsense"}
    with collecting(CONNECTOR, account, {"sync": lost}) as later:
        until(lambda: len(later.source.items) >= 151)
    assert sorted(one.text for one in later.messages()) == sorted(["before", *texts])
    assert set(collected.source.items) <= set(later.source.items)


def test_a_direct_room_that_is_encrypted_says_that_it_cannot_be_read(hub: Account, ann: Person) -> None:
    with collecting(CONNECTOR, hub) as collected:
        state = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
        room = ann.room(is_direct=True, invite=[hub.address], initial_state=[state])
        ciphertext = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA", "session_id": "s"}
        ann.put(room, ciphertext, "m.room.encrypted")
        message: Message = until(lambda: collected.messages())[0]
        assert message.problems
        until(lambda: any("encrypted" in one for one in collected.source.troubles))
        with pytest.raises(Exception, match="encrypted"):
            answer(hub, message)


def test_a_named_room_that_is_encrypted_or_missing_is_told_on_the_channel(hub: Account, ann: Person) -> None:
    account, room = with_room(hub, ann)
    ann.put(room, {"msgtype": "m.text", "body": "x"})
    named = replace(account, config={**account.config, "rooms": [*account.config["rooms"], "#nowhere:brand.test"]})
    with collecting(CONNECTOR, named, ready=False) as collected:
        until(lambda: any("#nowhere:brand.test" in one for one in collected.source.troubles))
        ann.say(room, "The other room is heard")
        collected.wait_for("The other room is heard")


def test_the_homeserver_may_be_stopped_and_started(hub: Account, ann: Person, synapse: Synapse) -> None:
    account, room = with_room(hub, ann)
    with collecting(CONNECTOR, account) as collected:
        ann.say(room, "before")
        message = collected.wait_for("before")
        synapse.stop()
        with pytest.raises(ChannelError) as error:
            answer(account, message)
        assert not error.value.permanent
        until(lambda: collected.interruptions)
        synapse.start()
        ann.say(room, "after")
        collected.wait_for("after")
        assert collected.error is None


def test_a_token_that_is_not_accepted_is_for_a_person_to_mend(hub: Account) -> None:
    account = replace(hub, secrets={"access_token": "syt_wrong"})
    with collecting(CONNECTOR, account, ready=False) as collected:
        until(lambda: collected.error)
    assert collected.error is not None
    assert collected.error.permanent
    assert not collected.source.items


def test_a_room_that_does_not_let_us_write_refuses_the_message_alone(hub: Account, ann: Person) -> None:
    room = ann.room()
    draft = draft_for("Hello", {"room": room, "event": "$1", "direct": False}, to=[])
    with pytest.raises(MessageRefused):
        CONNECTOR.send(hub, CONNECTOR.prepare(hub, draft), lambda: None)
