"""SCIM users as employees: known as people, whether or not they are members.

A key for members keeps members, and each of them is known as an employee, too. A key for employees only (`people_only`)
keeps employees: nobody whom it sends can sign in, and what it may not give (groups, roles) it cannot ask for.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from rapport.api.scim.about import ENTERPRISE, USER
from rapport.api.scim.errors import ScimError
from rapport.api.scim.filters import Node, Test
from rapport.api.scim.patch import as_boolean
from rapport.core import events
from rapport.core.clock import now
from rapport.people.exchange import employees as people
from rapport.people.exchange.employee import Employee as Colleague
from rapport.people.models import Employee
from rapport.staff.models import ScimToken

SOURCE = "scim"
#: What is kept beside the name, as it came: it is sent back, and says who the person is.
KEPT = ("title", "phoneNumbers", "preferredLanguage", "locale", "timezone", ENTERPRISE)
_OWN = ("name", "displayName", "emails", *KEPT)
_ENTERPRISE_KEPT = ("department", "organization", "manager")


def said(given: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """What is kept of a resource; of the extension what its schema here names."""
    kept = {key: given[key] for key in names if given.get(key)}
    inner = kept.pop(ENTERPRISE, None)
    extension = {key: inner[key] for key in _ENTERPRISE_KEPT if inner.get(key)} if isinstance(inner, Mapping) else {}
    if isinstance(extension.get("manager"), str):  # Entra ID sends the id alone
        extension["manager"] = {"value": extension["manager"]}
    return kept | ({ENTERPRISE: extension} if extension else {})


def schemas(kept: Mapping[str, Any]) -> dict[str, list[str]]:
    """Which schemas a resource with these attributes has."""
    return {"schemas": [USER, ENTERPRISE] if kept.get(ENTERPRISE) else [USER]}


def keep(id: UUID, given: Mapping[str, Any], name: str, *, active: bool) -> None:
    """Make the employee a person, or end that they work here. In the system's scope. `name` is the directory's."""
    if not active:
        ended(id, name)
        return
    sync = people.Sync(name, SOURCE)
    done = sync.take([colleague(id, given)])
    outcome = next((what for what in ("new", "changed", "refused") if done.counts[what]), "")
    if outcome:
        events.record("employee.changed", data={"employee": str(id), "outcome": outcome})


def ended(id: UUID, name: str) -> None:
    """They work here no longer; who they are stays."""
    if people.end(SOURCE, name, [str(id)]):
        events.record("employee.changed", data={"employee": str(id), "outcome": "ended"})


def colleague(id: UUID, given: Mapping[str, Any]) -> Colleague:
    """A SCIM user as an employee, by the core and the enterprise schema (RFC 7643, sections 4.1 and 4.3)."""
    kept = said(given, (*_OWN, "userName"))
    name = kept.get("name") if isinstance(kept.get("name"), Mapping) else {}
    more = kept.get(ENTERPRISE, {})
    manager = more.get("manager") if isinstance(more.get("manager"), Mapping) else {}
    user_name = str(kept.get("userName", ""))
    emails = [*_values(kept.get("emails")), *([user_name] if "@" in user_name else [])]
    return Colleague(
        id=str(id), name=_text(kept.get("displayName")) or _text((name or {}).get("formatted")),
        given=_text((name or {}).get("givenName")), family=_text((name or {}).get("familyName")),
        emails=tuple(dict.fromkeys(emails)), phones=tuple(_values(kept.get("phoneNumbers"))),
        role=_text(kept.get("title")), department=_text(more.get("department")),
        manager=_text((manager or {}).get("displayName")), organization=_text(more.get("organization")),
        language=_text(kept.get("preferredLanguage")) or _text(kept.get("locale")),
        time_zone=_text(kept.get("timezone")),
    )  # fmt: skip


def _values(listed: object) -> list[str]:
    rows = [one for one in listed if isinstance(one, Mapping)][:20] if isinstance(listed, list) else []
    ranked = sorted(rows, key=lambda one: not one.get("primary"))
    return [text for one in ranked if (text := _text(one.get("value")))]


def _text(value: object) -> str:
    return value.strip()[:300].replace("\0", "") if isinstance(value, str) else ""


class Employees:
    """The users of one key for employees only; the same verbs as `users` has for members."""

    def __init__(self, token: ScimToken) -> None:
        self.token = token

    def all_of(self) -> QuerySet[Employee]:
        """Everybody whom the directory keeps with this key."""
        return Employee.objects.filter(token=self.token).order_by("created_at", "id")

    def narrowed(self, rows: QuerySet[Employee], node: Node | None) -> tuple[QuerySet[Employee], Node | None]:
        """What directories ask most is asked of the database; the rest of the filter is given back."""
        if isinstance(node, Test) and node.operator == "eq" and isinstance(node.value, str):
            path = node.path.rpartition(":")[2].casefold()
            if path == "username":
                return rows.filter(user_name__iexact=node.value), None
            if path == "externalid":
                return rows.filter(external_id=node.value), None
        return rows, node

    def shown(self, row: Employee, base: str) -> dict[str, Any]:
        """An employee as a resource: what the directory said."""
        resource = {
            **schemas(row.said), "id": str(row.id), "userName": row.user_name, "active": row.active,
            **{key: row.said[key] for key in _OWN if row.said.get(key)},
            "meta": {
                "resourceType": "User", "location": f"{base}/Users/{row.id}", "created": row.created_at.isoformat(),
                "lastModified": row.updated_at.isoformat(),
            },
        }  # fmt: skip
        return resource | ({"externalId": row.external_id} if row.external_id else {})

    def found(self, id: str) -> Employee:
        """The employee with this id; a 404 otherwise."""
        try:
            row = self.all_of().filter(id=UUID(id)).first()
        except ValueError:
            row = None
        if row is None:
            raise ScimError(404, "There is no such user.")
        return row

    def create(self, given: Mapping[str, Any]) -> Employee:
        """A new employee."""
        return self._store(Employee(token=self.token), given)

    def replace(self, row: Employee, given: Mapping[str, Any]) -> Employee:
        """Make the employee as given."""
        return self._store(row, given)

    def remove(self, row: Employee) -> None:
        """The directory knows them no more: they work here no longer, and stay a person."""
        ended(row.id, self.token.name)
        row.delete()

    def _store(self, row: Employee, given: Mapping[str, Any]) -> Employee:
        user_name = _text(given.get("userName"))
        active = as_boolean(given.get("active", True))
        if not user_name:
            raise ScimError(400, "userName is missing.", "invalidValue")
        if not isinstance(active, bool):
            raise ScimError(400, "active must be true or false.", "invalidValue")
        if self.all_of().filter(user_name__iexact=user_name).exclude(id=row.id).exists():
            raise ScimError(409, "There is a user with this userName.", "uniqueness")
        row.user_name, row.active, row.said = user_name, active, said(given, _OWN)
        row.external_id, row.updated_at = _text(given.get("externalId"))[:200], now()
        row.save()
        keep(row.id, given, self.token.name, active=active)
        return row


class NoGroups:
    """A key for employees only has no groups: those give members teams and roles."""

    def all_of(self) -> QuerySet[Employee]:
        """None."""
        return Employee.objects.none()

    def narrowed(self, rows: QuerySet[Employee], node: Node | None) -> tuple[QuerySet[Employee], Node | None]:
        """None of them fit."""
        return rows, None

    def shown(self, row: Employee, base: str) -> dict[str, Any]:
        """There is none to show."""
        raise ScimError(404, "There is no such group.")

    def found(self, id: str) -> Employee:
        """None has this id."""
        raise ScimError(404, "There is no such group.")

    def create(self, given: Mapping[str, Any]) -> Employee:
        """Refused, so that the directory says so to whoever set it up."""
        raise ScimError(403, "This key is for employees only; groups need a key for members.")
