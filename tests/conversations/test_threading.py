"""Placing mails, as a function of values: whatever the order and the batches, the same conversations."""

from collections.abc import Sequence
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.conversations import threading
from rapport.conversations.threading import OURS, KnownRef, MailRefs, digest_of, ref_of

_REFS = 8


@st.composite
def mailboxes(draw: st.DrawFn) -> list[MailRefs]:
    """Mails that name one another, themselves, and what never came; some share a Message-ID, some have none."""
    ref = st.integers(0, _REFS).map(lambda n: ref_of(f"{n}@x.example"))
    mails = draw(st.lists(st.tuples(st.none() | ref, st.lists(ref, max_size=3)), max_size=12))
    return [MailRefs(own, tuple(named), digest_of(str(n))) for n, (own, named) in enumerate(mails)]


class Store:
    """What the database would hold; conversations get their ids in the order they are made."""

    def __init__(self, worked_in: frozenset[UUID] = frozenset(), sealed: frozenset[UUID] = frozenset()) -> None:
        self.refs: dict[UUID, KnownRef] = {}
        self.home: dict[UUID, UUID] = {}
        self.worked_in, self.sealed = worked_in, sealed
        self._ids = count(1000)

    def take(self, mails: Sequence[MailRefs]) -> threading.Plan:
        """Place a batch as `inbound.placing` does; only the references that the batch names are known."""
        named = {ref for mail in mails for ref in (mail.own, *mail.named) if ref}
        known = {ref: self.refs[ref] for ref in named & self.refs.keys()}
        proposed = [UUID(int=next(self._ids)) for _ in mails]
        contested = threading.contested(mails, known)
        plan = threading.plan(mails, known, proposed, self.worked_in & contested, self.sealed & contested)
        self.refs |= plan.refs
        for loser, winner in plan.merges.items():
            self.refs = {
                ref: KnownRef(winner if k.conversation == loser else k.conversation, k.digest)
                for ref, k in self.refs.items()
            }
            self.home = {digest: winner if at == loser else at for digest, at in self.home.items()}
        for mail, conversation, twice in zip(mails, plan.conversations, plan.duplicates, strict=True):
            if not twice:
                self.home[mail.digest] = conversation
        return plan

    def partition(self) -> set[frozenset[UUID]]:
        """Which mails stand together."""
        groups: dict[UUID, set[UUID]] = {}
        for digest, conversation in self.home.items():
            groups.setdefault(conversation, set()).add(digest)
        return {frozenset(group) for group in groups.values()}


def tied(mails: Sequence[MailRefs]) -> set[frozenset[UUID]]:
    """The plainest union of all that name a common reference."""
    groups: list[tuple[set[UUID], set[UUID]]] = []
    for mail in mails:
        refs = {ref for ref in (mail.own, *mail.named) if ref}
        joined = [group for group in groups if group[0] & refs]
        groups = [group for group in groups if not group[0] & refs]
        groups.append((refs.union(*(g[0] for g in joined)), {mail.digest}.union(*(g[1] for g in joined))))
    return {frozenset(digests) for _, digests in groups}


@given(mailboxes())
def test_what_is_tied_together_is_one_conversation_and_nothing_else_is(mails: list[MailRefs]) -> None:
    store = Store()
    store.take(mails)
    assert store.partition() == tied(mails)


@given(mailboxes(), st.data())
def test_any_order_and_any_batches_give_the_same_conversations(mails: list[MailRefs], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(mails))
    store = Store()
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        store.take(shuffled[:size])
        shuffled = shuffled[size:]
    assert store.partition() == tied(mails)


@given(mailboxes())
def test_the_same_mails_again_make_nothing_and_move_nothing(mails: list[MailRefs]) -> None:
    mails = [MailRefs(ref_of(str(n)), m.named, m.digest) for n, m in enumerate(mails)]
    store = Store()
    store.take(mails)
    before = dict(store.home), dict(store.refs)
    again = store.take(mails)
    assert again.duplicates == [True] * len(mails)
    assert (again.made, again.merges) == (set(), {})
    assert (store.home, store.refs) == before


