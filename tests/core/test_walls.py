"""The database shows nobody what is not theirs, whatever the code above forgets."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from rapport.channels.models import Channel
from rapport.conversations.models import Attachment, Blob, Conversation, Direction, Message, Thread, ThreadRef
from rapport.conversations.visibility import audience_of
from rapport.core import events, scope
from rapport.core.ids import new_id
from rapport.core.models import Event, Unsealed
from rapport.inbound.models import RawItem
from rapport.outbound.models import Delivery
from rapport.ownership.models import Decision
from rapport.people.models import Handle, Organization, Person, Relationship
from rapport.staff.models import Member, Membership, Team
from tests.inbound.post import make_member, make_team

pytestmark = pytest.mark.django_db

BEHIND_WALLS: tuple[type[Model], ...] = (
    Conversation, Thread, Message, Attachment, Blob, Decision, Delivery, Person, Handle, Relationship, Event,
    Organization,
)  # fmt: skip
SYSTEM_ONLY: tuple[type[Model], ...] = (RawItem, ThreadRef, Unsealed)


@dataclass
class House:
    """Two teams that keep to themselves, a member of each, and a conversation of each with everything in it."""

    here: Team
    there: Team
    insider: Member
    outsider: Member
    ours: UUID
    theirs: UUID


@pytest.fixture
def house(db: None) -> House:
    here, there = make_team("here", is_open=False), make_team("there", is_open=False, confidential=True)
    channel = Channel.objects.create(name="Mailbox", kind="email")
    ours, theirs = (furnished(team, channel) for team in (here, there))
    return House(here, there, make_member("insider", here), make_member("outsider"), ours, theirs)


def furnished(team: Team, channel: Channel) -> UUID:
    """A conversation of the team with one row in every table behind the walls."""
    audience = audience_of(team, [], confidential=False)
    with scope.system():
        house = Organization.objects.create(name=f"House of {team.slug}")
        person = Person.objects.create(name=f"Friend of {team.slug}", audience=audience, organization=house)
        Handle.objects.create(kind="email", value=f"{team.slug}@x.example", person=person)
        Relationship.objects.create(person=person, kind="customer")
        one = Conversation.objects.create(
            subject=f"secret{team.slug}", owner_team=team, person=person, audience=audience
        )
        Thread.objects.create(conversation=one, channel=channel)
        message = Message.objects.create(
            conversation=one, direction=Direction.IN, person=person, text=f"whisper {team.slug}", channel=channel
        )
        blob = Blob.objects.create(sha256=team.slug, size=1, data=b"x")
        Attachment.objects.create(
            conversation=one, message_id=message.id, blob=blob, filename="f", content_type="text/plain", size=1
        )
        Decision.objects.create(conversation=one, source="policy", sentence="Because.")
        Delivery.objects.create(conversation=one, message_id=message.id, channel=channel, external_id=team.slug)
        RawItem.objects.create(channel=channel, external_id=team.slug, body=b"raw", size=3)
        ThreadRef.objects.create(ref=new_id(), conversation_id=one.id)
        events.record("conversation.opened", conversation_id=one.id)
    return one.id


@pytest.mark.parametrize("model", [*BEHIND_WALLS, *SYSTEM_ONLY], ids=lambda model: model.__name__)
def test_without_a_scope_there_is_nothing(house: House, model: type[Model]) -> None:
    assert model._default_manager.count() == 0


@pytest.mark.parametrize("model", BEHIND_WALLS, ids=lambda model: model.__name__)
def test_a_member_sees_their_teams_rows_and_no_others_without_any_filter(house: House, model: type[Model]) -> None:
    with scope.system():
        assert model._default_manager.count() == 2
    with scope.member(house.insider.id):
        assert model._default_manager.count() == 1
    with scope.member(house.outsider.id):
        assert model._default_manager.count() == 0


@pytest.mark.parametrize("model", SYSTEM_ONLY, ids=lambda model: model.__name__)
def test_what_came_as_delivered_is_for_the_system_alone(house: House, model: type[Model]) -> None:
    with scope.member(house.insider.id):
        assert model._default_manager.count() == 0


def test_a_joined_or_raw_query_sees_no_more(house: House) -> None:
    with scope.member(house.insider.id), connection.cursor() as cursor:
        cursor.execute(
            """SELECT (SELECT count(*) FROM conversations_message m JOIN conversations_conversation c
                ON c.id = m.conversation_id),
                (SELECT count(*) FROM conversations_message WHERE conversation_id = %s)""",
            [house.theirs],
        )
        assert cursor.fetchone() == (1, 0)


def test_a_member_cannot_change_take_or_add_what_they_do_not_see(house: House) -> None:
    with scope.member(house.insider.id):
        assert Conversation.objects.filter(id=house.theirs).update(subject="mine now") == 0
        assert Message.objects.filter(conversation_id=house.theirs).delete()[0] == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Message.objects.create(conversation_id=house.theirs, direction=Direction.NOTE, text="planted")
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Conversation.objects.filter(id=house.ours).update(audience=[house.there.id])
    with scope.system():
        assert Conversation.objects.get(id=house.theirs).subject == "secretthere"
        assert Message.objects.filter(conversation_id=house.theirs).count() == 1


def test_search_finds_only_what_the_member_may_see(house: House) -> None:
    def found() -> list[UUID]:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT c.id FROM search_message s JOIN conversations_conversation c ON c.id = s.conversation_id
                WHERE rapport_message_words(s.conversation_id, s.message_id) @@ 'whisper'"""
            )
            return [row[0] for row in cursor.fetchall()]

    with scope.member(house.insider.id):
        assert found() == [house.ours]
        assert Conversation.objects.count() == 1  # the function left the member's scope as it was
    with scope.member(house.outsider.id):
        assert found() == []
    assert found() == []


