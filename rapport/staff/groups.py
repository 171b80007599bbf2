"""What the groups of a directory give a member. Pure: no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

RANK = ("reader", "agent", "lead", "admin")


@dataclass(frozen=True)
class Rule:
    """Members of `group` belong to `team`, lead it, have a role: whatever is given."""

    group: str
    team: UUID | None = None
    is_lead: bool = False
    role: str = ""


@dataclass(frozen=True)
class Given:
    """The teams (True: as its lead) and the highest role that the rules give; "" for none."""

    teams: Mapping[UUID, bool]
    role: str = ""


def given_by(rules: Iterable[Rule], groups: Iterable[str]) -> Given:
    """Apply every rule whose group is among `groups`; names are compared without case."""
    names = {name.strip().casefold() for name in groups}
    teams: dict[UUID, bool] = {}
    role = ""
    for rule in rules:
        if rule.group.strip().casefold() not in names:
            continue
        if rule.team is not None:
            teams[rule.team] = teams.get(rule.team, False) or rule.is_lead
        role = highest(role, rule.role)
    return Given(teams, role)


def highest(one: str, other: str) -> str:
    """The stronger of two roles."""
    return max(one, other, key=lambda role: RANK.index(role) if role in RANK else -1)


def names_in(claim: object) -> list[str]:
    """The group names in a claim as providers send it: a list, one name, or names in objects."""
    if isinstance(claim, str):
        return [claim.strip()] if claim.strip() else []
    if isinstance(claim, Mapping):
        return names_in(claim.get("name") or claim.get("displayName") or claim.get("value"))
    if isinstance(claim, list | tuple):
        return [name for one in claim[:2000] for name in names_in(one)]
    return []
