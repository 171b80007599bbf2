"""What columns may stand for and what becomes of rows, in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from rapport.people.models import CustomField, Subject

OUTCOMES = ("new", "changed", "same", "joined", "refused")
_OUTCOMES: dict[str, Promise] = {
    "new": _("New"), "changed": _("Changed"), "same": _("Unchanged"),
    "joined": _("The same person as an earlier row"), "refused": _("Left out"),
}  # fmt: skip
_TARGETS: dict[str, Promise] = {
    "name": _("Name"), "given": _("Given name"), "family": _("Family name"), "email": _("E-mail"),
    "phone": _("Phone"), "handle": _("Another handle (say which kind)"), "organization": _("Organization"),
    "domain": _("Domain of the organization"), "role": _("Role there"), "relationship": _("Relationship"),
    "categories": _("Categories (those that are relationships)"), "since": _("Relationship since"),
    "until": _("Relationship until"), "language": _("Language"), "time_zone": _("Time zone"),
    "preferred": _("Preferred channel"), "holder": _("Member who holds the relationship (e-mail)"), "note": _("Note"),
    "external_id": _("Id in the system it comes from"), "external_ids": _("Ids in several systems (source=id)"),
    "rapport_id": _("Rapport's own id"), "consent": _("Consent (say for what)"),
    "consents": _("Consents (purpose=yes)"), "do_not_contact": _("Do not contact"),
}  # fmt: skip


def targets() -> list[tuple[str, str]]:
    """What a column may stand for, with the company's own fields."""
    own = [(f"field:{key}", label) for key, label in fields()]
    new = [("new_field", now_("A new field (say its name)"))]
    return [("", now_("Leave out")), *((name, str(label)) for name, label in _TARGETS.items()), *own, *new]


def fields() -> list[tuple[str, str]]:
    """Key and name of the company's fields about people."""
    return list(CustomField.objects.filter(subject=Subject.PERSON, is_active=True).values_list("key", "label"))


def target(name: str) -> str:
    """One target in words; of a field its key."""
    return name.partition(":")[2] if name.startswith("field:") else str(_TARGETS.get(name, name))


def outcome(name: str) -> str:
    """What became of a row."""
    return str(_OUTCOMES[name])
