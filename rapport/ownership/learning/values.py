"""What goes into learning and comes out of it. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Example:
    """One human decision. `label` is what they chose, None for "none of ours".

    `facts` are what was known beside the text, as name: value ("relationship": "customer"). `audience` is the
    confidential team whose members alone may profit from it, "" for everyone. `expected` is how likely the model
    held this label just before, against the likeliest (0 to 1); None where nobody asked it. `weight` counts the example
    that many times.
    """

    id: str
    text: str
    label: str | None
    facts: Mapping[str, str] = field(default_factory=dict)
    member: str = ""
    at: datetime | None = None
    audience: str = ""
    expected: float | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class LabelText:
    """A label and what is written about it: its name, its description. First examples on the first day."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the learner thinks of one message.

    `label` is the likeliest; `probability` that a person would choose it too, `ranked` the likeliest few with
    their shares (without regard to "none of ours"). `none` is the probability that it is none of ours, None until there
    are decisions enough to learn that from. `certain` says that the promised precision holds: it may be assigned.
    `seen` is the likeness, 0 to 1, to the likest example ever seen; `sure` is the probability before the latest
    outcomes adjusted it. `promised` says that there is a probability from which the precision is kept; `unlike` that it
    is less alike to all that was decided than nineteen of twenty decisions are to the rest.
    """

    label: str
    probability: float
    ranked: tuple[tuple[str, float], ...] = ()
    none: float | None = None
    certain: bool = False
    seen: float = 0.0
    is_none: bool = False
    sure: float = 0.0
    promised: bool = False
    unlike: bool = False


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A past example and how much it spoke for the label that was chosen (negative: against)."""

    id: str
    label: str | None
    likeness: float
    said: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A word or a fact, and by how much the probability falls without it (negative: it spoke against)."""

    kind: str
    what: str
    said: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why it came out so: pieces for and against, likest examples, and the smallest change found that changes it."""

    prediction: Prediction
    pieces: tuple[Piece, ...]
    neighbours: tuple[Neighbour, ...]
    otherwise: tuple[str, ...] = ()
    then: str = ""
