"""What a condition is, and what conditions share to read and write themselves. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, Self

from rapport.ownership.facts import Facts
from rapport.ownership.problems import Problems

_NAMED_MAX = 2
_LENGTH_MAX = 200
_LIST_MAX = 1000

Plain = str | bool | int | list["Plain"] | dict[str, "Plain"]
"""What a policy file can hold."""


class Check(NamedTuple):
    """The outcome of a condition and a clause that says why: "the sender is a customer"."""

    hit: bool
    reason: str


@dataclass(frozen=True)
class Input:
    """What the policy page asks for.

    `kind` is "choices" (any of `choices`), "names" (any of what the company calls `of`: teams, topics,
    channels, hours), "texts" (any of what is typed), "words", "patterns" (one a line, and where to look),
    "time", "yes" (a box to tick) or "conditions" (others inside). `past` of the choices are kept by rules that have
    them and offered to no other.
    """

    kind: str
    of: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    placeholder: str = ""
    past: tuple[str, ...] = ()


class Condition(Protocol):
    """One question about the facts. To add one: a small frozen dataclass like its neighbours, and a line in
    `REGISTRY`.

    `name` is its key in a policy file, `label` and `description` are for the page.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    description: ClassVar[str]
    input: ClassVar[Input]

    def check(self, facts: Facts) -> Check:
        """Whether it holds, and why; the decision and its explanation come from here and nowhere else."""
        ...

    def plain(self) -> Plain:
        """Its value as a policy file has it; `parse` makes the condition of it again."""
        ...

    def describe(self) -> str:
        """The condition in words: "the sender is a customer or partner"."""
        ...

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """Make it from its value in a policy file; None when a problem was noted."""
        ...


def gettext_noop(words: str) -> str:
    """The same words, marked: catalogs gather what stands in a call of this name, and pages say it in the reader's
    language. Nothing in here may import Django.
    """
    return words


def either(values: Sequence[str], joined: str = "or") -> str:
    """ "a", "a or b", "a or 4 others"."""
    if len(values) > _NAMED_MAX:
        return f"{values[0]} {joined} {len(values) - 1} others"
    return f" {joined} ".join(values)


def quoted(values: Iterable[str]) -> list[str]:
    """Each value in quotation marks."""
    return [f"“{value}”" for value in values]


def one_or_list(values: Sequence[str]) -> Plain:
    """One value by itself, several as a list."""
    return values[0] if len(values) == 1 else list(values)


def texts(value: Plain, problems: Problems, what: str, *, length_max: int = _LENGTH_MAX) -> tuple[str, ...] | None:
    """One text or a list of them, each once, trimmed; `what` names them in a problem ("a topic")."""
    written = value if isinstance(value, list) else [value]
    if not written or len(written) > _LIST_MAX or not all(isinstance(one, str) and one.strip() for one in written):
        problems.note(f"expected {what} or a list of up to {_LIST_MAX} of them, as text in quotes")
        return None
    given = tuple(dict.fromkeys(str(one).strip() for one in written))
    if not all(one.isprintable() for one in given):
        problems.note("expected text without line breaks and control characters")
        return None
    too_long = next((one for one in given if len(one) > length_max), None)
    if too_long is not None:
        problems.note(f"“{too_long[:40]}…” is longer than {length_max} characters")
        return None
    return given


def chosen(value: Plain, problems: Problems, what: str, choices: Iterable[str]) -> tuple[str, ...] | None:
    """Texts of which each must be one of `choices`."""
    given, allowed = texts(value, problems, what), list(choices)
    if given is None:
        return None
    for one in given:
        if one not in allowed:
            problems.unknown(what, one, allowed)
            return None
    return given


def known(value: Plain, problems: Problems, what: str, of: str) -> tuple[str, ...] | None:
    """Texts of which each must be among what the company has of `of`, where that is known."""
    allowed = problems.names(of)
    return texts(value, problems, what) if allowed is None else chosen(value, problems, what, allowed)


def ticked(value: Plain, problems: Problems) -> bool | None:
    """True or False."""
    if isinstance(value, bool):
        return value
    problems.note("expected true or false")
    return None
