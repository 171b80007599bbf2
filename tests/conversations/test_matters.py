"""Merge, split and move: nothing is lost, nothing is twice, and taken back in reverse all is where it was."""

from datetime import timedelta

import pytest

from rapport.channels.models import Channel
from rapport.conversations import actions, linking, merging, presence, snoozing, splitting, undoing
from rapport.conversations.models import (
    Blob,
    Conversation,
    Draft,
    Interest,
    Link,
    Message,
    Presence,
    Priority,
    Status,
    Subscription,
    Thread,
    Upload,
)  # fmt: skip
from rapport.core import scope
from rapport.core.clock import now, travel
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.ownership.models import Decision
from rapport.staff.models import Member, Role, Team
from tests.conversations.makers import (
    fresh,
    kinds,
    last_event,
    make_conversation,
    messages_of,
    where,
)  # fmt: skip
from tests.inbound.post import deliver, letter, make_member

pytestmark = pytest.mark.django_db


def test_merging_carries_everything_and_taking_it_back_restores_it(support: Team, box: Channel, agent: Member) -> None:
    one, other = make_conversation(support, box), make_conversation(support, box, 3)
    before = where()
    with scope.system():
        Subscription.objects.create(conversation=other, member=agent, interest=Interest.FOLLOW)
        draft = Draft.objects.create(conversation=other, member=agent, kind="reply", html="<p>Half</p>")
    merging.merge(one.id, [other.id], agent)
    assert set(where().values()) == {one.id}
    assert (fresh(other).status, fresh(other).merged_into) == (Status.MERGED, one.id)
    assert fresh(one).message_count == 5
    with scope.system():
        assert Draft.objects.get(id=draft.id).conversation_id == one.id
        assert Subscription.objects.filter(conversation=one, member=agent).exists()
        assert Thread.objects.filter(conversation=one).count() == 1
    undoing.undo(last_event("conversation.merged"), agent)
    assert where() == before
    assert (fresh(other).status, fresh(other).merged_into, fresh(other).message_count) == (Status.OPEN, None, 3)
    assert fresh(one).message_count == 2
    with scope.system():
        assert Draft.objects.get(id=draft.id).conversation_id == other.id
        assert not Subscription.objects.filter(conversation=one).exists()
        assert Subscription.objects.filter(conversation=other).exists()
        assert Thread.objects.count() == 2


def test_of_two_drafts_for_one_thing_no_word_and_no_file_is_lost(support: Team, box: Channel, agent: Member) -> None:
    one, other = make_conversation(support, box), make_conversation(support, box)
    with scope.system():
        Blob.objects.create(sha256="a" * 64, size=1, data=b"x")
        Draft.objects.create(conversation=one, member=agent, kind="reply", html="<p>First.</p>")
        second = Draft.objects.create(conversation=other, member=agent, kind="reply", html="<p>Second.</p>")
        Upload.objects.create(draft=second, blob_id="a" * 64, filename="x", content_type="text/plain", size=1)
    merging.merge(one.id, [other.id], agent)
    with scope.system():
        draft = Draft.objects.get(conversation=one)
        assert (draft.html, draft.revision, draft.uploads.count()) == ("<p>First.</p><p>Second.</p>", 2, 1)
    undoing.undo(last_event("conversation.merged"), agent)
    with scope.system():
        assert Draft.objects.get(conversation=other).html == "<p>Second.</p>"


def test_later_mails_to_what_was_merged_come_to_the_other(box: Channel, agent: Member) -> None:
    deliver(box, letter(id="one@x.example"))
    deliver(box, letter(id="two@x.example", sender="bob@other.example"))
    with scope.system():
        first, second = Conversation.objects.order_by("id")
    merging.merge(first.id, [second.id], agent)
    deliver(box, letter(refs=["two@x.example"]))
    assert (fresh(first).message_count, set(where().values())) == (3, {first.id})
    undoing.undo(last_event("conversation.merged"), agent)
    deliver(box, letter(refs=["two@x.example"]))
    assert fresh(second).message_count == 2


