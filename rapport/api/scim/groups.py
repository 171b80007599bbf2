"""SCIM groups: kept as they come; the rules about groups say what they give."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from rapport.api.scim.about import GROUP
from rapport.api.scim.errors import ScimError
from rapport.api.scim.filters import Node, Test
from rapport.core import events
from rapport.core.clock import now
from rapport.staff import directory
from rapport.staff.models import DirectoryGroup, Member


def all_of() -> QuerySet[DirectoryGroup]:
    """Every group, with its members."""
    who = Prefetch("members", Member.objects.order_by("name"))
    return DirectoryGroup.objects.prefetch_related(who).order_by("created_at", "id")


def narrowed(rows: QuerySet[DirectoryGroup], node: Node | None) -> tuple[QuerySet[DirectoryGroup], Node | None]:
    """What directories ask most is asked of the database."""
    if isinstance(node, Test) and node.operator == "eq" and isinstance(node.value, str):
        path = node.path.rpartition(":")[2].casefold()
        if path == "displayname":
            return rows.filter(name__iexact=node.value), None
        if path == "externalid":
            return rows.filter(external_id=node.value), None
    return rows, node


def shown(group: DirectoryGroup, base: str) -> dict[str, Any]:
    """A group as a resource."""
    resource = {
        "schemas": [GROUP],
        "id": str(group.id),
        "displayName": group.name,
        "members": [
            {"value": str(one.id), "$ref": f"{base}/Users/{one.id}"} for one in group.members.all()
        ],
        "meta": {
            "resourceType": "Group", "location": f"{base}/Groups/{group.id}", "created": group.created_at.isoformat(),
            "lastModified": group.updated_at.isoformat(),
        },
    }  # fmt: skip
    if group.external_id:
        resource["externalId"] = group.external_id
    return resource


def found(id: str) -> DirectoryGroup:
    """The group with this id; a 404 otherwise."""
    try:
        group = all_of().filter(id=UUID(id)).first()
    except ValueError:
        group = None
    if group is None:
        raise ScimError(404, "There is no such group.")
    return group


def create(given: Mapping[str, Any]) -> DirectoryGroup:
    """A new group."""
    name = _name(given)
    if DirectoryGroup.objects.filter(name__iexact=name).exists():
        raise ScimError(409, "There is a group with this displayName.", "uniqueness")
    group = DirectoryGroup.objects.create(name=name, external_id=str(given.get("externalId") or "")[:200])
    events.record("group.added", subject=name, data={"group": str(group.id)})
    _set_members(group, given)
    return found(str(group.id))


def replace(group: DirectoryGroup, given: Mapping[str, Any]) -> DirectoryGroup:
    """Make the group as given, and its members' teams and roles what follows."""
    name = _name(given)
    if DirectoryGroup.objects.filter(name__iexact=name).exclude(id=group.id).exists():
        raise ScimError(409, "There is a group with this displayName.", "uniqueness")
    external = str(given.get("externalId") or "")[:200]
    DirectoryGroup.objects.filter(id=group.id).update(name=name, external_id=external, updated_at=now())
    _set_members(group, given)
    return found(str(group.id))


def remove(group: DirectoryGroup) -> None:
    """Gone, with what it gave."""
    members = [one.id for one in group.members.all()]
    DirectoryGroup.objects.filter(id=group.id).delete()
    events.record("group.removed", subject=group.name, data={"group": str(group.id)})
    directory.apply_scim_groups(members)


def _set_members(group: DirectoryGroup, given: Mapping[str, Any]) -> None:
    before = set(group.members.values_list("id", flat=True))
    wanted_rows = list(Member.objects.filter(id__in=_ids(given.get("members"))))
    group.members.set(wanted_rows)
    directory.apply_scim_groups(before | {one.id for one in wanted_rows})


def _ids(members: object) -> list[UUID]:
    if members in (None, ""):
        return []
    if not isinstance(members, list):
        raise ScimError(400, "members must be a list.", "invalidValue")
    try:
        return [UUID(str(one["value"] if isinstance(one, Mapping) else one)) for one in members]
    except (ValueError, KeyError) as error:
        raise ScimError(400, "A member must be given by the id of a user.", "invalidValue") from error


def _name(given: Mapping[str, Any]) -> str:
    name = given.get("displayName")
    if not isinstance(name, str) or not name.strip():
        raise ScimError(400, "displayName is missing.", "invalidValue")
    return name.strip()[:200]
