"""What a chat's items say, what is prepared for a visitor, and who may be vouched for: as the contract asks."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import Incoming, Invalid, Message, NothingSaid, Receipt, Unreadable
from rapport.channels.kinds.webchat import identity, names
from rapport.channels.kinds.webchat.connector import FILE_BYTES_MAX, TEXT_MAX, WebChatConnector
from rapport.channels.testing import ConnectorContract, Sample, account_for, draft_for

SECRET = "a secret of sixty-four characters, as HS512 would like it to be!!"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ACCOUNT = account_for(
    "webchat",
    config={"origins": ["https://www.example.org"], "color": "#0b665b"},
    secrets={"identity_secret": SECRET},
    address="www.example.org",
)
KEY = names.public_key(ACCOUNT.id, ACCOUNT.config)
ANN, BOB = names.new_visitor(b"ann"), names.known_visitor(ACCOUNT.id, "email bob@example.org")
HELLO = {
    "type": "message", "key": KEY, "visitor": ANN, "known": None, "id": "0123456789abcdef", "conversation": 2,
    "text": "Hello, where is my parcel?", "name": "Ann", "email": "Ann@Example.org", "language": "de-AT",
    "page": "https://www.example.org/orders", "files": [],
}  # fmt: skip
KNOWN = HELLO | {"visitor": BOB, "known": {"email": "bob@example.org", "name": "Bob", "id": "4711"}, "id": "bobs-first"}
PICTURE = {"name": "a/b.png", "type": "image/png", "data": b64encode(b"\x89PNG....").decode()}


def item(said: object, name: str = "x") -> Incoming:
    return Incoming(name, orjson.dumps(said))


class TestContract(ConnectorContract):
    connector = WebChatConnector()
    account = ACCOUNT
    samples = (
        Sample(item(HELLO, "one")),
        Sample(item(KNOWN, "two")),
        Sample(item(HELLO | {"id": "with-a-file", "files": [PICTURE]}, "three")),
        Sample(item({"type": "read", "id": f"webchat:{KEY}/out/0b", "at": NOW.isoformat()}, "four"), (Receipt,)),
    )


def said(value: object) -> Message:
    (found,) = WebChatConnector().parse(replace(ACCOUNT, secrets={}), item(value))
    assert isinstance(found, Message)
    return found


def test_a_visitor_whose_address_was_only_typed_is_a_visitor() -> None:
    found = said(HELLO)
    assert found.external_id == f"webchat:{KEY}/{ANN}/m/0123456789abcdef"
    assert found.refers_to == (f"webchat:{KEY}/{ANN}/2",)
    assert found.author is not None
    assert (found.author.kind, found.author.value, found.author.name) == ("visitor", ANN, "Ann")
    assert found.author.verified == ()
    assert found.recipients["from"] == [("Ann", "ann@example.org")]
    assert found.answer == {"key": KEY, "visitor": ANN, "conversation": 2, "email": "ann@example.org", "name": "Ann"}
    assert (found.language, found.url, found.public) == ("de-AT", "https://www.example.org/orders", False)


def test_a_visitor_whom_the_site_vouches_for_is_known_by_their_address() -> None:
    found = said(KNOWN | {"email": "mallory@example.org", "name": "Mallory"})
    assert found.author is not None
    assert (found.author.kind, found.author.value, found.author.name) == ("email", "bob@example.org", "Bob")
    assert found.author.verified == ("token",)
    assert found.answer["email"] == "bob@example.org"


def test_who_is_vouched_for_without_an_address_is_a_verified_visitor() -> None:
    found = said(KNOWN | {"known": {"id": "4711"}, "email": "mallory@example.org"})
    assert found.author is not None
    assert (found.author.kind, found.author.value, found.author.verified) == ("visitor", BOB, ("token",))
    assert "email" not in found.answer


def test_a_file_comes_along_under_a_harmless_name() -> None:
    (file,) = said(HELLO | {"text": "", "files": [PICTURE, {"name": "broken", "data": "###"}, None]}).files
    assert (file.filename, file.content_type, file.data, file.size) == ("a_b.png", "image/png", b"\x89PNG....", 8)


@pytest.mark.parametrize(
    "wrong",
    [
        {"visitor": "somebody"}, {"visitor": ""}, {"key": "short"}, {"id": ""}, {"id": "no spaces"}, {"text": " "},
        {"type": "read", "id": "webchat:x/out/1"}, {"type": "read", "id": None},
    ],
)  # fmt: skip
def test_what_nobody_wrote_is_unreadable(wrong: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        WebChatConnector().parse(ACCOUNT, item(HELLO | wrong))


@given(st.dictionaries(st.sampled_from([*HELLO, "subject", "at", "x"]), st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=6,
)))  # fmt: skip
def test_whatever_stands_in_an_item_is_understood_or_unreadable(change: dict[str, object]) -> None:
    try:
        found = WebChatConnector().parse(ACCOUNT, item(HELLO | change))
    except (Unreadable, NothingSaid):
        return
    for one in found:
        assert one.external_id.encode()
        if isinstance(one, Message):
            assert "\0" not in one.text
            assert one.author is not None


@given(st.binary(max_size=200))
def test_bytes_that_are_no_item_are_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        WebChatConnector().parse(ACCOUNT, Incoming("x", b"\x00" + body))


def test_an_answer_is_shown_to_the_visitor_it_answers_and_says_where_they_listen() -> None:
    kind, told = WebChatConnector(), []
    outgoing = kind.prepare(ACCOUNT, draft_for("It is on its way.", said(HELLO).answer))
    sent = kind.send(ACCOUNT, outgoing, lambda: told.append(True))
    assert told == [True]
    assert sent.external_ids == [f"webchat:{KEY}/out/00000000-0000-0000-0000-00000000000b"]
    assert sent.answer["visitor"] == ANN
    assert sent.answer["conversation"] == 2
    assert sent.answer["ear"] == f"{KEY}/{ANN}"


def test_nobody_can_be_written_to_who_has_not_written() -> None:
    with pytest.raises(Invalid):
        WebChatConnector().prepare(ACCOUNT, draft_for("Hello?", {}))


@pytest.mark.parametrize(
    ("line", "origin"),
    [
        ("https://www.example.org", "https://www.example.org"), (" HTTPS://WWW.Example.org/ ", "https://www.example.org"),
        ("https://example.org:8443", "https://example.org:8443"), ("https://example.org:443", "https://example.org"),
        ("https://bücher.example", "https://xn--bcher-kva.example"), ("http://localhost:8080", "http://localhost:8080"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)  # fmt: skip
def test_a_site_is_written_as_browsers_write_it(line: str, origin: str) -> None:
    assert names.origin_of(line) == origin


@pytest.mark.parametrize(
    "line",
    [
        "example.org", "*", "https://*", "null", "http://example.org", "https://example.org/shop", "ftp://example.org",
        "https://example.org?x=1", "https://user@example.org", "https://", "https://exa mple.org:x", "https://[::1",
    ],
)  # fmt: skip
def test_what_is_no_site_is_refused_in_words(line: str) -> None:
    if line == "https://*":
        assert names.origin_of(line) == "https://*"  # a name that no browser sends: it lets nobody in
        return
    with pytest.raises(Invalid):
        names.origin_of(line)


@pytest.mark.parametrize(
    ("config", "secrets"),
    [
        ({"origins": []}, {}), ({"origins": "nonsense"}, {}), ({"color": "red"}, {}), ({"key": "short"}, {}),
        ({"key": "signs/are?wrong in a key"}, {}), ({}, {"identity_secret": "short"}),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_named(config: dict[str, object], secrets: dict[str, str]) -> None:
    with pytest.raises(Invalid) as error:
        WebChatConnector().check(replace(ACCOUNT, config={**ACCOUNT.config, **config}, secrets=secrets))
    assert error.value.message


def test_the_public_key_is_the_same_each_time_another_for_each_channel_and_can_be_replaced() -> None:
    assert names.public_key(ACCOUNT.id, {}) == KEY == WebChatConnector().identify(ACCOUNT)["key"]
    assert names.is_key(KEY)
    assert names.public_key(UUID(int=8), {}) != KEY
    assert names.public_key(ACCOUNT.id, {"key": "anotherkeyof20chars1"}) == "anotherkeyof20chars1"


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    usual = {"email": "Bob@Example.org", "name": "Bob", "id": "4711", "exp": (NOW + timedelta(minutes=5)).timestamp()}
    kept = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode(kept, secret if algorithm != "none" else None, algorithm=algorithm)


def test_a_good_token_names_somebody() -> None:
    known = identity.read(token(), SECRET, NOW)
    assert known == identity.Known("bob@example.org", "Bob", "4711")
    assert identity.read(token(id=4711, email=None), SECRET, NOW) == identity.Known("", "Bob", "4711")
    assert identity.read(token(id=None, sub="x"), SECRET, NOW).id == "x"


@pytest.mark.parametrize(
    "wrong",
    [
        token("another secret of sixty-four characters, which nobody has set here"), token(algorithm="none"),
        token(algorithm="HS512"),
        token(exp=None), token(exp=(NOW - timedelta(minutes=2)).timestamp()), token(exp=True), token(exp="soon"),
        token(id=None, email=None), token(id=None, email="nobody"), token()[:-3], token() + "x", "", "a.b.c",
        "x" * 5_000,
        token().replace(".", ".e30", 1),
    ],
)  # fmt: skip
def test_a_token_that_is_forged_stale_or_empty_names_nobody(wrong: str) -> None:
    with pytest.raises(Invalid):
        identity.read(wrong, SECRET, NOW)


def test_without_a_secret_nobody_is_vouched_for() -> None:
    with pytest.raises(Invalid):
        identity.read(token(), "", NOW)


def test_what_is_too_large_is_not_kept_by_halves() -> None:
    assert len(said(HELLO | {"text": "x" * (TEXT_MAX + 9)}).text) == TEXT_MAX
    large = {"name": "large", "data": "A" * (FILE_BYTES_MAX * 4 // 3 + 12)}
    assert said(HELLO | {"files": [large]}).files == ()
