"""The company's own fields about people and organizations: their page."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from rapport.core.errors import Invalid, NotVisible
from rapport.people.directory.custom import Wanted, add_field, all_fields, change_field, move_field
from rapport.people.fields import choices_of
from rapport.people.models import CustomField, CustomKind, Subject
from rapport.web.rights import ADMINS, member_of, page
from rapport.web.shell import shell_of

_MATCHES = (
    ("", lazy("Nothing")), ("birth_date", lazy("Their birthday")), ("address", lazy("Their street address")),
    ("postcode", lazy("Their postcode")), ("city", lazy("Their city")),
    ("number", lazy("A number that only one person has")),
)  # fmt: skip


class FieldForm(forms.Form):
    """A field: its name, what it takes, and what it says about who somebody is."""

    label = forms.CharField(max_length=80, label=lazy("Name"), widget=forms.TextInput(attrs={"autofocus": True}))
    kind = forms.ChoiceField(choices=CustomKind.choices, label=lazy("Takes"))
    choices = forms.CharField(
        required=False, max_length=9000, label=lazy("Choices"), help_text=lazy("One on each line; for a list alone."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
    #: Not "matches": a form whose field has that name has no such method any more in the browser.
    tells = forms.ChoiceField(
        required=False, choices=_MATCHES, label=lazy("Tells two people apart by"),
        help_text=lazy("What the field says when two records may be the same human."),
    )  # fmt: skip
    active = forms.BooleanField(required=False, label=lazy("In use: shown on pages, in filters and lists"))

    def __init__(self, request: HttpRequest, subject: str, found: CustomField | None) -> None:
        initial: dict[str, object] = {"active": True}
        if found is not None:
            initial = {
                "label": found.label, "kind": found.kind, "choices": "\n".join(found.choices),
                "tells": found.matches, "active": found.is_active,
            }  # fmt: skip
        super().__init__(request.POST or None, initial=initial)
        if found is None:
            del self.fields["active"]
        else:
            # What people have there was given as this kind.
            self.fields["kind"].disabled = True
        if subject == Subject.ORGANIZATION:
            del self.fields["tells"]

    def wanted(self) -> Wanted:
        """The field as the form has it. Raises Invalid."""
        given = self.cleaned_data
        choices = choices_of(given["choices"]) if given["kind"] == CustomKind.CHOICE else []
        return Wanted(given["label"].strip(), given["kind"], choices, given.get("tells", ""))


@page(ADMINS)
@require_GET
def custom_fields(request: HttpRequest) -> HttpResponse:
    """Every field, of people and of organizations."""
    shell_of(request).current = "custom_fields"
    groups = [(subject, subject.label, all_fields(subject)) for subject in Subject]
    return render(request, "web/people/fields.html", {"groups": groups})


@page(ADMINS)
def custom_field_new(request: HttpRequest, subject: str) -> HttpResponse:
    """A new field."""
    if subject not in Subject.values:
        raise NotVisible("There is no such list.")
    return _form(request, subject, None)


@page(ADMINS)
def custom_field(request: HttpRequest, field_id: UUID) -> HttpResponse:
    """Rename a field, change its choices, take it out of use."""
    found = _field(field_id)
    return _form(request, found.subject, found)


@page(ADMINS)
@require_POST
def custom_field_move(request: HttpRequest, field_id: UUID) -> HttpResponse:
    """Put a field one place up or down."""
    move_field(_field(field_id), -1 if request.POST.get("step") == "up" else 1)
    return redirect(f"{reverse('custom_fields')}#f-{field_id}")


def _form(request: HttpRequest, subject: str, found: CustomField | None) -> HttpResponse:
    shell_of(request).current = "custom_fields"
    form = FieldForm(request, subject, found)
    if request.method == "POST" and form.is_valid():
        try:
            if found is None:
                add_field(subject, form.wanted(), member_of(request))
            else:
                change_field(found, form.wanted(), member_of(request), active=form.cleaned_data["active"])
        except Invalid as error:
            form.add_error(None, f"{error.message} {error.hint}".strip())
        else:
            messages.success(request, _("The field is saved."))
            return redirect("custom_fields")
    title = found.label if found else _("New field")
    return render(request, "web/people/field.html", {"form": form, "title": title})


def _field(field_id: UUID) -> CustomField:
    found = CustomField.objects.filter(id=field_id).first()
    if found is None:
        raise NotVisible("There is no such field.")
    return found
