"""What is asked, as keys of `people_key` and as conditions that are looked at row by row behind the wall. Pure.

Keys narrow: a row without them is not meant. A person of several rows (a tree) has the keys of all of them, also of
rows that the viewer may not see; so of a tree each condition is asked once more of the rows that the viewer sees.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rapport.people.directory.asked import Asked

#: Letters of languages that are written without spaces begin here.
_NO_SPACES_FROM = 0x2E80
#: Nobody has it: what was typed has neither letters nor digits.
NOTHING = "nothing"
#: As much of names and addresses as a row of `people_row` has room for.
_LETTERS_MAX = 160
#: Rows of one person that the viewer sees.
_OWN = "SELECT 1 FROM people_person x{join} WHERE x.root = p.root AND {what} OFFSET 0"

_NAMED_IN_FULL = """EXISTS (SELECT 1 FROM people_person y WHERE y.id = x.id AND (' ' || rapport_fold(y.name) LIKE %s
    OR EXISTS (SELECT 1 FROM people_handle h WHERE h.person_id = y.id
        AND (' ' || rapport_fold(h.value) LIKE %s OR ' ' || rapport_fold(h.written) LIKE %s) OFFSET 0)) OFFSET 0)"""


@dataclass(frozen=True)
class Where:
    """One condition with what stands for its %s."""

    sql: str
    params: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Need:
    """What a list needs: all `tags`, one of each of `any_of`, none of `none_of`, every one of `words`, and `checks`.

    `letters` are the keys of each of the words. Of trees `exact` says the same as all of them. `heard` is asked of
    `people_heard`, `since` of the row.
    """

    tags: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    none_of: tuple[str, ...] = ()
    letters: tuple[tuple[str, ...], ...] = ()
    words: tuple[str, ...] = ()
    checks: tuple[Where, ...] = ()
    exact: tuple[Where, ...] = ()
    since: str = ""
    teams: tuple[UUID, ...] = ()
    heard_after: datetime | None = None
    not_heard_after: datetime | None = None
    never_heard: bool = False
    nameless: bool = False


@dataclass
class _Gathering:
    tags: list[str] = field(default_factory=list)
    any_of: list[tuple[str, ...]] = field(default_factory=list)
    none_of: list[str] = field(default_factory=list)
    exact: list[Where] = field(default_factory=list)

    def add(self, tag: str, exact: Where) -> None:
        """A condition, as a tag and as it is asked of trees."""
        self.tags.append(tag)
        self.exact.append(exact)


@dataclass(frozen=True)
class Viewer:
    """Who asks: their id, the teams in whose name they see (everyone's included), and what time it is."""

    member_id: UUID
    teams: tuple[UUID, ...]
    now: datetime


def letters_of(word: str) -> list[str]:
    """The keys that whatever has this folded word in it has: three letters each, or how a word begins."""
    dense = [f".{letter}" for letter in word if ord(letter) >= _NO_SPACES_FROM]
    if len(word) >= 3:
        return [word[at : at + 3] for at in range(len(word) - 2)]
    return dense or [f"^{word}"]


def need_of(asked: Asked, viewer: Viewer, folded: Sequence[str], holders: Sequence[UUID]) -> Need:
    """What a list of people needs. `folded` are the words of `asked`, as the database folds them; `holders` are the
    members of the team asked for."""
    found = _Gathering(tags=[NOTHING] if asked.q and not folded else [])
    _add_plain(found, asked, viewer)
    if asked.team:
        found.any_of.append(tuple(f"h:{one}" for one in holders) or (NOTHING,))
        found.exact.append(_own("x.holder_id = ANY(%s)", [list(holders)]))
    found.exact += [_named(word) for word in folded]
    days = timedelta(days=asked.heard_days)
    return Need(
        tuple(found.tags), tuple(found.any_of), tuple(found.none_of),
        tuple(tuple(letters_of(word)) for word in folded), tuple(pattern_of(word) for word in folded),
        exact=tuple(found.exact), since=asked.since, teams=viewer.teams,
        heard_after=viewer.now - days if asked.heard.startswith("in") else None,
        not_heard_after=viewer.now - days if asked.heard.startswith("not") else None,
        never_heard=asked.heard == "never", nameless=bool(asked.nameless),
    )  # fmt: skip


def organization_need(asked: Asked, folded: Sequence[str]) -> Need:
    """The same for a list of organizations."""
    tags = ["organization", *([NOTHING] if asked.q and not folded else [])]
    tags += [f"r:{asked.relation}"] if asked.relation else []
    tags += [f"p:{asked.parent}"] if asked.parent else []
    tags += [f"f:{key}={value.lower()}" for key, value in asked.custom.items()]
    known = """' ' || rapport_fold(concat_ws(' ', p.name, p.domain, (SELECT string_agg(d.domain, ' ')
        FROM people_organizationdomain d WHERE d.organization_id = p.id)))"""
    checks = [Where(f"{known} LIKE %s", (pattern_of(word),)) for word in folded if len(word) != 3]
    letters = tuple(tuple(letters_of(word)) for word in folded)
    return Need(tuple(tags), letters=letters, checks=tuple(checks), since=asked.since)


def pattern_of(word: str) -> str:
    """For LIKE behind a space: within a text, or where a word begins for one or two letters."""
    return f"% {word}%" if _begins(word) else f"%{word}%"


def _begins(word: str) -> bool:
    return len(word) < 3 and all(ord(letter) < _NO_SPACES_FROM for letter in word)


def _named(word: str) -> Where:
    """Whether one of the rows that the viewer sees has it. Rows whose words are cut off are read in full."""
    return Where(
        f"""EXISTS (SELECT 1 FROM people_row x WHERE x.root = p.root AND (' ' || x.words LIKE %s
            OR (length(x.words) = {_LETTERS_MAX} AND {_NAMED_IN_FULL})) OFFSET 0)""",
        (pattern_of(word),) * 4,
    )


def _add_plain(found: _Gathering, asked: Asked, viewer: Viewer) -> None:
    if asked.relation:
        found.add(f"r:{asked.relation}", _related(asked.relation))
    if asked.organization:
        _add_one(found, "o", "x.organization_id", asked.organization)
    if asked.holder:
        _add_one(found, "h", "x.holder_id", str(viewer.member_id) if asked.holder == "me" else asked.holder)
    if asked.language:
        given = "" if asked.language == "none" else asked.language
        found.add(f"l:{given}", _own("lower(split_part(x.language, '-', 1)) = %s", [given]))
    if asked.kind:
        _add_kind(found, asked.kind)
    if asked.stop == "1":
        found.add("stop", _own("x.do_not_contact"))
    elif asked.stop == "0":
        found.none_of.append("stop")
        found.exact.append(Where(f"NOT EXISTS ({_OWN.format(join='', what='x.do_not_contact')})"))
    if asked.nameless:
        found.add("nameless", _own("x.id = p.id AND btrim(x.name) = ''"))
    for key, value in asked.custom.items():
        found.add(f"f:{key}={value.lower()}", _own("lower(x.fields ->> %s) = %s", [key, value.lower()]))


def _add_one(found: _Gathering, letter: str, column: str, given: str) -> None:
    if given == "none":
        found.add(f"{letter}:", _own(f"{column} IS NULL AND x.id = p.id"))
    else:
        found.add(f"{letter}:{UUID(given)}", _own(f"{column} = %s", [UUID(given)]))


def _add_kind(found: _Gathering, kind: str) -> None:
    handled = " JOIN people_handle h ON h.person_id = x.id"
    if kind == "none":
        found.add("k:", Where(f"NOT EXISTS ({_OWN.format(join=handled, what='true')})"))
    else:
        found.add(f"k:{kind}", Where(f"EXISTS ({_OWN.format(join=handled, what='h.kind = %s')})", (kind,)))


def _own(what: str, params: Sequence[Any] = ()) -> Where:
    return Where(f"EXISTS ({_OWN.format(join='', what=what)})", tuple(params))


def _related(kind: str) -> Where:
    current = "r.kind = %s AND (r.until IS NULL OR r.until > current_date)"
    own = _OWN.format(join=" JOIN people_relationship r ON r.person_id = x.id", what=current)
    theirs = _OWN.format(
        join=" JOIN people_organizationrelationship r ON r.organization_id = x.organization_id", what=current
    )
    return Where(f"(EXISTS ({own}) OR EXISTS ({theirs}))", (kind, kind))
