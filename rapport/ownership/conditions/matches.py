"""What is said, by its shape: order numbers, contract numbers, versions."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

from rapport.ownership.conditions.base import Check, Input, Plain, either, gettext_noop, one_or_list, quoted, texts
from rapport.ownership.expressions import LENGTH_MAX, Expression, NoExpression
from rapport.ownership.facts import Facts
from rapport.ownership.problems import Problems

_WHERE = {"": "it", "subject": "the subject", "text": "the text"}
_SHOWN_MAX = 80


@dataclass(frozen=True)
class Matches:
    """Patterns (regular expressions) that subject or text meet.

    Its reasons name the pattern and never what was found: that is the sender's, and may be their contract.
    """

    name: ClassVar[str] = "matches"
    label: ClassVar[str] = gettext_noop("Patterns")
    description: ClassVar[str] = gettext_noop(
        "A regular expression found in the subject or the text, in any case of letters; any of them is enough. "
        "\\d is a digit, \\w a letter or digit, {6} six times; ^ and $ begin and end a line."
    )
    input: ClassVar[Input] = Input("patterns", placeholder=r"INV-\d{6}")

    patterns: tuple[str, ...]
    where: str = ""

    @cached_property
    def _expressions(self) -> tuple[Expression, ...]:
        return tuple(Expression(one) for one in self.patterns)

    def check(self, facts: Facts) -> Check:
        """Hit when one of them is found."""
        for one in self._expressions:
            if one.is_in(facts.readable, self.where):
                return Check(True, f"{_WHERE[self.where]} matches “{_short(one.written)}”")
        return self._miss

    @cached_property
    def _miss(self) -> Check:
        return Check(False, f"{_WHERE[self.where]} does not match {self._named}")

    @cached_property
    def _named(self) -> str:
        return either(quoted(map(_short, self.patterns)))

    def plain(self) -> Plain:
        """One, a list, or a table with `any` and `in`."""
        written = one_or_list(self.patterns)
        return {"any": written, "in": self.where} if self.where else written

    def describe(self) -> str:
        """ "it matches “INV-\\d{6}”"."""
        return f"{_WHERE[self.where]} matches {self._named}"

    @classmethod
    def parse(cls, value: Plain, problems: Problems) -> Self | None:
        """A pattern or a list (any of them), or { any = [...], in = "subject" }."""
        given = value if isinstance(value, dict) else {"any": value}
        where = given.get("in", "")
        if "any" not in given or not set(given) <= {"any", "in"} or where not in ("", "subject", "text"):
            problems.note('expected patterns in quotes, or { any = ["…"], in = "subject" } (or "text")')
            return None
        patterns = texts(given["any"], problems, "a pattern", length_max=LENGTH_MAX)
        before = len(problems.found)
        for one in patterns or ():
            try:
                Expression(one).check()
            except NoExpression as error:
                problems.note(f"“{_short(one)}” is no pattern to use: {error}")
        return cls(patterns, str(where)) if patterns and len(problems.found) == before else None


def _short(written: str) -> str:
    return written if len(written) <= _SHOWN_MAX else f"{written[: _SHOWN_MAX - 1]}…"
