"""Inviting people, and what the invited see."""

from uuid import UUID

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from rapport.staff import invitations
from rapport.staff.directory import enabled_providers
from rapport.staff.models import Company, Invitation, Member, Role, Team
from rapport.web.rights import ADMINS, member_of, page
from rapport.web.shell import shell_of


class InviteForm(forms.Form):
    """Whom, as what, into which teams."""

    email = forms.EmailField(label=lazy("E-mail address"))
    name = forms.CharField(label=lazy("Name"), required=False, max_length=120)
    role = forms.ChoiceField(label=lazy("Role"), choices=Role.choices, initial=Role.AGENT)
    teams = forms.ModelMultipleChoiceField(
        Team.objects.filter(is_active=True), required=False, label=lazy("Teams"), widget=forms.CheckboxSelectMultiple
    )

    def clean_email(self) -> str:
        """Nobody twice."""
        address = str(self.cleaned_data["email"]).lower()
        if Member.objects.filter(email=address).exists():
            raise forms.ValidationError(_("There is a member with this address already."))
        return address


class JoinForm(forms.Form):
    """Name and password of somebody new."""

    name = forms.CharField(label=lazy("Your name, as people read it under your replies"), max_length=120)
    password = forms.CharField(
        label=lazy("Choose a password"), strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=lazy("Ten characters or more."),
    )  # fmt: skip

    def __init__(self, *args: object, invitation: Invitation, **kwargs: object) -> None:
        self.invitation = invitation
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def clean_password(self) -> str:
        """As good as everybody's."""
        password = str(self.cleaned_data["password"])
        validate_password(password, Member(email=self.invitation.email, name=self.data.get("name", "")))
        return password


@page(ADMINS)
def invite(request: HttpRequest) -> HttpResponse:
    """Ask somebody in."""
    shell_of(request).current = "staff"
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        me = member_of(request)
        made, secret = invitations.invite(given["email"], given["name"], given["role"], given["teams"], me)
        return _sent(request, made, secret)
    title = _("Invite somebody")
    return render(
        request, "web/admin/form.html", {"form": form, "title": title, "back": "staff", "submit": _("Invite")}
    )


@page(ADMINS)
@require_POST
def invite_again(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """A fresh link."""
    return _sent(request, *invitations.renew(invitation_id, member_of(request)))


@page(ADMINS)
@require_POST
def invite_revoke(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Take it back."""
    invitations.revoke(invitation_id, member_of(request))
    messages.success(request, _("The invitation is withdrawn."))
    return redirect("staff")


def _sent(request: HttpRequest, made: Invitation, secret: str) -> HttpResponse:
    """Send the link, and show it: mail may not be connected yet, or not arrive."""
    shell_of(request).current = "staff"
    url = request.build_absolute_uri(reverse("join", args=[secret]))
    by, company = member_of(request), Company.here().name or "Rapport"
    context = {"url": url, "invitation": made, "by": by, "company": company}
    subject = _("%(name)s invites you to %(company)s") % {"name": by.name, "company": company}
    text = render_to_string("web/signin/invitation.txt", context)
    mailed = bool(EmailMessage(subject, text, to=[made.email]).send(fail_silently=False))
    return render(request, "web/signin/invited.html", {**context, "mailed": mailed})


@never_cache
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """What the link of an invitation shows."""
    found = invitations.by_secret(secret)
    if found is None:
        return render(request, "web/signin/join_gone.html", status=404)
    by_password = not Company.here().sso_only or found.role == Role.ADMIN
    form = JoinForm(request.POST or None, invitation=found, initial={"name": found.name})
    if by_password and request.method == "POST" and form.is_valid():
        member = invitations.accept(found, form.cleaned_data["name"], form.cleaned_data["password"])
        record_authentication(request, member, method="password", email=member.email)
        response: HttpResponse = perform_login(request, Login(user=member, redirect_url="/"))
        return response
    context = {"form": form, "invitation": found, "by_password": by_password, "sso": bool(enabled_providers())}
    return render(request, "web/signin/join.html", context)
