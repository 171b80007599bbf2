"""Writing down who somebody is: the details of their page changed in place, their addresses, and new people."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from rapport.conversations.visibility import EVERYONE
from rapport.core.errors import Invalid
from rapport.people.directory.asked import CUSTOM
from rapport.people.directory.changing import NewPerson, add_person, change_person, fields_of
from rapport.people.directory.handles import kind_name
from rapport.people.directory.organizing import named_organization
from rapport.people.directory.seeing import person_of
from rapport.people.models import CustomKind, Handle, Organization, Person, RelationshipKind, Subject
from rapport.staff.models import Member
from rapport.web.account import time_zones
from rapport.web.people_asking import LANGUAGES, language_name
from rapport.web.person import details_of
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.shell import shell_of


class PersonForm(forms.Form):
    """What is written down about a person; custom fields come last."""

    name = forms.CharField(max_length=200, required=False, label=lazy("Name"))
    organization = forms.CharField(
        max_length=200, required=False, label=lazy("Organization"),
        help_text=lazy("One that is not known yet is added."),
        widget=forms.TextInput(attrs={"list": "organizations-known", "autocomplete": "off"}),
    )  # fmt: skip
    role = forms.CharField(max_length=120, required=False, label=lazy("Role there"))
    holder = forms.ChoiceField(required=False, label=lazy("Who holds the relationship"))
    preferred = forms.ChoiceField(required=False, label=lazy("Prefers to be reached by"))
    language = forms.ChoiceField(required=False, label=lazy("Language"))
    time_zone = forms.ChoiceField(required=False, label=lazy("Time zone"))
    note = forms.CharField(
        max_length=20_000, required=False, label=lazy("Note"), widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, found: Person, kinds: list[str], given: QueryDict | None = None) -> None:
        self.person = found
        self.customs = fields_of(Subject.PERSON)
        super().__init__(given, initial=self._initial())
        members = Member.objects.filter(is_active=True).order_by("name").values_list("id", "name")
        self._offer("holder", [("", _("Nobody")), *((str(id), name) for id, name in members)])
        self._offer("preferred", [("", _("They never said")), *((kind, kind_name(kind)) for kind in kinds)])
        codes = dict.fromkeys([*LANGUAGES, *([found.language] if found.language else [])])
        self._offer("language", [("", _("Not known")), *((code, language_name(code)) for code in codes)])
        self._offer("time_zone", [("", _("Not known")), *time_zones()])
        for one in self.customs:
            self.fields[CUSTOM + one.key] = custom_input(one)

    def save(self, actor: Member) -> list[str]:
        """Write it down; the names of what has changed. Raises Invalid."""
        given = self.cleaned_data
        changes: dict[str, Any] = {
            name: given[name] for name in ("name", "role", "preferred", "language", "time_zone", "note")
        }
        changes["holder"] = Member.objects.filter(id=given["holder"]).first() if given["holder"] else None
        changes["organization"] = named_organization(
            given["organization"], actor, self.person.organization, kept=EVERYONE in self.person.audience
        )
        custom = {one.key: str(given[CUSTOM + one.key] or "") for one in self.customs}
        return change_person(self.person, changes, custom, actor)

    def _initial(self) -> dict[str, Any]:
        found = self.person
        plain = {name: getattr(found, name) for name in ("name", "role", "preferred", "language", "time_zone", "note")}
        customs = {CUSTOM + one.key: found.fields.get(one.key, "") for one in self.customs}
        of = found.organization.name if found.organization else ""
        return plain | customs | {"organization": of, "holder": str(found.holder_id or "")}

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        now_chosen = str(self.initial.get(name) or "")
        known = {value for value, _label in choices}
        extra = [(now_chosen, now_chosen)] if now_chosen not in known else []
        self.fields[name].choices = [*choices, *extra]  # type: ignore[attr-defined]


class NewPersonForm(forms.Form):
    """Somebody who has not written yet."""

    name = forms.CharField(
        max_length=200, required=False, label=lazy("Name"), widget=forms.TextInput(attrs={"autofocus": True})
    )
    email = forms.CharField(max_length=254, required=False, label=lazy("E-mail"))
    phone = forms.CharField(
        max_length=60, required=False, label=lazy("Phone"), help_text=lazy("With its country, such as +49 30 1234567.")
    )
    organization = forms.CharField(
        max_length=200, required=False, label=lazy("Organization"),
        widget=forms.TextInput(attrs={"list": "organizations-known", "autocomplete": "off"}),
    )  # fmt: skip
    role = forms.CharField(max_length=120, required=False, label=lazy("Role there"))
    relationship = forms.ChoiceField(required=False, label=lazy("What they are to us"))
    audience = forms.ChoiceField(label=lazy("Who may know of them"))

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.POST or None, initial={"audience": "all"})
        shell = shell_of(request)
        closed = [team for team in shell.all_teams if team.id in shell.team_ids and not team.is_open]
        kinds = [("", _("Not said yet")), *RelationshipKind.choices]
        self.fields["relationship"].choices = kinds  # type: ignore[attr-defined]
        self.fields["audience"].choices = [  # type: ignore[attr-defined]
            ("all", _("Everyone")),
            *((str(team.id), _("Only %(team)s") % {"team": team.name}) for team in closed),
        ]
        if not closed:
            self.fields["audience"].widget = forms.HiddenInput()

    def save(self, actor: Member) -> Person:
        """Write them down. Raises Invalid."""
        given = self.cleaned_data
        audience = [EVERYONE] if given["audience"] == "all" else [UUID(given["audience"])]
        new = NewPerson(
            given["name"], (("email", given["email"]), ("phone", given["phone"])),
            named_organization(given["organization"], actor, None, kept=audience == [EVERYONE]),
            given["relationship"], audience, {"role": given["role"]},
        )  # fmt: skip
        return add_person(new, actor)


def custom_input(one: Any) -> forms.Field:
    """The field of a form for a custom field."""
    plain: dict[str, Any] = {"label": one.label, "required": False}
    if one.kind == CustomKind.CHOICE:
        return forms.ChoiceField(choices=[("", "—"), *((value, value) for value in one.choices)], **plain)
    if one.kind == CustomKind.YES:
        return forms.ChoiceField(choices=[("", "—"), ("yes", _("Yes")), ("no", _("No"))], **plain)
    kinds = {CustomKind.DATE: {"type": "date"}, CustomKind.NUMBER: {"inputmode": "decimal"}}
    attrs = kinds.get(CustomKind(one.kind), {})
    return forms.CharField(max_length=500, widget=forms.TextInput(attrs=attrs), **plain)


@page(WRITERS)
def person_edit(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """The form in the place of the details; a POST saves and shows them again."""
    found = person_of(person_id)
    handles = Handle.objects.filter(person__root=found.root).values_list("kind", flat=True)
    kinds = list(dict.fromkeys([*handles, *([found.preferred] if found.preferred else [])]))
    form = PersonForm(found, kinds, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            form.save(member_of(request))
        except Invalid as error:
            form.add_error(None, f"{error.message} {error.hint}".strip())
        else:
            if not request.headers.get("HX-Request"):
                return redirect("person", found.id)
            return _details(request, person_id)
    whole = not request.headers.get("HX-Request")
    context = {"form": form, "person": found, "organizations": known_organizations(found), "whole": whole}
    shell_of(request).current = "people"
    return render(request, "web/people/edit_page.html" if whole else "web/people/edit.html", context)


@page(WRITERS)
@require_GET
def person_details(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """The details again, where nothing was changed."""
    return _details(request, person_id)


@page(WRITERS)
def person_new(request: HttpRequest) -> HttpResponse:
    """Somebody written down by hand."""
    shell_of(request).current = "people"
    form = NewPersonForm(request)
    if request.method == "POST" and form.is_valid():
        try:
            made = form.save(member_of(request))
        except Invalid as error:
            form.add_error(None, f"{error.message} {error.hint}".strip())
        else:
            messages.success(request, _("They are written down."))
            return redirect("person", made.id)
    context = {"form": form, "organizations": known_organizations(None)}
    return render(request, "web/people/new.html", context)


def known_organizations(found: Person | None) -> list[str]:
    """Names offered as one types: those that somebody wrote down."""
    names = Organization.objects.filter(kept=True).order_by("name").values_list("name", flat=True)[:200]
    return list(dict.fromkeys([*([found.organization.name] if found and found.organization else []), *names]))


def _details(request: HttpRequest, person_id: UUID) -> HttpResponse:
    found = person_of(person_id)
    return render(request, "web/people/details.html", details_of(found) | {"focus": True})
