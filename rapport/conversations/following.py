"""What a member wants to hear of. Theirs alone: nobody else sees it, and the common log does not tell.

One hears of what one owns or is named in anyway; whoever mutes a conversation hears nothing of it, and it is not
unread for them. In the member's scope.
"""

from uuid import UUID

from rapport.conversations.models import Conversation, Interest, Subscription, Watch
from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.people.models import Organization, Person
from rapport.people.trees import rows_of
from rapport.staff.models import Member


def follow(conversation_id: UUID, member: Member) -> None:
    """Hear of everything in this conversation."""
    _subscribe(conversation_id, member, Interest.FOLLOW)


def mute(conversation_id: UUID, member: Member) -> None:
    """Hear nothing of it."""
    _subscribe(conversation_id, member, Interest.MUTE)


def unfollow(conversation_id: UUID, member: Member) -> None:
    """Neither: as before one chose."""
    Subscription.objects.filter(conversation_id=conversation_id, member=member).delete()


def interest_of(conversation_id: UUID, member: Member) -> str:
    """ "follow", "mute", or nothing."""
    found = Subscription.objects.filter(conversation_id=conversation_id, member=member)
    return found.values_list("interest", flat=True).first() or ""


def watch_person(person_id: UUID, member: Member) -> None:
    """Hear of everything with this person that one may see. Raises NotVisible."""
    if not Person.objects.filter(id=person_id).exists():
        raise NotVisible("There is no such person.")
    Watch.objects.get_or_create(member=member, person_id=person_id)


def watches_person(person: Person, member: Member) -> bool:
    """Whether one hears of this person, by whichever of their rows one said so."""
    return Watch.objects.filter(member=member, person__root=person.root).exists()


def watch_organization(organization_id: UUID, member: Member) -> None:
    """Hear of everything with this organization that one may see. Raises NotVisible."""
    if not Organization.objects.filter(id=organization_id).exists():
        raise NotVisible("There is no such organization.")
    Watch.objects.get_or_create(member=member, organization_id=organization_id)


def unwatch_person(person_id: UUID, member: Member) -> None:
    """No longer."""
    Watch.objects.filter(member=member, person_id__in=[person_id, *rows_of(person_id)]).delete()


def unwatch_organization(organization_id: UUID, member: Member) -> None:
    """No longer."""
    Watch.objects.filter(member=member, organization_id=organization_id).delete()


def _subscribe(conversation_id: UUID, member: Member, interest: Interest) -> None:
    if not Conversation.objects.filter(id=conversation_id).exists():
        raise NotVisible("There is no such conversation.")
    Subscription.objects.bulk_create(
        [Subscription(conversation_id=conversation_id, member=member, interest=interest, created_at=now())],
        update_conflicts=True, unique_fields=["conversation", "member"], update_fields=["interest", "created_at"],
    )  # fmt: skip
