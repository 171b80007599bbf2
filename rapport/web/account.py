"""Signing in, and what a member says about themselves."""

from typing import Any
from zoneinfo import available_timezones

from allauth.account.adapter import DefaultAccountAdapter
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from rapport.staff.models import Member
from rapport.web.rights import member_of, page
from rapport.web.shell import THEMES

_YEAR = 365 * 24 * 3600


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody makes themselves an account: administrators do."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False


def time_zones() -> list[tuple[str, str]]:
    """Every time zone as a choice."""
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name or name == "UTC"]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a member may change about themselves."""

    time_zone = forms.ChoiceField(choices=time_zones, label="Time zone")

    class Meta:
        model = Member
        fields = ("name", "time_zone", "signature")
        labels = {"name": "Your name, as people read it under your replies"}
        help_texts = {"signature": "Stands under your replies."}
        widgets = {"signature": forms.Textarea(attrs={"rows": 4})}


@page()
def profile(request: HttpRequest) -> HttpResponse:
    """Name, time zone and signature."""
    form = ProfileForm(request.POST or None, instance=member_of(request))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your profile is saved.")
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
