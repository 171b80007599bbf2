"""What a member says about themselves, and small things of this browser."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from rapport.staff.models import Member
from rapport.web.rights import member_of, page
from rapport.web.shell import THEMES

_YEAR = 365 * 24 * 3600


def time_zones() -> list[tuple[str, str]]:
    """Every time zone as a choice."""
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name or name == "UTC"]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a member may change about themselves."""

    time_zone = forms.ChoiceField(choices=time_zones, label=gettext_lazy("Time zone"))

    class Meta:
        model = Member
        fields = ("name", "time_zone", "signature")
        labels = {"name": gettext_lazy("Your name, as people read it under your replies")}
        help_texts = {"signature": gettext_lazy("Stands under your replies.")}
        widgets = {"signature": forms.Textarea(attrs={"rows": 4})}


@page()
def profile(request: HttpRequest) -> HttpResponse:
    """Name, time zone and signature."""
    form = ProfileForm(request.POST or None, instance=member_of(request))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your profile is saved."))
        return redirect("profile")
    return render(request, "web/profile.html", {"form": form})


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie of this browser, and go back."""
    chosen = request.POST.get("theme", "auto")
    target = request.POST.get("next", "/")
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    response = redirect(target if allowed else "/")
    cookie: dict[str, Any] = {"max_age": _YEAR, "samesite": "Lax", "secure": request.is_secure(), "httponly": False}
    response.set_cookie("rapport_theme", chosen if chosen in THEMES else "auto", **cookie)
    return response


def sso_cancelled(request: HttpRequest) -> HttpResponse:
    """Somebody turned back at the provider of identities."""
    return render(request, "socialaccount/login_cancelled.html", {"why": _("You turned back before it was done.")})
