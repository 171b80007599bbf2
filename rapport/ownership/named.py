"""Where the policy names somebody by an address: rules, tests, and the rest of versions and of leads' drafts.

It tells and changes nothing. A version in force decides whose mail it is, one of before explains what was decided by
it, and a draft is its lead's own. Reads in the system's scope: drafts stand behind a wall.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from rapport.core import bulk
from rapport.ownership.models import PolicyVersion
from rapport.people.forgetting import like
from rapport.people.naming import pattern_here

_NAMING = """SELECT number, NULL::uuid, jsonb_set(rules, '{note}', to_jsonb(note)) FROM ownership_policyversion
    WHERE rules::text ILIKE ANY(%s) OR note ILIKE ANY(%s)
UNION ALL SELECT NULL, member_id, jsonb_build_object('setup', setup) || coalesce(plain, '{}')
    FROM ownership_policydraft WHERE plain::text ILIKE ANY(%s) OR setup::text ILIKE ANY(%s)
ORDER BY 1 DESC NULLS LAST, 2"""


@dataclass(frozen=True)
class Named:
    """A version (`number`), or the draft of a `member`, and which rules and tests of it name them, from 1.

    `rest`: something else does, such as its note, a promise's steps, or the setup that a draft is tried with. It has
    numbers alone: what names somebody may be the name of a rule.
    """

    number: int | None
    member: UUID | None
    rules: tuple[int, ...]
    tests: tuple[int, ...]
    rest: bool = False
    in_force: bool = False

    def plain(self) -> dict[str, Any]:
        """To be kept: no address stands in it."""
        return asdict(self) | {"member": str(self.member) if self.member else None}


def from_plain(kept: Mapping[str, Any]) -> Named:
    """What `plain` made."""
    member = UUID(kept["member"]) if kept["member"] else None
    return Named(kept["number"], member, tuple(kept["rules"]), tuple(kept["tests"]), kept["rest"], kept["in_force"])


def named(addresses: Iterable[str]) -> list[Named]:
    """Everything that names one of these, the newest version first and drafts at the end."""
    wanted = sorted({one for one in addresses if one.strip()})
    if not wanted:
        return []
    likes = sorted({like(form) for one in wanted for form in (one, _in_json(one))})
    rows: list[tuple[Any, ...]] = bulk.select(_NAMING, [likes] * 4)
    numbers = PolicyVersion.objects.filter(tried=False).order_by("-number").values_list("number", flat=True)
    current = numbers.first()
    patterns = [re.compile(_pattern(one), re.IGNORECASE) for one in wanted]
    found = [_named(number, member, plain, patterns, in_force=number is not None and number == current)
             for number, member, plain in rows]  # fmt: skip
    return [one for one in found if one.rules or one.tests or one.rest]


def _named(
    number: int | None, member: UUID | None, plain: dict[str, Any], patterns: list[re.Pattern[str]], *, in_force: bool
) -> Named:  # fmt: skip
    rules, tests = ([at for at, one in enumerate(plain.get(part) or (), 1) if _names(one, patterns)]
                    for part in ("rules", "tests"))  # fmt: skip
    rest = {key: one for key, one in plain.items() if key not in ("rules", "tests")}
    return Named(number, member, tuple(rules), tuple(tests), _names(rest, patterns), in_force)


def _names(value: Any, patterns: list[re.Pattern[str]]) -> bool:
    if isinstance(value, str):
        return any(one.search(value) for one in patterns)
    if isinstance(value, Mapping):
        return any(_names(one, patterns) for pair in value.items() for one in pair)
    return isinstance(value, list | tuple) and any(_names(one, patterns) for one in value)


def _pattern(address: str) -> str:
    """An account that is a mere word must be all of a value, as elsewhere in an erasure."""
    return rf"\A\s*@?{re.escape(address)}\s*\Z" if address.isalpha() else pattern_here(address)


def _in_json(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
