"""What an answer will look like on its channel, before it is sent."""

from collections.abc import Sequence
from uuid import UUID

from rapport.channels import registry
from rapport.channels.base import Draft
from rapport.core.clock import now
from rapport.staff.models import Member
from rapport.web.ways import Way

_NOBODY = UUID(int=0)


def parts_of(way: Way, member: Member, text: str) -> Sequence[str]:
    """The texts that readers will see, one a message. Raises Invalid for what the channel cannot take."""
    message = way.message
    draft = Draft(
        conversation_id=_NOBODY, external_id="", author=member.name, subject="", text=text, at=now(),
        to=[(str(n), str(a)) for n, a in (message.recipients.get("from") or [])] if message else [],
        signature=member.signature, answering=message.about.get("answer", {}) if message else {}, public=way.public,
        key=str(_NOBODY),
    )  # fmt: skip
    return registry.connector(way.channel.kind).parts(registry.reader(way.channel), draft)
