"""Who answers a signed reply address proves the address, where nobody else could have read it."""

from typing import Any

import pytest

from rapport.channels.kinds.email import replyaddress
from rapport.channels.models import Channel
from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.options import options
from rapport.outbound.models import Delivery
from rapport.people.models import Handle
from tests.inbound.post import deliver, letter, the_conversation

pytestmark = pytest.mark.django_db
OURS = "mx.company.example"


@pytest.fixture
def box() -> Channel:
    return Channel.objects.create(
        name="Support", kind="email", address="support@rapport.example", config={"authserv_id": OURS}
    )


def _how(address: str = "ann@berg.example") -> str:
    with scope.system():
        return str(Handle.objects.values_list("verified_how", flat=True).get(kind="email", value=address))


def _written_to(one: Conversation, **recipients: Any) -> str:
    """We wrote in the conversation; its signed reply address."""
    with scope.system():
        Delivery.objects.create(
            conversation=one, message_id=one.id, channel_id=one.channel_id, external_id=str(one.id), state="sent",
            recipients={"to": [["Ann", "ann@berg.example"]]} | recipients,
        )  # fmt: skip
    return replyaddress.sign("support@rapport.example", one.id, options().secret_key)


def test_an_answer_to_the_signed_address_proves_who_answers(box: Channel) -> None:
    deliver(box, letter())
    assert _how() == ""
    deliver(box, letter(to=_written_to(the_conversation())))
    assert _how() == "reply"


def test_it_proves_nothing_where_others_could_read_it_or_another_answers(box: Channel) -> None:
    deliver(box, letter())
    to = _written_to(the_conversation(), cc=[["Bob", "bob@berg.example"]])
    deliver(box, letter(to=to), letter(to=to, sender="bob@berg.example"))
    assert (_how(), _how("bob@berg.example")) == ("", "")


def test_a_forged_signature_proves_nothing(box: Channel) -> None:
    deliver(box, letter())
    to = _written_to(the_conversation())
    forged = to.replace("+c-", "+c-a", 1)
    deliver(box, letter(to=forged))
    assert _how() == ""


def test_what_our_mail_server_checked_proves_the_sender(box: Channel) -> None:
    checked = f"Authentication-Results: {OURS}; dmarc=pass header.from=berg.example"
    forged = "Authentication-Results: mx.evil.example; dmarc=pass header.from=other.example"
    deliver(box, letter(more=[checked]), letter(sender="Eve <eve@other.example>", more=[forged]))
    assert (_how(), _how("eve@other.example")) == ("dmarc", "")


def test_without_a_server_to_trust_nothing_a_mail_says_is_believed(box: Channel) -> None:
    Channel.objects.filter(id=box.id).update(config={})
    deliver(box, letter(more=[f"Authentication-Results: {OURS}; dmarc=pass header.from=berg.example"]))
    assert _how() == ""
