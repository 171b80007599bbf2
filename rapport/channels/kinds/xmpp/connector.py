"""XMPP as a kind of channel: direct messages and the rooms that are named."""

from collections.abc import Callable, Mapping, Sequence

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
from rapport.channels.kinds.xmpp import compose, parse, settings

_SECURITY = (("starttls", lazy("STARTTLS")), ("tls", lazy("TLS")), ("none", lazy("None (this machine only)")))
_ABOUT = About(
    lazy("Direct messages and rooms of an XMPP (Jabber) account, on any server."),
    "real server",
    steps=(
        lazy("Make an account for your company on an XMPP server."),
        lazy("Enter its address and password here, and the rooms it is to listen in."),
        lazy("If a room is for members only, make the account one of them."),
    ),
    permissions=((lazy("Password"), lazy("signs in as the account, to read and to answer")),),
    group="chat",
)


class XmppConnector(Kind):
    """One XMPP account."""

    kind = "xmpp"
    label = lazy("XMPP")
    about = _ABOUT
    abilities = Abilities(
        undo_s=0,
        starts=True, edits=True, deletes=True, public=True, threads=True, reactions=True, receipts=True, naming="name",
        length=Length(compose.BYTES_MAX, "bytes"),
    )  # fmt: skip
    fields = (
        Field("jid", lazy("Address"), help=lazy("The account, such as help@example.org"), required=True),
        Field("password", lazy("Password"), "secret", required=True),
        Field("server", lazy("Server"), help=lazy("host or host:port; empty: as the domain's records say")),
        Field("security", lazy("Encryption"), "choice", default="starttls", choices=_SECURITY),
        Field("rooms", lazy("Rooms"), "lines",
              lazy("One a line: help@rooms.example.org. All that is said there is taken in.")),
        Field("nick", lazy("Nickname in rooms"), help=lazy("Empty: the account's name")),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """Every required field is filled, and each setting is one."""
        super().check(account)
        settings.read(account)

    def test(self, account: Account) -> Sequence[str]:
        """Sign in, and look at each room without entering it."""
        from rapport.channels.kinds.xmpp import groupchat, session

        read = settings.read(account)
        lines = [f"Signed in as {read.jid}."]
        with session.Session(read, "rapport.test", lambda _: None) as opened:
            for room in read.rooms:
                try:
                    found = groupchat.looked_at(opened, room, read.nick)
                except session.Refused as error:
                    lines.append(groupchat.words(room, error))
                    continue
                missed = "" if found.archive else "; what is said while we are away may be missed, it keeps no archive"
                lines.append(f"{room}: is there{missed}.")
        return lines

    def identify(self, account: Account) -> Mapping[str, str]:
        """Our bare address."""
        own = settings.read(account).jid
        return {"address": own, "jid": own}

    def collects(self, account: Account) -> bool:
        """Always."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """Listen until told to stop."""
        from rapport.channels.kinds.xmpp import collecting

        collecting.collect(settings.read(account), source)

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """What one message says."""
        return parse.understood(settings.bare(str(account.config.get("jid") or account.address)), item.body)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The fields of the stanza."""
        return compose.composed(draft)

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """By a connection of its own."""
        from rapport.channels.kinds.xmpp import sending

        return sending.send(settings.read(account), outgoing, about_to_send)