def test_answers_to_what_was_split_off_come_there(box: Channel, agent: Member) -> None:
    deliver(box, letter(id="one@x.example"))
    deliver(box, letter(id="two@x.example", refs=["one@x.example"]))
    with scope.system():
        source = Conversation.objects.get()
        second = Message.objects.get(message_id="two@x.example").id
        made = splitting.split(source.id, [second], agent)
    deliver(box, letter(refs=["one@x.example", "two@x.example"]))
    assert (fresh(source).message_count, fresh(made).message_count) == (1, 2)


def test_what_is_split_off_has_the_same_owner_and_eyes_and_reason(support: Team, box: Channel, agent: Member) -> None:
    one = make_conversation(support, box, 3, priority=Priority.HIGH)
    with scope.system():
        Decision.objects.create(conversation=one, source="policy", owner_team=support, sentence="Support owns this")
    before = where()
    made = splitting.split(one.id, messages_of(one)[:2], agent)
    now_there = fresh(made)
    assert (now_there.owner_team_id, now_there.audience, now_there.priority) == (support.id, one.audience, 2)
    assert (now_there.message_count, fresh(one).message_count) == (2, 1)
    with scope.system():
        assert Decision.objects.get(conversation=made).sentence == "Support owns this"
    undoing.undo(last_event("conversation.split"), agent)
    assert where() == before
    assert fresh(made).merged_into == one.id


def _carry_off(how: str, one: Conversation, chosen: list, other: Conversation, agent: Member) -> None:
    if how == "split":
        splitting.split(one.id, chosen, agent)
    else:
        splitting.move(one.id, chosen, other.id, agent)


@pytest.mark.parametrize("how", ["split", "move"])
def test_something_must_stay_behind(support: Team, box: Channel, agent: Member, how: str) -> None:
    one, other = make_conversation(support, box), make_conversation(support, box)
    before = where()
    for chosen in ([], messages_of(one), [new_id()]):
        with pytest.raises(Invalid):
            _carry_off(how, one, chosen, other, agent)
    assert where() == before
    assert kinds() == []


def test_a_secret_is_never_shown_by_merging_or_moving(support: Team, hr: Team, box: Channel) -> None:
    both = make_member("both", support, hr)
    public, secret = make_conversation(support, box), make_conversation(hr, box)
    before = where()
    with pytest.raises(Invalid):
        merging.merge(public.id, [secret.id], both)
    with pytest.raises(Invalid):
        splitting.move(secret.id, messages_of(secret)[:1], public.id, both)
    assert (where(), kinds()) == (before, [])
    assert merging.preview(public.id, secret.id, both).refused
    assert merging.preview(secret.id, public.id, both).hidden
    merging.merge(secret.id, [public.id], both)
    with scope.member(make_member("outsider", support).id):
        assert not Message.objects.exists()


@pytest.mark.parametrize("who", ["outsider", "reader"])
def test_who_may_not_does_nothing(support: Team, hr: Team, box: Channel, who: str) -> None:
    one, other = make_conversation(support, box), make_conversation(hr, box)
    third = make_conversation(support, box)
    actor = make_member(who, support, role=Role.READER if who == "reader" else Role.AGENT)
    error = NotAllowed if who == "reader" else NotVisible
    target = third if who == "reader" else other
    before = where()
    for act in (
        lambda: merging.merge(one.id, [target.id], actor),
        lambda: splitting.move(one.id, messages_of(one)[:1], target.id, actor),
        lambda: linking.link(one.id, target.id, actor),
        lambda: snoozing.snooze(target.id, actor, None),
        lambda: splitting.split(target.id, messages_of(target)[:1], actor),
    ):
        with pytest.raises(error):
            act()
    assert (where(), kinds()) == (before, [])
    assert not fresh(target).snoozed


