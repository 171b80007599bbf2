"""A confidential conversation with a word of its own in every place that holds words."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rapport.conversations.models import (
    Attachment,
    Blob,
    Conversation,
    Direction,
    Draft,
    Link,
    Message,
    SavedView,
    Seen,
    Subscription,
    Template,
    Upload,
    Watch,
)
from rapport.conversations.visibility import EVERYONE
from rapport.core import audit, events, scope
from rapport.core.models import Event
from rapport.inbound.models import RawItem
from rapport.outbound.models import Delivery
from rapport.people import merging
from rapport.people.models import Handle, Merge, Person, Relationship, Release
from rapport.staff.models import Member, Membership
from tests.web.cast import Cast, make_conversation, make_person

#: Words that stand nowhere but in the confidential conversation, by where.
MARKERS = {
    "subject": "Quixoticsubject", "text": "xylotomytext", "html": "zymurgyhtml", "note": "palimpsestnote",
    "file": "gossamerfile", "bytes": "borborygmbytes", "person": "Ultracrepid", "handle": "kerfuffleaddr",
    "organization": "Widdershins", "draft": "absquatdraft", "draft_subject": "bumbershootdraft",
    "template": "callipygtemplate", "view": "defenestrview", "query": "erinaceousquery", "raw": "flibbertiraw",
    "event": "gobemouchevent",
}  # fmt: skip


@dataclass
class Secret:
    """What was made: ids by the name that addresses give them."""

    conversation: Conversation
    insider: Member
    removed: Member
    gone: Member
    ids: dict[str, UUID | str | int] = field(default_factory=dict)

    def found_in(self, text: str) -> list[str]:
        """Which markers are in a text, in any case of letters."""
        lowered = text.casefold()
        return [name for name, word in MARKERS.items() if word.casefold() in lowered]


def furnish(cast: Cast) -> Secret:
    """Make it, for the team HR; with somebody who left that team, and somebody deactivated."""
    removed = _member("removed", cast)
    Membership.objects.filter(member=removed).delete()
    gone = _member("gone", cast)
    Member.objects.filter(id=gone.id).update(is_active=False)
    with scope.system():
        m = MARKERS
        person = make_person(f"{m['person']} Person", f"{m['handle']}@widder.example", [cast.people_team.id])
        assert person.organization
        person.organization.name = m["organization"]
        person.organization.save()
        relationship = Relationship.objects.create(person=person, kind="employee")
        one = make_conversation(m["subject"], m["text"], person, cast.people_team, cast.channel)
        told = Message.objects.get(conversation=one)
        ids = _inside(one, told, cast) | {
            "person_id": person.id, "organization_id": person.organization.id, "relationship_id": relationship.id,
            "merge_id": _merged(person, cast).id, "release_id": _let_go(person, cast.hr).id,
        }  # fmt: skip
    events_of_it(one, cast)
    audit.seal_waiting()
    with scope.system():
        ids["event_id"] = Event.objects.filter(conversation_id=one.id, kind="note.added").values_list("id", flat=True)[
            0
        ]
    return Secret(
        one, cast.hr, removed, gone, {"conversation_id": one.id, "message_id": told.id, "before": told.id} | ids
    )


def _merged(person: Person, cast: Cast) -> Merge:
    """Somebody everybody knows of stands under the one only HR knows of; others must see them alone."""
    twin = make_person("Plain Twin", "twin@plain.example", [EVERYONE])
    make_conversation("A plain question", "Where is it?", twin, cast.service, cast.channel)
    return merging.merge(person, twin, cast.hr)


def _let_go(person: Person, member: Member) -> Release:
    value = f"{MARKERS['handle']}@former.example"
    return merging.release(Handle.objects.create(kind="email", value=value, person=person), member)


def _inside(one: Conversation, told: Message, cast: Cast) -> dict[str, Any]:
    m = MARKERS
    item = RawItem.objects.create(
        channel=cast.channel, external_id="secret", body=f"Subject: {m['raw']}\r\n\r\n{m['raw']}".encode(), size=9,
        state="stored", conversation_id=one.id,
    )  # fmt: skip
    Message.objects.filter(id=told.id).update(raw_item_id=item.id)
    Message.objects.create(conversation=one, direction=Direction.NOTE, member=cast.hr, text=m["note"])
    answer = Message.objects.create(
        conversation=one, direction=Direction.OUT, member=cast.hr, text=m["html"], html=f"<p>{m['html']}</p>",
        channel=cast.channel,
    )  # fmt: skip
    Delivery.objects.create(conversation=one, message_id=answer.id, channel=cast.channel, external_id="secret")
    blob = Blob.objects.create(sha256="f" * 64, size=20, data=m["bytes"].encode())
    file = Attachment.objects.create(
        conversation=one, message_id=told.id, blob=blob, filename=f"{m['file']}.txt", content_type="text/plain", size=20
    )
    draft = Draft.objects.create(
        conversation=one, member=cast.hr, kind="reply", html=f"<p>{m['draft']}</p>", subject=m["draft_subject"]
    )
    upload = Upload.objects.create(
        draft=draft, blob=blob, filename=f"{m['file']}.png", content_type="image/png", size=20
    )
    template = Template.objects.create(name=m["template"], html=m["template"], team=cast.people_team, shortcut="secret")
    view = SavedView.objects.create(name=m["view"], query=m["query"], member=cast.hr, team=cast.people_team)
    low, high = sorted([one, cast.secret], key=lambda c: c.id)
    Link.objects.create(low=low, high=high, member=cast.hr)
    Subscription.objects.create(conversation=one, member=cast.hr, interest="follow")
    Seen.objects.create(conversation=one, member=cast.hr)
    Watch.objects.create(member=cast.hr, person=one.person)
    return {
        "attachment_id": file.id, "draft_id": draft.id, "upload_id": upload.id, "template_id": template.id,
        "view_id": view.id, "item_id": item.id,
    }  # fmt: skip


def events_of_it(one: Conversation, cast: Cast) -> None:
    """What the log says about it, subject included."""
    with scope.system():
        for kind in ("note.added", "conversation.viewed", "attachment.downloaded"):
            events.record(kind, conversation_id=one.id, actor_id=cast.hr.id, subject=MARKERS["event"])


def _member(name: str, cast: Cast) -> Member:
    made = Member.objects.create_user(f"{name}@company.example", name=name.title(), role="agent")
    Membership.objects.create(member=made, team=cast.people_team)
    return made
