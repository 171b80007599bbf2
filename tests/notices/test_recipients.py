"""Who is told of what: a function of values, whatever happens."""

from dataclasses import replace
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from rapport.conversations.visibility import EVERYONE
from rapport.notices.matters import Matter, Staff
from rapport.notices.reasons import LOUD, REASONS, first, way_of
from rapport.notices.recipients import HEARD, recipients

OWNER, FOLLOWER, ACTOR, OUTSIDER, MATE = (uuid4() for _ in range(5))
TEAM, OTHER, CONVERSATION, MESSAGE = (uuid4() for _ in range(4))
STAFF = Staff(
    teams_of={m: frozenset({EVERYONE, TEAM}) for m in (OWNER, FOLLOWER, ACTOR, MATE)}
    | {OUTSIDER: frozenset({EVERYONE})},
    members_of={TEAM: frozenset({OWNER, FOLLOWER, ACTOR, MATE})},
    leads_of={},
)


def matter(**given: object) -> Matter:
    usual = {
        "conversation_id": CONVERSATION, "owner": OWNER, "owner_team": TEAM, "audience": frozenset({TEAM}),
        "followers": frozenset({FOLLOWER}), "team": STAFF.members_of[TEAM],
    }  # fmt: skip
    return Matter(**(usual | given))  # type: ignore[arg-type]


def test_the_owner_hears_that_somebody_wrote_and_the_follower_too() -> None:
    assert recipients("message.received", None, {}, matter(), STAFF) == {OWNER: "answered", FOLLOWER: "followed"}


def test_who_does_something_is_not_told_of_it() -> None:
    assert recipients("conversation.resolved", OWNER, {}, matter(), STAFF) == {FOLLOWER: "followed"}


def test_a_mention_matters_more_than_following() -> None:
    data = {"mentions": [str(FOLLOWER)]}
    assert recipients("note.added", ACTOR, data, matter(), STAFF) == {OWNER: "colleague", FOLLOWER: "mentioned"}


def test_nobody_hears_of_what_they_do_not_see() -> None:
    data = {"mentions": [str(OUTSIDER)]}
    assert OUTSIDER not in recipients("note.added", ACTOR, data, matter(), STAFF)
    watched = matter(watchers=frozenset({OUTSIDER}))
    assert OUTSIDER not in recipients("message.received", None, {}, watched, STAFF)


def test_a_muted_conversation_is_silent_but_for_what_is_about_oneself() -> None:
    muted = matter(muted=frozenset({OWNER, FOLLOWER}))
    assert recipients("message.received", None, {}, muted, STAFF) == {}
    assert recipients("note.added", ACTOR, {"mentions": [str(OWNER)]}, muted, STAFF) == {OWNER: "mentioned"}


def test_a_new_conversation_that_nobody_owns_is_its_teams() -> None:
    told = recipients("conversation.opened", None, {}, matter(owner=None, followers=frozenset()), STAFF)
    assert set(told.values()) == {"team"}
    assert set(told) == set(STAFF.members_of[TEAM])


def test_the_author_hears_that_a_reply_came_back() -> None:
    data = {"message": str(MESSAGE)}
    assert recipients("delivery.bounced", None, data, matter(authors={MESSAGE: MATE}), STAFF) == {MATE: "undelivered"}


