"""Founds the demo company in an empty database: teams, members, channels, topics, people and their policy."""

from collections.abc import Mapping
from datetime import date, timedelta

from django.contrib.auth.hashers import make_password
from django.utils.text import slugify

from rapport.channels.models import Channel
from rapport.cli.demo_company import directory
from rapport.cli.demo_company.company import FOLDER, Company
from rapport.cli.demo_company.company import Person as SomeoneKnown
from rapport.conversations.models import Topic
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.ownership.service import save_policy
from rapport.ownership.simulate import former
from rapport.people.models import Handle, Organization, Person, Relationship
from rapport.staff.models import BusinessHours, Member, Membership, OnCallRotation, Team

SOURCE = "address book"
_KNOWN_BEFORE = timedelta(days=60)


def found(company: Company, outgoing_port: int) -> bool:
    """Store the company, all or nothing. False when a company is there already: then nothing changes.

    Its mail leaves through a server on loopback at `outgoing_port`.
    """
    with scope.system():
        if Team.objects.exists():
            return False
        _staff(company)
        _channels(company, outgoing_port)
        _topics(company)
        _people(company)
        directory.furnish(company)
        _policy()
        # What it plays is older than this moment, and came to the company as it stands now.
        former.begin()
    return True


def _staff(company: Company) -> None:
    hours = {
        one.name: BusinessHours.objects.create(
            name=one.name,
            time_zone=one.time_zone,
            blocks=[[weekday, one.open, one.close] for weekday in range(5)],
            holidays=one.holidays,
        )
        for one in company.hours
    }
    teams = {
        team.slug: Team.objects.create(
            name=team.name,
            slug=team.slug,
            description=team.description,
            is_open=not team.confidential,
            confidential=team.confidential,
            hours=hours[team.hours],
            taken_by=team.taken_by,
            hand_over=team.hand_over,
        )
        for team in company.teams
    }
    # One hash for all: they share a password, and a dozen slow hashes would be seconds of the first start.
    password = make_password(company.password)
    for one in company.members:
        member = Member.objects.create(
            email=one.email,
            name=one.name,
            role=one.role,
            password=password,
            time_zone=one.time_zone,
            language=one.language,
            skills=list(one.skills),
            languages=list(one.languages),
            signature=one.signature,
            joined_at=now() - timedelta(days=400),
        )
        Membership.objects.bulk_create(
            Membership(member=member, team=teams[slug], is_lead=slug in one.leads) for slug in one.teams
        )
    _on_call(company, teams)


def _on_call(company: Company, teams: Mapping[str, Team]) -> None:
    """In customer service they take turns at being on call, a week each, as they stand in the books."""
    theirs = {one.email for one in company.members if "customer-service" in one.teams}
    order = list(Member.objects.filter(email__in=theirs).order_by("id").values_list("id", flat=True))
    today = now().date()
    team = teams["customer-service"]
    OnCallRotation.objects.create(
        team=team, order=order, first=today - timedelta(days=today.weekday() + 14),
        time_zone=team.hours.time_zone if team.hours else "UTC",
    )  # fmt: skip


def _channels(company: Company, outgoing_port: int) -> None:
    Channel.objects.bulk_create(
        Channel(
            name=channel.name,
            kind="email",
            address=channel.address,
            config={**_outgoing(outgoing_port), "trust_date": True},
        )
        for channel in company.channels
    )
    Channel.objects.create(
        name="Chat on the site",
        kind="webchat",
        config={
            "origins": ["https://www.tarnholt.example"], "greeting": "Hello! What may we help you with?",
            "mail_channel": company.channels[0].name, "privacy_url": "https://www.tarnholt.example/privacy",
        },
    )  # fmt: skip


def leave_by(outgoing_port: int) -> None:
    """Let the mail of the company leave by a server on loopback at `outgoing_port` from now on."""
    with scope.system():
        for channel in Channel.objects.filter(config__trust_date=True):
            Channel.objects.filter(id=channel.id).update(config={**channel.config, **_outgoing(outgoing_port)})


def _outgoing(port: int) -> dict[str, object]:
    server = {"host": "127.0.0.1", "port": port, "security": "none"}
    return {"smtp": {**server, "per_minute": 6_000, "allow_private": True}}


def _topics(company: Company) -> None:
    Topic.objects.bulk_create(
        Topic(name=topic.name, slug=slugify(topic.name), words=list(topic.words)) for topic in company.topics
    )


def _people(company: Company) -> None:
    # Strangers are met as they write: who only ever applied for a job is known to HR alone.
    known = [person for person in company.people if person.is_known]
    organizations = _organizations(known)
    for one in known:
        person = Person.objects.create(
            name=one.name,
            language=one.language,
            organization=organizations.get(one.organization),
            audience=[EVERYONE],
            created_at=now() - _KNOWN_BEFORE,
        )
        Handle.objects.create(kind="email", value=one.email, written=one.email, person=person, source=SOURCE)
        Relationship.objects.bulk_create(
            Relationship(
                person=person,
                kind=kind,
                organization=person.organization,
                since=date.fromisoformat(one.since) if one.since else None,
                source=SOURCE,
                created_at=now() - _KNOWN_BEFORE,
            )
            for kind in one.relationships
        )


def _organizations(known: list[SomeoneKnown]) -> dict[str, Organization]:
    domains = {one.organization: one.email.rpartition("@")[2] for one in known if one.organization}
    made = [Organization(name=name, domain=domain) for name, domain in domains.items()]
    Organization.objects.bulk_create(made)
    return {organization.name: organization for organization in made}


def _policy() -> None:
    save_policy((FOLDER / "policy.toml").read_text(encoding="utf-8"), "toml", note="As the company began")
