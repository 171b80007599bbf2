"""What a page missed on its way is told from what it saw: all of it, in its order, and nothing twice."""

from hypothesis import given
from hypothesis import strategies as st

from rapport.live import past
from rapport.live.past import Past

ALL = frozenset({"all"})


@given(st.permutations(range(1, 12)), st.integers(0, 11))
def test_a_page_hears_exactly_what_was_committed_after_it_looked_in_that_order(commits: list[int], looked: int) -> None:
    """Transactions are numbered as they begin and heard of as they commit: the page looked after `looked` commits."""
    kept = Past()
    kept.keep(0, frozenset(), b"begins")
    for transaction in commits:
        kept.keep(transaction, ALL, b"%d" % transaction)
    begun = max(commits[:looked], default=0) + 1
    running = sorted(one for one in commits[looked:] if one < begun)
    seen = f"{min([*running, begun])}:{begun}:{','.join(map(str, running))}"
    assert kept.since(seen, ALL) == [b"%d" % one for one in commits[looked:]]


def test_a_page_hears_nothing_that_is_not_for_its_member() -> None:
    kept = Past()
    kept.keep(1, frozenset(), b"begins")
    for transaction, concerned in ((2, {"hr"}), (3, {"all"}), (4, None)):
        kept.keep(transaction, concerned and frozenset(concerned), b"%d" % transaction)
    assert kept.since("2:2:", frozenset({"all", "service"})) == [b"3", b"4"]
    assert kept.since("5:5:", frozenset({"all"})) == []


def test_nobody_knows_what_was_before_the_oldest_that_is_kept() -> None:
    kept = Past()
    assert kept.since("5:5:", ALL) is None
    for transaction in range(past.KEPT_MAX + 1):
        kept.keep(transaction + 1, ALL, b"x")
    assert kept.since("1:1:", ALL) is None
    assert kept.since("2:2:", ALL) is None
    assert kept.since("3:3:", ALL) == [b"x"] * (past.KEPT_MAX - 1)
    kept.forget()
    assert kept.since("9999:9999:", ALL) is None


def test_what_names_no_transaction_may_not_have_been_seen_and_says_nothing_of_what_was_before_it() -> None:
    kept = Past()
    kept.keep(None, ALL, b"first")
    assert kept.since("5:5:", ALL) is None
    kept.keep(4, ALL, b"4")
    kept.keep(None, ALL, b"bare")
    kept.keep(None, frozenset({"hr"}), b"secret")
    kept.keep(5, ALL, b"5")
    assert kept.since("5:5:", ALL) == [b"bare", b"5"]
    assert kept.since("4:4:", ALL) is None
