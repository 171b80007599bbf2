"""What every kind must stand, asked of "github"."""

from dataclasses import replace
from typing import Any, ClassVar

from rapport.channels.base import Account, Deleted, Edited, Hook
from rapport.channels.kinds.github.connector import GitHubConnector
from rapport.channels.testing import ConnectorContract, HookContract, HttpContract, Sample
from tests.channels.github import samples
from tests.channels.github.samples import ACCOUNT, comment, event, item, opening


class TestGithubContract(ConnectorContract):
    connector = GitHubConnector()
    account = ACCOUNT
    samples = (
        Sample(samples.OPENED),
        Sample(samples.COMMENTED),
        Sample(samples.DISCUSSED),
        Sample(samples.DELETED, (Deleted,)),
        Sample(item("discussion_comment", event("created", discussion=opening(), comment=comment(parent_id=55)))),
        Sample(item("pull_request", event("opened", pull_request=opening()))),
        Sample(item("issues", event("edited", issue=opening(), changes={"title": {"from": "x"}})), (Edited,)),
        Sample(item("issues", event("labeled", issue=opening())), ()),
        Sample(item("ping", {"zen": "Keep it logically awesome.", "hook_id": 1}), ()),
    )


class TestGithubHookContract(HookContract):
    connector = GitHubConnector()
    account = ACCOUNT
    body = samples.OPENED.body

    def signed(self, body: bytes) -> Hook:
        return samples.signed(body)


class TestGithubHttpContract(HttpContract):
    connector = GitHubConnector()
    answering: ClassVar[dict[str, Any]] = {"repository": "acme/Kettle", "number": 12}

    def account_at(self, url: str) -> Account:
        return replace(ACCOUNT, config={**ACCOUNT.config, "server": url})


class TestGithubDiscussionHttpContract(TestGithubHttpContract):
    answering: ClassVar[dict[str, Any]] = {"repository": "acme/Kettle", "number": 12, "discussion": "D_kw12"}
