"""The steps of an erasure in their order: whoever keeps something of people in a new place adds a line here.

First what is found by the messages of the person, then these, then what only names them. What was learned from their
conversations is taken out with the decisions. `tests/privacy/test_tables.py` fails for a table that names people and
is forgotten.
"""

from rapport.conversations import forgetting as conversations
from rapport.inbound import forgetting as inbound
from rapport.notices import forgetting as notices
from rapport.outbound import forgetting as outbound
from rapport.ownership import forgetting as ownership
from rapport.people import erasing as people
from rapport.people.forgetting import Step

STEPS: tuple[Step, ...] = (
    *notices.STEPS, *ownership.STEPS, *inbound.STEPS[:1], *conversations.STEPS, *outbound.STEPS, *inbound.STEPS[1:],
    *ownership.LAST, *people.STEPS,
)  # fmt: skip
