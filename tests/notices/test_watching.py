"""What teams watch is told at their own pace: at once, by the hour, by the day; once, and only what one may see."""

import email
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.core import mail as outbox
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from rapport.conversations import actions
from rapport.conversations.following import mute
from rapport.conversations.models import Conversation
from rapport.core import clock, events, scope
from rapport.core.errors import Invalid, NotAllowed
from rapport.core.models import Event
from rapport.notices import gather, mail, paces, pacing, rounds
from rapport.notices.models import Happening, Listening, Notice, Preferences
from rapport.staff.models import Member, Membership, Team
from tests.notices.conftest import Told, seal
from tests.outbound.conftest import Sink
from tests.outbound.conftest import sink as _sink
from tests.web.cast import Cast, make_conversation
from tests.web.conftest import SignIn
from tests.web.conftest import sign_in as _sign_in

sink, sign_in = _sink, _sign_in
NOON = datetime(2027, 3, 3, 12, 10, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def product(cast: Cast) -> Team:
    """A team that owns nothing here: Petra leads it, Paul is in it."""
    team = Team.objects.create(name="Product", slug="product")
    for name, lead in (("Petra Product", True), ("Paul Product", False)):
        member = Member.objects.create_user(f"{name.split()[0].lower()}@company.example", name=name, role="agent")
        Membership.objects.create(member=member, team=team, is_lead=lead)
    return team


@pytest.fixture(autouse=True)
def at_noon(cast: Cast) -> Iterator[None]:
    with clock.travel(NOON):
        yield


def petra() -> Member:
    return Member.objects.get(name="Petra Product")


def involve(cast: Cast, team: Team, conversation: Conversation | None = None) -> None:
    with scope.member(cast.lead.id):
        actions.involve((conversation or cast.conversation).id, cast.lead, team)


def writes(cast: Cast, conversation: Conversation | None = None) -> None:
    with scope.system():
        events.record("message.received", conversation_id=(conversation or cast.conversation).id, data={})


def read_on() -> None:
    seal()
    while gather.run():
        pass


def hear(member: Member, **way: object) -> None:
    with scope.system():
        Preferences.objects.update_or_create(member=member, defaults={"ways": {"involved": way}})


def lines(member: Member) -> list[str]:
    with scope.member(member.id):
        found = list(member.notices.filter(page=True, conversation__isnull=True).order_by("at"))
        counted = rounds.figures(found)
        return ["{} of which {} new".format(*counted[one.id]) for one in found]


def next_hour() -> int:
    with clock.travel(NOON + timedelta(hours=1)):
        return rounds.run_hour()


def test_an_hour_is_one_line_for_each_member_and_team_and_is_told_once(cast: Cast, product: Team) -> None:
    with scope.system():
        other = make_conversation("Another", "Text.", cast.customer, cast.service, cast.channel)
    involve(cast, product)
    involve(cast, product, other)
    read_on()
    assert next_hour() == 2
    writes(cast)
    writes(cast)
    read_on()
    assert next_hour() == 0
    assert lines(petra()) == ["2 of which 2 new"]
    with clock.travel(NOON + timedelta(hours=2)):
        assert rounds.run_hour() == 2
        assert rounds.run_hour() == 0
    assert lines(petra()) == ["2 of which 2 new", "1 of which 0 new"]
    with scope.member(petra().id):
        last = petra().notices.latest("until")
        (entry,) = rounds.entries([last], 10)[last.id]
    assert (entry.conversation_id, entry.fresh, entry.said) == (cast.conversation.id, False, 2)


def test_an_hour_in_which_nothing_new_happened_is_quiet(cast: Cast, product: Team) -> None:
    involve(cast, product)
    read_on()
    next_hour()
    with clock.travel(NOON + timedelta(hours=2)):
        assert rounds.run_hour() == 0


def test_what_happened_a_quarter_ago_is_forgotten_and_its_round_says_nothing_more(cast: Cast, product: Team) -> None:
    involve(cast, product)
    read_on()
    next_hour()
    assert rounds.sweep() == 0
    with clock.travel(NOON + rounds.KEPT + timedelta(days=1)):
        assert rounds.sweep() == 1
    assert not Happening.objects.exists()
    with scope.member(petra().id):
        last = petra().notices.latest("until")
        assert rounds.entries([last], 10).get(last.id, []) == []


def test_what_is_told_at_once_is_told_when_the_log_is_read_and_not_again_by_the_hour(
    cast: Cast, product: Team, told: Told
) -> None:
    pacing.choose(petra(), product.id, paces.NOW)
    involve(cast, product)
    writes(cast)
    assert told() == [("Petra", "involved"), ("Petra", "involved")]
    with scope.system():
        assert {one.team_id for one in Notice.objects.all()} == {product.id}
    assert next_hour() == 1  # Paul's, who hears by the hour
    assert lines(petra()) == []


def test_a_change_of_pace_neither_loses_nor_repeats_anything(cast: Cast, product: Team) -> None:
    involve(cast, product)
    read_on()
    pacing.choose(petra(), product.id, paces.NOW)
    writes(cast)
    read_on()
    pacing.choose(petra(), product.id, paces.HOURLY)
    assert next_hour() == 2
    with scope.member(petra().id):
        (gathered,) = petra().notices.filter(conversation__isnull=True)
        (entry,) = rounds.entries([gathered], 10)[gathered.id]
    # That it is involved was still to be told; that somebody wrote had been told at once.
    assert (entry.fresh, entry.said) == (True, 0)


def test_what_the_team_may_no_longer_see_or_no_longer_watches_is_not_told(cast: Cast, product: Team) -> None:
    involve(cast, product)
    read_on()
    with scope.system():
        Conversation.objects.filter(id=cast.conversation.id).update(confidential=True, audience=[cast.service.id])
    assert next_hour() == 0
    with scope.system():
        assert not Notice.objects.filter(reason="involved").exists()


def test_a_round_that_was_told_says_only_what_its_reader_may_still_see(
    cast: Cast, product: Team, sign_in: SignIn
) -> None:
    involve(cast, product)
    read_on()
    next_hour()
    with scope.system():
        gathered = Notice.objects.get(member=petra())
        Conversation.objects.filter(id=cast.conversation.id).update(audience=[cast.service.id])
    client = sign_in(petra())
    page = client.get(reverse("notice_round", args=[gathered.id])).content.decode()
    assert "Refund for order" not in page
    assert "Nothing is left of it" in page
    assert lines(petra()) == ["0 of which 0 new"]
    assert sign_in(cast.agent).get(reverse("notice_round", args=[gathered.id])).status_code == 404


def test_a_confidential_matter_is_never_told_to_a_team_that_is_involved(cast: Cast, product: Team) -> None:
    with scope.system():
        Conversation.objects.filter(id=cast.secret.id).update(involved=[product.id])
        events.record("message.received", conversation_id=cast.secret.id, data={})
    pacing.choose(petra(), product.id, paces.NOW)
    read_on()
    assert next_hour() == 0
    with scope.system():
        assert not Notice.objects.exists()


def test_own_acts_and_what_is_muted_or_told_otherwise_are_left_out(cast: Cast, product: Team) -> None:
    Membership.objects.create(member=cast.lead, team=product)
    Membership.objects.create(member=cast.agent, team=product)
    involve(cast, product)
    with scope.member(cast.agent.id):
        mute(cast.conversation.id, cast.agent)
    read_on()
    assert next_hour() == 2
    with scope.system():
        heard = set(Notice.objects.filter(reason="involved").values_list("member__name", flat=True))
    assert heard == {"Petra Product", "Paul Product"}


def test_the_lead_sets_the_pace_and_each_member_their_own(cast: Cast, product: Team, sign_in: SignIn) -> None:
    paul = Member.objects.get(name="Paul Product")
    with scope.member(petra().id):
        assert pacing.choose_for_team(petra(), product.id, paces.NEVER)
    with scope.system():
        assert Event.objects.filter(kind="team.paced", actor_id=petra().id).count() == 1
    with scope.member(paul.id), pytest.raises(NotAllowed):
        pacing.choose_for_team(paul, product.id, paces.NOW)
    with pytest.raises(NotAllowed):
        pacing.choose(cast.agent, product.id, paces.NOW)
    with pytest.raises(Invalid):
        pacing.choose(paul, product.id, "yearly")
    client = sign_in(paul)
    page = client.get(reverse("notice_settings")).content.decode()
    assert 'name="pace-product"' in page
    assert "team-pace-product" not in page
    form = {"pace-product": "daily", "team-pace-product": "now", "involved-page": "yes", "involved-mail": "soon"}
    assert client.post(reverse("notice_settings"), form).status_code == 302
    with scope.member(paul.id):
        (one,) = pacing.pacings(paul)
    assert (one.own, one.of_team, one.may_lead) == ("daily", "never", False)


def test_a_day_is_told_with_the_digest_at_the_members_hour_where_they_live(cast: Cast, product: Team) -> None:
    pacing.choose(petra(), product.id, paces.DAILY)
    hear(petra(), page=True, mail="soon")
    Member.objects.filter(id=petra().id).update(time_zone="Asia/Tokyo")
    involve(cast, product)
    read_on()
    assert next_hour() == 1  # Paul's alone
    with clock.travel(datetime(2027, 3, 3, 22, 30, tzinfo=UTC)):  # 7:30 on Thursday in Tokyo
        assert mail.run_digests() == 0
    with clock.travel(datetime(2027, 3, 3, 23, 30, tzinfo=UTC)):
        assert mail.run_digests() == 1
        assert mail.run_digests() == 0
    (sent,) = outbox.outbox
    assert sent.to == ["petra@company.example"]
    assert "Product: 1 conversation it watches, 1 new" in sent.body
    assert "Refund for order 1009: New" in sent.body
    assert lines(petra()) == ["1 of which 1 new"]


def test_the_mail_of_an_hour_really_goes_once_with_all_teams_in_it(
    cast: Cast, product: Team, sink: Sink, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "rapport.outbound.systemmail.ChannelBackend"
    with scope.system():
        cast.channel.config = {"smtp": {"host": "127.0.0.1", "port": sink.port, "security": "none"}}
        cast.channel.save()
    second = Team.objects.create(name="Research", slug="research")
    Membership.objects.create(member=petra(), team=second)
    hear(petra(), page=True, mail="soon")
    involve(cast, product)
    involve(cast, second)
    read_on()
    with clock.travel(NOON + timedelta(hours=1)):
        rounds.run_hour()
    with clock.travel(NOON + timedelta(hours=1, minutes=3)):
        assert mail.run_soon() == 1
        assert mail.run_soon() == 0
        rounds.run_hour()
    (arrived,) = sink.mails
    assert arrived.rcpt_tos == ["petra@company.example"]
    content = arrived.content if isinstance(arrived.content, bytes) else str(arrived.content).encode()
    said = email.message_from_bytes(content)
    text = next(part for part in said.walk() if part.get_content_type() == "text/plain")
    words = text.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert words.count("1 conversation it watches, 1 new") == 2
    assert all(one in words for one in ("Product", "Research", "Refund for order 1009"))


def test_a_round_that_was_read_in_the_page_is_not_mailed(cast: Cast, product: Team, sign_in: SignIn) -> None:
    hear(petra(), page=True, mail="soon")
    involve(cast, product)
    read_on()
    next_hour()
    with scope.system():
        gathered = Notice.objects.get(member=petra())
    client = sign_in(petra())
    listed = client.get(reverse("notices")).content.decode()
    assert "1 conversation it watches, 1 new" in listed
    assert "1 conversation it watches" in client.get(f"{reverse('notice_fresh')}?id={gathered.id}").content.decode()
    assert "Refund for order" in client.get(reverse("notice_round", args=[gathered.id])).content.decode()
    with clock.travel(NOON + timedelta(hours=2)):
        assert mail.run_soon() == 0
    assert outbox.outbox == []


def test_reading_the_log_twice_and_being_killed_before_the_end_tells_nothing_twice(cast: Cast, product: Team) -> None:
    with scope.system():
        before = gather.Progress.objects.get().seq
    involve(cast, product)
    for _ in range(2):
        with scope.system():
            gather.Progress.objects.update(seq=before)
        read_on()
    with scope.system():
        assert Happening.objects.filter(team=product).count() == 1
    with clock.travel(NOON + timedelta(hours=1)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rounds.notify, "changed_many", _killed)
            with pytest.raises(RuntimeError):
                rounds.run_hour()
        with scope.system():
            assert not Notice.objects.exists()
        assert rounds.run_hour() == 2


def _killed(*_: object) -> None:
    raise RuntimeError("killed")


def test_who_left_the_team_and_comes_back_is_not_told_of_what_happened_between(cast: Cast, product: Team) -> None:
    involve(cast, product)
    read_on()
    next_hour()
    Membership.objects.filter(member=petra()).delete()
    writes(cast)
    read_on()
    with clock.travel(NOON + timedelta(hours=2)):
        rounds.run_hour()
    Membership.objects.create(member=petra(), team=product)
    with clock.travel(NOON + timedelta(hours=3)):
        rounds.run_hour()
    assert lines(petra()) == ["1 of which 1 new"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_the_same_moment_make_each_round_once(cast: Cast, product: Team) -> None:
    for number in range(20):
        member = Member.objects.create_user(f"m{number}@company.example", name=f"Member {number}", role="agent")
        Membership.objects.create(member=member, team=product)
    involve(cast, product)
    read_on()
    start, made = Barrier(2), []

    def work() -> None:
        try:
            start.wait()
            with clock.travel(NOON + timedelta(hours=1)):
                made.append(rounds.run_hour())
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(made) == 22
    with scope.system():
        assert Notice.objects.count() == 22
        assert Listening.objects.filter(told__gt=0).count() == 22


def test_the_list_of_what_my_teams_watch_has_what_others_own(cast: Cast, product: Team, sign_in: SignIn) -> None:
    involve(cast, product)
    address = reverse("inbox", args=["watched"])
    assert "Refund for order 1009" in sign_in(petra()).get(address).content.decode()
    own = sign_in(cast.agent).get(address).content.decode()
    assert "Refund for order 1009" not in own
    assert "Your teams watch nothing here" in own
    assert Client().get(address).status_code == 302
