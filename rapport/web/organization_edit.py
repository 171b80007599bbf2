"""Writing down what is known of an organization: details in place, domains, relationships, and new ones."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from rapport.core.errors import Invalid
from rapport.people.directory.asked import CUSTOM
from rapport.people.directory.changing import fields_of
from rapport.people.directory.keeping import is_secret
from rapport.people.directory.organizing import (
    Written,
    add_domain,
    add_organization,
    change_organization,
    remove_domain,
)
from rapport.people.directory.relating import Said, end_organization, relate_organization
from rapport.people.directory.seeing import organization_of
from rapport.people.models import Organization, Subject
from rapport.staff.models import Member
from rapport.web.organizations import organization_facts
from rapport.web.person_edit import custom_input
from rapport.web.person_relations import day_of
from rapport.web.rights import WRITERS, member_of, page
from rapport.web.shell import shell_of

_OFFERED_MAX = 300


class OrganizationForm(forms.Form):
    """What is written down about an organization; custom fields come last."""

    name = forms.CharField(max_length=200, label=lazy("Name"))
    parent = forms.CharField(
        max_length=200, required=False, label=lazy("Belongs to"), help_text=lazy("The name of one that is known."),
        widget=forms.TextInput(attrs={"list": "organizations-known", "autocomplete": "off"}),
    )  # fmt: skip
    note = forms.CharField(
        max_length=20_000, required=False, label=lazy("Note"), widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, found: Organization, given: QueryDict | None = None) -> None:
        self.organization = found
        self.customs = fields_of(Subject.ORGANIZATION)
        values = {CUSTOM + one.key: found.fields.get(one.key, "") for one in self.customs}
        parent = Organization.objects.filter(id=found.parent_id).first() if found.parent_id else None
        self.above = parent
        super().__init__(
            given, initial={"name": found.name, "note": found.note, "parent": parent.name if parent else "", **values}
        )
        for one in self.customs:
            self.fields[CUSTOM + one.key] = custom_input(one)
        if is_secret(found):
            self.fields["reveal"] = forms.BooleanField(
                required=False, label=lazy("Everybody may know of this organization from now on"),
                help_text=lazy("Until then only those know of it who know one of its people."),
            )  # fmt: skip

    def save(self, actor: Member) -> list[str]:
        """Write it down. Raises Invalid."""
        given = self.cleaned_data
        custom = {one.key: str(given[CUSTOM + one.key] or "") for one in self.customs}
        written = Written(
            given["name"], self._parent(given["parent"]), given["note"], custom, bool(given.get("reveal"))
        )
        return change_organization(self.organization, written, actor)

    def _parent(self, name: str) -> Organization | None:
        clean = " ".join(name.split())
        if not clean:
            return None
        if self.above is not None and self.above.name.casefold() == clean.casefold():
            return self.above
        found = Organization.objects.filter(name__iexact=clean).order_by("created_at", "id").first()
        if found is None:
            raise Invalid(_("There is no organization “%(name)s”.") % {"name": clean}, _("Choose one that is known."))
        return found


class NewOrganizationForm(forms.Form):
    """An organization nobody has written from yet."""

    name = forms.CharField(max_length=200, label=lazy("Name"), widget=forms.TextInput(attrs={"autofocus": True}))
    domain = forms.CharField(
        max_length=253, required=False, label=lazy("Mail domain"), help_text=lazy("Such as example.org.")
    )


@page(WRITERS)
def organization_edit(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """The form in the place of the details; a POST saves and shows them again, `?cancel=1` only shows them."""
    found = organization_of(organization_id)
    whole = not request.headers.get("HX-Request")
    if request.GET.get("cancel") and not whole:
        return render(request, "web/people/organization_details.html", organization_facts(found) | {"focus": True})
    form = OrganizationForm(found, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            form.save(member_of(request))
        except Invalid as error:
            form.add_error(None, f"{error.message} {error.hint}".strip())
        else:
            return _shown(request, organization_of(organization_id))
    shell_of(request).current = "people"
    names = Organization.objects.filter(kept=True).exclude(id=found.id).order_by("name")
    context: dict[str, Any] = {
        "form": form, "organization": found, "whole": whole,
        "organizations": names.values_list("name", flat=True)[:_OFFERED_MAX],
    }  # fmt: skip
    return render(request, f"web/people/organization_edit{'_page' if whole else ''}.html", context)


@page(WRITERS)
def organization_new(request: HttpRequest) -> HttpResponse:
    """An organization written down by hand."""
    shell_of(request).current = "people"
    form = NewOrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = add_organization(form.cleaned_data["name"], form.cleaned_data["domain"], member_of(request))
        except Invalid as error:
            form.add_error(None, f"{error.message} {error.hint}".strip())
        else:
            messages.success(request, _("It is written down."))
            return redirect("organization", made.id)
    return render(request, "web/people/organization_new.html", {"form": form})


@page(WRITERS)
@require_POST
def domain_change(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Give it a mail domain, or take one away (`verb` is remove)."""
    found, member = organization_of(organization_id), member_of(request)
    domain = request.POST.get("domain", "")
    problem = ""
    try:
        if request.POST.get("verb") == "remove":
            remove_domain(found, domain, member)
        else:
            add_domain(found, domain, member)
    except Invalid as error:
        problem = f"{error.message} {error.hint}".strip()
    return _shown(request, organization_of(organization_id), problem)


@page(WRITERS)
@require_POST
def organization_relationship(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Say what it is to us, or that it is so no longer (`verb` is end, of `relationship`)."""
    found, member = organization_of(organization_id), member_of(request)
    problem = ""
    try:
        if request.POST.get("verb") == "end":
            end_organization(found, _id(request.POST.get("relationship", "")), member)
        else:
            since = day_of(request.POST.get("since", ""))
            relate_organization(found, Said(request.POST.get("kind", ""), since), member)
    except Invalid as error:
        problem = f"{error.message} {error.hint}".strip()
    return _shown(request, organization_of(organization_id), problem)


def _shown(request: HttpRequest, found: Organization, problem: str = "") -> HttpResponse:
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        return redirect("organization", found.id)
    context = organization_facts(found) | {"problem": problem, "focus": True}
    return render(request, "web/people/organization_details.html", context)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid(_("There is no such relationship."), _("Choose one from the list.")) from error
