"""A phone line as a kind of channel: registered at a telephone system by SIP, it greets, records and hangs up."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    Draft,
    Field,
    Incoming,
    Invalid,
    Kind,
    MessageRefused,
    Outgoing,
    Said,
    Sent,
    Source,
    lazy,
)
from rapport.channels.kinds.sip import record, settings

_WAITING_MAX = 200


class SipConnector(Kind):
    """One line. Calls come in; who calls back does so by their own phone, and logs it."""

    kind = "sip"
    label = lazy("Phone line (SIP)")
    about = About(
        lazy("A line of your telephone system: it greets callers, records what they say and hangs up."),
        "real server",
        steps=(
            lazy("Make an extension in your telephone system, with a user and a password of its own."),
            lazy("Let calls lead to it: always, or when nobody answers, or after hours."),
            lazy("Record a greeting that says that the call is recorded, and who hears it."),
        ),
        permissions=((lazy("User and password of the extension"), lazy("The line registers with them.")),),
        group="phone",
    )
    abilities = Abilities(replies=False)
    fields = (
        Field("server", lazy("Server"), "text", lazy("Such as pbx.example.org, or with its port."), required=True),
        Field("user", lazy("User"), "text", lazy("The extension, or what the provider calls user."), required=True),
        Field("password", lazy("Password"), "secret", required=True),
        Field("domain", lazy("Domain"), "text", lazy("Where it is not the server's name.")),
        Field("private", lazy("The server is in our own network"), "yes", default=False),
        Field("number", lazy("Our number"), "text", lazy("With its country: +49 30 1234567.")),
        Field("country", lazy("Country prefix"), "text", lazy("Digits, such as 49: what national numbers get.")),
        Field(
            "greeting", lazy("Greeting"), "text",
            lazy("The https address of a WAV file of up to two minutes. It must say that the call is recorded."),
        ),
        Field("announced", lazy("Our telephone system says that calls are recorded"), "yes", default=False),
        Field("record", lazy("Record what callers say"), "yes", default=True),
        Field("from_start", lazy("Record during the greeting too"), "yes", default=False),
        Field("seconds_max", lazy("Longest recording in seconds"), "number", default=180),
        Field("silence_s", lazy("Hang up after so many seconds of silence"), "number", default=5),
        Field("calls_max", lazy("Calls at once"), "number", default=4),
        Field("local_port", lazy("Our port for SIP"), "number", lazy("0: any."), default=0),
        Field("media_port", lazy("First port for sound"), "number", lazy("0: any. Two for each call."), default=0),
        Field("advertised", lazy("Our address as the server sees it"), "text", lazy("Behind NAT: the public one.")),
        Field("allowed", lazy("Further addresses that calls come from"), "lines", lazy("IP addresses, one a line.")),
    )  # fmt: skip

    def __init__(self) -> None:
        self._waiting: dict[UUID, deque[Incoming]] = {}

    def check(self, account: Account) -> None:
        """Every setting has its form, and callers are told that they are recorded."""
        super().check(account)
        settings.read(account)

    def test(self, account: Account) -> Sequence[str]:
        """Sign in and bind nothing; calls go on to where they went. Raises ChannelError."""
        import asyncio

        from rapport.channels.kinds.sip import line

        given = settings.read(account)
        voice = line.greeting(given)
        asyncio.run(line.Line(given, account.secrets.get("password", ""), deque()).look())
        lines = [f"{given.domain} accepts {given.user}."]
        if voice:
            lines.append(f"The greeting takes {len(voice) // 16_000 + 1} s.")
        return lines

    def identify(self, account: Account) -> Mapping[str, str]:
        """The number, or the user where it has none."""
        return {"address": settings.read(account).number}

    def collects(self, account: Account) -> bool:
        """The line is open as long as this runs."""
        return True

    def collect(self, account: Account, source: Source) -> None:
        """Be reachable until told to stop. Raises ChannelError."""
        import asyncio

        from rapport.channels.kinds.sip import line

        waiting = self._waiting.setdefault(account.id, deque(maxlen=_WAITING_MAX))
        asyncio.run(line.Line(settings.read(account), account.secrets.get("password", ""), waiting).run(source))

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """One call."""
        return [record.parse(account, item)]

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """Nothing can be said here. Raises Invalid."""
        raise Invalid("A call cannot be answered in writing.", "Call back, and log the call.")

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Nothing can be sent. Raises MessageRefused."""
        raise MessageRefused("A call cannot be answered in writing.", permanent=True)
