"""Who works here: members and their roles."""

from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django import forms
from django.contrib import messages
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from rapport.core import events, notify
from rapport.core.errors import NotVisible
from rapport.ownership.handing import whose
from rapport.staff import invitations, sessions
from rapport.staff.models import BusinessHours, Member, Membership, Role, Team
from rapport.web import locales
from rapport.web.account import time_zones
from rapport.web.entrance import REAL_FACTORS
from rapport.web.leaving import Leaving, asked_before, leaving_of
from rapport.web.rights import ADMINS, member_of, page
from rapport.web.shell import shell_of


class MemberForm(forms.ModelForm):  # type: ignore[type-arg]
    """A member as an administrator sees them."""

    time_zone = forms.ChoiceField(choices=time_zones, label=lazy("Time zone"))
    teams = forms.ModelMultipleChoiceField(
        Team.objects.filter(is_active=True), required=False, label=lazy("Teams"), widget=forms.CheckboxSelectMultiple
    )
    leads = forms.ModelMultipleChoiceField(
        Team.objects.filter(is_active=True),
        required=False,
        label=lazy("Leads these teams"),
        widget=forms.CheckboxSelectMultiple,
    )
    skills = forms.CharField(
        required=False, label=lazy("Skills"), help_text=lazy("Separated by commas."), max_length=400
    )
    languages = forms.CharField(
        required=False, label=lazy("Languages they answer in"), max_length=400,
        help_text=lazy("Separated by commas, by code or name: de, en, Turkish."),
    )  # fmt: skip

    class Meta:
        model = Member
        fields = ("name", "email", "role", "time_zone", "hours", "capacity", "skills", "languages")
        labels = {
            "name": lazy("Name"),
            "email": lazy("E-mail address, to sign in with"),
            "role": lazy("Role"),
            "capacity": lazy("Open conversations at most"),
            "hours": lazy("Business hours"),
        }
        help_texts = {"capacity": lazy("An ordinary mail counts as one; what is urgent, a call or a chat for more.")}

    def clean_email(self) -> str:
        """Addresses are compared in lower case."""
        return str(self.cleaned_data["email"]).lower()

    def clean_skills(self) -> list[str]:
        """A list from what was typed."""
        return [skill.strip()[:40] for skill in str(self.cleaned_data["skills"]).split(",") if skill.strip()]

    def clean_languages(self) -> list[str]:
        """Codes from what was typed; what is no language is named."""
        written = [one.strip() for one in str(self.cleaned_data["languages"]).split(",") if one.strip()]
        codes = {one: locales.language_code(one) for one in written}
        wrong = next((one for one, code in codes.items() if not code), None)
        if wrong is not None:
            raise forms.ValidationError(
                _("“%(written)s” is no language. Write its code, such as de, or its name.") % {"written": wrong}
            )
        return list(dict.fromkeys(code for code in codes.values() if code))

    def save_all(self, actor: Member, kind: str) -> Member:
        """Store the member and their teams, and say so in the log."""
        member: Member = self.save(commit=False)
        if "password" in self.cleaned_data:
            member.set_password(self.cleaned_data["password"])
        if "role" in self.changed_data:
            member.role_from_groups = False
        member.save()
        self._save_teams(member)
        events.record(kind, actor_id=actor.id, data={"member": str(member.id), "role": member.role})
        notify.changed("member", member.id, [])
        notify.wake(notify.HANDING_CHANNEL)
        if "role" in self.changed_data and member.id != actor.id:
            sessions.end_all(member.id, actor_id=actor.id, why="role")
        return member

    def leaving(self) -> Leaving:
        """What the member has in teams for which they no longer answer once this is saved."""
        return leaving_of(self.instance.id, self._teams(), self.cleaned_data["role"])

    def _teams(self) -> dict[Team, bool]:
        """The teams that were chosen, and whether they lead them."""
        leads = set(self.cleaned_data["leads"])
        return {team: team in leads for team in {*self.cleaned_data["teams"], *leads}}

    def _save_teams(self, member: Member) -> None:
        """What an administrator chose is theirs from now on, also where a directory had put it."""
        wanted = self._teams()
        Membership.objects.filter(member=member).exclude(team__in=wanted).delete()
        kept = {one.team_id: one for one in Membership.objects.filter(member=member)}
        for team, is_lead in wanted.items():
            if team.id not in kept:
                Membership.objects.create(member=member, team=team, is_lead=is_lead)
            elif kept[team.id].is_lead != is_lead:
                Membership.objects.filter(id=kept[team.id].id).update(is_lead=is_lead, origin="")


