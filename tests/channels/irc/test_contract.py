"""What every kind must stand, for IRC."""

from typing import Any

import orjson

from rapport.channels.base import Account, Incoming, Message
from rapport.channels.kinds.irc.connector import IrcConnector
from rapport.channels.testing import ConnectorContract, Sample, account_for


def irc_account(**given: Any) -> Account:
    return account_for(
        "irc", address="hub@brandnet", secrets={"password": "hidden-word"},
        config={"server": "irc.example.org", "nick": "hub", "rooms": ["#help", "#shut secret"], **given},
    )  # fmt: skip


def item(line: str, name: str, *, addressed: bool = True) -> Incoming:
    body = {
        "line": line, "name": name, "network": "brandnet", "nick": "hub", "at": "2026-03-02T09:00:00+00:00",
        "addressed": addressed,
    }  # fmt: skip
    return Incoming(name, orjson.dumps(body))


SAMPLES = (
    Sample(item("@time=2026-03-02T08:59:59.000Z;msgid=m1 :Ann[x]!ann@host PRIVMSG #Help :hub: my order is \x02late\x02",
                "irc:brandnet:m1")),
    Sample(item(":ann!ann@host PRIVMSG hub :Are you there?", "irc:brandnet:2026:abc:0")),
    Sample(item(":ben!b@h PRIVMSG #help :who knows?", "irc:brandnet:2026:abd:0", addressed=False)),
    Sample(item(":ann!ann@host PRIVMSG #help :\x01ACTION waves at hub\x01", "irc:brandnet:2026:abe:0")),
    Sample(item(":ann!ann@host PRIVMSG hub :\x01VERSION\x01", "irc:brandnet:2026:abf:0"), ()),
    Sample(item(":ann!ann@host JOIN #help", "irc:brandnet:2026:abg:0"), ()),
)  # fmt: skip


class TestTheContract(ConnectorContract):
    connector = IrcConnector()
    account = irc_account()
    samples = SAMPLES


def test_the_samples_are_what_they_seem() -> None:
    connector, account = IrcConnector(), irc_account()
    said = [one for sample in SAMPLES[:-2] for one in connector.parse(account, sample.item)]
    named, private, found, waves = (one for one in said if isinstance(one, Message))
    assert named.author is not None
    assert (named.author.kind, named.author.value, named.author.written) == ("irc", "ann{x}@brandnet", "Ann[x]")
    assert (named.text, named.public, named.origin) == ("hub: my order is late", True, "addressed")
    assert named.at is not None
    assert (named.at.second, named.refers_to) == (59, ("irc:brandnet:#help:ann{x}",))
    assert (private.public, private.refers_to, private.origin) == (False, ("irc:brandnet:ann",), "addressed")
    assert (found.origin, found.found_by) == ("search", "#help")
    assert waves.text == "* ann waves at hub"
