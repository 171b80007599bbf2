"""GitHub's own examples of its webhooks are understood, and its own description takes what we send."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from rapport.channels.base import Account, Deleted, Edited, Incoming, Message, NothingSaid, deletion_of
from rapport.channels.kinds.github.connector import GitHubConnector
from rapport.channels.testing import Reply, ScriptedServer, draft_for
from tests.channels import prism
from tests.channels.github.samples import ACCOUNT, signed

pytestmark = pytest.mark.peers

CONNECTOR = GitHubConnector()
# Reads GraphQL documents, and writes what each does wrong after GitHub's published schema.
VALIDATE = """
import {readFileSync} from "node:fs";
import {validate} from "@octokit/graphql-schema";
const documents = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(documents.map(one => validate(one).map(error => error.message))));
"""
PATHS = ("/rate_limit", "/user", "/repos/{owner}/{repo}", "/repos/{owner}/{repo}/issues/{issue_number}/comments")
SPOKEN = ("issues", "issue_comment", "discussion", "discussion_comment", "pull_request")


def examples() -> Iterator[tuple[str, bytes]]:
    """Every published example: the event's name, and what was delivered."""
    found = prism.installed("@octokit/webhooks-examples/api.github.com/index.json")
    for event in json.loads(found.read_bytes()):
        for example in event["examples"]:
            yield event["name"], json.dumps(example).encode()


def test_every_published_example_says_something_or_nothing() -> None:
    said: Counter[str] = Counter()
    for name, body in examples():
        (item,) = CONNECTOR.receive(ACCOUNT, signed(body, name)).items
        try:
            (one,) = CONNECTOR.parse(ACCOUNT, item)
        except NothingSaid:
            said["nothing"] += 1
            continue
        said[type(one).__name__] += 1
        payload = json.loads(body)
        assert name in SPOKEN
        if isinstance(one, Deleted):
            assert item.external_id == deletion_of(one.external_id)
        else:
            message = one.message if isinstance(one, Edited) else one
            assert isinstance(message, Message)
            assert message.author
            assert message.external_id.startswith(f"github:{payload['repository']['full_name'].lower()}#")
            assert message.answer["number"]
            assert message.url
    assert sum(said.values()) > 300
    assert said["Message"] >= 10
    assert said["Edited"] >= 4
    assert said["Deleted"] >= 4


def test_examples_without_their_header_are_known_by_what_they_hold() -> None:
    for name, body in examples():
        action = json.loads(body).get("action")
        if name in SPOKEN and action in ("opened", "created"):
            with_header = CONNECTOR.parse(ACCOUNT, Incoming("x", body, {"event": name}))
            assert CONNECTOR.parse(ACCOUNT, Incoming("x", body)) == with_header


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account at a Prism that knows GitHub's description."""
    described = prism.described("github.com/api.github.com.json", *PATHS)
    with prism.serve(described, tmp_path_factory.mktemp("github")) as url:
        yield replace(ACCOUNT, config={"server": url, "repositories": ["octocat/Hello-World"]})


def test_prism_refuses_what_the_description_does_not_allow(there: Account) -> None:
    url = f"{there.config['server']}/repos/acme/kettle/issues/12/comments"
    answer = requests.post(url, json={"text": "not called body"}, timeout=60)
    assert (answer.status_code, "sl-violations" in answer.headers) == (422, True)


def test_what_we_ask_and_send_is_as_github_describes_it(there: Account) -> None:
    lines = CONNECTOR.test(there)
    assert "requests are left" in lines[0]
    assert lines[1] == "octocat/Hello-World is reached."
    assert CONNECTOR.identify(there) == {"address": "@octocat", "login": "octocat"}
    outgoing = CONNECTOR.prepare(there, draft_for("Thank you.", {"repository": "octocat/Hello-World", "number": 1347}))
    sent = CONNECTOR.send(there, outgoing, lambda: None)
    assert sent.external_ids == ["github:octocat/hello-world#1347/1"]
    assert sent.url == "https://github.com/octocat/Hello-World/issues/1347#issuecomment-1"


def wrong_with(*documents: str) -> list[list[str]]:
    """What is wrong with each GraphQL document, by GitHub's published schema."""
    prism.installed("@octokit/graphql-schema/package.json")
    done = subprocess.run(
        [prism.node(), "--input-type=module", "-e", VALIDATE], cwd=prism.HERE, input=json.dumps(documents),
        capture_output=True, text=True, timeout=600, check=True,
    )  # fmt: skip
    found: list[list[str]] = json.loads(done.stdout)
    return found


def test_the_comment_on_a_discussion_is_one_that_githubs_schema_knows() -> None:
    answering = {"repository": "acme/Kettle", "number": 12, "discussion": "D_kw12", "comment": "DC_kw99"}
    with ScriptedServer() as server:
        server.always(Reply.of({"data": {"addDiscussionComment": {"comment": {"databaseId": 1}}}}))
        account = replace(ACCOUNT, config={"server": server.url})
        CONNECTOR.send(account, CONNECTOR.prepare(account, draft_for("Yes.", answering)), lambda: None)
    sent = json.loads(server.asked[0].body)
    fields = ", ".join(f"{name}: {json.dumps(value)}" for name, value in sent["variables"]["input"].items())
    written_out = f"mutation {{ addDiscussionComment(input: {{{fields}}}) {{ comment {{ id }} }} }}"
    misspelt = written_out.replace("discussionId", "discussionID")
    good, also_good, bad = wrong_with(sent["query"], written_out, misspelt)
    assert good == also_good == []
    assert bad
