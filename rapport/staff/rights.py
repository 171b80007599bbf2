"""What each role may do: the one table. Pages ask it (`web/rights.py`), docs/roles.md and the page of roles show it.

A right never widens what somebody sees: that follows from their teams, and the database holds it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rapport.staff.models import Role


@dataclass(frozen=True)
class Permission:
    """A right: which roles have it, and in one sentence each what it lets them do."""

    name: str
    roles: frozenset[str]
    deeds: tuple[Promise, ...]

    def __contains__(self, role: object) -> bool:
        return role in self.roles


READ = Permission(
    "read",
    frozenset(Role.values),
    (
        _("Read the conversations, people and files that their teams may see, and search them."),
        _("See reports, the policy, templates, who works here, and download what they may see."),
        _("See the log of what happened in conversations they may see, and of what they did themselves."),
        _("Change their own profile, password, second factor, sessions, notices and saved views."),
    ),
)
WRITE = Permission(
    "write",
    frozenset({Role.ADMIN, Role.LEAD, Role.AGENT}),
    (
        _("Answer, write notes, start conversations, and take back what has not gone yet."),
        _("Assign, resolve, merge, split, snooze, link and label conversations, one or many at once."),
        _("Write templates, and say what a person is to the company."),
        _("Take the people they may see out of Rapport as a file."),
        _("See the load of their teams and hand over conversations."),
    ),
)
LEAD = Permission(
    "lead",
    frozenset({Role.ADMIN, Role.LEAD}),
    (
        _("Change the policy that decides who owns what, try it on the past, and bring back an earlier version."),
        _("Bring people in from files."),
    ),
)
PRIVACY = Permission(
    "privacy",
    frozenset({Role.ADMIN, Role.LEAD}),
    (
        _("Put together all that is held on a person, as far as they may see it."),
        _("Put a person under a hold, so that nobody erases them, and end it."),
    ),
)
ADMINISTER = Permission(
    "administer",
    frozenset({Role.ADMIN}),
    (
        _("Invite, change and deactivate members, end their sessions, and remove a lost second factor."),
        _("Make and change teams, business hours and the settings of the company."),
        _("Connect channels, and look after what could not be understood."),
        _("Set up single sign-on, and directories of members and employees."),
        _("Let an endpoint elsewhere be asked for second opinions, and set what it may cost."),
        _("See sign-ins, settings and exports of everybody in the log."),
        _("Erase people, and say for what they are written to and how long what they said is kept."),
    ),
)
PERMISSIONS = (READ, WRITE, LEAD, PRIVACY, ADMINISTER)


@dataclass(frozen=True)
class Row:
    """One deed, and for each role whether it may."""

    deed: Promise
    permission: Permission

    @property
    def cells(self) -> list[bool]:
        """In the order of `ROLES`."""
        return [role in self.permission for role in ROLES]


ROLES = (Role.READER, Role.AGENT, Role.LEAD, Role.ADMIN)


def rows() -> Iterator[Row]:
    """The table."""
    return (Row(deed, permission) for permission in PERMISSIONS for deed in permission.deeds)


def document() -> str:
    """docs/roles.md, whole."""
    lines = [
        "# Roles",
        "",
        "Written from `rapport/staff/rights.py`; do not edit it here. A test calls every address as every role.",
        "",
        "A role says what a member may *do*. What they may *see* follows from their teams and is held by the database",
        "([security model](security-model.md)): no role, administrator included, opens a confidential conversation of",
        "another team.",
        "",
        "| | " + " | ".join(str(role.label) for role in ROLES) + " |",
        "| --- |" + " --- |" * len(ROLES),
    ]
    lines += [f"| {row.deed} | " + " | ".join("yes" if may else "–" for may in row.cells) + " |" for row in rows()]
    return "\n".join(lines) + "\n"
