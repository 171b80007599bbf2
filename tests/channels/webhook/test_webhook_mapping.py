"""The mapping: from any request to the fields of a message, and what is wrong with it in words."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rapport.channels.base import Account, Incoming, Invalid, Message, Unreadable
from rapport.channels.kinds.webhook.connector import WebhookConnector
from rapport.channels.kinds.webhook.expressions import compiled
from rapport.channels.kinds.webhook.mapping import FIELDS, FORM, Wrong, preview, when
from rapport.channels.testing import account_for
from tests.channels.webhook.test_webhook_contract import ACCOUNT, BODY, MAPPING

CONNECTOR = WebhookConnector()
PREFIX = f"webhook:{ACCOUNT.id}/"


def mapped(**config: Any) -> Account:
    return account_for("webhook", config={"text": "$.text", **config})


def message(account: Account, body: Any, kind: str = "application/json") -> Message:
    whole = body if isinstance(body, bytes) else orjson.dumps(body)
    (found,) = CONNECTOR.parse(account, Incoming("delivery-1", whole, {"type": kind}))
    assert isinstance(found, Message)
    return found


def test_a_mapped_request_is_a_message() -> None:
    one = message(ACCOUNT, BODY)
    assert (one.external_id, one.subject, one.text) == (f"{PREFIX}f-17", "Contact form", "The kettle does not boil.")
    assert one.author
    assert (one.author.kind, one.author.value, one.author.name) == ("email", "ann@example.org", "Ann Berg")
    assert one.at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert one.refers_to == (f"{PREFIX}4711/thread", f"{PREFIX}4711")
    assert (one.url, one.public, one.problems) == ("https://shop.example/contact", False, ())
    assert one.answer == {"id": "f-17", "thread": "4711"}


def test_a_form_is_an_object_of_its_fields() -> None:
    body = urlencode([("text", "Hällo\0"), ("topic", "a"), ("topic", "b")]).encode()
    one = message(mapped(subject="$.topic[1]", author="{{$.topic}}!"), body, f"{FORM}; charset=utf-8")
    assert (one.text, one.subject) == ("Hällo", "b")
    assert one.author
    assert one.author.name == '["a","b"]!'


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("$.a", "1"), ("$.b.c", "x"), ("$['b']['c']", "x"), ("$.list[*].n", "one"), ("$.none", ""), ("$.null", ""),
        ("$.yes", "true"), ("$.b", '{"c":"x"}'), ('"fixed"', "fixed"), ("'it''s'", "it''s"),
        ("{{$.a}}/{{ $.b.c }}", "1/x"),
        ("{{$.list[*].n}}", "one, two"), ("$.list[?@.n=='two'].n", "two"), ("$..c", "x"), ("Mr {{$.none}}.", ""),
    ],
)  # fmt: skip
def test_an_expression_finds_what_it_says(expression: str, found: str) -> None:
    document = {"a": 1, "b": {"c": "x"}, "list": [{"n": "one"}, {"n": "two"}], "null": None, "yes": True}
    assert compiled(expression).of(document) == found


def test_a_text_of_several_places_has_a_line_for_each() -> None:
    assert message(mapped(text="$.lines[*]"), {"lines": ["one", "", "two"]}).text == "one\ntwo"


@pytest.mark.parametrize(
    "expression",
    ["message", "$.", "$.a[", "$.a | $.b", "{{$.a", "{{}}", "{{a}}", "$[?match(@.a, 'b')]", "$..a..b..c",
     "$." + "a" * 600, "$" + ".a" * 240 + "[" * 19, '"', "$[99999999999999999999]", "$[?nothing(@)]"],
)  # fmt: skip
def test_a_path_that_cannot_be_read_is_refused_by_its_field(expression: str) -> None:
    account = replace(ACCOUNT, config={**MAPPING, "subject": expression})
    with pytest.raises(Invalid) as refused:
        CONNECTOR.check(account)
    assert refused.value.message.startswith("Subject: ")
    assert message(account, BODY).subject == ""


def test_what_is_found_nowhere_is_empty_but_the_text_must_be_there() -> None:
    account = mapped(subject="$.title", author="$.name", email="$.mail", time="$.at")
    one = message(account, {"text": "Hello"})
    assert (one.subject, one.author, one.at, one.refers_to, one.problems) == ("", None, None, (), ())
    assert one.external_id == f"{PREFIX}delivery-1"
    with pytest.raises(Unreadable, match=r"Nothing was found at \$\.text"):
        message(account, {"message": "Hello"})


def test_who_it_is_is_said_by_what_says_most() -> None:
    config = mapped(email="$.mail", phone="$.tel", handle="$.user", author="$.name")
    given = {"text": "Hi", "mail": "Ann@Example.org", "tel": "0049 (30) 123-45 67", "user": "ann7", "name": "Ann"}
    expected = [("email", "ann@example.org"), ("phone", "+49301234567"), ("webhook", f"{ACCOUNT.id}/ann7")]
    for name, pair in zip(("mail", "tel", "user"), expected, strict=True):
        author = message(config, given).author
        assert author
        assert (author.kind, author.value, author.name) == (*pair, "Ann")
        del given[name]
    first, second = (message(mapped(author="$.name", id="$.id"), {**given, "id": one}).author for one in ("1", "2"))
    assert first
    assert second
    assert first.value != second.value


def test_what_a_field_cannot_be_is_a_problem_in_words_and_not_a_loss() -> None:
    account = mapped(email="$.m", phone="$.m", time="$.m", url="$.m", author="$.m")
    one = message(account, {"text": "Hello", "m": "call me"})
    assert one.author
    assert (one.text, one.author.name, one.at, one.url) == ("Hello", "call me", None, "")
    assert [problem.partition(":")[0] for problem in one.problems] == ["email", "phone", "time", "url"]


@pytest.mark.parametrize(
    "value",
    ["2026-03-02T08:30:00Z", "2026-03-02T09:30:00+01:00", "2026-03-02 08:30", "Mon, 02 Mar 2026 08:30:00 +0000",
     "1772440200", "1772440200000", "1772440200.0"],
)  # fmt: skip
def test_times_are_understood_as_systems_write_them(value: str) -> None:
    assert when(value) == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def test_the_preview_shows_each_field_with_its_value_or_what_is_wrong() -> None:
    shown = dict(preview({**MAPPING, "time": "$.form.first", "url": "page"}, BODY))
    assert tuple(shown) == FIELDS
    assert (shown["text"], shown["author"], shown["public"]) == ("The kettle does not boil.", "Ann Berg", "no")
    assert {name for name, value in shown.items() if isinstance(value, Wrong)} == {"time", "url"}
    assert "“Ann” is no time" in shown["time"]
    assert dict(preview({"text": "$.x"}, b"{}"))["text"] == "Nothing was found at $.x."
    assert preview({}, b"<html>") == [("text", "It is neither JSON nor a form.")]
    assert dict(preview({"text": "$.q"}, b"q=1", FORM))["text"] == "1"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)
_USUAL = ("$", "$.a", "$..a", "$.a[*].b", "$..*", "{{$.a}} {{$..b}}", "'x'")
_EXPRESSIONS = st.text(max_size=30) | st.sampled_from(_USUAL)


@given(st.dictionaries(st.sampled_from(FIELDS), _EXPRESSIONS), _JSON, st.sampled_from(["", FORM, "application/json"]))
@example({"text": "$..a"}, orjson.loads('{"a":' * 300 + "1" + "}" * 300), "")
@example({"time": "$", "text": "'x'"}, "9" * 15, "")
@example({"time": "$", "text": "'x'"}, "0000-00-00", "")
def test_any_mapping_of_any_request_is_read_or_refused_in_words(config: dict[str, str], body: Any, kind: str) -> None:
    try:
        whole = orjson.dumps(body)
    except TypeError:
        return
    shown = dict(preview(config, whole, kind))
    assert all(isinstance(value, str) for value in shown.values())
    with suppress(Unreadable):
        assert message(account_for("webhook", config=config), whole, kind).text == shown["text"]


@given(st.binary(max_size=200), st.sampled_from(["", FORM, "text/plain"]))
def test_any_bytes_are_read_or_refused_in_words(body: bytes, kind: str) -> None:
    assert preview(MAPPING, body, kind)
    with suppress(Unreadable):
        message(mapped(text="$"), body, kind)
