"""What is asked of a list of people or organizations: read from an address or a segment, and written back.

Pure. Nonsense is no error: what makes no sense is left out and told, so that an address from elsewhere still opens.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from uuid import UUID

SORTS = ("name", "heard", "newest")
TEXT_MAX = 120
WORDS_MAX = 6
DAYS_MAX = 3650
CUSTOM = "f_"
_HEARD = re.compile(r"(in|not)([1-9]\d{0,3})|never")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SLUG = re.compile(r"[a-z0-9_-]{1,60}")


@dataclass(frozen=True)
class Asked:
    """What narrows a list. Empty is no condition; "none" of holder, language, organization and kind is "has none".

    `relation`: what somebody is to us, in their own right or by their organization. `heard`: "in<days>" (heard from
    within so many days), "not<days>" or "never". `team`: slug of the team whose members hold the relationship. `since`:
    known since that day. `custom`: custom fields by key. `parent`: of organizations, the one they belong to.
    """

    q: str = ""
    relation: str = ""
    organization: str = ""
    holder: str = ""
    team: str = ""
    language: str = ""
    kind: str = ""
    heard: str = ""
    since: str = ""
    stop: str = ""
    nameless: str = ""
    parent: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    sort: str = "name"

    @property
    def is_empty(self) -> bool:
        """Whether nothing narrows the list."""
        return not self.query(sort=False)

    @property
    def words(self) -> tuple[str, ...]:
        """The words that must stand in name or address, as typed."""
        return tuple(self.q.split()[:WORDS_MAX])

    @property
    def heard_days(self) -> int:
        """The days of `heard`; 0 where there are none."""
        return int(re.sub(r"\D", "", self.heard) or 0)

    def query(self, *, sort: bool = True) -> dict[str, str]:
        """As it stands in an address and in a segment."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        plain |= {CUSTOM + key: value for key, value in sorted(self.custom.items())}
        return {name: value for name, value in plain.items() if value} | (
            {"sort": self.sort} if sort and self.sort != "name" else {}
        )

    def without(self, name: str) -> "Asked":
        """The same without one of its conditions."""
        if name.startswith(CUSTOM):
            return replace(self, custom={key: one for key, one in self.custom.items() if CUSTOM + key != name})
        return replace(self, **dict.fromkeys([name], ""))  # type: ignore[arg-type]


_PLAIN = [one.name for one in fields(Asked) if one.name not in ("custom", "sort")]


def asked_of(
    given: Mapping[str, str], relations: Iterable[str], custom: Iterable[str]
) -> tuple[Asked, list[str]]:
    """What is asked, and the names of conditions that were left out because they make no sense.

    `relations` and `custom` are the kinds of relationships and the keys of custom fields that there are.
    """
    cleaned = {name: _clean(given.get(name, "")) for name in _PLAIN}
    checks = {
        "relation": lambda one: one in set(relations),
        "organization": lambda one: one == "none" or is_id(one),
        "holder": lambda one: one in ("none", "me") or is_id(one),
        "team": lambda one: bool(_SLUG.fullmatch(one)),
        "language": lambda one: one == "none" or bool(_LANGUAGE.fullmatch(one)),
        "kind": lambda one: bool(_SLUG.fullmatch(one)),
        "heard": lambda one: bool(_HEARD.fullmatch(one)) and int(re.sub(r"\D", "", one) or 0) <= DAYS_MAX,
        "since": is_day,
        "stop": lambda one: one in ("1", "0"),
        "nameless": lambda one: one == "1",
        "parent": is_id,
    }
    wrong = [name for name, check in checks.items() if cleaned[name] and not check(cleaned[name])]
    known = set(custom)
    held = {name[len(CUSTOM) :]: _clean(value) for name, value in given.items() if name.startswith(CUSTOM)}
    wrong += [CUSTOM + key for key, value in held.items() if value and key not in known]
    sort = given.get("sort", "")
    asked = Asked(
        **{name: value for name, value in cleaned.items() if name not in wrong},
        custom={key: value for key, value in held.items() if value and key in known},
        sort=sort if sort in SORTS else "name",
    )
    return asked, wrong


def is_id(text: str) -> bool:
    """Whether it is a UUID."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def is_day(text: str) -> bool:
    """Whether it is a day of the calendar, as 2026-11-28."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-11-28")


def _clean(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())[:TEXT_MAX]
