"""E-mail as a kind of channel: in by IMAP or the local listener, out by SMTP submission."""

from collections.abc import Callable, Sequence

from rapport.channels.base import (
    Abilities,
    About,
    Account,
    Draft,
    Files,
    Incoming,
    Kind,
    Outgoing,
    Said,
    Sent,
    Source,
    lazy,
)
from rapport.channels.kinds.email import compose, replyaddress, said, settings
from rapport.channels.kinds.email.model import Limits
from rapport.channels.kinds.email.parse import parse_mail
from rapport.core.errors import ChannelError
from rapport.core.options import options


class EmailConnector(Kind):
    """One mailbox."""

    kind = "email"
    label = lazy("E-mail")
    about = About("A mailbox, by IMAP and SMTP, or the listener built in.", "real server", group="mail")
    abilities = Abilities(
        starts=True, threads=True, clocked=False, subject=True, html=True, copies=True, naming="name",
        files=Files(20, 25_000_000),
    )  # fmt: skip

    def check(self, account: Account) -> None:
        """Raise Invalid naming the first wrong setting."""
        settings.check(settings.read(account.config, account.address))

    def folders(self, account: Account) -> Sequence[str]:
        """The folders of its IMAP server that can hold mail; none without one. Raises ChannelError."""
        from rapport.channels.kinds.email import imap

        read = settings.read(account.config, account.address)
        return imap.folders(read.imap, account.secrets.get("imap_password", "")) if read.imap else []

    def test(self, account: Account) -> Sequence[str]:
        """Sign in both ways, take and send nothing. Raises ChannelError."""
        from rapport.channels.kinds.email import imap, smtp

        read = settings.read(account.config, account.address)
        lines = []
        if read.imap:
            lines += imap.probe(read.imap, account.secrets.get("imap_password", ""))
        if read.smtp:
            smtp.connect(read.smtp, account.secrets.get("smtp_password", "")).quit()
            lines.append(f"SMTP: {read.smtp.server.host} takes mail from us.")
        return lines or ["Only the local listener: nothing to sign in to."]

    def collects(self, account: Account) -> bool:
        """Whether there is a mailbox to collect from."""
        return bool(account.config.get("imap"))

    def collect(self, account: Account, source: Source) -> None:
        """Collect by IMAP until told to stop."""
        from rapport.channels.kinds.email import imap

        read = settings.read(account.config, account.address)
        if read.imap:
            imap.collect(read.imap, account.secrets.get("imap_password", ""), source)

    def parse(self, account: Account, item: Incoming) -> Sequence[Said]:
        """The mail. Never raises: what cannot be understood is named in its problems."""
        mail = parse_mail(item.body, limits=Limits(attachment_bytes=options().attachment_bytes_max))
        return [said.of(mail, item.envelope, settings.authserv_id(account.config))]

    def per_minute(self, account: Account) -> int:
        """The submission server's limit."""
        read = settings.read(account.config, account.address)
        return read.smtp.per_minute if read.smtp else 60

    def new_external_id(self, account: Account) -> str:
        """A Message-ID, without angle brackets."""
        return compose.new_message_id(account.address)

    def prepare(self, account: Account, draft: Draft) -> Outgoing:
        """The mail, with the signed address as its return path where the channel signs: bounces then say
        whose.
        """
        read = settings.read(account.config, account.address)
        secret = options().secret_key
        sender = account.address
        if read.signed_reply:
            sender = replyaddress.sign(account.address, draft.conversation_id, secret)
        if draft.automatic:
            sender = ""  # RFC 3834, section 3.3: nobody may answer an automatic answer
        everyone = [address for _, address in (*draft.to, *draft.cc, *draft.bcc)]
        return Outgoing(compose.compose(account, read, draft, secret), sender, list(dict.fromkeys(everyone)))

    def send(self, account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
        """Submit the mail."""
        from rapport.channels.kinds.email import smtp

        read = settings.read(account.config, account.address)
        if not read.smtp:
            raise ChannelError(
                f"The channel {account.name} has no server to send with.",
                "Add an SMTP server to it.",
                permanent=True,
            )
        return Sent(smtp.submit(read.smtp, account.secrets.get("smtp_password", ""), outgoing, about_to_send))
