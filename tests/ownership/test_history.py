"""The past is read as it stood then, by whom may see it, and nothing is written."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rapport.channels.models import Channel
from rapport.conversations.models import Attachment, Conversation, Direction, Message, Revision, Topic
from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.core.clock import now
from rapport.ownership.models import Decision, RunState, Shadow, Source, WhatIf
from rapport.ownership.simulate import history, jobs
from rapport.ownership.simulate.earlier import Earlier
from rapport.ownership.simulate.former import Setups, timeline
from rapport.ownership.simulate.past import Asked, Past
from rapport.ownership.simulate.run import asks_earlier, what_if
from rapport.ownership.simulate.senders import Senders
from rapport.people.models import Handle, Merge, Organization, OrganizationRelationship, Person, Relationship
from rapport.staff.models import Member, Membership, Team

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _company() -> Iterator[None]:
    for slug in ("support", "product", "hr"):
        Team.objects.create(name=slug.title(), slug=slug, confidential=slug == "hr", is_open=slug != "hr")
    for name, slug in (("Ann", "support"), ("Hana", "hr")):
        member = Member.objects.create_user(f"{name.lower()}@example.com", name=name, role="lead")
        Membership.objects.create(member=member, team=team(slug))
    Channel.objects.create(name="Mailbox", kind="email", address="help@example.com", state="ok")
    Topic.objects.create(name="Refunds", slug="refund", words=["refund"])
    with scope.system():
        yield


def team(slug: str) -> Team:
    return Team.objects.get(slug=slug)


def person(address: str = "carl@shop.example", **given: Any) -> Person:
    found = Person.objects.create(audience=[EVERYONE], **given)
    Handle.objects.create(kind="email", value=address, person=found, created_at=NOON - 90 * DAY)
    return found


def came(who: Person | None, at: datetime = NOON, slug: str = "support", **given: Any) -> Conversation:
    text, recipients = given.pop("text", "My refund"), given.pop("recipients", {"to": [["", "Help@example.com"]]})
    about = given.pop("about", {})
    owner = team(slug)
    found = Conversation.objects.create(
        person=who, channel=Channel.objects.get(), owner_team=owner, confidential=owner.confidential, created_at=at,
        last_activity_at=at, audience=[owner.id] if owner.confidential else [EVERYONE], **given,
    )  # fmt: skip
    Message.objects.create(
        conversation=found, channel=found.channel, direction=Direction.IN, person=who, at=at, subject="Re: it",
        text=text, recipients=recipients, about=about,
    )  # fmt: skip
    Decision.objects.create(conversation=found, source=Source.POLICY, policy_version=1, owner_team=owner, at=at)
    return found


def read(one: Conversation) -> Past:
    (found,) = history.past([one.id], Senders(), Setups(timeline(), NOON), Earlier())
    return found


def test_what_is_known_of_the_message_is_what_the_pipeline_knew() -> None:
    one = came(person(), about={"reach": 900, "verified": ["domain"], "origin": "search"}, language="de")
    message = Message.objects.get()
    Attachment.objects.create(conversation=one, message_id=message.id, filename="a", content_type="b", size=1)
    facts = read(one).facts
    assert (facts.channel, facts.channel_kind, facts.to_addresses) == ("Mailbox", "email", ("help@example.com",))
    assert (facts.from_address, facts.subject, facts.text, facts.language) == (
        "carl@shop.example", "Re: it", "My refund", "de",
    )  # fmt: skip
    assert (facts.is_reply, facts.has_attachments, facts.reach, facts.is_verified, facts.origin) == (
        True, True, 900, True, "search",
    )  # fmt: skip
    assert facts.at == NOON


def test_what_was_learned_is_known_as_it_acted_then_and_nothing_that_was_only_suggested() -> None:
    one = came(person())
    said = {"team": "product", "probability": 0.97, "acted": True}
    guesses = {"topic": {"label": "refund", "probability": 0.6, "acted": False}}
    Decision.objects.update(suggestion=said, guesses=guesses)
    found = read(one)
    assert {kind: said[:2] for kind, said in found.learned.items()} == {"team": ("product", 0.97)}
    said = {kind: one[:2] for kind, one in found.said.items()}
    assert said == {"team": ("product", 0.97), "topic": ("refund", 0.6)}
    Decision.objects.update(suggestion={}, guesses=None)
    assert read(one).learned == {}


def test_an_edited_message_is_read_as_it_was_first() -> None:
    one = came(person(), text="I like it")
    message = Message.objects.get()
    Message.objects.update(text="I want a refund", edited_at=NOON + DAY)
    for text, until in (("It is broken", NOON + timedelta(hours=1)), ("I like it", NOON + DAY)):
        Revision.objects.create(conversation=one, message_id=message.id, text=text, until=until)
    assert read(one).facts.text == "It is broken"


def test_relationships_count_by_their_dates_once_they_were_written_down() -> None:
    who = person()
    for kind, since, until, written in (
        ("customer", date(2026, 3, 4), None, NOON + 30 * DAY),
        ("partner", date(2026, 3, 5), None, NOON - DAY),
        ("analyst", date(2025, 1, 1), date(2026, 3, 3), NOON - 90 * DAY),
        ("supplier", None, None, NOON - DAY),
        ("prospect", None, date(2026, 3, 4), NOON - DAY),
    ):
        Relationship.objects.create(person=who, kind=kind, since=since, until=until, created_at=written)
    found = read(came(who))
    assert found.facts.relationships == {"supplier", "prospect"}, "what nobody knew then is not looked up in the future"
    assert found.guessed, "that they were a customer was written down a month later"
    Relationship.objects.filter(kind="customer").update(created_at=NOON - DAY)
    found = read(Conversation.objects.get())
    assert (found.facts.relationships, found.guessed) == ({"customer", "supplier", "prospect"}, False)


def test_what_an_organization_is_to_us_counts_for_its_people() -> None:
    shop = Organization.objects.create(name="Shop", domain="shop.example")
    OrganizationRelationship.objects.create(organization=shop, kind="partner", created_at=NOON - DAY)
    facts = read(came(person(organization=shop))).facts
    assert (facts.relationships, facts.organization, facts.organization_domain) == (
        {"partner"}, "Shop", "shop.example",
    )  # fmt: skip


def test_people_who_were_merged_count_as_one_only_from_then_on_and_until_it_was_taken_back() -> None:
    one, other = person(), person("carl@home.example")
    Relationship.objects.create(person=other, kind="customer", created_at=NOON - 60 * DAY)
    Merge.objects.create(child=one, into=other, at=NOON - DAY, undone_at=NOON + DAY)
    known = [bool(read(came(one, NOON + n * DAY)).facts.relationships) for n in (-2, 0, 2)]
    assert known == [False, True, False]


def test_the_earlier_owner_is_that_of_then_and_never_one_in_confidence() -> None:
    who = person()
    first = came(who, NOON - 5 * DAY)
    came(who, NOON - 4 * DAY, "hr")
    Decision.objects.create(
        conversation=first, source=Source.MEMBER, owner_team=team("product"), from_team_id=team("support").id,
        at=NOON + DAY,
    )  # fmt: skip
    assert read(first).facts.earlier_owner_of_person is None
    assert read(came(who)).facts.earlier_owner_of_person == "support"
    assert read(came(who, NOON + 2 * DAY)).facts.earlier_owner_of_person == "support", "the latest is the one of noon"
    Message.objects.create(conversation=first, direction=Direction.IN, at=NOON + 3 * DAY)
    assert read(came(who, NOON + 4 * DAY)).facts.earlier_owner_of_person == "product"
    other = person("other@shop.example")
    hushed = came(other, NOON - DAY, "product")
    assert read(came(other)).facts.earlier_owner_of_person == "product"
    Conversation.objects.filter(id=hushed.id).update(confidential=True, audience=[team("product").id])
    assert read(came(other, NOON - DAY / 2)).facts.earlier_owner_of_person is None, "an open team may have secrets"


def test_the_whole_person_of_then_counts_for_owners_organization_and_holder() -> None:
    ann = Member.objects.get(email="ann@example.com")
    shop = Organization.objects.create(name="Shop", domain="shop.example")
    OrganizationRelationship.objects.create(
        organization=shop, kind="partner", since=date(2026, 3, 1), until=date(2026, 3, 8), created_at=NOON - 60 * DAY
    )
    low, mid, high = (
        person(), person("c@home.example"), person("c@shop.example", organization=shop, holder=ann, name="Carl")
    )  # fmt: skip
    for child, into in ((low, mid), (mid, high)):
        Merge.objects.create(child=child, into=into, at=NOON - DAY)
    came(high, NOON - 2 * DAY, "product")
    before, then, later = (read(came(low, NOON + n * DAY)).facts for n in (-1.5, 0, 6))
    assert (before.organization, before.holder, before.earlier_owner_of_person) == ("", "", None)
    assert (then.organization, then.relationships) == ("Shop", {"partner"})
    assert (then.holder, then.holder_name) == ("ann@example.com", "Ann")
    assert then.earlier_owner_of_person == "support", "the later one, of their own row"
    assert (later.organization, later.relationships) == ("Shop", set()), "what Shop is to us has ended"
    Conversation.objects.filter(person=low).delete()
    assert read(came(low)).facts.earlier_owner_of_person == "product", "that of the row above"


def test_of_rows_that_fewer_may_know_of_nothing_is_told() -> None:
    secret = Person.objects.create(audience=[team("hr").id], holder=Member.objects.get(email="hana@example.com"))
    Relationship.objects.create(person=secret, kind="employee", created_at=NOON - 60 * DAY)
    openly = person()
    Merge.objects.create(child=openly, into=secret, at=NOON - DAY)
    facts = read(came(openly)).facts
    assert (facts.relationships, facts.holder) == (set(), "")
    assert read(came(secret, slug="hr")).facts.relationships == {"employee"}


def test_whoever_holds_the_relationship_owns_it_in_the_replay_as_in_truth() -> None:
    ann = Member.objects.get(email="ann@example.com")
    Membership.objects.filter(member=ann).update(team=team("product"))
    came(person(holder=ann))
    came(person("sue@home.example"))
    held = [{"name": "R", "when": {"held": True}, "then": {"owner": "@holder"}}]
    told = asked(draft=RULES | {"rules": held})
    assert [(flow["from"], flow["to"], flow["count"]) for flow in told["flows"]] == [("support", "product", 1)]
    assert told["flows"][0]["shown"][0]["draft"] == (
        "Product owns this: Ann holds the relationship with the sender; rule 1; Ann holds the relationship"
    )
    assert [(one["name"], one["given"]) for one in told["members"]] == [("Ann", [0, 1])]


def test_what_became_of_it_is_kept_apart() -> None:
    one = came(person())
    assert not read(one).settled
    Decision.objects.create(
        conversation=one, source=Source.MEMBER, owner_team=team("product"), from_team_id=team("support").id
    )
    Conversation.objects.update(owner_team=team("product"))
    found = read(one)
    assert (found.owner, found.settled, found.recorded, found.recorded_by) == ("product", True, "support", 1)


RULES: dict[str, Any] = {"triage": "support", "rules": []}
DRAFT = RULES | {"rules": [{"name": "R", "when": {"topic": "refund"}, "then": {"owner": "product", "assign": "load"}}]}


def asked(member: str | None = None, **given: Any) -> dict[str, Any]:
    member_id = Member.objects.get(email=f"{member}@example.com").id if member else None
    usual: dict[str, Any] = {"base": RULES, "draft": DRAFT, "since": NOON - DAY, "until": NOON + DAY}
    return what_if(Asked(**(usual | given), member_id=member_id))


def test_only_the_span_is_replayed_and_neither_spam_nor_what_we_began() -> None:
    for at in (NOON - 2 * DAY, NOON - DAY, NOON, NOON + DAY):
        came(person(f"{at:%d}@shop.example"), at)
    came(None, status="spam")
    Conversation.objects.create(created_at=NOON, audience=[EVERYONE])
    told = asked()
    assert (told["total"], told["moved"], [flow["to"] for flow in told["flows"]]) == (2, 2, ["product"])


def test_what_one_may_not_see_is_neither_shown_nor_counted() -> None:
    came(person())
    secret = came(person("sue@home.example"), slug="hr", text="My refund of pay")
    seen, own = asked("ann"), asked("hana")
    assert (seen["total"], seen["moved"], seen["agreement"]["settled"]) == (1, 1, 0)
    assert str(secret.id) not in repr(seen)
    assert (own["total"], own["moved"]) == (2, 2)
    assert str(secret.id) in repr(own)


def test_nothing_is_written_and_the_database_would_not_let_it() -> None:
    came(person())
    with CaptureQueriesContext(connection) as queries:
        asked("ann")
    said = " ".join(one["sql"].upper() for one in queries)
    assert not any(word in said for word in ("INSERT ", "UPDATE ", "DELETE ", "FOR UPDATE", "NOTIFY"))
    assert (Decision.objects.count(), Shadow.objects.count(), WhatIf.objects.count()) == (1, 0, 0)


def test_without_a_question_about_earlier_owners_nobody_asks_for_them() -> None:
    from rapport.ownership.plain import policy_from_dict

    def rule(when: dict[str, Any], owner: str = "hr") -> bool:
        rules = [{"name": "R", "when": when, "then": {"owner": owner}}]
        return asks_earlier(policy_from_dict({"triage": "x", "rules": rules}))

    assert not rule({"topic": "refund"})
    assert rule({"always": True}, "@earlier")
    assert rule({"any": [{"reply": True}, {"not": {"earlier_owner": "person"}}]})


def ask(draft: dict[str, Any] = DRAFT) -> WhatIf:
    ann = Member.objects.get(email="ann@example.com")
    return jobs.ask(ann, (RULES, draft), {"base": 1, "draft": None}, (NOON - DAY, NOON + DAY))


def test_in_the_background_it_runs_and_keeps_what_came_out_for_who_asked() -> None:
    came(person())
    found = ask()
    assert jobs.run_next()
    assert not jobs.run_next()
    found.refresh_from_db()
    assert (found.state, found.done, found.total, found.story["moved"]) == (RunState.DONE, 1, 1, 1)
    with scope.member(Member.objects.get(email="hana@example.com").id):
        assert not WhatIf.objects.exists()
    with scope.member(found.member_id):
        assert WhatIf.objects.count() == 1


def test_a_second_takes_the_place_of_one_that_waits_and_one_that_is_stopped_stays_so() -> None:
    first, second = ask(), ask()
    first.refresh_from_db()
    assert first.state == RunState.STOPPED
    jobs.stop(second)
    assert not jobs.run_next()


def test_one_that_fails_says_why_and_one_left_undone_is_taken_up_again() -> None:
    found = ask({"triage": 3})
    WhatIf.objects.update(state=RunState.RUNNING, beat_at=now() - timedelta(minutes=2))
    assert not jobs.run_next(), "whoever runs it lives"
    WhatIf.objects.update(beat_at=now() - timedelta(minutes=4))
    assert jobs.run_next()
    found.refresh_from_db()
    assert found.state == RunState.FAILED
    assert "triage: expected a team" in found.problem


def test_what_came_out_is_thrown_away_after_two_weeks() -> None:
    found = ask()
    assert jobs.sweep() == 0
    WhatIf.objects.filter(id=found.id).update(created_at=found.created_at - 15 * DAY)
    assert jobs.sweep() == 1
    assert not WhatIf.objects.exists()


def test_a_huge_text_and_none_at_all_are_replayed() -> None:
    came(person(), text="x" * 5_000_000 + " refund")
    came(None, text="", recipients={})
    told = asked()
    assert (told["total"], told["moved"]) == (2, 0)
