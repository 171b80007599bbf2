"""Who works here: members and their roles."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from rapport.core import events, notify
from rapport.core.errors import NotVisible
from rapport.staff.models import BusinessHours, Member, Membership, Role, Team
from rapport.web.account import time_zones
from rapport.web.rights import ADMINS, member_of, page
from rapport.web.shell import shell_of


class MemberForm(forms.ModelForm):  # type: ignore[type-arg]
    """A member as an administrator sees them."""

    time_zone = forms.ChoiceField(choices=time_zones, label="Time zone")
    teams = forms.ModelMultipleChoiceField(
        Team.objects.filter(is_active=True), required=False, label="Teams", widget=forms.CheckboxSelectMultiple
    )
    leads = forms.ModelMultipleChoiceField(
        Team.objects.filter(is_active=True),
        required=False,
        label="Leads these teams",
        widget=forms.CheckboxSelectMultiple,
    )
    skills = forms.CharField(required=False, help_text="Separated by commas.", max_length=400)

    class Meta:
        model = Member
        fields = ("name", "email", "role", "is_active", "time_zone", "hours", "capacity", "skills")
        labels = {
            "email": "E-mail address, to sign in with",
            "is_active": "May sign in",
            "capacity": "Open conversations at most",
            "hours": "Business hours",
        }

    def clean_email(self) -> str:
        """Addresses are compared in lower case."""
        return str(self.cleaned_data["email"]).lower()

    def clean_skills(self) -> list[str]:
        """A list from what was typed."""
        return [skill.strip()[:40] for skill in str(self.cleaned_data["skills"]).split(",") if skill.strip()]

    def save_all(self, actor: Member, kind: str) -> Member:
        """Store the member and their teams, and say so in the log."""
        member: Member = self.save(commit=False)
        if "password" in self.cleaned_data:
            member.set_password(self.cleaned_data["password"])
        member.save()
        leads = set(self.cleaned_data["leads"])
        wanted = {team: team in leads for team in {*self.cleaned_data["teams"], *leads}}
        Membership.objects.filter(member=member).exclude(team__in=wanted).delete()
        for team, is_lead in wanted.items():
            Membership.objects.update_or_create(member=member, team=team, defaults={"is_lead": is_lead})
        events.record(kind, actor_id=actor.id, data={"member": str(member.id), "role": member.role})
        notify.changed("member", member.id, [])
        return member


class NewMemberForm(MemberForm):
    """A new member also gets a first password."""

    password = forms.CharField(
        label="First password", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False,
        help_text="Tell them in person; they can change it.",
    )  # fmt: skip

    def clean_password(self) -> str:
        """As good as everybody's."""
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


@page()
@require_GET
def staff(request: HttpRequest) -> HttpResponse:
    """Members, teams and hours."""
    shell_of(request).current = "staff"
    members = list(Member.objects.order_by("-is_active", "name"))
    teams = list(Team.objects.order_by("-is_active", "name").select_related("hours"))
    by_member: dict[UUID, list[Membership]] = {}
    by_team: dict[UUID, list[Membership]] = {}
    for one in Membership.objects.select_related("team", "member").order_by("team__name", "member__name"):
        by_member.setdefault(one.member_id, []).append(one)
        by_team.setdefault(one.team_id, []).append(one)
    context = {
        "members": members, "teams": teams, "by_member": by_member, "by_team": by_team,
        "hours": list(BusinessHours.objects.order_by("name")),
    }  # fmt: skip
    return render(request, "web/admin/staff.html", context)


@page(ADMINS)
def member_new(request: HttpRequest) -> HttpResponse:
    """Add a member."""
    shell_of(request).current = "staff"
    return _edit(request, NewMemberForm(request.POST or None), "member.added", "New member")


@page(ADMINS)
def member(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """Change a member, or close their account."""
    shell_of(request).current = "staff"
    found = Member.objects.filter(id=member_id).first()
    if found is None:
        raise NotVisible("There is no such member.")
    memberships = list(Membership.objects.filter(member=found))
    initial = {
        "teams": [one.team_id for one in memberships],
        "leads": [one.team_id for one in memberships if one.is_lead],
        "skills": ", ".join(found.skills),
    }
    form = MemberForm(request.POST or None, instance=found, initial=initial)
    return _edit(request, form, "member.changed", found.name)


def _edit(request: HttpRequest, form: MemberForm, kind: str, title: str) -> HttpResponse:
    if request.method == "POST" and form.is_valid() and _keeps_an_admin(form, member_of(request)):
        saved = form.save_all(member_of(request), kind)
        messages.success(request, f"{saved.name} is saved.")
        return redirect("staff")
    return render(request, "web/admin/form.html", {"form": form, "title": title, "back": "staff"})


def _keeps_an_admin(form: MemberForm, me: Member) -> bool:
    """Nobody locks themselves out, and with that the last administrator never goes."""
    mine = form.instance.pk == me.pk
    if mine and (form.cleaned_data["role"] != Role.ADMIN or not form.cleaned_data["is_active"]):
        form.add_error(None, "You cannot take the administrator's role from yourself. Ask another administrator.")
        return False
    return True
