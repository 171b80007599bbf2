"""Single sign-on: providers as administrators configured them, and whom one may speak for."""

from typing import Any, cast

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from rapport.channels import outgoing
from rapport.channels.secrets import unseal
from rapport.core import events, notify, scope
from rapport.core.errors import Invalid
from rapport.staff import directory, invitations
from rapport.staff.groups import names_in
from rapport.staff.models import Member, Origin, Provider, ProviderKind

_APP_KIND = {ProviderKind.OIDC: "openid_connect", ProviderKind.SAML: "saml"}
_MAIL_OIDS = (
    "urn:oid:0.9.2342.19200300.100.1.3", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "email", "mail",
)  # fmt: skip
_NAME_OIDS = (
    "name", "displayName", "urn:oid:2.16.840.1.113730.3.1.241", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
)  # fmt: skip
#: Nothing of a connection can change a member into another: linking by hand is off, `pre_social_login` decides.
SAML_MAPPING = {
    "email": list(_MAIL_OIDS),
    "first_name": list(_NAME_OIDS),
    "uid": ["urn:oasis:names:tc:SAML:attribute:subject-id"],
}


def app_of(provider: Provider) -> SocialApp:
    """A provider as django-allauth wants it; never stored, so that its secret stays sealed."""
    app = SocialApp(provider=_APP_KIND[ProviderKind(provider.kind)], name=provider.name)
    app.pk = None
    if provider.kind == ProviderKind.OIDC:
        app.provider_id, app.client_id = provider.slug, provider.config.get("client_id", "")
        app.secret = unseal(bytes(provider.secrets)).get("client_secret", "")
        app.settings = {
            "server_url": provider.config.get("issuer", "").rstrip("/"),
            "oauth_pkce_enabled": True,
            "scope": ["openid", "profile", "email", *provider.config.get("scopes", [])],
        }
        return app
    app.provider_id, app.client_id = f"saml-{provider.slug}", provider.slug
    app.settings = {
        "idp": provider.config.get("idp", {}),
        "attribute_mapping": SAML_MAPPING,
        "use_nameid_for_email": bool(provider.config.get("nameid_is_address")),
        "advanced": {
            "want_assertion_signed": True,
            "reject_deprecated_algorithm": True,
            "strict": True,
            "allow_single_label_domains": True,
        },
    }
    return app


class _Refused(Exception):
    """Not let in, and why in words for them; raised inside the transaction, answered outside it."""


class SingleSignOn(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Links a person to a member by an address of a domain that is the provider's, and by nothing else."""

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        """The enabled providers."""
        apps = [app_of(one) for one in directory.enabled_providers()]
        return [
            app
            for app in apps
            if (provider is None or provider in (app.provider, app.provider_id))
            and (client_id is None or client_id == app.client_id)
        ]

    def get_requests_session(self) -> requests.Session:
        """Outgoing requests are guarded."""
        return outgoing.session()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Members are made in `pre_social_login` or not at all."""
        return False

    def on_authentication_error(self, request: HttpRequest, provider: Any, **given: Any) -> None:
        """In our words."""
        why = _("The provider did not confirm who you are. Try again, or ask an administrator.")
        raise ImmediateHttpResponse(refusal(request, why))

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find or make the member, apply their groups; refuse everybody else."""
        sociallogin.state["process"] = "login"
        try:
            with scope.system():
                _settle(request, sociallogin)
        except (_Refused, Invalid) as refused:
            raise ImmediateHttpResponse(refusal(request, str(refused))) from refused


def _settle(request: HttpRequest, sociallogin: SocialLogin) -> None:
    provider = _provider_of(sociallogin)
    if provider is None:
        raise _Refused(_("This provider is not connected any more."))
    member = _member(sociallogin, provider)
    if not member.is_active:
        raise _Refused(_("Your account here is closed. Ask an administrator."))
    if provider.groups_claim:
        groups = names_in(_claims(sociallogin).get(provider.groups_claim))
        directory.apply_groups(member, groups, Origin.SSO, provider.default_role)
    if not sociallogin.is_existing:
        sociallogin.connect(request, member)
        events.record("member.linked", actor_id=member.id, subject=provider.name)


def _member(sociallogin: SocialLogin, provider: Provider) -> Member:
    if sociallogin.is_existing:
        return cast(Member, sociallogin.user)
    address = trusted_address(sociallogin, provider)
    if not address:
        raise _Refused(_("The provider gave no confirmed address of a domain that it may speak for."))
    return Member.objects.filter(email=address).first() or _new_member(sociallogin, provider, address)


def _new_member(sociallogin: SocialLogin, provider: Provider, address: str) -> Member:
    name = name_in(_claims(sociallogin)) or address.partition("@")[0]
    invited = invitations.open_for(address)
    if invited is not None:
        return invitations.accept(invited, invited.name or name, None)
    if not provider.create_members:
        raise _Refused(_("You are not a member here yet. Ask an administrator to invite you."))
    member = Member.objects.create_user(address, None, name=name[:120], role=provider.default_role)
    events.record("member.added", actor_id=member.id, data={"member": str(member.id), "role": member.role})
    notify.changed("member", member.id, [])
    return member


def refusal(request: HttpRequest, why: str) -> HttpResponse:
    """A page that says why somebody is not let in; the log says that."""
    with scope.system():
        events.record("session.refused", data={"by": "sso"})
    return render(request, "socialaccount/authentication_error.html", {"why": why}, status=403)


def _provider_of(sociallogin: SocialLogin) -> Provider | None:
    app = sociallogin.provider.app
    slug = app.client_id if app.provider == "saml" else app.provider_id
    return Provider.objects.filter(slug=slug, enabled=True).first()


def _claims(sociallogin: SocialLogin) -> dict[str, Any]:
    """What the provider said, from wherever it said it."""
    data = sociallogin.account.extra_data or {}
    return {**data, **(data.get("id_token") or {}), **(data.get("userinfo") or {})}


def name_in(claims: dict[str, Any]) -> str:
    """The name of a person, from the claims that carry one."""
    for key in _NAME_OIDS:
        value = claims.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and value.strip():
            return value.strip()
    both = [claims.get("given_name"), claims.get("family_name")]
    return " ".join(str(one) for one in both if one)


def trusted_address(sociallogin: SocialLogin, provider: Provider) -> str:
    """The person's address, if the provider may speak for it; "" otherwise."""
    claims = _claims(sociallogin)
    said = claims.get("email_verified")
    confirmed = said is True or (isinstance(said, str) and said.lower() == "true")
    denied = said is not None and not confirmed
    for one in sociallogin.email_addresses:
        address = str(one.email).strip().lower()
        if may_speak_for(provider.domains, address) and not denied and (confirmed or provider.vouches):
            return address
    return ""


def may_speak_for(domains: list[str], address: str) -> bool:
    """Whether the domain of an address is one of these, exactly."""
    name, at, domain = address.rpartition("@")
    return bool(name and at) and domain.casefold() in {one.casefold() for one in domains}
