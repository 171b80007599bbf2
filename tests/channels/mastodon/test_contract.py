"""Mastodon keeps the contract of a kind of channel."""

from rapport.channels.base import Account, Deleted, Edited, Message, Reaction, deletion_of
from rapport.channels.kinds.mastodon.connector import MastodonConnector
from rapport.channels.testing import ConnectorContract, HttpContract, Sample
from tests.channels.mastodon.samples import account, item, notification, status

_ANSWER = {"id": "1001", "acct": "ann@elsewhere.example", "visibility": "public", "warning": "", "language": "en"}


class TestMastodonContract(ConnectorContract):
    connector = MastodonConnector()
    account = account()
    samples = (
        Sample(item(notification("mention"), "mention")),
        Sample(item(notification("mention", 35, visibility="direct", in_reply_to_id="1000"), "reply", root="990")),
        Sample(item(notification("favourite", 36), "favourite"), (Reaction,)),
        Sample(item(notification("reblog", 37), "boost"), (Reaction,)),
        Sample(item(notification("update", 38, edited_at="2026-03-02T10:00:00Z"), "update"), (Edited,)),
        Sample(item(notification("admin.sign_up", 39), "sign-up"), ()),
        Sample(item(status(), "found", **{"as": "status"}, found_by="#example")),
        Sample(item(status(edited_at="2026-03-02T10:00:00Z"), "edited", **{"as": "edit"}), (Edited,)),
        Sample(
            item({"payload": "1001"}, deletion_of("mastodon:social.example/1001"), **{"as": "delete"}),
            (Deleted,),
        ),
    )


class TestMastodonHttpContract(HttpContract):
    connector = MastodonConnector()
    answering = _ANSWER
    answer_to = (("Ann", "@ann@elsewhere.example"),)

    def account_at(self, url: str) -> Account:
        return account(url)


def test_the_contract_is_about_messages() -> None:
    sample = TestMastodonContract.samples[0]
    said = MastodonConnector().parse(account(), sample.item)
    assert isinstance(said[0], Message)
