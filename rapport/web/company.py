"""What holds for the whole company. Everybody reads it; administrators change it, and the log says so."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.staff.models import Company
from rapport.web.rights import ADMINS, EVERYBODY, member_of, page
from rapport.web.shell import shell_of
from rapport.web.timeline import names_of

_FIELDS = ("name", "individual_figures", "require_second_factor")


class CompanyForm(forms.ModelForm):  # type: ignore[type-arg]
    """The company's settings."""

    class Meta:
        model = Company
        fields = _FIELDS
        labels = {
            "name": gettext_lazy("Name of the company"),
            "individual_figures": gettext_lazy("Allow figures on individuals in reports"),
            "require_second_factor": gettext_lazy("Everybody signs in with a second factor"),
        }
        help_texts = {
            "individual_figures": gettext_lazy(
                "Leads and administrators may then break reports down by member, and how fast a team works is shown "
                "however small it is. Ask your works council first, if you have one. Every member sees this setting."
            ),
            "require_second_factor": gettext_lazy("Whoever has none yet is asked to set one up at the next sign-in."),
        }


@page(EVERYBODY, to_change=ADMINS)
def company(request: HttpRequest) -> HttpResponse:
    """The settings, and who last changed them."""
    shell_of(request).current = "company"
    before = Company.here()
    was = {name: getattr(before, name) for name in _FIELDS}
    form = CompanyForm(request.POST or None, instance=before)
    if request.method == "POST" and form.is_valid():
        _save(request, form.save(commit=False), was)
        return redirect("company")
    with scope.system():
        # The log shows these to administrators only; what is decided for everybody is for everybody to see.
        changes = list(Event.objects.filter(kind="company.changed").order_by("-id")[:5])
    names = names_of(changes)
    lines = [(one, names.get(str(one.actor_id), ""), [label for name, label in _LABELS.items() if name in one.data.get(
        "after", {})]) for one in changes]  # fmt: skip
    return render(request, "web/admin/company.html", {"form": form, "company": Company.here(), "changes": lines})


def _save(request: HttpRequest, company: Company, was: dict[str, object]) -> None:
    after = {name: getattr(company, name) for name in _FIELDS if getattr(company, name) != was[name]}
    if not after:
        messages.info(request, _("Nothing was changed."))
        return
    company.updated_at = now()
    company.save()
    before = {name: was[name] for name in after}
    events.record("company.changed", actor_id=member_of(request).id, data={"before": before, "after": after})
    messages.success(request, _("The settings are saved. Every member can see them."))


_LABELS = {
    "name": gettext_lazy("name"), "individual_figures": gettext_lazy("figures on individuals"),
    "require_second_factor": gettext_lazy("second factor"),
}  # fmt: skip