@given(mailboxes(), st.data())
def test_conversations_kept_apart_stay_apart(mails: list[MailRefs], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(mails)))
    store = Store()
    store.take(mails[:cut])
    apart = sorted(set(store.home.values()))
    half = len(apart) // 2
    store.worked_in, store.sealed = frozenset(apart[:half]), frozenset(apart[half:])
    where = dict(store.home)
    store.take(mails[cut:])
    assert {digest: store.home[digest] for digest in where} == where


@given(mailboxes())
def test_every_conversation_that_is_made_has_a_message_and_no_other_has_none(mails: list[MailRefs]) -> None:
    store = Store()
    plan = store.take(mails)
    assert plan.made == set(store.home.values())
    assert {known.conversation for known in plan.refs.values()} <= plan.made


ONE, TWO = UUID(int=1), UUID(int=2_000)
A, B, C = (ref_of(name) for name in "abc")


def place(mail: MailRefs, known: dict[UUID, KnownRef], **apart: frozenset[UUID]) -> threading.Plan:
    return threading.plan([mail], known, [UUID(int=9_999)], **apart)


def test_the_oldest_of_two_untouched_conversations_stays() -> None:
    plan = place(MailRefs(C, (A, B), C), {A: KnownRef(TWO, A), B: KnownRef(ONE, B)})
    assert (plan.conversations, plan.merges) == ([ONE], {TWO: ONE})


def test_the_one_worked_in_stays_though_it_is_younger() -> None:
    known = {A: KnownRef(TWO, A), B: KnownRef(ONE, B)}
    plan = place(MailRefs(C, (A, B), C), known, worked_in=frozenset({TWO}))
    assert (plan.conversations, plan.merges) == ([TWO], {ONE: TWO})


@pytest.mark.parametrize("apart", ["worked_in", "sealed"])
def test_of_two_kept_apart_the_nearest_reference_has_it(apart: str) -> None:
    known = {A: KnownRef(ONE, A), B: KnownRef(TWO, B)}
    plan = place(MailRefs(C, (A, B), C), known, **{apart: frozenset({ONE, TWO})})
    assert (plan.conversations, plan.merges) == ([TWO], {})


def test_a_hint_counts_only_where_no_reference_leads_anywhere() -> None:
    assert place(MailRefs(C, (), C, hint=ONE), {}).conversations == [ONE]
    assert place(MailRefs(C, (A,), C, hint=ONE), {A: KnownRef(TWO, A)}).conversations == [TWO]
    assert place(MailRefs(C, (A,), C, hint=ONE), {}).conversations == [ONE]
    assert place(MailRefs(None, (), C, hint=ONE), {}).made == set()


def test_what_we_sent_comes_back_as_the_same_message_whatever_it_says() -> None:
    assert place(MailRefs(A, (), B), {A: KnownRef(ONE, OURS)}).duplicates == [True]


def test_a_reference_that_was_only_named_is_no_duplicate_when_it_comes() -> None:
    plan = place(MailRefs(A, (), B), {A: KnownRef(ONE, None)})
    assert (plan.duplicates, plan.conversations, plan.refs[A].digest) == ([False], [ONE], B)


@pytest.mark.parametrize(
    ("subject", "bare", "reply"),
    [
        ("Order 7", "order 7", False),
        ("Re: Order 7", "order 7", True),
        ("RE[2]: Re: order  7", "order 7", True),
        ("AW: WG: Order 7", "order 7", True),
        ("[list] Re: Order 7", "order 7", True),
        ("Re: [list] Order 7", "order 7", True),
        ("Fwd: Order 7", "order 7", False),
        ("回复:Order 7", "order 7", True),
        ("Regarding: Order 7", "regarding: order 7", False),
        ("", "", False),
        ("Re:", "", True),
    ],
)
def test_subjects_are_compared_without_their_prefixes(subject: str, bare: str, reply: bool) -> None:
    assert threading.bare_subject(subject) == bare
    assert threading.looks_like_reply(subject) is reply
