"""A small company for the tests of the pages: who works there, and what was said."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from rapport.channels.models import Channel
from rapport.conversations.models import Conversation, Direction, Message, Topic
from rapport.conversations.visibility import EVERYONE, audience_of
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.ownership.models import Decision, Source
from rapport.ownership.service import SavedBy, save_policy_dict
from rapport.people.models import Handle, Organization, Person, Relationship
from rapport.staff.models import BusinessHours, Member, Membership, Team

PASSWORD = "correct horse battery"


@dataclass
class Cast:
    """Everybody by role, and two conversations: one open to all, one confidential to HR."""

    admin: Member
    lead: Member
    agent: Member
    reader: Member
    hr: Member
    service: Team
    people_team: Team
    channel: Channel
    customer: Person
    secretive: Person
    conversation: Conversation
    secret: Conversation
    topic: Topic


def make_cast() -> Cast:
    """Found the company."""
    hours = BusinessHours.objects.create(name="Office", time_zone="Europe/Berlin", blocks=[[0, "09:00", "17:00"]])
    service = Team.objects.create(
        name="Customer Service", slug="customer-service", description="Answers customers.", hours=hours
    )
    hr = Team.objects.create(name="HR", slug="hr", is_open=False, confidential=True)
    members = {
        "admin": _member("Ada Admin", "admin", [service]),
        "lead": _member("Lea Lead", "lead", [service]),
        "agent": _member("Ana Agent", "agent", [service]),
        "reader": _member("Rex Reader", "reader", [service]),
        "hr": _member("Hana Hartmann", "agent", [hr]),
    }
    topic = Topic.objects.create(name="Refund", slug="refund", words=["refund"])
    channel = Channel.objects.create(
        name="Support mailbox", kind="email", address="help@company.example", state="ok", last_heard_at=now()
    )
    rules = {
        "format": 1,
        "triage": "customer-service",
        "promises": {"standard": {"first_answer": "4h", "resolution": "2d"}},
        "rules": [
            {
                "name": "Refunds",
                "when": {"topic": "refund"},
                "then": {"owner": "customer-service", "promise": "standard"},
            },
            {"name": "Employees", "when": {"relationship": "employee"}, "then": {"owner": "hr", "confidential": True}},
        ],
    }
    save_policy_dict(rules, SavedBy(members["lead"].id, "The first rules"))
    with scope.system():
        customer = make_person("Carla Customer", "carla@shop.example", [EVERYONE])
        secretive = make_person("Sigrid Secretive", "sigrid@company.example", [hr.id])
        Relationship.objects.create(person=customer, kind="customer", organization=customer.organization)
        open_one = make_conversation(
            "Refund for order 1009", "The parcel never arrived.", customer, service, channel, topic=topic
        )
        secret = make_conversation("Zanzibar grievance", "The xylophone incident was awful.", secretive, hr, channel)
    return Cast(
        **members, service=service, people_team=hr, channel=channel, customer=customer, secretive=secretive,
        conversation=open_one, secret=secret, topic=topic,
    )  # fmt: skip


def _member(name: str, role: str, teams: list[Team]) -> Member:
    email = f"{name.split()[0].lower()}@company.example"
    member = Member.objects.create_user(email, PASSWORD if role == "agent" and teams else None, name=name, role=role)
    for team in teams:
        Membership.objects.create(member=member, team=team, is_lead=role == "lead")
    return member


def make_person(name: str, address: str, audience: list[UUID]) -> Person:
    """Somebody outside, with an address and an organization by its domain."""
    domain = address.partition("@")[2]
    organization, _ = Organization.objects.get_or_create(
        domain=domain, defaults={"name": domain.partition(".")[0].title()}
    )
    person = Person.objects.create(name=name, organization=organization, audience=audience)
    Handle.objects.create(kind="email", value=address, person=person)
    return person


def make_conversation(
    subject: str,
    text: str,
    person: Person,
    team: Team,
    channel: Channel,
    *,
    topic: Topic | None = None,
    minutes_ago: int = 30,
) -> Conversation:
    """A conversation with one message, a decision and an event, in the system's scope."""
    at = now() - timedelta(minutes=minutes_ago)
    confidential = team.confidential
    found = Conversation.objects.create(
        subject=subject, snippet=text[:120], person=person, channel=channel, owner_team=team, confidential=confidential,
        audience=audience_of(team, [], confidential), message_count=1, awaiting_answer=True, created_at=at,
        last_activity_at=at, last_inbound_at=at, first_answer_due_at=at + timedelta(hours=4), topic=topic,
    )  # fmt: skip
    handle = person.handles.first()
    assert handle is not None
    Message.objects.create(
        conversation=found, channel=channel, direction=Direction.IN, person=person, at=at, subject=subject, text=text,
        recipients={"from": [[person.name, handle.value]], "to": [["", channel.address]]},
        message_id=f"<{found.id}@shop.example>",
    )  # fmt: skip
    Decision.objects.create(
        conversation=found, source=Source.POLICY, policy_version=1, owner_team=team, rule=1, at=at,
        sentence=f"{team.name} owns this: it is about refund; rule 1",
        trace=["+it is about refund", "-the sender is not an employee"],
    )  # fmt: skip
    events.record("conversation.opened", conversation_id=found.id, at=at)
    return found
