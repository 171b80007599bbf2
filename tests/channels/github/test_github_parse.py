"""What GitHub's deliveries say, and what they do not."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.base import Deleted, Edited, Incoming, Message, NothingSaid, Said, Unreadable, deletion_of
from rapport.channels.kinds.github.connector import GitHubConnector
from tests.channels.github import samples
from tests.channels.github.samples import ACCOUNT, US, comment, event, item, opening, signed

CONNECTOR = GitHubConnector()


def said(one: Incoming) -> Said:
    (found,) = CONNECTOR.parse(ACCOUNT, one)
    return found


def message(one: Incoming) -> Message:
    found = said(one)
    assert isinstance(found, Message)
    return found


def test_an_issue_that_is_opened_is_a_message_with_a_subject() -> None:
    one = message(samples.OPENED)
    assert (one.external_id, one.subject, one.text) == (
        "github:acme/kettle#12", "It does not boil", "Since the last update.",
    )  # fmt: skip
    assert one.author
    assert (one.author.kind, one.author.value, one.author.written) == ("github", "ann", "@Ann")
    assert one.at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert (one.public, one.origin, one.refers_to) == (True, "addressed", ())


def test_a_comment_belongs_to_its_issue() -> None:
    one = message(samples.COMMENTED)
    assert (one.external_id, one.refers_to) == ("github:acme/kettle#12/99", ("github:acme/kettle#12",))
    assert one.answer["discussion"] == ""


def test_an_answer_in_a_discussion_refers_to_the_comment_it_answers() -> None:
    below = event("created", discussion=opening(), comment=comment(parent_id=55))
    one = message(item("discussion_comment", below))
    assert one.refers_to == ("github:acme/kettle#12", "github:acme/kettle#12/55")
    assert (one.answer["discussion"], one.answer["comment"]) == ("D_kw12", "")
    top = message(item("discussion_comment", event("created", discussion=opening(), comment=comment(parent_id=None))))
    assert (top.refers_to, top.answer["comment"]) == (("github:acme/kettle#12",), "DC_kw99")


def test_what_we_say_ourselves_is_our_own_and_machines_are_machines() -> None:
    assert message(item("issues", event("opened", issue=opening(user=US)))).origin == "own"
    robot = message(item("issues", event("opened", issue=opening(user={"login": "renovate[bot]", "type": "Bot"}))))
    assert robot.author
    assert robot.author.automated
    ghost = message(item("issues", event("opened", issue=opening(user=None))))
    assert ghost.author is None


@pytest.mark.parametrize(
    ("repository", "public"),
    [({"visibility": "internal", "private": False}, False), ({"private": True}, False), ({}, False),
     ({"private": False}, True), ({"visibility": "public"}, True)],
)  # fmt: skip
def test_only_what_everybody_may_read_is_public(repository: dict[str, Any], public: bool) -> None:
    whole = event("opened", issue=opening())
    whole["repository"] = {"full_name": "acme/Kettle", **repository}
    assert message(item("issues", whole)).public == public


def test_an_edit_says_what_it_is_now_and_when() -> None:
    changed = comment(body="Mine does now.")
    edited = event("edited", issue=opening(), comment=changed, changes={"body": {"from": "x"}})
    one = said(item("issue_comment", edited))
    assert isinstance(one, Edited)
    assert (one.message.external_id, one.message.text) == ("github:acme/kettle#12/99", "Mine does now.")
    assert one.message.edited_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_a_deletion_is_called_after_the_message_also_as_an_item() -> None:
    assert said(samples.DELETED) == Deleted("github:acme/kettle#12/99")
    received = CONNECTOR.receive(ACCOUNT, signed(samples.DELETED.body, "issue_comment"))
    assert received.items[0].external_id == deletion_of("github:acme/kettle#12/99")


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("ping", {"zen": "Speak like a human."}), ("push", {"ref": "refs/heads/main"}),
        ("issues", event("closed", issue=opening())), ("issues", event("transferred", issue=opening())),
        ("pull_request", event("edited", pull_request=opening(), changes={"base": {"ref": {"from": "main"}}})),
    ],
)  # fmt: skip
def test_what_is_no_words_says_nothing(name: str, payload: dict[str, Any]) -> None:
    with pytest.raises(NothingSaid):
        said(item(name, payload))


def test_repositories_that_were_not_named_say_nothing() -> None:
    narrow = replace(ACCOUNT, config={**ACCOUNT.config, "repositories": "acme/Other\n"})
    with pytest.raises(NothingSaid):
        CONNECTOR.parse(narrow, samples.OPENED)
    named = replace(ACCOUNT, config={**ACCOUNT.config, "repositories": ["ACME/kettle"]})
    assert CONNECTOR.parse(named, samples.OPENED)


def test_an_item_without_its_header_is_known_by_what_it_holds() -> None:
    for one in (samples.OPENED, samples.COMMENTED, samples.DISCUSSED):
        assert said(replace(one, envelope={})) == said(one)


def test_a_delivery_as_a_form_is_the_same() -> None:
    form = urlencode({"payload": samples.OPENED.body.decode()}).encode()
    hook = signed(form, **{"content-type": "application/x-www-form-urlencoded"})
    (one,) = CONNECTOR.receive(ACCOUNT, hook).items
    assert said(one) == said(samples.OPENED)


def test_what_does_not_say_where_it_happened_is_unreadable() -> None:
    whole = event("opened", issue=opening())
    del whole["repository"]
    with pytest.raises(Unreadable):
        said(item("issues", whole))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_NAMES = ("action", "issue", "comment", "discussion", "pull_request", "repository", "changes")


@given(
    st.sampled_from(["issues", "issue_comment", "discussion", "discussion_comment", "pull_request", "", "odd"]),
    st.fixed_dictionaries({}, optional=dict.fromkeys(_NAMES, _VALUES)),
    st.sampled_from(["opened", "created", "edited", "deleted"]),
)
def test_whatever_comes_is_said_or_refused_in_words(name: str, holds: dict[str, Any], action: str) -> None:
    whole = {**event(action, issue=opening(), comment=comment(), discussion=opening()), **holds}
    try:
        body = orjson.dumps(whole)
    except TypeError:
        return
    with suppress(NothingSaid, Unreadable):
        assert CONNECTOR.parse(ACCOUNT, Incoming("x", body, {"event": name}))