class NewMemberForm(MemberForm):
    """A new member also gets a first password."""

    password = forms.CharField(
        label=lazy("First password"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False,
        help_text=lazy("Tell them in person; they can change it."),
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
        "invitations": invitations.pending() if shell_of(request).can_admin else [],
        "guarded": set(Authenticator.objects.filter(type__in=REAL_FACTORS).values_list("user_id", flat=True)),
    }  # fmt: skip
    return render(request, "web/admin/staff.html", context)


@page(ADMINS)
def member_new(request: HttpRequest) -> HttpResponse:
    """Add a member."""
    shell_of(request).current = "staff"
    return _edit(request, NewMemberForm(request.POST or None), "member.added", _("New member"))


@page(ADMINS)
def member(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """Change a member; their account is closed and opened by `web.closing`."""
    shell_of(request).current = "staff"
    found = found_member(member_id)
    memberships = list(Membership.objects.filter(member=found))
    initial = {
        "teams": [one.team_id for one in memberships],
        "leads": [one.team_id for one in memberships if one.is_lead],
        "skills": ", ".join(found.skills),
        "languages": ", ".join(found.languages),
    }
    form = MemberForm(request.POST or None, instance=found, initial=initial)
    return _edit(request, form, "member.changed", found.name)


def found_member(member_id: UUID) -> Member:
    """The member with this id. Raises NotVisible where there is none."""
    found = Member.objects.filter(id=member_id).first()
    if found is None:
        raise NotVisible("There is no such member.")
    return found


@page(ADMINS)
@require_POST
def member_sessions_end(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """Sign a member out everywhere."""
    found, me = found_member(member_id), member_of(request)
    mine = request.session.session_key if found.id == me.id else None
    ended = sessions.end_all(found.id, but=mine, actor_id=me.id, why="administrator")
    messages.success(
        request, ngettext("%(count)s session is ended.", "%(count)s sessions are ended.", ended) % {"count": ended}
    )
    return redirect("member", found.id)


@page(ADMINS)
@require_POST
def member_factors_remove(request: HttpRequest, member_id: UUID) -> HttpResponse:
    """For somebody who lost phone, passkey and recovery codes: they set up new ones after signing in."""
    found, me = found_member(member_id), member_of(request)
    Authenticator.objects.filter(user=found).delete()
    sessions.end_all(found.id, but=request.session.session_key, actor_id=me.id, why="administrator")
    events.record("member.factors_removed", actor_id=me.id, data={"member": str(found.id)})
    messages.success(request, _("Second factors of %(name)s are removed.") % {"name": found.name})
    return redirect("member", found.id)


def _edit(request: HttpRequest, form: MemberForm, kind: str, title: str) -> HttpResponse:
    if request.method == "POST" and form.is_valid() and _keeps_an_admin(form, member_of(request)):
        asks = None if form.instance._state.adding else asked_before(request, form.leaving())
        if asks is not None:
            return asks
        saved = form.save_all(member_of(request), kind)
        messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
        return redirect("staff")
    context: dict[str, object] = {"form": form, "title": title, "back": "staff"}
    if form.instance._state.adding:
        return render(request, "web/admin/form.html", context)
    who = form.instance
    context |= {
        "who": who,
        "factors": Authenticator.objects.filter(user=who, type__in=REAL_FACTORS).count(),
        "open_sessions": len(sessions.of(who)),
        "linked": SocialAccount.objects.filter(user=who).exists(),
        "still_has": whose.not_theirs(who).count(),
    }
    return render(request, "web/admin/member.html", context)


def _keeps_an_admin(form: MemberForm, me: Member) -> bool:
    """Nobody locks themselves out, and with that the last administrator never goes."""
    mine = form.instance.pk == me.pk
    if mine and form.cleaned_data["role"] != Role.ADMIN:
        form.add_error(None, _("You cannot take the administrator's role from yourself. Ask another administrator."))
        return False
    return True