def test_what_concerns_somebody_who_has_left_reaches_whoever_is_there() -> None:
    left, data = uuid4(), {"message": str(MESSAGE)}
    by_left = matter(authors={MESSAGE: left}, followers=frozenset())
    assert recipients("delivery.failed", None, data, by_left, STAFF) == {OWNER: "undelivered"}
    all_left = matter(owner=left, authors={MESSAGE: left}, followers=frozenset())
    assert recipients("delivery.failed", None, data, all_left, STAFF) == dict.fromkeys(all_left.team, "undelivered")
    assert recipients("message.received", None, {}, all_left, STAFF) == dict.fromkeys(all_left.team, "answered")
    led = replace(STAFF, leads_of={TEAM: frozenset({MATE})})
    assert recipients("message.received", None, {}, all_left, led) == {MATE: "answered"}
    nobodys = matter(owner=None, followers=frozenset())
    assert recipients("message.received", None, {}, nobodys, STAFF) == {}
    assert recipients("delivery.failed", None, data, nobodys, STAFF) == {}, "nobody wrote it"
    woken = matter(followers=frozenset())
    assert recipients("conversation.woken", None, {"by": str(left)}, woken, STAFF) == {OWNER: "woken"}


def test_who_is_given_a_conversation_is_told_and_their_team_is_not_bothered() -> None:
    data = {"member": str(MATE), "team": str(TEAM), "from_team": str(OTHER)}
    assert recipients("conversation.assigned", ACTOR, data, matter(), STAFF) == {MATE: "assigned", FOLLOWER: "followed"}


def test_who_left_is_told_where_it_went_and_who_gives_it_away_by_hand_knows() -> None:
    data = {"member": str(MATE), "team": str(TEAM), "from_team": str(TEAM), "from_member": str(ACTOR), "how": "shift"}
    told = {MATE: "assigned", FOLLOWER: "followed"}
    assert recipients("conversation.assigned", None, data, matter(owner=MATE), STAFF) == told | {ACTOR: "handed"}
    passed_on = data | {"how": "", "meant": "2026-03-04T10:00:00+00:00"}
    assert recipients("conversation.assigned", None, passed_on, matter(owner=MATE), STAFF) == told | {ACTOR: "handed"}
    assert recipients("conversation.assigned", ACTOR, data | {"how": "hand"}, matter(owner=MATE), STAFF) == told
    assert recipients("conversation.assigned", None, data | {"how": "queue"}, matter(owner=MATE), STAFF) == told


def test_who_leaves_soon_is_told_of_what_still_is_theirs() -> None:
    told = {
        member: recipients("handover.suggested", None, {"member": str(member)}, matter(), STAFF)
        for member in (OWNER, MATE)
    }
    assert told == {OWNER: {OWNER: "leaving"}, MATE: {}}


members = st.sampled_from([OWNER, FOLLOWER, ACTOR, OUTSIDER, MATE])
junk = st.one_of(
    st.none(), st.text(max_size=8), members.map(str), st.lists(st.one_of(members.map(str), st.text(max_size=5)))
)


@given(
    kind=st.sampled_from(sorted(HEARD | {"policy.saved", ""})),
    actor=st.one_of(st.none(), members),
    data=st.dictionaries(st.sampled_from(["member", "team", "from_team", "mentions", "message", "by"]), junk),
    muted=st.frozensets(members),
    audience=st.sampled_from([frozenset({TEAM}), frozenset({EVERYONE}), frozenset({OTHER})]),
)
def test_whatever_an_event_holds_only_those_who_see_it_are_told(
    kind: str, actor: UUID | None, data: dict[str, object], muted: frozenset[UUID], audience: frozenset[UUID]
) -> None:
    told = recipients(kind, actor, data, matter(muted=muted, audience=audience), STAFF)
    assert set(told.values()) <= set(REASONS)
    assert actor not in told
    for member, reason in told.items():
        assert STAFF.sees(member, audience)
        assert member not in muted or reason in LOUD


def test_the_first_reason_is_the_one_that_matters_most() -> None:
    assert first(["team", "followed", "assigned"]) == "assigned"


@given(st.dictionaries(st.sampled_from(sorted(REASONS)), st.dictionaries(st.text(max_size=5), st.text(max_size=5))))
def test_a_choice_that_makes_no_sense_is_as_if_none_was_made(chosen: dict[str, dict[str, object]]) -> None:
    for key in REASONS:
        assert way_of(key, chosen).mail in ("", "soon", "digest")
