"""What the sign-in page offers besides a password."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.http import urlencode

from rapport.staff.directory import enabled_providers
from rapport.staff.models import Company, ProviderKind
from rapport.web.entrance import passkeys_work

register = template.Library()


@register.simple_tag(takes_context=True)
def ways_in(context: template.Context) -> dict[str, Any]:
    """Providers with the address of each, whether a passkey may be used, whether only single sign-on is meant."""
    request = context["request"]
    target = request.GET.get("next", "")
    providers = [
        {"name": one.name, "url": _start(one.kind, one.slug) + (f"?{urlencode({'next': target})}" if target else "")}
        for one in enabled_providers()
    ]
    return {
        "providers": providers,
        "passkeys": passkeys_work(request),
        "sso_only": bool(providers) and Company.here().sso_only,
    }


def _start(kind: str, slug: str) -> str:
    return reverse("openid_connect_login" if kind == ProviderKind.OIDC else "saml_login", args=[slug])
