"""SCIM users are members."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet

from rapport.api.scim import employees
from rapport.api.scim.errors import ScimError
from rapport.api.scim.filters import Node, Test
from rapport.api.scim.patch import as_boolean
from rapport.core import events, notify
from rapport.core.clock import now
from rapport.staff import directory
from rapport.staff.models import DirectoryEntry, Member, Role

_KEPT = ("name", "displayName", "emails", *employees.KEPT)
_TEXT_MAX = 300


def all_of() -> QuerySet[Member]:
    """Every member whom the directory did not remove."""
    found = Member.objects.exclude(entry__removed_at__isnull=False)
    return found.select_related("entry").prefetch_related("groups").order_by("joined_at", "id")


def narrowed(rows: QuerySet[Member], node: Node | None) -> tuple[QuerySet[Member], Node | None]:
    """What directories ask most is asked of the database; the rest of the filter is given back."""
    if isinstance(node, Test) and node.operator == "eq" and isinstance(node.value, str):
        path = node.path.rpartition(":")[2].casefold()
        if path == "username":
            return rows.filter(email__iexact=node.value), None
        if path == "externalid":
            return rows.filter(entry__external_id=node.value), None
    return rows, node


def shown(member: Member, base: str) -> dict[str, Any]:
    """A member as a resource: what the directory said, with what is so here."""
    entry = _entry(member)
    said = dict(entry.said) if entry else {}
    if name_of(said) != member.name:
        said |= {"displayName": member.name, "name": {"formatted": member.name}}
    resource = {
        "id": str(member.id),
        "userName": member.email,
        "active": member.is_active,
        **{key: said[key] for key in _KEPT if said.get(key)},
        **employees.schemas(said),
        "groups": [
            {"value": str(one.id), "display": one.name, "$ref": f"{base}/Groups/{one.id}"}
            for one in member.groups.all()
        ],
        "meta": {
            "resourceType": "User", "location": f"{base}/Users/{member.id}", "created": member.joined_at.isoformat(),
            "lastModified": (entry.updated_at if entry else member.joined_at).isoformat(),
        },
    }  # fmt: skip
    if entry and entry.external_id:
        resource["externalId"] = entry.external_id
    return resource


def _entry(member: Member) -> DirectoryEntry | None:
    return getattr(member, "entry", None)


def found(id: str) -> Member:
    """The member with this id; a 404 otherwise."""
    try:
        member = all_of().filter(id=UUID(id)).first()
    except ValueError:
        member = None
    if member is None:
        raise ScimError(404, "There is no such user.")
    return member


def create(given: Mapping[str, Any]) -> Member:
    """A new member without a password, or one back whom the directory had removed."""
    address = _address(given)
    known = Member.objects.filter(email=address).select_related("entry").first()
    if known is None:
        name = name_of(given) or address.partition("@")[0]
        member = Member.objects.create_user(address, None, name=name, role=Role.AGENT)
        events.record("member.added", data={"member": str(member.id), "role": member.role, "by": "scim"})
    else:
        entry = _entry(known)
        if entry is None or entry.removed_at is None:
            raise ScimError(409, "There is a user with this userName.", "uniqueness")
        member = known
    _keep(member, given)
    directory.set_active(member, _active(given), why="scim")
    _known_as_employee(member, given, active=_active(given))
    notify.changed("member", member.id, [])
    return found(str(member.id))


def _known_as_employee(member: Member, given: Mapping[str, Any], *, active: bool) -> None:
    employees.keep(member.id, {**given, "userName": member.email, "displayName": member.name}, "SCIM", active=active)


def replace(member: Member, given: Mapping[str, Any]) -> Member:
    """Make the member as given; what is not given goes back to its default."""
    address = _address(given)
    if address != member.email:
        if Member.objects.filter(email=address).exclude(id=member.id).exists():
            raise ScimError(409, "There is a user with this userName.", "uniqueness")
        events.record("member.address_changed", data={"member": str(member.id), "by": "scim"})
        member.email = address
    name = name_of(given)
    if name:
        member.name = name
    Member.objects.filter(id=member.id).update(email=member.email, name=member.name)
    _keep(member, given)
    active = _active(given)
    if not active:
        _refuse_last_admin(member)
    directory.set_active(member, active, why="scim")
    _known_as_employee(member, given, active=active)
    notify.changed("member", member.id, [])
    return found(str(member.id))


def remove(member: Member) -> None:
    """The directory knows them no more: the account is closed, what they wrote stays."""
    _refuse_last_admin(member)
    member.groups.clear()
    directory.apply_scim_groups([member.id])
    DirectoryEntry.objects.update_or_create(
        member=member, defaults={"external_id": "", "said": {}, "removed_at": now(), "updated_at": now()}
    )
    directory.set_active(member, False, why="scim")
    employees.ended(member.id, "SCIM")


def _refuse_last_admin(member: Member) -> None:
    others = Member.objects.filter(role=Role.ADMIN, is_active=True).exclude(id=member.id)
    if member.role == Role.ADMIN and member.is_active and not others.exists():
        raise ScimError(400, "The last administrator cannot be deactivated.", "mutability")


def _keep(member: Member, given: Mapping[str, Any]) -> None:
    external = given.get("externalId")
    said = employees.said(given, _KEPT)
    DirectoryEntry.objects.update_or_create(
        member=member,
        defaults={
            "external_id": str(external)[:200] if external else "",
            "said": said,
            "removed_at": None,
            "updated_at": now(),
        },
    )


def _address(given: Mapping[str, Any]) -> str:
    address = str(given.get("userName") or "").strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        address = _mail(given.get("emails"))
    if not address:
        raise ScimError(400, "userName must be an e-mail address.", "invalidValue")
    return address


def _mail(emails: object) -> str:
    """Some directories have user names that are no addresses: then the primary address counts."""
    listed: Iterable[Any] = emails if isinstance(emails, list) else []
    ranked = sorted((one for one in listed if isinstance(one, Mapping)), key=lambda one: not one.get("primary"))
    for one in ranked:
        address = str(one.get("value") or "").strip().lower()
        try:
            validate_email(address)
        except ValidationError:
            continue
        return address
    return ""


def name_of(given: Mapping[str, Any]) -> str:
    """The name as colleagues read it, from whichever part carries it."""
    parts = given.get("name")
    name = parts if isinstance(parts, Mapping) else {}
    both = " ".join(str(name[key]).strip() for key in ("givenName", "familyName") if name.get(key))
    for one in (given.get("displayName"), name.get("formatted"), both):
        if isinstance(one, str) and one.strip():
            return one.strip()[:120]
    return ""


def _active(given: Mapping[str, Any]) -> bool:
    active = as_boolean(given.get("active", True))
    if not isinstance(active, bool):
        raise ScimError(400, "active must be true or false.", "invalidValue")
    return active
