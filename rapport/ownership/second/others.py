"""Names of others in a message: members, people and organizations we know that stand in its words. System's scope.

They are looked for in the index of names, by pairs of words, so that it costs as much among a million people. Of whom
only some may know nothing is told by it: whatever is known here is taken out alike.
"""

import re
from collections.abc import Collection, Iterable
from uuid import UUID

from rapport.core import bulk
from rapport.ownership.second.naming import has_no_case
from rapport.ownership.second.redacting import parts_of
from rapport.people.models import Organization, OrganizationDomain, Person
from rapport.staff.models import Member

_ASKED_MAX = 8_000
"""More than 2,000 letters without spaces have, of every length that a name may have there."""
_PIECE_MAX = 4
"""Letters of a name in a script that puts no spaces between words."""
_WORD_MAX = 60
"""Longer is no name; and the database refuses a query with a word of more than 2,046 bytes."""
_PART_LEAST = 3
_COLLEAGUES_MAX = 1_000
_WORD = re.compile(r"[^\W_]+")
_PAIR = re.compile(r"(?<![^\W_])(?=([^\W_]+)(?:[^\w\n]|_){1,3}([^\W_]+))")
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
_INDEXED = """SELECT s.id, s.person FROM unnest(%s::text[]) AS q(asked) CROSS JOIN LATERAL (
    SELECT n.id, n.person FROM search_name n
    WHERE {} AND to_tsvector('simple', rapport_name(n.id, n.revision)) @@ q.asked::tsquery LIMIT 20) AS s"""
_NAMED = f"""SELECT DISTINCT s.person, coalesce(p.name, o.name)
FROM ({_INDEXED.format("n.person")} UNION ALL {_INDEXED.format("NOT n.person")}) AS s
LEFT JOIN people_person p ON s.person AND p.id = s.id AND NOT p.shared
LEFT JOIN people_organization o ON NOT s.person AND o.id = s.id
WHERE coalesce(p.name, o.name, '') <> ''"""


def names_in(text: str, organizations: Collection[UUID], ours: Iterable[str]) -> set[str]:
    """What to take out of a text that may be sent. Of members, and of people of these organizations, also a first name
    alone; what we call teams and topics (`ours`) is no name.
    """
    usual = words_of(ours)
    alone = _alone(text) - usual
    pairs = {_lowered(found.groups()) for found in _PAIR.finditer(text) if _may_be_names(found.groups())}
    pairs = {pair for pair in pairs if not usual.issuperset(pair)}
    return _near(text, alone, organizations) | _known(pairs, alone) | _domains(text)


def words_of(ours: Iterable[str]) -> set[str]:
    """The words that say what we call teams and topics, in lower case: none of them is taken for a name."""
    return {word.lower() for one in ours for word in _WORD.findall(one)}


def _alone(text: str) -> set[str]:
    """The words that may be a name by themselves, in lower case: with a capital or a digit, or of a script without."""
    found = set[str]()
    for word in _WORD.findall(text):
        if has_no_case(word):
            sizes = range(2, _PIECE_MAX + 1)
            found |= {word[at : at + size] for size in sizes for at in range(len(word) - size + 1)}
        if not _may_be_names([word]):
            continue
        if has_no_case(word) or word != word.lower() or any(sign.isdigit() for sign in word):
            found.add(word.lower())
    return found


def _may_be_names(words: Iterable[str]) -> bool:
    return all(len(word) <= _WORD_MAX for word in words)


def _lowered(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word.lower() for word in words)


def _near(text: str, alone: set[str], organizations: Collection[UUID]) -> set[str]:
    """Our members, and who works where the sender does: who is called by their first name."""
    members = Member.objects.values_list("name", flat=True)
    colleagues = Person.objects.filter(organization__in=organizations).values_list("name", flat=True)
    whole, found = text.lower(), set[str]()
    for name in {*members, *colleagues[:_COLLEAGUES_MAX]} - {""}:
        words = _lowered(_WORD.findall(name))
        found |= {one for one in words if one in alone and (len(one) >= _PART_LEAST or has_no_case(one))}
        if name.lower() in whole:
            found.add(name)
    return found


def _known(pairs: set[tuple[str, ...]], alone: set[str]) -> set[str]:
    """People and organizations by two words of their names that stand together, or by the one they are called."""
    asked = sorted(f"'{one}' & '{other}'" for one, other in pairs)[:_ASKED_MAX]
    asked += sorted(f"'{one}'" for one in alone)[:_ASKED_MAX]
    found = set[str]()
    for is_person, name in bulk.select(_NAMED, [asked, asked]) if asked else ():
        words = {*_lowered(_WORD.findall(name))}
        together = {pair for pair in pairs if words.issuperset(pair)}
        if together or (len(words) == 1 and words <= alone):
            found |= parts_of([name]) if is_person else {name, *map(" ".join, together)}
    return found


def _domains(text: str) -> set[str]:
    labels = [one.lower().split(".") for one in _DOMAIN.findall(text)]
    asked = {".".join(one[at:]) for one in labels for at in range(len(one) - 1)}
    if not asked:
        return set()
    first, further = (one.objects.filter(domain__in=asked) for one in (Organization, OrganizationDomain))
    return {str(one) for one in (*first.values_list("domain", flat=True), *further.values_list("domain", flat=True))}
