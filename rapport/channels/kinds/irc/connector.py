"""IRC as a kind of channel: private messages, and rooms in which we are named."""

from collections.abc import Callable, Mapping, Sequence

import orjson

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    Draft,
    Field,
    Incoming,
    Kind,
    Length,
    Outgoing,
    Said,
    Sent,
    Source,
    lazy,
)
from rapport.channels.kinds.irc import compose, parse, settings

_ABOUT = About(
    lazy("Private messages and rooms of an IRC network."),
    "real server",
    steps=(
        lazy("Choose a nickname for your company and register it with the network, so that nobody else takes it."),
        lazy("Enter the server, the nickname and the rooms to be in; for SASL the account's name and password too."),
        lazy("If the server asks for a password of its own, enter that and leave the account's name empty."),
    ),
    permissions=((lazy("Password"), lazy("signs in as the registered nickname; not needed where none is")),),
    terms=lazy("Plain IRC keeps no history: what is said while Rapport is not connected is not seen."),
    group="chat",
)  # fmt: skip


class IrcConnector(Kind):
    """One nickname on one network."""

    kind = "irc"
    label = lazy("IRC")
    about = _ABOUT
    abilities = Abilities(
        undo_s=0,
        starts=True, public=True, splits=True, naming="initials", length=Length(compose.BYTES_MAX, "bytes")
    )
    fields = (
        Field("server", lazy("Server"), help=lazy("Such as irc.example.org"), required=True),
        Field("port", lazy("Port"), "number", lazy("Empty: 6697 with TLS, 6667 without")),
        Field("tls", lazy("TLS"), "yes", default=True),
        Field("nick", lazy("Nickname"), required=True),
        Field("login", lazy("Account name for SASL"), help=lazy("Empty: no SASL")),
        Field("password", lazy("Password"), "secret", lazy("The account's, or the server's own")),
        Field("rooms", lazy("Rooms"), "lines", lazy("One a line: #help, or #help and its key")),
        Field("words", lazy("Words to listen for"), "lines", lazy("Beside the nickname; one a line")),
        Field("everything", lazy("Take all that is said in the rooms"), "yes",
              lazy("What does not name us is then shown as found, not as addressed to us")),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """Every required field is filled, and each setting is one."""
        super().check(account)
        settings.read(account)

    def test(self, account: Account) -> Sequence[str]:
        """Sign in and out again, in no room."""
        from rapport.channels.kinds.irc.connection import Connection

        read = settings.read(account)
        with Connection(read, read.nick) as connection:
            lines = [f"Signed in at {read.host} as {connection.nick}."]
        if connection.nick != read.nick:
            lines.append(f"{read.nick} is in use now, perhaps by this very channel.")
        return lines

    def identify(self, account: Account) -> Mapping[str, str]:
        """Our nickname and the network as it calls itself."""
        from rapport.channels.kinds.irc.connection import Connection

        read = settings.read(account)
        with Connection(read, read.nick) as connection:
            for _ in range(4):  # the network's name comes a little after the welcome
                if any(line.command in ("376", "422") for _, line in connection.lines(0.5)):
                    break
            return {"address": f"{read.nick}@{connection.network}", "network": connection.network}

    def collects(self, account: Account) -> bool:
        """Always."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """Listen until told to stop."""
        from rapport.channels.kinds.irc import collecting

        collecting.collect(account.id, settings.read(account), source)

    def per_minute(self, account: Account) -> int:
        """Servers put out who says more than a line in two seconds for long."""
        return 20

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """What one line says."""
        return parse.understood(item.body)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The lines."""
        return compose.composed(draft)

    def parts(self, account: Account, draft: Draft) -> Sequence[str]:
        """The lines that it becomes."""
        lines: list[str] = orjson.loads(self.prepare(account, draft).body)["lines"]
        return lines

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """On the collector's connection where it runs in this process, else on one of its own."""
        from rapport.channels.kinds.irc import sending

        return sending.send(account.id, settings.read(account), outgoing, about_to_send)
