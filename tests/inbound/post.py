"""Writing mails, and taking them all the way in."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count

from rapport.channels.base import mail
from rapport.channels.models import Channel
from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.inbound import intake, pipeline
from rapport.inbound.pipeline import BatchResult
from rapport.staff.models import Member, Membership, Role, Team

_numbers = count(1)
SENT = datetime(2026, 3, 4, 9, tzinfo=UTC)


def letter(
    text: str = "Hello there.",
    *,
    sender: str = "Ann Berg <ann@berg.example>",
    to: str = "support@rapport.example",
    subject: str = "A question",
    id: str | None = None,
    refs: Sequence[str] = (),
    more: Sequence[str] = (),
) -> bytes:
    """The bytes of a mail. `id` and `refs` without angle brackets; `id=""` leaves the Message-ID out."""
    id = f"letter-{next(_numbers)}@berg.example" if id is None else id
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Date: {format_datetime(SENT)}", *more]
    if id:
        lines.append(f"Message-ID: <{id}>")
    if refs:
        lines += [f"In-Reply-To: <{refs[-1]}>", "References: " + " ".join(f"<{ref}>" for ref in refs)]
    lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    return ("\r\n".join(lines) + "\r\n\r\n" + text + "\r\n").encode()


def deliver(channel: Channel, *bodies: bytes) -> BatchResult:
    """Accept the mails and take them through the pipeline in one batch."""
    accept(channel, *bodies)
    return pipeline.run_batch()


def accept(channel: Channel, *bodies: bytes) -> intake.Accepted:
    """Accept the mails only."""
    return intake.accept(channel, [mail(body) for body in bodies])


def conversations() -> list[Conversation]:
    """All that were not merged away, oldest first."""
    with scope.system():
        return list(Conversation.objects.filter(merged_into__isnull=True).order_by("id"))


def the_conversation() -> Conversation:
    """The only one there is."""
    (one,) = conversations()
    return one


def make_team(slug: str, *, is_open: bool = True, confidential: bool = False) -> Team:
    """A team by its slug."""
    return Team.objects.create(name=slug.title(), slug=slug, is_open=is_open, confidential=confidential)


def make_member(name: str, *teams: Team, role: str = Role.AGENT) -> Member:
    """A member of `teams` who cannot sign in (hashing takes time)."""
    member = Member.objects.create(email=f"{name}@rapport.example", name=name.title(), role=role)
    Membership.objects.bulk_create(Membership(member=member, team=team) for team in teams)
    return member
