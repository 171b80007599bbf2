"""The one language of search and filters: text to what was asked, and back. Pure; it never raises.

    refund "never arrived" -parcel team:"customer service" is:late after:7d

What cannot be understood becomes a problem, and the rest is asked all the same.
"""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches

from rapport.conversations.asking.dates import span_of
from rapport.conversations.asking.operators import ALIASES, DATES, OPERATORS, STATES, STATUSES, Operator, Takes

LENGTH_MAX = 1000
PARTS_MAX = 30
_QUOTES = dict.fromkeys(map(ord, "“”„‟«»＂"), '"')
_OPERATOR = re.compile(r"([A-Za-z][A-Za-z_-]{0,19}):(?!//)")
_A_DAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Term:
    """A word or a phrase to be found, or not to be."""

    text: str
    phrase: bool = False
    negated: bool = False


@dataclass(frozen=True)
class Filter:
    """An operator with what stands behind it."""

    operator: str
    value: str
    negated: bool = False


@dataclass(frozen=True)
class Problem:
    """Something that was not understood: a code for the words of it, what was written, and what may have been meant."""

    code: str
    what: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Asked:
    """What somebody looks for."""

    terms: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()
    problems: tuple[Problem, ...] = field(default=(), compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked."""
        return not self.terms and not self.filters

    @property
    def words(self) -> list[str]:
        """What is to be highlighted."""
        return [term.text for term in self.terms if not term.negated]

    def values(self, operator: str, negated: bool = False) -> list[str]:
        """Everything written behind an operator."""
        return [one.value for one in self.filters if one.operator == operator and one.negated == negated]

    def plus(self, operator: str, value: str) -> "Asked":
        """The same, and this filter."""
        added = Filter(operator, value)
        return self if added in self.filters else replace(self, filters=(*self.filters, added))

    def minus(self, part: Term | Filter) -> "Asked":
        """The same without one part."""
        return replace(
            self,
            terms=tuple(one for one in self.terms if one != part),
            filters=tuple(one for one in self.filters if one != part),
        )


def read(text: str) -> Asked:
    """What was asked; oddities become problems."""
    clean, problems = _cleaned(text)
    terms: list[Term] = []
    filters: list[Filter] = []
    position = 0
    while position < len(clean):
        if clean[position] == " ":
            position += 1
        elif len(terms) + len(filters) >= PARTS_MAX:
            problems.append(Problem("many", hint=str(PARTS_MAX)))
            break
        else:
            position = _take(clean, position, terms, filters, problems)
    asked = Asked(tuple(dict.fromkeys(terms)), tuple(dict.fromkeys(filters)))
    return replace(asked, problems=tuple(dict.fromkeys([*problems, *_contradictions(asked)])))


def written(asked: Asked) -> str:
    """The same in writing; reading it gives the same again."""
    return " ".join([*map(part_written, asked.terms), *map(part_written, asked.filters)])


def part_written(part: Term | Filter) -> str:
    """One part in writing."""
    minus = "-" if part.negated else ""
    if isinstance(part, Term):
        return f'{minus}"{part.text}"' if part.phrase else f"{minus}{part.text}"
    bare = re.fullmatch(r'[^\s",]+', part.value)
    return f"{minus}{part.operator}:" + (part.value if bare else f'"{part.value}"')


def _cleaned(text: str) -> tuple[str, list[Problem]]:
    problems = []
    if "\0" in text:
        problems.append(Problem("nul"))
    if len(text) > LENGTH_MAX:
        problems.append(Problem("long", hint=str(LENGTH_MAX)))
    # Lone surrogates cannot be stored; control characters are no words.
    kept = text[:LENGTH_MAX].encode("utf-8", "ignore").decode().translate(_QUOTES)
    shown = "".join(" " if unicodedata.category(one) == "Cc" else one for one in unicodedata.normalize("NFC", kept))
    return " ".join(shown.split())[:LENGTH_MAX], problems


def _take(text: str, at: int, terms: list[Term], filters: list[Filter], problems: list[Problem]) -> int:
    """Read one part that begins at `at`; where the next may begin."""
    start = at
    while at < len(text) and text[at] == "-":
        at += 1
    negated = at > start
    if at >= len(text) or text[at] == " ":
        problems.append(Problem("minus"))
        return at
    if text[at] == '"':
        phrase, at = _quoted(text, at, problems)
        if phrase:
            terms.append(Term(phrase, phrase=True, negated=negated))
        return at
    found = _OPERATOR.match(text, at)
    if found and (operator := _operator(found[1])):
        quoted = text[found.end() : found.end() + 1] == '"'
        value, at = _quoted(text, found.end(), problems) if quoted else _bare(text, found.end())
        _filters(operator, [value] if quoted else value.split(","), negated, filters, problems)
        return at
    word, at = _bare(text, at)
    if found and len(word) > len(found[0]):
        problems.append(Problem("unknown", found[1], _meant(found[1])))
    if word:
        terms.append(Term(word, negated=negated))
    return max(at, start + 1)


def _quoted(text: str, at: int, problems: list[Problem]) -> tuple[str, int]:
    end = text.find('"', at + 1)
    if end < 0:
        problems.append(Problem("quote"))
        end = len(text)
    return text[at + 1 : end].strip(), end + 1


def _bare(text: str, at: int) -> tuple[str, int]:
    ends = [end for mark in ' "' if (end := text.find(mark, at)) >= 0]
    end = min(ends, default=len(text))
    return text[at:end], end


def _operator(written_as: str) -> Operator | None:
    name = written_as.lower()
    return OPERATORS.get(ALIASES.get(name, name))


def _meant(name: str) -> str:
    close = get_close_matches(name.lower(), [*OPERATORS, *ALIASES], 1, 0.6)
    return ALIASES.get(close[0], close[0]) if close else ""


def _filters(
    operator: Operator, values: list[str], negated: bool, filters: list[Filter], problems: list[Problem]
) -> None:
    given = [value for value in (one.strip() for one in values) if value]
    if not given:
        problems.append(Problem("empty", operator.name, operator.example))
    for value in given:
        name, plain = _settled(operator, value)
        if not plain:
            code = "date" if operator.takes is Takes.DATE else "choice"
            problems.append(Problem(code, f"{operator.name}:{value}", _offer(operator, value)))
        elif len(filters) < PARTS_MAX:
            filters.append(Filter(name, plain, negated))


def _settled(operator: Operator, value: str) -> tuple[str, str]:
    """The operator and value in their one way of writing; an empty value when it is none of its words."""
    lower = value.lower()
    if operator.name in ("is", "status"):
        name = "status" if lower in STATUSES else "is"
        return name, lower if lower in STATUSES + STATES else ""
    if operator.takes is Takes.CHOICE:
        return operator.name, lower if lower in operator.choices else ""
    if operator.takes is Takes.DATE:
        return operator.name, lower if span_of(lower, _A_DAY) else ""
    return operator.name, value


def _offer(operator: Operator, value: str) -> str:
    if operator.takes is Takes.DATE:
        return operator.example
    choices = STATUSES + STATES if operator.name in ("is", "status") else operator.choices
    close = get_close_matches(value.lower(), choices, 1, 0.6)
    return close[0] if close else ", ".join(choices)


def _contradictions(asked: Asked) -> list[Problem]:
    wanted = {(one.operator, one.value.casefold()) for one in asked.filters if not one.negated}
    unwanted = {(one.operator, one.value.casefold()) for one in asked.filters if one.negated}
    found = [Problem("contrary", f"{operator}:{value}") for operator, value in sorted(wanted & unwanted)]
    without = {term.text.casefold() for term in asked.terms if term.negated}
    found += [Problem("contrary", word) for word in asked.words if word.casefold() in without]
    statuses = set(asked.values("status"))
    if statuses and "open" not in statuses and {"late", "due-today"} & set(asked.values("is")):
        found.append(Problem("never_late"))
    first, end = bounds(asked, _A_DAY)
    if first and end and first >= end:
        found.append(Problem("no_days"))
    return found


def bounds(asked: Asked, today: date) -> tuple[date | None, date | None]:
    """The first day asked for, and the day after the last, from date:, after: and before: together."""
    first: date | None = None
    end: date | None = None
    for one in asked.filters:
        if one.operator not in DATES or one.negated:
            continue
        start, stop = span_of(one.value, today) or (None, None)
        if one.operator == "before":
            start, stop = None, start or stop
        elif one.operator == "after":
            start, stop = (start, None)
        first = max(filter(None, (first, start)), default=None)
        end = min(filter(None, (end, stop)), default=None)
    return first, end
