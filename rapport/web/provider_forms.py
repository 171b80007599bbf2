"""What an administrator enters about a provider of identities."""

import re
from typing import Any
from urllib.parse import urlsplit

import orjson
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

from rapport.channels import outgoing
from rapport.channels.secrets import seal, unseal
from rapport.core.errors import Invalid
from rapport.core.options import options
from rapport.staff.models import Provider, ProviderKind, Role

_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_ROLES = [one for one in Role.choices if one[0] != Role.ADMIN]


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """What both kinds have in common."""

    domains = forms.CharField(
        label=lazy("Domains it may speak for"),
        help_text=lazy("Only addresses of these domains are let in. Separated by commas, such as example.com."),
    )
    default_role = forms.ChoiceField(label=lazy("Role of new members"), choices=_ROLES, initial=Role.AGENT)

    class Meta:
        model = Provider
        fields = ("name", "domains", "create_members", "default_role", "groups_claim", "vouches", "enabled")
        labels = {
            "name": lazy("Name, as on the button of the sign-in page"),
            "create_members": lazy("Make a member of whoever signs in for the first time"),
            "groups_claim": lazy("Where it lists somebody's groups"),
            "vouches": lazy("It does not say whether an address is confirmed: take its addresses as confirmed"),
            "enabled": lazy("In use"),
        }
        help_texts = {
            "create_members": lazy("Without this only those who are members or invited get in."),
            "groups_claim": lazy(
                "The name of the claim or attribute, such as groups. Rules then give teams and roles."
            ),
            "vouches": lazy("Right for Entra ID and most SAML providers, where only your own people have accounts."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["domains"] = ", ".join(self.instance.domains)

    def clean_domains(self) -> list[str]:
        """Each must look like one."""
        found = [one.strip().lower().lstrip("@") for one in str(self.cleaned_data["domains"]).split(",") if one.strip()]
        for one in found:
            if not _DOMAIN.fullmatch(one):
                raise forms.ValidationError(_("%(given)s is no domain.") % {"given": one})
        return found


class OidcForm(ProviderForm):
    """OpenID Connect: an issuer that describes itself, and what it gave us."""

    issuer = forms.URLField(
        label=lazy("Issuer"), assume_scheme="https", help_text=lazy("Such as https://login.example.com/tenant")
    )
    client_id = forms.CharField(label=lazy("Client ID"), max_length=200)
    client_secret = forms.CharField(
        label=lazy("Client secret"), required=False, strip=True, max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    field_order = ("name", "issuer", "client_id", "client_secret", "domains")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update({name: self.instance.config.get(name, "") for name in ("issuer", "client_id")})
        if self.instance.secrets:
            self.fields["client_secret"].help_text = lazy("Leave empty to keep the stored one.")

    def clean(self) -> dict[str, Any]:
        """Ask the issuer who it is: what it says must be what was entered."""
        given = super().clean() or {}
        if self.errors:
            return given
        issuer = str(given["issuer"]).rstrip("/")
        try:
            said = orjson.loads(outgoing.fetch(f"{issuer}/.well-known/openid-configuration"))
            named = str(said["issuer"]).rstrip("/") if isinstance(said, dict) else ""
        except (Invalid, orjson.JSONDecodeError, KeyError) as error:
            self.add_error("issuer", _("The issuer does not answer as one: %(why)s") % {"why": error})
            return given
        if named != issuer:
            self.add_error("issuer", _("It calls itself %(named)s. Enter it exactly so.") % {"named": named})
        if urlsplit(issuer).scheme != "https" and not options().allow_private_addresses:
            self.add_error("issuer", _("It must be reached over HTTPS."))
        return given

    def store(self) -> Provider:
        """Keep it; a new issuer ends the links that the old one made."""
        given = self.cleaned_data
        found: Provider = self.save(commit=False)
        found.kind = ProviderKind.OIDC
        found.config = {"issuer": given["issuer"].rstrip("/"), "client_id": given["client_id"]}
        kept = unseal(bytes(found.secrets)).get("client_secret", "")
        found.secrets = seal({"client_secret": given["client_secret"] or kept})
        return found


class SamlForm(ProviderForm):
    """SAML 2.0: the provider's metadata, fetched or pasted."""

    metadata_url = forms.URLField(label=lazy("Address of its metadata"), required=False, assume_scheme="https")
    metadata_xml = forms.CharField(
        label=lazy("Or the metadata itself (XML)"), required=False, max_length=500_000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )  # fmt: skip
    nameid_is_address = forms.BooleanField(label=lazy("Its NameID is the e-mail address"), required=False)
    field_order = ("name", "metadata_url", "metadata_xml", "nameid_is_address", "domains")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = ("metadata_url", "metadata_xml", "nameid_is_address")
        self.initial.update({name: self.instance.config.get(name, "") for name in kept})

    def clean(self) -> dict[str, Any]:
        """Read the metadata now, so that a mistake shows here and not at somebody's sign-in."""
        given = super().clean() or {}
        url, xml = given.get("metadata_url", ""), str(given.get("metadata_xml", "")).strip()
        if self.errors:
            return given
        if bool(url) == bool(xml):
            self.add_error("metadata_url", _("Give either the address of the metadata or the metadata itself."))
            return given
        try:
            self.idp = read_metadata(outgoing.fetch(url) if url else xml.encode())
        except Invalid as error:
            self.add_error("metadata_url" if url else "metadata_xml", error.message)
        return given

    def store(self) -> Provider:
        """Keep it, with what the metadata said."""
        found: Provider = self.save(commit=False)
        found.kind = ProviderKind.SAML
        found.config = {
            **{name: self.cleaned_data[name] for name in ("metadata_url", "metadata_xml", "nameid_is_address")},
            "idp": self.idp,
        }
        return found


def read_metadata(xml: bytes) -> dict[str, str]:
    """Entity, address and certificate of a provider; Invalid where they are not there."""
    try:
        found = OneLogin_Saml2_IdPMetadataParser.parse(xml).get("idp", {})
    except (OneLogin_Saml2_Error, ValueError, SyntaxError, AttributeError) as error:
        raise Invalid(_("This is not the metadata of a SAML provider: %(why)s") % {"why": error}) from error
    many = (found.get("x509certMulti") or {}).get("signing") or []
    read = {
        "entity_id": found.get("entityId", ""),
        "sso_url": (found.get("singleSignOnService") or {}).get("url", ""),
        "x509cert": found.get("x509cert") or (many[0] if many else ""),
    }
    if not all(read.values()):
        raise Invalid(_("This metadata lacks the address to sign in at (HTTP-Redirect) or the certificate."))
    return read
