"""Real mails, through the real pipeline: none lost, and their threads as the headers have them."""

import os
from itertools import islice
from pathlib import Path
from uuid import UUID

import pytest

from rapport.channels.base import mail
from rapport.channels.kinds.email.mbox import read_mbox
from rapport.channels.kinds.email.parse import parse_mail
from rapport.channels.models import Channel
from rapport.conversations.models import Message
from rapport.core import scope
from rapport.inbound import intake, pipeline
from rapport.inbound.models import RawItem

pytestmark = pytest.mark.django_db
MAILS = int(os.environ.get("CORPUS_MAILS", "1000"))


def test_every_real_mail_is_stored_in_the_thread_its_headers_name(box: Channel, shared_data: Path) -> None:
    mails = [raw for _, raw in islice(read_mbox(shared_data / "mail-corpus" / "corpus-10k.mbox.gz"), MAILS)]
    # Backwards: every answer comes before what it answers.
    intake.accept(box, [mail(raw) for raw in reversed(mails)])
    done = pipeline.BatchResult()
    while (batch := pipeline.run_batch(150)).handled:
        done.add(batch)
    assert done.states == {"stored": MAILS}
    with scope.system():
        raws = dict(RawItem.objects.values_list("external_id", "id"))
        homes = dict(Message.objects.values_list("raw_item_id", "conversation_id"))
    ours: dict[UUID, set[str]] = {}
    for raw in mails:
        item = mail(raw)
        ours.setdefault(homes[raws[item.external_id]], set()).add(item.external_id)
    assert {frozenset(group) for group in ours.values()} == threads(mails)


@pytest.mark.parametrize("folder", ["mail-odd", "mail-bounces"])
def test_every_odd_mail_is_stored_or_in_quarantine_with_a_reason(box: Channel, shared_data: Path, folder: str) -> None:
    mails = {path.read_bytes() for path in (shared_data / folder).rglob("*") if path.is_file() and path.stat().st_size}
    accepted = intake.accept(box, [mail(raw) for raw in sorted(mails)])
    assert (accepted.received, accepted.duplicate) == (len(mails), 0)
    while pipeline.run_batch(150).handled:
        pass
    with scope.system():
        left = RawItem.objects.exclude(state__in=["stored", "duplicate"]).values_list("state", "reason")
        assert all(state == "quarantined" and reason for state, reason in left)
        assert len(left) <= len(mails) // 100


def threads(mails: list[bytes]) -> set[frozenset[str]]:
    """The plainest union of mails by the Message-IDs they bear or name."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    items = {mail(raw).external_id: parse_mail(raw) for raw in mails}
    for own, parsed in items.items():
        for name in filter(None, (parsed.message_id, *parsed.references, *parsed.in_reply_to)):
            parent[root(name)] = root(own)
    groups: dict[str, set[str]] = {}
    for own in items:
        groups.setdefault(root(own), set()).add(own)
    return {frozenset(group) for group in groups.values()}
