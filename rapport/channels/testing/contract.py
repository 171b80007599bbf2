"""What every kind of channel must stand. Inherit, say what is asked for, and pytest does the rest."""

import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import orjson
import pytest

from rapport.channels.base import (
    Account,
    ChannelError,
    Connector,
    Deleted,
    Edited,
    Hook,
    HookRefused,
    Incoming,
    Invalid,
    Message,
    MessageRefused,
    NothingSaid,
    OutcomeUnknown,
    Said,
    TooFast,
    Unreadable,
)
from rapport.channels.testing.server import Reply, ScriptedServer
from rapport.channels.testing.source import draft_for

_CHANGES: Sequence[Any] = (None, 0, -1, True, "", "x" * 50, [], {}, [None], 1e300, "\U0001f600\u202e")
_HUGE = 1_000_000
_PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True, slots=True)
class Sample:
    """A raw item as the service delivers it, and the types of what it says, in order; () where it says nothing."""

    item: Incoming
    says: tuple[type[Any], ...] = (Message,)


class ConnectorContract:
    """Parsing and preparing. `connector`, `account` (complete, with secrets) and `samples` are the kind's own."""

    connector: ClassVar[Connector]
    account: ClassVar[Account]
    samples: ClassVar[Sequence[Sample]]
    is_json: ClassVar[bool] = True

    def test_every_sample_is_understood(self) -> None:
        """And twice the same: parsing is a function of its item."""
        assert self.samples
        for sample in self.samples:
            said = self._parsed(sample.item)
            assert tuple(type(one) for one in said) == sample.says
            assert said == self._parsed(sample.item)
            for one in said:
                _check(one)

    def test_items_have_names_that_fit(self) -> None:
        """And no two samples the same."""
        names = [sample.item.external_id for sample in self.samples]
        assert all(0 < len(name) <= 200 for name in names)
        assert len(set(names)) == len(names)

    def test_what_is_no_item_at_all_is_unreadable(self) -> None:
        """Empty, a page of HTML, bytes that are no text, half an item: never another error."""
        whole = self.samples[0].item
        bodies = [b"", b" ", _PAGE, bytes(range(256)), b"null", b"[]", b"{}", b'"x"', b"[" * 5_000]
        bodies += [whole.body[: len(whole.body) // 2], whole.body[:-1], whole.body + whole.body]
        for body in bodies:
            for one in self._parsed(replace(whole, body=body)):
                _check(one)

    def test_unknown_fields_change_nothing(self) -> None:
        """Services add fields without asking."""
        for sample in self._json():
            for path in _paths(orjson.loads(sample.item.body)):
                grown = _grown(orjson.loads(sample.item.body), path)
                if grown is not None:
                    said = self._parsed(replace(sample.item, body=orjson.dumps(grown)))
                    assert tuple(type(one) for one in said) == sample.says

    def test_fields_of_another_type_or_gone_do_no_harm(self) -> None:
        """Each leaf in turn is taken away or becomes something else."""
        chance = random.Random(4)  # noqa: S311 - which changes are tried
        for sample in self._json():
            whole = orjson.loads(sample.item.body)
            paths = list(_paths(whole))
            for path in paths if len(paths) < 150 else chance.sample(paths, 150):
                for change in chance.sample(_CHANGES, 4):
                    self._try(sample.item, _changed(whole, path, change))
                self._try(sample.item, _without(whole, path))

    def test_a_huge_text_is_taken(self) -> None:
        """A million characters in place of the longest text."""
        for sample in self._json():
            whole = orjson.loads(sample.item.body)
            texts = [path for path in _paths(whole) if isinstance(_at(whole, path), str)]
            longest = max(texts, key=lambda path: len(_at(whole, path)), default=None)
            if longest is not None:
                self._try(sample.item, _changed(whole, longest, "e\u0301" * (_HUGE // 2)))

    def test_each_required_setting_is_asked_for(self) -> None:
        """Complete settings pass; each one missing is named."""
        self.connector.check(self.account)
        for field in self.connector.fields:
            if field.required:
                bare = replace(
                    self.account,
                    config={k: v for k, v in self.account.config.items() if k != field.name},
                    secrets={k: v for k, v in self.account.secrets.items() if k != field.name},
                )
                with pytest.raises(Invalid):
                    self.connector.check(bare)

    def test_the_kind_says_what_it_is(self) -> None:
        """Name, label, summary, proof; settings each once; secrets in no representation."""
        one = self.connector
        assert one.kind
        assert str(one.label)
        assert str(one.about.summary)
        assert one.about.proof in ("real server", "contract-tested")
        names = [field.name for field in one.fields]
        assert len(set(names)) == len(names)
        assert not any(secret and secret in repr(self.account) for secret in self.account.secrets.values())

    def test_an_answer_is_prepared_twice_the_same(self) -> None:
        """So that a second attempt can be told to be the first."""
        if not self.connector.abilities.replies:
            pytest.skip("this kind cannot answer")
        answered = 0
        for message in self._messages():
            draft = draft_for("Thank you, we look into it.", message.answer, to=_answer_to(message))
            try:
                assert self.connector.prepare(self.account, draft) == self.connector.prepare(self.account, draft)
                answered += 1
            except Invalid:
                continue
        assert answered

    def test_a_text_that_is_too_long_is_split_or_refused_in_words(self) -> None:
        """Never cut."""
        length = self.connector.abilities.length
        if not self.connector.abilities.replies or length is None:
            pytest.skip("this kind has no limit of length")
        message = next(iter(self._messages()))
        draft = draft_for("word " * (length.limit + 10), message.answer, to=_answer_to(message))
        try:
            body = self.connector.prepare(self.account, draft).body
        except Invalid as error:
            assert error.message
            return
        assert self.connector.abilities.splits
        assert body.count(b"word") >= length.limit

    def _messages(self) -> Iterator[Message]:
        for sample in self.samples:
            for one in self._parsed(sample.item):
                if isinstance(one, Message) and one.origin != "own" and one.kind == "message":
                    yield one

    def _json(self) -> Sequence[Sample]:
        return self.samples if self.is_json else ()

    def _try(self, item: Incoming, changed: Any) -> None:
        for one in self._parsed(replace(item, body=orjson.dumps(changed))):
            _check(one)

    def _parsed(self, item: Incoming) -> Sequence[Said]:
        try:
            return list(self.connector.parse(replace(self.account, secrets={}), item))
        except (Unreadable, NothingSaid) as error:
            assert str(error)
            return []


class HookContract:
    """A signed webhook. `signed(body)` is a request as the service would send it now."""

    connector: ClassVar[Connector]
    account: ClassVar[Account]
    body: ClassVar[bytes]

    def signed(self, body: bytes) -> Hook:
        """A request with a good signature."""
        raise NotImplementedError

    def stale(self, body: bytes) -> Hook | None:
        """One with a good signature of an hour ago; None where the service signs no time."""
        return None

    def test_a_good_request_is_kept(self) -> None:
        """As delivered, and each delivery under the same name."""
        received = self.connector.receive(self.account, self.signed(self.body))
        assert received.status < 300
        assert received.items
        again = self.connector.receive(self.account, self.signed(self.body))
        assert [one.external_id for one in again.items] == [one.external_id for one in received.items]

    def test_another_body_headers_or_secret_are_refused(self) -> None:
        """401, and nothing is kept."""
        good = self.signed(self.body)
        bare = {name: value for name, value in good.headers.items() if name in ("content-type", "host")}
        forged = {name: value + "0" if "sign" in name else value for name, value in good.headers.items()}
        wrong = replace(self.account, secrets={name: f"{value}x" for name, value in self.account.secrets.items()})
        for account, hook in (
            (self.account, replace(good, body=self.body + b" ")),
            (self.account, replace(good, headers=bare)),
            (self.account, replace(good, headers=forged)),
            (wrong, good),
        ):
            with pytest.raises(HookRefused) as refused:
                self.connector.receive(account, hook)
            assert refused.value.status in (401, 403)

    def test_an_old_request_is_refused(self) -> None:
        """Somebody may have recorded it."""
        hook = self.stale(self.body)
        if hook is None:
            pytest.skip("the service signs no time")
        with pytest.raises(HookRefused):
            self.connector.receive(self.account, hook)

    def test_nonsense_that_is_signed_does_no_harm(self) -> None:
        """It is kept for `parse` to refuse, or refused at once."""
        for body in (b"", b"{}", b"[]", b"null", _PAGE, bytes(range(256)), b"[" * 5_000):
            try:
                self.connector.receive(self.account, self.signed(body))
            except HookRefused as refused:
                assert refused.status < 500


class HttpContract:
    """A service reached by HTTP. `account_at(url)` is an account there; `answering` is what answers a message."""

    connector: ClassVar[Connector]
    answering: ClassVar[dict[str, Any]] = {}
    answer_to: ClassVar[Sequence[tuple[str, str]]] = (("Ann", "ann"),)
    sends: ClassVar[bool] = True

    def account_at(self, url: str) -> Account:
        """An account of a service at `url`."""
        raise NotImplementedError

    @pytest.mark.parametrize(
        ("reply", "permanent"),
        [
            (Reply(500, b"oops"), False), (Reply(503, _PAGE), False),
            (Reply(200, _PAGE, {"Content-Type": "text/html"}), False),
            (Reply(200, b"{", {"Content-Type": "application/json"}), False), (Reply.of({}, 401), True),
            (Reply(302, b"", {"Location": "http://10.1.2.3/"}), None), (Reply(200, b"", endless=True), None),
        ],
        ids=["500", "503", "page", "half", "401", "private redirect", "endless"],
    )  # fmt: skip
    def test_a_service_that_is_not_well_is_said_so(self, reply: Reply, permanent: bool | None) -> None:
        """And whether a person must act."""
        with ScriptedServer() as server:
            server.always(reply)
            with pytest.raises(ChannelError) as error:
                self.connector.test(self.account_at(server.url))
        assert error.value.message
        assert permanent is None or error.value.permanent == permanent

    def test_a_service_that_is_gone_is_tried_again(self) -> None:
        """Nobody listens there."""
        with ScriptedServer() as server:
            url = server.url
        with pytest.raises(ChannelError) as error:
            self.connector.test(self.account_at(url))
        assert not error.value.permanent

    def test_being_asked_to_wait_is_understood(self) -> None:
        """429 with Retry-After."""
        with ScriptedServer() as server:
            server.always(Reply.of({}, 429, Retry_After="7"))
            with pytest.raises(TooFast) as error:
                self._send(server)
        assert 1 <= error.value.retry_after <= 3600

    @pytest.mark.parametrize("status", [400, 422])
    def test_a_message_that_is_refused_is_refused_alone(self, status: int) -> None:
        """The account is well."""
        with ScriptedServer() as server:
            server.always(Reply.of({"error": "too long", "message": "too long"}, status))
            with pytest.raises(MessageRefused):
                self._send(server)

    def test_a_token_that_was_revoked_stops_the_channel(self) -> None:
        """And not the message."""
        with ScriptedServer() as server:
            server.always(Reply.of({"error": "revoked", "message": "revoked"}, 401))
            with pytest.raises(ChannelError) as error:
                self._send(server)
        assert error.value.permanent
        assert not isinstance(error.value, MessageRefused)

    def test_an_answer_that_breaks_off_is_not_taken_for_a_refusal(self) -> None:
        """Whether it arrived nobody knows, unless the service would know it again."""
        with ScriptedServer() as server:
            server.always(Reply(502, _PAGE))
            with pytest.raises(ChannelError) as error:
                self._send(server)
        assert self.connector.abilities.idempotent or isinstance(error.value, OutcomeUnknown)
        assert not error.value.permanent

    def _send(self, server: ScriptedServer) -> None:
        if not self.sends:
            pytest.skip("this kind sends nothing by HTTP")
        account = self.account_at(server.url)
        draft = draft_for("Thank you.", self.answering, to=self.answer_to)
        outgoing = self.connector.prepare(account, draft)
        told: list[bool] = []
        try:
            self.connector.send(account, outgoing, lambda: told.append(True))
        finally:
            assert len(told) <= 1


def _check(one: Said) -> None:
    if isinstance(one, Edited):
        one = one.message
    assert isinstance(one.external_id, str)
    assert 0 < len(one.external_id) <= 2_000
    if isinstance(one, Deleted) or not isinstance(one, Message):
        return
    texts = [one.text, one.subject, one.url, one.warning, one.external_id, *one.refers_to]
    texts += [one.author.value, one.author.name, one.author.written] if one.author else []
    for text in texts:
        assert isinstance(text, str)
        assert "\0" not in text
        text.encode("utf-8")
    assert one.at is None or one.at.tzinfo is not None
    assert one.author is None or (one.author.kind and one.author.value and len(one.author.value) <= 320)
    orjson.dumps(dict(one.answer))
    for pairs in one.recipients.values():
        assert all(isinstance(name, str) and isinstance(address, str) for name, address in pairs)


def _answer_to(message: Message) -> list[tuple[str, str]]:
    return [(message.author.name, message.author.written or message.author.value)] if message.author else []


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from _paths(one, (*path, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _changed(whole: Any, path: tuple[Any, ...], change: Any) -> Any:
    made = copy.deepcopy(whole)
    _at(made, path[:-1])[path[-1]] = change
    return made


def _without(whole: Any, path: tuple[Any, ...]) -> Any:
    made = copy.deepcopy(whole)
    del _at(made, path[:-1])[path[-1]]
    return made


def _grown(whole: Any, path: tuple[Any, ...]) -> Any:
    inside = _at(whole, path)
    if not isinstance(inside, dict):
        return None
    made = copy.deepcopy(whole)
    _at(made, path)["x_added_later"] = {"any": [1, "thing"]}
    return made
