"""Matrix as a kind of channel: direct rooms and the rooms that are named, by the client-server API."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from rapport.channels import guard
from rapport.channels.base import (
    Abilities,
    About,
    Account,
    ChannelError,
    Draft,
    Field,
    Files,
    Incoming,
    Invalid,
    Kind,
    Length,
    Outgoing,
    Said,
    Sent,
    Source,
    lazy,
)
from rapport.channels.kinds.matrix import compose, parse, rooms, sending
from rapport.channels.kinds.matrix.client import Api, Missing

_ABOUT = About(
    lazy("Rooms and direct messages of a Matrix account, on any homeserver."),
    "real server",
    steps=(
        lazy("Make an account for your company on a homeserver, and sign in to it with a Matrix client."),
        lazy("Copy its access token (in Element: Settings, Help and about). Do not sign out of that session."),
        lazy("Invite the account to your rooms, and name them here. Rooms must not be encrypted."),
    ),
    permissions=(
        (lazy("Access token"), lazy("reads and writes what the account itself may; it needs no rights in rooms")),
    ),
    group="chat",
)  # fmt: skip


class MatrixConnector(Kind):
    """One Matrix account."""

    kind = "matrix"
    label = lazy("Matrix")
    about = _ABOUT
    abilities = Abilities(
        undo_s=0,
        starts=True, edits=True, deletes=True, public=True, threads=True, reactions=True, idempotent=True,
        naming="name", length=Length(compose.BYTES_MAX, "bytes"), files=Files(10, 20_000_000),
    )  # fmt: skip
    fields = (
        Field("homeserver", lazy("Homeserver"), "url",
              lazy("Where its clients connect, such as https://matrix.example.org"), required=True),
        Field("access_token", lazy("Access token"), "secret", required=True),
        Field("rooms", lazy("Rooms"), "lines",
              lazy("One a line: #help:example.org, or the id of a room. Everything said there is taken in.")),
        Field("accept_invites", lazy("Accept invitations to direct messages"), "yes", default=True),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """Every required field is filled, the address is one, and rooms are named as rooms are."""
        super().check(account)
        parts = urlsplit(str(account.config["homeserver"]).strip())
        host = parts.hostname or ""
        inside = guard.is_loopback(host) or "." not in host
        if not host or parts.scheme not in (("http", "https") if inside else ("https",)):
            raise Invalid("Homeserver: this is no address of one.", "It begins with https://.")
        for one in rooms.named(account.config.get("rooms")):
            if not one.startswith(("#", "!")):
                raise Invalid(f"Rooms: {one} is no room.", "A room looks like #help:example.org or !id:example.org.")

    def test(self, account: Account) -> Sequence[str]:
        """Sign in, and look at each room that is named."""
        api = Api(account)
        lines = [f"Signed in as {_whoami(api)}."]
        for one in rooms.named(account.config.get("rooms")):
            lines.append(rooms.looked_at(api, one))
        return lines

    def identify(self, account: Account) -> Mapping[str, str]:
        """Our user id."""
        own = _whoami(Api(account))
        return {"address": own, "user_id": own}

    def collects(self, account: Account) -> bool:
        """Always."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """Sync until told to stop."""
        from rapport.channels.kinds.matrix.collecting import Collector

        api = Api(account)
        Collector(api, account, source, _whoami(api)).run()

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """What one event says."""
        own = parse.mapping(account.config.get("own")).get("user_id") or account.address
        return parse.understood(str(own), item.body)

    def per_minute(self, account: Account) -> int:
        """Synapse lets through one message in five seconds for long, ten at once; others differ and say so by 429."""
        return 30

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The events."""
        return compose.composed(draft)

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Put each event into the room."""
        return sending.send(account, outgoing, about_to_send)


def _whoami(api: Api) -> str:
    try:
        own = parse.user_id(api.get("account", "whoami").get("user_id"))
    except Missing as error:
        raise ChannelError(error.message, "Is this the address of a homeserver?", permanent=True) from error
    if not own:
        raise ChannelError("The homeserver does not say who we are.", "Is this its address?", permanent=False)
    return own
