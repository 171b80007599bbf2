"""What is wrong with a policy, where, and what was expected. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches

from rapport.core.errors import Invalid

Path = tuple[str | int, ...]
"""Where in a policy: ("rules", 3, "when", "topic"); positions count from 0."""

SHOWN_MAX = 20
"""How many problems are shown; the others are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `line` counts from 1, and is None where there is no text."""

    path: Path
    message: str
    line: int | None = None

    @property
    def rule(self) -> int | None:
        """The number of the rule it concerns, from 1."""
        inside = len(self.path) > 1 and self.path[0] == "rules" and isinstance(self.path[1], int)
        return int(self.path[1]) + 1 if inside else None

    @property
    def test(self) -> int | None:
        """The number of the example it concerns, from 1."""
        inside = len(self.path) > 1 and self.path[0] == "tests" and isinstance(self.path[1], int)
        return int(self.path[1]) + 1 if inside else None

    @property
    def field(self) -> str:
        """The field of the rule, of the example or of the policy it concerns: "when.topic"."""
        return ".".join(str(part) for part in (self.path[2:] if self.rule or self.test else self.path))

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line else []
        place += [f"rule {self.rule}"] if self.rule else []
        place += [f"test {self.test}"] if self.test else []
        place += [self.field] if self.field else []
        return f"{', '.join(place)}: {self.message}" if place else self.message


class PolicyError(Invalid):
    """A policy that cannot be used, or a condition that failed; `problems` has each reason with its place."""

    def __init__(self, problems: Iterable[Problem] | str, hint: str = "Nothing was changed.") -> None:
        self.problems = (Problem((), problems),) if isinstance(problems, str) else tuple(problems)
        shown = [str(problem) for problem in self.problems[:SHOWN_MAX]]
        if len(self.problems) > SHOWN_MAX:
            shown.append(f"and {len(self.problems) - SHOWN_MAX} more")
        super().__init__("\n".join(shown), hint)


@dataclass(frozen=True)
class Vocabulary:
    """The names a policy may use: what it calls `of` ("teams", "topics", "members", "hours", "channels", "skills") to
    the names.

    `members_of` has, by team, the e-mail addresses of its members; `readers` those of all who only read. `called` has,
    by what it calls `of`, how people call what has a short name ("teams", "topics", "members").
    """

    names: Mapping[str, frozenset[str]]
    members_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    readers: frozenset[str] = frozenset()
    called: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def choices(self, of: str, without: frozenset[str] = frozenset()) -> tuple[tuple[str, str], ...]:
        """What may be chosen of it: each name with how people call it, in the order of the latter. Where two are called
        the same, their names stand beside.
        """
        called, names = self.called.get(of, {}), self.names.get(of, frozenset()) - without
        many = Counter(called.get(name, name) for name in names)
        offered = [(name, f"{words} ({name})" if many[words] > 1 else words)
                   for name, words in ((name, called.get(name, name)) for name in names)]  # fmt: skip
        return tuple(sorted(offered, key=lambda one: (one[1].casefold(), one[0])))


class Problems:
    """Collects what is wrong while a policy is read, and knows where the reader is."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self.found: list[Problem] = []
        self.vocabulary = vocabulary
        self._path: Path = ()

    @contextmanager
    def at(self, *parts: str | int) -> Iterator[None]:
        """What is noted inside the block concerns this part."""
        before = self._path
        self._path = (*before, *parts)
        try:
            yield
        finally:
            self._path = before

    @property
    def depth(self) -> int:
        """How deep inside the policy the reader is."""
        return len(self._path)

    def note(self, message: str) -> None:
        """Note what is wrong here."""
        self.found.append(Problem(self._path, message))

    def unknown(self, what: str, given: str, allowed: Iterable[str]) -> None:
        """Note that there is no such `what` ("a team"), with the nearest one there is."""
        if len(self.found) >= SHOWN_MAX:  # nobody reads more of them, and looking for what was meant takes long
            self.note(f"there is no {what} “{given[:80]}”")
            return
        allowed = sorted(allowed)
        near = get_close_matches(given.lower(), allowed, 1, 0.5)
        named = what.partition(" ")[2] if what.startswith(("a ", "an ")) else what
        advice = f"did you mean “{near[0]}”?" if near else f"there are: {', '.join(allowed[:12]) or 'none'}"
        self.note(f"there is no {named} “{given[:80]}”; {advice}")

    def names(self, of: str) -> frozenset[str] | None:
        """The names the company has for `of`; None where they are not known and every name will do."""
        return self.vocabulary.names.get(of) if self.vocabulary else None

    def stop_if_any(self) -> None:
        """Raise PolicyError when something was noted."""
        if self.found:
            raise PolicyError(self.found)