def test_a_link_is_there_once_and_taken_back_once(support: Team, hr: Team, box: Channel, agent: Member) -> None:
    one, other = make_conversation(support, box), make_conversation(support, box)
    linking.link(one.id, other.id, agent)
    linking.link(other.id, one.id, agent)
    with scope.member(agent.id):
        assert [c.id for c in linking.linked_to(one.id)] == [other.id]
    event = last_event("conversation.linked")
    with scope.system():
        first = Event.objects.filter(kind="conversation.linked").order_by("id")[0].id
    assert event != first
    undoing.undo(first, agent)
    with scope.system():
        assert not Link.objects.exists()
    with pytest.raises(Invalid):
        undoing.undo(first, agent)
    linking.unlink(one.id, other.id, agent)
    assert kinds(one) == ["conversation.linked", "conversation.undone"]


def test_a_link_to_what_one_does_not_see_is_not_seen(support: Team, hr: Team, box: Channel, agent: Member) -> None:
    one, secret = make_conversation(support, box), make_conversation(hr, box)
    linking.link(one.id, secret.id, make_member("both", support, hr))
    with scope.member(agent.id):
        assert linking.linked_to(one.id) == []
        linking.link_all(one.id, [secret.id], agent)
        assert Link.objects.count() == 0


def test_snoozing_ends_when_its_time_comes_or_when_they_write(box: Channel, agent: Member) -> None:
    deliver(box, letter(id="one@x.example"))
    deliver(box, letter(id="two@x.example"))
    with scope.system():
        one, two = Conversation.objects.order_by("id")
    snoozing.snooze(one.id, agent, now() + timedelta(hours=1))
    snoozing.snooze(two.id, agent, None)
    snoozing.snooze(two.id, agent, None)
    assert kinds() == ["conversation.snoozed", "conversation.snoozed"]
    assert snoozing.wake_due() == 0
    with travel(now() + timedelta(hours=2)):
        assert snoozing.wake_due() == 1
    assert (fresh(one).snoozed, fresh(two).snoozed) == (False, True)
    deliver(box, letter(refs=["two@x.example"]))
    assert not fresh(two).snoozed


@pytest.mark.parametrize("hours", [-1, 0, 24 * 400])
def test_a_time_that_makes_no_sense_is_refused(support: Team, box: Channel, agent: Member, hours: int) -> None:
    one = make_conversation(support, box)
    with pytest.raises(Invalid):
        snoozing.snooze(one.id, agent, now() + timedelta(hours=hours))
    assert (fresh(one).snoozed, kinds()) == (False, [])


def test_what_is_settled_sleeps_no_more(support: Team, box: Channel, agent: Member) -> None:
    one = make_conversation(support, box)
    snoozing.snooze(one.id, agent, None)
    actions.resolve(one.id, agent)
    assert not fresh(one).snoozed
    with pytest.raises(Invalid):
        snoozing.snooze(one.id, agent, None)
    undoing.undo(last_event("conversation.resolved"), agent)
    assert (fresh(one).snoozed, fresh(one).status, fresh(one).resolved_at) == (True, Status.OPEN, None)


def test_presence_is_told_when_it_changes_and_only_to_those_who_see_it(
    support: Team, hr: Team, box: Channel, agent: Member
) -> None:
    secret = make_conversation(hr, box)
    insider = make_member("insider", hr)
    with scope.member(agent.id), pytest.raises(NotVisible):
        presence.enter(secret.id, agent, "reply")
    with scope.system():
        assert not Presence.objects.exists()
    with scope.member(insider.id):
        presence.enter(secret.id, insider, "reply")
    with scope.member(agent.id):
        assert presence.present([secret.id]) == {}
    with scope.system():
        found = presence.present([secret.id])
        assert [(here.name, here.typing) for here in found[secret.id]] == [("Insider", "reply")]
        with travel(now() + timedelta(minutes=2)):
            assert presence.present([secret.id]) == {}
    with scope.member(insider.id):
        presence.leave(secret.id, insider)
        presence.leave(secret.id, insider)
    with scope.system():
        assert not Presence.objects.exists()
