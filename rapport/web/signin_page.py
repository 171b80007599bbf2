"""How the company signs in: what is required, single sign-on, groups, and the keys of directories."""

from typing import Any, cast
from uuid import UUID

from allauth.socialaccount.models import SocialAccount
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.staff import directory
from rapport.staff.models import (
    Company,
    DirectoryGroup,
    GroupRule,
    Member,
    Provider,
    ProviderKind,
    Role,
    ScimToken,
    Team,
)
from rapport.web.provider_forms import OidcForm, SamlForm
from rapport.web.rights import ADMINS, member_of, page
from rapport.web.shell import shell_of

_ROLES = [("", lazy("No role")), *Role.choices]


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a group gives."""

    team = forms.ModelChoiceField(
        Team.objects.filter(is_active=True), required=False, label=lazy("Team"), empty_label=lazy("No team")
    )
    role = forms.ChoiceField(choices=_ROLES, required=False, label=lazy("Role"))

    class Meta:
        model = GroupRule
        fields = ("group", "team", "is_lead", "role")
        labels = {"group": lazy("Group in your directory"), "is_lead": lazy("Leads the team")}

    def clean(self) -> dict[str, Any]:
        """It must give something, and once."""
        given = super().clean() or {}
        if not given.get("team") and not given.get("role"):
            self.add_error(None, _("Choose a team, a role, or both."))
        if GroupRule.objects.filter(group__iexact=str(given.get("group", "")), team=given.get("team")).exists():
            self.add_error("group", _("There is such a rule already."))
        return given


@page(ADMINS)
@require_GET
def signin(request: HttpRequest) -> HttpResponse:
    """The page."""
    return _page(request, RuleForm())


def _page(request: HttpRequest, rule_form: RuleForm, token: str = "", status: int = 200) -> HttpResponse:
    shell_of(request).current = "staff"
    with scope.system():
        providers = list(Provider.objects.all())
        tokens = list(ScimToken.objects.filter(revoked_at__isnull=True).select_related("created_by"))
    context = {
        "company": Company.here(), "providers": providers, "tokens": tokens, "token": token, "rule_form": rule_form,
        "rules": list(GroupRule.objects.select_related("team")), "groups": DirectoryGroup.objects.count(),
        "scim_url": request.build_absolute_uri("/scim/v2/"),
    }  # fmt: skip
    return render(request, "web/signin/page.html", context, status=status)


@page(ADMINS)
@require_POST
def switches(request: HttpRequest) -> HttpResponse:
    """What is required of everybody."""
    wanted = {name: request.POST.get(name) == "on" for name in ("require_second_factor", "sso_only")}
    if wanted["sso_only"] and not directory.enabled_providers():
        messages.error(request, _("Connect single sign-on first: nobody could sign in."))
        return redirect("signin")
    Company.objects.update_or_create(id=1, defaults={**wanted, "updated_at": now()})
    events.record("company.sign_in_changed", actor_id=member_of(request).id, data=wanted)
    messages.success(request, _("Saved. It holds from the next page on."))
    return redirect("signin")


@page(ADMINS)
def provider_new(request: HttpRequest, kind: str) -> HttpResponse:
    """Connect a provider."""
    if kind not in ProviderKind.values:
        raise NotVisible("There is no such kind.")
    return _edit(request, Provider(kind=kind, slug=get_random_string(10).lower(), vouches=kind == ProviderKind.SAML))


@page(ADMINS)
def provider(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    """Change one."""
    return _edit(request, _found(provider_id))


def _found(provider_id: UUID) -> Provider:
    with scope.system():
        found = Provider.objects.filter(id=provider_id).first()
    if found is None:
        raise NotVisible("There is no such provider.")
    return found


def _edit(request: HttpRequest, found: Provider) -> HttpResponse:
    shell_of(request).current = "staff"
    before = found.config.get("issuer") or found.config.get("idp", {}).get("entity_id")
    is_new = found._state.adding
    kind = ProviderKind(found.kind)
    form_class = cast(Any, OidcForm if kind == ProviderKind.OIDC else SamlForm)
    form = form_class(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        _store(form.store(), before, member_of(request).id)
        messages.success(request, _("%(name)s is saved.") % {"name": found.name})
        return redirect("signin" if not is_new else reverse("provider", args=[found.id]))
    ours = _our_side(request, found)
    return render(
        request, "web/signin/provider.html", {"form": form, "provider": found, "is_new": is_new, "ours": ours}
    )


def _store(found: Provider, before: str | None, actor: UUID) -> None:
    with scope.system():
        after = found.config.get("issuer") or found.config.get("idp", {}).get("entity_id")
        if before and before != after:
            _unlink(found)
        found.save()
        events.record("provider.saved", actor_id=actor, subject=found.name, data={"provider": str(found.id)})


def _unlink(found: Provider) -> None:
    """Who was known by another provider's word is not known by this one's."""
    SocialAccount.objects.filter(provider__in=[found.slug, f"saml-{found.slug}"]).delete()


def _our_side(request: HttpRequest, found: Provider) -> list[tuple[str, str]]:
    """What the provider must be told about us."""
    if found.kind == ProviderKind.OIDC:
        url = reverse("openid_connect_callback", args=[found.slug])
        return [(_("Redirect address"), request.build_absolute_uri(url))]
    return [
        (_("Entity ID and metadata"), request.build_absolute_uri(reverse("saml_metadata", args=[found.slug]))),
        (_("Reply address (ACS)"), request.build_absolute_uri(reverse("saml_acs", args=[found.slug]))),
    ]


@page(ADMINS)
@require_POST
def provider_remove(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    """Disconnect it; the members stay, the links go."""
    found = _found(provider_id)
    with scope.system():
        _unlink(found)
        Provider.objects.filter(id=found.id).delete()
        events.record("provider.removed", actor_id=member_of(request).id, subject=found.name)
        if not Provider.objects.filter(enabled=True).exists():
            Company.objects.update(sso_only=False)
    messages.success(request, _("%(name)s is removed.") % {"name": found.name})
    return redirect("signin")


@page(ADMINS)
@require_POST
def rule_add(request: HttpRequest) -> HttpResponse:
    """A group gives something from now on."""
    form = RuleForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    saved = form.save()
    _rules_changed(request, saved.group)
    return redirect("signin")


@page(ADMINS)
@require_POST
def rule_remove(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """It gives that no more."""
    found = GroupRule.objects.filter(id=rule_id).first()
    if found is None:
        raise NotVisible("There is no such rule.")
    found.delete()
    _rules_changed(request, found.group)
    return redirect("signin")


def _rules_changed(request: HttpRequest, group: str) -> None:
    """Groups kept here are applied at once; those of single sign-on at the next sign-in."""
    events.record("group_rules.changed", actor_id=member_of(request).id, subject=group)
    with scope.system():
        directory.apply_scim_groups(Member.objects.filter(groups__isnull=False).distinct().values_list("id", flat=True))
    messages.success(request, _("The rules are saved."))


@page(ADMINS)
@require_POST
def token_new(request: HttpRequest) -> HttpResponse:
    """A key for a directory, shown this once."""
    name = request.POST.get("name", "").strip()[:80] or _("Directory")
    people_only = request.POST.get("for") == "people"
    secret = directory.new_token(name, member_of(request), people_only=people_only)[1]
    return _page(request, RuleForm(), secret)


@page(ADMINS)
@require_POST
def token_revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """The key opens nothing any more."""
    directory.revoke_token(token_id, member_of(request))
    messages.success(request, _("The key is revoked."))
    return redirect("signin")
