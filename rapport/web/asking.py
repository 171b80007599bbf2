"""A query as the pages show it: read, resolved, with a chip for each part and a sentence for each problem."""

from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest

from rapport.conversations.asking.language import Asked, Filter, Problem, Term, part_written, read, written
from rapport.conversations.asking.resolve import Looker, Names, resolve
from rapport.conversations.asking.words import sentence
from rapport.conversations.search import Search, unfinished_word
from rapport.core.clock import now
from rapport.staff.models import Member
from rapport.web.rights import member_of
from rapport.web.shell import shell_of


@dataclass(frozen=True)
class Chip:
    """One part of the query, and the query without it; None where it cannot be taken away."""

    text: str
    without: str | None
    negated: bool


@dataclass(frozen=True)
class Question:
    """What a page was asked."""

    typed: str
    search: Search

    @property
    def asked(self) -> Asked:
        """What was understood."""
        return self.search.asked

    @property
    def written(self) -> str:
        """The query in its one way of writing."""
        return written(self.asked)

    @property
    def chips(self) -> list[Chip]:
        """Its filters; words stand in the field."""
        return [chip_of(self.asked, part) for part in self.asked.filters]

    @property
    def problems(self) -> list[str]:
        """What was not understood, in words."""
        found: list[Problem] = [*self.asked.problems, *self.search.names.problems]
        return [sentence(problem) for problem in dict.fromkeys(found)]

    def with_filter(self, operator: str, value: str) -> str:
        """The address part of the same query with one filter more."""
        return urlencode({"q": written(self.asked.plus(operator, value))})


def chip_of(asked: Asked, part: Term | Filter) -> Chip:
    """A part with the query that remains without it."""
    return Chip(part_written(part), written(asked.minus(part)), part.negated)


def question_of(request: HttpRequest, typed: str) -> Question:
    """Read and resolve what was typed, for the member who asks; nothing that one types is an error."""
    member = member_of(request)
    asked, zone = read(typed), _zone(member)
    looker = Looker(member.id, shell_of(request).team_ids, now().astimezone(zone).date())
    names = resolve(asked, looker) if asked.filters else Names()
    return Question(typed, Search(asked, names, looker, member, zone, unfinished_word(asked, typed)))


def _zone(member: Member) -> ZoneInfo:
    try:
        return ZoneInfo(member.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
