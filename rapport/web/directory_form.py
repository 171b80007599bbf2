"""What an administrator enters about a directory of employees."""

import ssl
from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.channels.secrets import unseal
from rapport.core.errors import Invalid
from rapport.people.exchange import ldap, ldapwords
from rapport.people.models import Directory, DirectoryKind

_EVERY = [(1, lazy("Every hour")), (24, lazy("Every day")), (168, lazy("Every week"))]
_LABELS = {
    "id": lazy("Id that never changes"), "name": lazy("Name"), "given": lazy("Given name"),
    "family": lazy("Family name"), "emails": lazy("E-mail"), "phones": lazy("Phone"), "role": lazy("Role"),
    "department": lazy("Department"), "manager": lazy("Manager"), "organization": lazy("Organization"),
    "language": lazy("Language"),
}  # fmt: skip


class DirectoryForm(forms.Form):
    """Where it is, who asks, what is asked, and which attribute says what."""

    name = forms.CharField(
        label=lazy("Name"), max_length=50, help_text=lazy("Stands at every employee who comes from it.")
    )
    kind = forms.ChoiceField(label=lazy("Kind"), choices=DirectoryKind.choices)
    url = forms.CharField(
        label=lazy("Address"), max_length=300,
        help_text=lazy("Such as ldaps://ldap.example.org; ldap:// is encrypted by StartTLS."),
    )  # fmt: skip
    bind = forms.CharField(
        label=lazy("Account that reads"), max_length=500, required=False,
        help_text=lazy("Its whole name (DN), such as cn=reader,dc=example,dc=org."),
    )  # fmt: skip
    password = forms.CharField(
        label=lazy("Password"), required=False, max_length=500, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    base = forms.CharField(label=lazy("Base"), max_length=500, help_text=lazy("Such as ou=people,dc=example,dc=org."))
    filter = forms.CharField(
        label=lazy("Filter"), max_length=2000, required=False,
        help_text=lazy("Who is an employee; whoever it no longer shows has left. Empty for what is usual."),
    )  # fmt: skip
    country = forms.RegexField(
        r"^\+?[0-9]{1,3}$", label=lazy("Country of phone numbers"), required=False,
        help_text=lazy("The prefix that numbers without one belong to, such as 49."),
    )  # fmt: skip
    ca = forms.CharField(
        label=lazy("Your own certificate authority (PEM)"), required=False, max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=lazy("Where its certificate is not from a public one."),
    )  # fmt: skip
    every_hours = forms.TypedChoiceField(label=lazy("How often"), choices=_EVERY, coerce=int, initial=24)
    enabled = forms.BooleanField(label=lazy("In use"), required=False, initial=True)

    def __init__(self, data: Any, row: Directory) -> None:
        config = row.config
        initial = {name: config.get(name, "") for name in ("url", "bind", "base", "filter", "country", "ca")}
        initial |= {"name": row.name, "kind": row.kind, "every_hours": row.every_hours, "enabled": row.enabled}
        usual = ldapwords.ATTRIBUTES[row.kind]
        for what in _LABELS:
            initial[f"attribute_{what}"] = config.get("attributes", {}).get(what, "")
        super().__init__(data, initial=initial)
        self.row = row
        for what, label in _LABELS.items():
            self.fields[f"attribute_{what}"] = forms.CharField(
                label=label, required=False, max_length=200, help_text=_("Empty for %(usual)s") % {"usual": usual[what]}
            )
        if row.secrets:
            self.fields["password"].help_text = lazy("Leave empty to keep the stored one.")

    def clean(self) -> dict[str, Any]:
        """Each mistake at its field."""
        given = super().clean() or {}
        kind = str(given.get("kind") or DirectoryKind.OPENLDAP)
        given["filter"] = str(given.get("filter") or ldapwords.FILTERS[kind]).strip()
        checks: dict[str, Callable[[str], object]] = {"url": ldapwords.address, "filter": ldap.check_filter}
        checks |= {f"attribute_{what}": ldapwords.attributes for what in _LABELS}
        for name, check in {**checks, "ca": _check_authority}.items():
            try:
                if given.get(name):
                    check(given[name])
            except Invalid as error:
                self.add_error(name, f"{error.message} {error.hint}".strip())
        if Directory.objects.filter(name__iexact=given.get("name", "")).exclude(id=self.row.id).exists():
            self.add_error("name", _("There is a directory of this name already."))
        return given

    def filled(self) -> Directory:
        """The directory as entered, not stored yet."""
        given, row = self.cleaned_data, self.row
        row.name, row.kind = given["name"].strip(), given["kind"]
        row.every_hours, row.enabled = given["every_hours"], given["enabled"]
        usual = ldapwords.ATTRIBUTES[row.kind]
        row.config = {
            **{name: given[name].strip() for name in ("url", "bind", "base", "filter", "ca")},
            "country": given["country"].lstrip("+"),
            "attributes": {what: given[f"attribute_{what}"].strip() or usual[what] for what in _LABELS},
        }
        return row

    def password_for_test(self) -> str:
        """What was entered, or what is stored; never for another host than it was stored for."""
        entered = str(self.cleaned_data.get("password", ""))
        return entered or unseal(bytes(self.row.secrets)).get("password", "")


def _check_authority(pem: str) -> None:
    try:
        ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError) as error:
        raise Invalid(_("This is no certificate."), _("Paste all of it, with its BEGIN and END lines.")) from error
