"""What members write down about organizations.

Whoever knows one of its people knows an organization; `kept` makes it known to everybody. What is written down never
does that by itself for one that only a confidential team knows: a member has to say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rapport.core import events, scope
from rapport.core.errors import Invalid
from rapport.people.arrivals import is_freemail, organization_domain, organizations_by_domain
from rapport.people.directory.changing import fields_of
from rapport.people.directory.keeping import absorb, keep
from rapport.people.fields import value_of
from rapport.people.models import Organization, OrganizationDomain, Subject
from rapport.staff.models import Member

_DEPTH_MAX = 50
NOTE_MAX = 20_000


@dataclass(frozen=True)
class Written:
    """What is to stand there; `reveal`: everybody may know of it from now on."""

    name: str
    parent: Organization | None = None
    note: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    reveal: bool = False


def named_organization(
    name: str, actor: Member, current: Organization | None, *, kept: bool = True
) -> Organization | None:
    """The organization of that name that the member may know of, made where there is none; None without a name.

    `kept` is whether a new one is known to everybody.
    """
    clean = " ".join(name.replace("\0", " ").split())[:200]
    if not clean:
        return None
    if current is not None and current.name.casefold() == clean.casefold():
        return current
    found = Organization.objects.filter(name__iexact=clean).order_by("created_at", "id").first()
    return found or _made(Organization(name=clean, kept=kept), actor)


def add_organization(name: str, domain: str, actor: Member) -> Organization:
    """An organization by hand, known to everybody. Raises Invalid for no name, or a domain that cannot be."""
    clean = " ".join(name.replace("\0", " ").split())[:200]
    if not clean:
        raise Invalid(_("An organization needs a name."))
    with transaction.atomic():
        made = _made(Organization(name=clean, kept=True), actor)
        if domain.strip():
            add_domain(made, domain, actor)
    return made


def change_organization(organization: Organization, written: Written, actor: Member) -> list[str]:
    """Write down what is new; the names of what has changed. Raises Invalid, also for a parent that is its child."""
    name = " ".join(written.name.replace("\0", " ").split())[:200]
    if not name:
        raise Invalid(_("An organization needs a name."))
    _check_parent(organization, written.parent)
    known = {one.key: one for one in fields_of(Subject.ORGANIZATION)}
    values = {key: value_of(known[key], value) for key, value in written.custom.items() if key in known}
    with transaction.atomic():
        current = Organization.objects.select_for_update(of=("self",)).get(id=organization.id)
        kept = {key: value for key, value in {**current.fields, **values}.items() if value != ""}
        wanted: dict[str, Any] = {
            "name": name, "parent_id": written.parent.id if written.parent else None,
            "note": written.note.replace("\0", "").strip()[:NOTE_MAX], "fields": kept,
        }  # fmt: skip
        changed = [key for key, value in wanted.items() if getattr(current, key) != value]
        for key in changed:
            setattr(current, key, wanted[key])
        if written.reveal and not current.kept:
            current.kept = True
            changed.append("kept")
        if changed:
            current.save(update_fields=[key.removesuffix("_id") for key in changed])
            _tell("organization.changed", actor, organization, fields=[key.removesuffix("_id") for key in changed])
            keep(organization)
    return changed


def domains_of(organization: Organization) -> list[str]:
    """Its mail domains, the first one first."""
    others = OrganizationDomain.objects.filter(organization=organization).order_by("domain")
    return [*([organization.domain] if organization.domain else []), *others.values_list("domain", flat=True)]


def add_domain(organization: Organization, given: str, actor: Member) -> str:
    """Give it a mail domain, and return that in its one form. Raises Invalid for freemail and another's domain.

    One that is known in confidence only is nobody's: a refusal would tell.
    """
    text = given.strip().lower().replace("\0", "").rpartition("@")[2].removeprefix("www.").rstrip(".")
    domain = organization_domain(text) if text and len(text) <= 253 and " " not in text else None
    if domain is None and text and is_freemail(f"x@{text}"):
        raise Invalid(_("Anybody may have an address of %(domain)s.") % {"domain": text}, _("It stands for nobody."))
    if domain is None:
        raise Invalid(_("“%(domain)s” is no domain.") % {"domain": text[:60]}, _("Such as example.org."))
    with transaction.atomic():
        _make_free(organization, domain)
        if organization.domain is None:
            Organization.objects.filter(id=organization.id).update(domain=domain)
            organization.domain = domain
        elif domain not in domains_of(organization):
            OrganizationDomain.objects.create(domain=domain, organization=organization)
        _tell("organization.domain_added", actor, organization)
        keep(organization)
    return domain


def remove_domain(organization: Organization, domain: str, actor: Member) -> None:
    """Take a mail domain away; the next of them becomes the first."""
    with transaction.atomic():
        if domain not in domains_of(organization):
            return
        _let_go(organization, domain)
        _tell("organization.domain_removed", actor, organization)


def _made(organization: Organization, actor: Member) -> Organization:
    # One that is not kept is behind the wall until somebody of it is there: hence the system's scope.
    with scope.system():
        organization.save(force_insert=True)
    _tell("organization.added", actor, organization)
    return organization


def _check_parent(organization: Organization, parent: Organization | None) -> None:
    """Raises Invalid where it would belong to itself, also by way of others that the member may not know of."""
    with scope.system():
        above: UUID | None = parent.id if parent else None
        for _step in range(_DEPTH_MAX):
            if above is None:
                return
            if above == organization.id:
                break
            above = Organization.objects.filter(id=above).values_list("parent_id", flat=True).first()
    raise Invalid(_("An organization cannot belong to itself."), _("Choose another that it belongs to."))


def _let_go(organization: Organization, domain: str) -> None:
    further = OrganizationDomain.objects.filter(organization=organization).order_by("domain")
    if domain == organization.domain:
        following = further.values_list("domain", flat=True).first()
        further.filter(domain=following).delete()
        Organization.objects.filter(id=organization.id).update(domain=following)
    else:
        further.filter(domain=domain).delete()


def _make_free(organization: Organization, domain: str) -> None:
    """Raises Invalid where it is another's whom the member may know of; of one that they may not it is taken.

    Where that was no more than this domain, its people come along: each is seen by those who saw them before.
    """
    with scope.system():
        owner = organizations_by_domain([domain]).get(domain)
    if owner is None or owner == organization.id:
        return
    if (seen := Organization.objects.filter(id=owner).first()) is not None:
        raise Invalid(
            _("%(domain)s belongs to %(name)s.") % {"domain": domain, "name": seen.name},
            _("A domain belongs to one organization. Take it away there first."),
        )
    with scope.system():
        if not absorb(owner, organization.id):
            _let_go(Organization.objects.select_for_update().get(id=owner), domain)


def _tell(kind: str, actor: Member, organization: Organization, **more: Any) -> None:
    events.record(kind, actor_id=actor.id, data={"organization": str(organization.id), **more})
