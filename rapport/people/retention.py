"""Whether a rule of retention is about something, and which of several comes first. Pure.

Rules do not argue: what any of them says is due is due, so that of two the one that protects the person more is what
happens. Where several are due at once the one that takes more away goes first. A hold stands above all of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

BODIES, PSEUDONYMISE, ERASE = "bodies", "pseudonymise", "erase"
_STRENGTH = {BODIES: 0, PSEUDONYMISE: 1, ERASE: 2}


@dataclass(frozen=True, slots=True)
class Rule:
    """How long is kept what people of these relationships, and no others, said. `channel` "" is any; `anybody`: of
    whatever relationships; without either, who is nothing to us. `only_spam`: what was marked as spam alone."""

    act: str
    days: int
    channel: str = ""
    relationships: frozenset[str] = frozenset()
    anybody: bool = False
    only_spam: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """Something that was said: when, where, by whom; `latest` is the last that was said by or to them anywhere."""

    at: datetime
    latest: datetime
    channel: str
    relationships: frozenset[str]
    is_spam: bool = False
    is_open: bool = False
    is_held: bool = False


def applies(rule: Rule, case: Case) -> bool:
    """Whether the rule speaks of this at all, however old it is."""
    if case.is_held or (rule.only_spam and not case.is_spam):
        return False
    if rule.channel and rule.channel != case.channel:
        return False
    if rule.anybody:
        return True
    return case.relationships <= rule.relationships and bool(case.relationships) == bool(rule.relationships)


def due(rules: Iterable[Rule], case: Case, at: datetime) -> str:
    """What is to be done at a moment: the act that takes most away of those that are due, "" for none.

    A person goes only when nothing newer than the rule allows was said by or to them, and nothing of theirs is open.
    """
    found = [rule.act for rule in rules if applies(rule, case) and _is_old(rule, case, at)]
    return max(found, key=_STRENGTH.__getitem__, default="")


def strongest_first(rules: Iterable[tuple[str, int]]) -> list[int]:
    """The places of rules (act, place) in the order in which they run."""
    return [place for _, place in sorted(rules, key=lambda one: (-_STRENGTH[one[0]], one[1]))]


def _is_old(rule: Rule, case: Case, at: datetime) -> bool:
    edge = at - timedelta(days=rule.days)
    if rule.act == BODIES:
        return case.at < edge
    return case.latest < edge and not case.is_open