def test_who_leaves_a_team_or_is_deactivated_sees_nothing_from_then_on(house: House) -> None:
    Membership.objects.filter(member=house.insider).delete()
    with scope.member(house.insider.id):
        assert not Conversation.objects.exists()
    Membership.objects.create(member=house.insider, team=house.here)
    Member.objects.filter(id=house.insider.id).update(is_active=False)
    with scope.member(house.insider.id):
        assert not Conversation.objects.exists()


def test_the_scope_ends_with_its_block_and_the_outer_one_is_back(house: House) -> None:
    with scope.member(house.insider.id):
        with scope.system():
            assert Conversation.objects.count() == 2
            assert scope.current_member_id() == house.insider.id
        assert Conversation.objects.count() == 1
        with pytest.raises(RuntimeError), scope.system():
            raise RuntimeError
        assert Conversation.objects.count() == 1
    assert Conversation.objects.count() == 0
    assert scope.current_member_id() is None


def test_the_log_can_only_grow(house: House) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_event ENABLE TRIGGER never_emptied")  # the other tests tidy up with it
    for statement in ("UPDATE core_event SET kind = 'x'", "DELETE FROM core_event", "TRUNCATE core_event"):
        with (
            scope.system(),
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    with scope.system():
        assert Event.objects.count() == 2


def test_events_about_no_conversation_are_for_administrators_and_whoever_did_it(house: House) -> None:
    with scope.system():
        events.record("session.began", actor_id=house.insider.id)
        events.record("policy.saved")
        hidden = Person.objects.create(name="Hidden", audience=[house.there.id])
        events.record("relationship.added", data={"person": str(hidden.id)})
    assert Event.objects.count() == 0
    with scope.member(house.outsider.id):
        assert [event.kind for event in Event.objects.all()] == ["policy.saved"]
    with scope.member(house.insider.id):
        assert Event.objects.filter(kind="session.began").count() == 1
    Member.objects.filter(id=house.outsider.id).update(role="admin")
    with scope.member(house.outsider.id):
        assert {event.kind for event in Event.objects.all()} == {"policy.saved", "session.began"}
    Member.objects.filter(id=house.outsider.id).update(is_active=False)
    with scope.member(house.outsider.id):
        assert Event.objects.count() == 0


def tables_with_walls() -> Iterator[tuple[str, bool, bool, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT relname, relrowsecurity, relforcerowsecurity,
                (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid)
            FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
        )
        yield from cursor.fetchall()


def test_every_wall_also_holds_for_the_owner_of_the_tables() -> None:
    walls = {name: (forced, policies) for name, enabled, forced, policies in tables_with_walls() if enabled}
    assert set(walls) >= {model._meta.db_table for model in (*BEHIND_WALLS, *SYSTEM_ONLY)}
    assert all(forced and policies == 1 for forced, policies in walls.values())


def test_every_table_that_names_a_conversation_or_a_person_is_behind_a_wall() -> None:
    walled = {name for name, enabled, *_ in tables_with_walls() if enabled}
    named = {
        model._meta.db_table
        for model in apps.get_models()
        if {field.attname for field in model._meta.concrete_fields} & {"conversation_id", "person_id"}
    }
    #: Hashes beside the wall, as of search (decision 15).
    assert named - {"people_matchkeys"} <= walled


def test_the_role_of_the_application_is_held_by_the_walls() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)
