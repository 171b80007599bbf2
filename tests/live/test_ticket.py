"""The ticket of an open page: it comes back as it went, tells nobody anything, and is good for two minutes."""

import base64
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from rapport.core import keys
from rapport.core.clock import now
from rapport.live import ticket
from rapport.live.past import Past
from rapport.live.ticket import Ticket

_NUMBERS = st.integers(0, 2**63)


@given(st.tuples(_NUMBERS, _NUMBERS, st.lists(_NUMBERS, max_size=60)))
def test_it_says_what_the_page_has_seen_or_that_it_saw_nothing_and_is_always_as_long(
    snapshot: tuple[int, int, list[int]],
) -> None:
    lowest, highest, running = snapshot
    seen = f"{lowest}:{highest}:{','.join(map(str, running))}"
    member = uuid4()
    given_out = ticket.issue(member, seen)
    found = ticket.read(given_out)
    assert found is not None
    assert found.member == member
    assert found.seen in (seen, "0:0:")
    assert len(given_out) == len(ticket.issue(uuid4()))


def test_what_had_no_room_makes_a_page_ask_anew() -> None:
    found = ticket.read(ticket.issue(uuid4(), f"1:900:{','.join(map(str, range(100)))}"))
    assert found is not None
    past = Past()
    past.keep(5, None, b"x")
    assert past.since(found.seen, frozenset()) is None


def test_nobody_reads_in_it_how_much_happens() -> None:
    given_out = ticket.issue(uuid4(), "7000001:7000002:")
    assert b"700000" not in base64.urlsafe_b64decode(given_out)


def test_after_two_minutes_or_changed_or_lent_for_something_else_it_is_no_ticket() -> None:
    member = uuid4()
    given_out = ticket.issue(member)
    assert ticket.read(given_out) == Ticket(member)
    with time_machine.travel(now() + timedelta(seconds=ticket.SECONDS_VALID + 5)):
        assert ticket.read(given_out) is None
    changed = given_out[:30] + ("A" if given_out[30] != "A" else "B") + given_out[31:]
    assert ticket.read(changed) is None
    assert ticket.read(keys.lend(member.bytes, "something else")) is None


@pytest.mark.parametrize("forged", ["", "forged", "gAAAA", "ä"])
def test_what_is_forged_is_no_ticket(forged: str) -> None:
    assert ticket.read(forged) is None
