"""What `rapport channel add` and `change` ask of a mailbox: the same options, and the settings they stand for."""

from collections.abc import Callable, Mapping
from typing import Any

import click

_SECURITY = click.Choice(["tls", "starttls", "none"])
_PORT = click.IntRange(1, 65535)
_OPTIONS = (
    click.option("--imap", "imap_host", help="The IMAP server; without it mail comes by the local listener only."),
    click.option("--imap-port", type=_PORT),
    click.option("--imap-security", type=_SECURITY, help="tls unless said otherwise."),
    click.option("--imap-user", help="Where it is not the same as --user."),
    click.option("--folder", "folders", multiple=True, help="A folder to collect (INBOX); may be repeated."),
    click.option(
        "--after", type=click.Choice(["leave", "seen", "move", "delete"]),
        help="What becomes of collected mail at its server; it is left as it is unless said otherwise.",
    ),
    click.option("--move-to", help="The folder for --after move. It must be there."),
    click.option("--backfill/--no-backfill", default=None, help="Take the mail that is there already (it is)."),
    click.option("--smtp", "smtp_host", help="The submission server."),
    click.option("--smtp-port", type=_PORT),
    click.option("--smtp-security", type=_SECURITY, help="tls unless said otherwise."),
    click.option("--smtp-user", help="Where it is not the same as --user."),
    click.option("--user", help="The user name of both (the address)."),
    click.option("--per-minute", type=click.IntRange(1, 100_000), help="At most so many mails are sent a minute (60)."),
    click.option("--alias", "aliases", multiple=True, help="A further address of this mailbox; may be repeated."),
    click.option("--catch-all", help="A domain of which all mail is taken by the local listener."),
    click.option("--from-name", help="May hold {member} and {channel} (it is {member})."),
    click.option(
        "--signed-reply/--no-signed-reply", default=None, help="Answers come to a signed plus address of this mailbox."
    ),
    click.option("--authserv-id", help="Whose Authentication-Results are believed (nobody's)."),
)  # fmt: skip
#: What a mailbox begins with; what is not here begins empty.
BEGINNING: Mapping[str, Any] = {
    "imap_security": "tls", "folders": ["INBOX"], "after": "leave", "backfill": True, "smtp_security": "tls",
    "per_minute": 60, "from_name": "{member}", "signed_reply": False,
}  # fmt: skip


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a mailbox's settings; what is not said is None, or ()."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_said(given: Mapping[str, Any], sections: tuple[str, ...]) -> dict[str, Any]:
    """What was said, by the names of `changes.PLACES`; `user` stands for that of each of `sections`."""
    said = {name: value for name, value in given.items() if value is not None and value != ()}
    for name in ("folders", "aliases"):
        if name in said:
            said[name] = list(said[name])
    user = said.pop("user", None)
    if user is not None:
        said = {**{f"{section}_user": user for section in sections}, **said}
    return said
