"""A small company's messages, made up from a few phrases, always the same for the same seed."""

import random
from datetime import UTC, datetime, timedelta
from functools import cache

from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.values import Example

BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
_ABOUT = {
    "support": ("my kettle is broken", "the device does not start", "it leaks water", "how do I repair the pump"),
    "billing": ("the invoice is wrong", "you charged me twice", "please refund my money", "which price do I pay"),
    "jobs": ("I apply for the position", "here is my vitae", "do you hire engineers", "my interview is on Monday"),
}  # fmt: skip
_AROUND = ("hello", "good morning", "thank you", "kind regards", "please", "since last week", "again", "as I wrote")
_ODD = ("win a free cruise", "the weather on Mars", "hot singles", "buy followers now", "lottery prize waiting")


def message(label: str | None, seed: int) -> str:
    """One message about the label; None: about nothing of ours."""
    chance = random.Random(f"{label}-{seed}")
    core = chance.choice(_ABOUT[label] if label else _ODD)
    return f"{chance.choice(_AROUND)}, {core}, {chance.choice(_AROUND)} {chance.choice(_AROUND)}"


def examples(count: int, first: int = 0, nones: int = 0, **more: str) -> list[Example]:
    """So many decisions of each label in turn, one a minute, and so many "none of ours"."""
    labels = [*(name for _ in range(count) for name in _ABOUT), *([None] * nones)]
    return [
        Example(f"e{first + at}", message(label, first + at), label, at=BEGAN + timedelta(minutes=at), **more)
        for at, label in enumerate(labels)
    ]


def taught(*many: Example) -> Learner:
    """A learner by words alone that has learned these."""
    learner = Learner()
    learner.teach(many)
    learner.refit()
    return learner


@cache
def ready() -> Learner:
    """One that has learned forty decisions of each label; for tests that only ask it."""
    return taught(*examples(40))
