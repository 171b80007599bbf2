"""Somebody with the word `NEEDLE` everywhere a person can leave one; and others who said things beside them."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from rapport.channels.models import Channel
from rapport.conversations.models import (
    Attachment,
    Blob,
    Conversation,
    Draft,
    Mention,
    Message,
    Revision,
    Upload,
)
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.ids import new_id
from rapport.inbound.models import RawItem
from rapport.notices.models import Notice
from rapport.outbound.models import Delivery
from rapport.ownership.models import Decision, Shadow, Trial, WhatIf
from rapport.people import consenting
from rapport.people.models import (
    Directory,
    Employee,
    ExternalId,
    Handle,
    Import,
    ImportFile,
    ImportProblem,
    MatchKeys,
    Merge,
    Organization,
    Pair,
    Person,
    Proof,
    Question,
    Relationship,
    Release,
)
from rapport.staff.models import Member, ScimToken
from tests.inbound.post import accept, deliver, letter

NEEDLE = "xanthippe"
ADDRESS = f"ann.{NEEDLE}@{NEEDLE}-house.example"
NAME = f"Ann {NEEDLE.title()}"
_FILE = f"""--b\r
Content-Type: text/plain\r
\r
My {NEEDLE} is broken. Regards, {NAME}\r
--b\r
Content-Type: text/plain; name="{NEEDLE}.txt"\r
Content-Disposition: attachment; filename="{NEEDLE}.txt"\r
\r
The secret of {NEEDLE}.\r
--b--"""


@dataclass
class Traces:
    """Whose they are, the conversations, and what others said there (bytes that must not change)."""

    person: Person
    other_row: Person
    conversation: Conversation
    bob: Person
    theirs: list[UUID]


def mail(text: str, *, subject: str = f"About {NEEDLE}", **more: object) -> bytes:
    """A mail by her."""
    return letter(text, sender=f"{NAME} <{ADDRESS}>", subject=subject, **more)  # type: ignore[arg-type]


def leave(box: Channel, member: Member) -> Traces:
    """Have her write, be answered, be merged, be noted, be quoted."""
    whole = mail(_FILE, id="first@berg.example").replace(b"text/plain; charset=utf-8", b'multipart/mixed; boundary="b"')
    deliver(box, whole)
    bob = letter(
        "I saw it too.", sender="Bob Berg <bob@berg.example>", to=f"support@rapport.example, {NAME} <{ADDRESS}>",
        subject=f"Re: About {NEEDLE}", refs=["first@berg.example"], id="bob@berg.example",
    )  # fmt: skip
    deliver(box, bob)
    deliver(box, mail(f"Once more, {NEEDLE}.", id="second@berg.example", refs=["bob@berg.example"]))
    with scope.system():
        person = Handle.objects.get(value=ADDRESS).person
        found = Conversation.objects.get(person=person)
        theirs = list(Message.objects.filter(person=person).values_list("id", flat=True))
        _beside(person, found, box, member)
        bob_himself = Handle.objects.get(value="bob@berg.example").person
        return Traces(person, _elsewhere(person, box), found, bob_himself, theirs)


def _beside(person: Person, found: Conversation, box: Channel, member: Member) -> None:
    Person.objects.filter(id=person.id).update(
        note=f"likes {NEEDLE}", fields={"number": NEEDLE}, role=NEEDLE, external_id=NEEDLE, do_not_contact=True,
        holder=member,
    )  # fmt: skip
    consenting.record_consent(
        person.id, consenting.Statement("events", True, proof={"what": "form", "where": NEEDLE}), member
    )
    Relationship.objects.create(person=person, kind="customer", source=f"import of {NEEDLE}.csv")
    withdrawn = Relationship.objects.create(person=person, kind="partner", source=f"import of {NEEDLE}.csv")
    Relationship.objects.filter(id=withdrawn.id).delete()
    first = Message.objects.filter(person=person).order_by("at", "id").first()
    assert first
    Revision.objects.create(conversation=found, message_id=first.id, text=f"earlier {NEEDLE}")
    Decision.objects.create(conversation=found, source="policy", sentence=f"{NAME} wrote", trace=[f"+by {ADDRESS}"])
    trial = Trial.objects.create(version=1, base=1)
    Shadow.objects.create(conversation=found, trial=trial, sentence=f"PR owns this: it is from {ADDRESS}")
    shown = [{"id": str(found.id), "base": f"it is from {NAME}", "draft": f"by {ADDRESS}"}, {"id": "another"}]
    for told in ({"flows": [{"from": "a", "to": "b", "count": 1, "shown": shown}]}, {"rules": ADDRESS}):
        WhatIf.objects.create(
            member=member, base={}, draft={}, since=found.created_at, until=found.created_at, story=told
        )
    setup = {"topics": {"theirs": {"words": [ADDRESS]}}}
    WhatIf.objects.create(
        member=member, base={}, draft={}, names={"setup": setup}, since=found.created_at, until=found.created_at
    )
    answer = Message.objects.create(
        conversation=found, channel=box, direction="out", member=member, subject=f"About {NEEDLE}", text="We look.",
        recipients={"to": [[NAME, ADDRESS]]}, about={"reactions": [["+", NAME], ["-", "Bob Berg"]]},
    )  # fmt: skip
    Delivery.objects.create(
        conversation=found, message_id=answer.id, channel=box, external_id="out@rapport.example", state="failed",
        recipients={"to": [[NAME, ADDRESS]], "cc": [["Bob", "bob@berg.example"]]}, options={"bcc": [[NAME, ADDRESS]]},
        error=f"550 no such user {ADDRESS}",
    )  # fmt: skip
    draft = Draft.objects.create(
        conversation=found, member=member, kind="reply", html=f"<p>Dear {NEEDLE}</p>", recipients={"to": ADDRESS}
    )
    blob = Blob.objects.create(sha256="e" * 64, size=3, data=f"draft {NEEDLE}".encode())
    Upload.objects.create(draft=draft, blob=blob, filename=f"{NEEDLE}.png", content_type="image/png", size=3)
    Notice.objects.create(
        member=member, cause=new_id(), reason="owner", conversation=found, message_id=first.id, who=NAME
    )
    shared = Blob.objects.create(sha256="d" * 64, size=3, data=b"both have it")
    for message in (first, answer):
        Attachment.objects.create(
            conversation=found, message_id=message.id, blob=shared, filename="both.txt", content_type="text/plain",
            size=3, transcript="" if message is answer else f"heard {NEEDLE}",
        )  # fmt: skip


def _elsewhere(person: Person, box: Channel) -> Person:
    """Her public account: a row of its own, merged; a post that was found; mails that became nothing."""
    row = Person.objects.create(
        name=f"{NEEDLE} (public)", audience=person.audience, merged_into=person.id, top=person.id
    )
    Handle.objects.create(kind="mastodon", value=f"@{NEEDLE}@social.example", person=row, former=[f"{NEEDLE}old"])
    evidence = [{"what": "name", "a": NEEDLE}]
    Merge.objects.create(child=row, into=person, evidence=evidence, filled={"role": ["", NEEDLE]})
    stranger = Person.objects.create(name="Somebody Else", audience=person.audience)
    low, high = sorted([row, stranger], key=lambda one: one.id)
    Pair.objects.create(low=low, high=high, probability=0.4, evidence=[{"what": "name", "a": NEEDLE}])
    social = Channel.objects.create(name="Social", kind="mastodon", address="@us@social.example")
    item = RawItem.objects.create(
        channel=social, external_id=f"https://social.example/@{NEEDLE}@social.example/1", body=b"{}", size=2,
        state="mention", envelope={"by": NEEDLE},
    )  # fmt: skip
    Mention.objects.create(
        channel=social, raw_item_id=item.id, external_id=item.external_id, author_kind="mastodon", text=f"I, {NEEDLE}",
        author_value=f"@{NEEDLE}@social.example", author_name=NEEDLE, url=f"https://social.example/{NEEDLE}",
    )  # fmt: skip
    _brought_in(person, row)
    _proved(person, row)
    accept(box, mail(f"Never understood, {NEEDLE}."))
    RawItem.objects.filter(state="received").update(state="quarantined", reason=f"odd: {ADDRESS}")
    Organization.objects.filter(domain__contains=NEEDLE).update(kept=False)
    return row


def _brought_in(person: Person, row: Person) -> None:
    """What files and directories left of her: an id, a file that waits, a row that was not taken, her employment."""
    ExternalId.objects.create(source="crm", external_id=f"crm-{NEEDLE}", person=person)
    waiting = Import.objects.create(filename="crm.csv", form="csv", size=9, state="checked")
    ImportFile.objects.create(import_of=waiting, data=f"name,email\r\n{NAME},{ADDRESS}\r\n".encode("utf-16"))
    done = Import.objects.create(filename="old.csv", form="csv", size=9, state="done", position=2)
    reason = {"what": "two_people", "value": ADDRESS, "name": NAME}
    ImportProblem.objects.create(import_of=done, line=2, reason=reason, cells=[NAME, ADDRESS])
    ImportProblem.objects.create(import_of=done, line=3, reason={"what": "no_email"}, cells=[f" {NAME} ", "nonsense"])
    ImportProblem.objects.create(import_of=done, line=4, reason={"what": "no_email"}, cells=["Bob Berg", "nonsense"])
    key = ScimToken.objects.create(name="Okta", digest="0" * 64, people_only=True)
    said = {"displayName": NAME, "emails": [{"value": ADDRESS}]}
    employee = Employee.objects.create(token=key, user_name=ADDRESS, said=said)
    Employee.objects.create(token=key, user_name="bob@berg.example", said={"displayName": "Bob Berg"})
    ExternalId.objects.create(source="scim", external_id=str(employee.id), person=row)
    Directory.objects.create(name="LDAP", report=[[f"{NAME} {ADDRESS}", {"what": "no_email"}], ["Bob Berg", {}]])


def _proved(person: Person, row: Person) -> None:
    """What is proved of her accounts, what she was asked, what she let go, and what was found out about her."""
    Proof.objects.create(kind="mastodon", value=f"@{NEEDLE}@social.example", proved=f"{NEEDLE}-house.example/~ann")
    Question.objects.create(
        person=person, address=ADDRESS, other=row, kind="mastodon", value=f"@{NEEDLE}@social.example",
        expires_at=now() + timedelta(days=1),
    )  # fmt: skip
    Release.objects.create(
        person=person, kind="phone", value="+4915550001", handle={"written": f"0155 50001 ({NEEDLE})", "former": []}
    )
    MatchKeys.objects.create(person=person, keys=[1, 2])
    Pair.objects.filter(probability=0.4).update(
        proved=[{"what": "verified_link", "a": f"{NEEDLE}-house.example/~ann", "b": ADDRESS}]
    )
