"""Of two decisions the later is in force, whatever the clocks say of the machines that made them."""

from datetime import timedelta
from uuid import UUID

from rapport.conversations.models import Conversation
from rapport.core import clock
from rapport.core.ids import new_id
from rapport.ownership import actions, passing_on
from rapport.ownership.handing import out
from rapport.ownership.models import Decision
from rapport.ownership.passing_on import Place
from rapport.web.timeline import why
from rapport.web.weighing import Eyes
from tests.ownership.handing.conftest import WEDNESDAY, Shop

SECOND = timedelta(seconds=1)
NOBODY = Eyes(UUID(int=1), frozenset(), True)


def came(shop: Shop) -> Conversation:
    """Decided on a machine whose clock is an hour ahead of ours."""
    ahead = WEDNESDAY + timedelta(hours=1)
    with clock.travel(ahead):
        (found,) = shop.come()
    Decision.objects.filter(conversation=found).update(id=new_id(int(ahead.timestamp() * 1000) + 10**12))
    return found


def in_force(found: Conversation) -> tuple[str, list[UUID]]:
    """The sentence a page shows, and the decisions in their order, by moment and by id."""
    told = why(found, {}, NOBODY)
    assert told is not None
    by_moment = list(Decision.objects.filter(conversation=found).order_by("at", "id").values_list("id", flat=True))
    assert by_moment == sorted(by_moment)
    return told.explanation.sentence, by_moment


def test_what_is_handed_out_replaces_what_the_policy_had_said(shop: Shop) -> None:
    shop.policy()
    shop.update(taken_by="self")
    found = came(shop)
    shop.update(taken_by="handed")
    with clock.travel(WEDNESDAY - SECOND):
        assert out.hand_out() == 1
    sentence, decisions = in_force(found)
    assert "suits it best" in sentence
    assert len(decisions) == 2


def test_what_a_member_says_and_what_a_promise_does_come_after_it_too(shop: Shop) -> None:
    shop.update(taken_by="self")
    shop.policy()
    found = came(shop)
    with clock.travel(WEDNESDAY - SECOND):
        actions.assign(found.id, shop.ann, shop.team, shop.bob)
    sentence, _ = in_force(found)
    assert sentence == "Service owns this: Ann gave it to Bob"
    found.refresh_from_db()
    with clock.travel(WEDNESDAY - 2 * SECOND):
        passing_on.give(found, Place(shop.team, None, "", 1.0), ("first_answer", True), {})
    sentence, decisions = in_force(found)
    assert sentence == "Service owns this: the first answer is late, and its promise passes it on"
    assert len(decisions) == 3


def test_with_clocks_that_agree_a_decision_is_dated_when_it_is_made(shop: Shop) -> None:
    shop.update(taken_by="self")
    shop.policy()
    (found,) = shop.come()
    with clock.travel(WEDNESDAY + SECOND):
        actions.assign(found.id, shop.ann, shop.team, shop.bob)
    assert Decision.objects.filter(conversation=found).order_by("-at")[0].at == WEDNESDAY + SECOND
