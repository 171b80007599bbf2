"""The settings of a mailbox, as its page asks for them."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.channels import registry
from rapport.channels.models import Channel
from rapport.channels.secrets import seal, unseal
from rapport.core.errors import Invalid

_SECURITY = (("tls", lazy("TLS (usual)")), ("starttls", lazy("STARTTLS")), ("none", lazy("None (this machine only)")))
_KEEP = lazy("Leave empty to keep the stored one.")


class MailboxForm(forms.Form):
    """A mailbox: where mail is collected, and where it is sent."""

    name = forms.CharField(max_length=80, help_text=lazy("What colleagues call it, such as “Support mailbox”."))
    address = forms.EmailField(label=lazy("Its e-mail address"))
    imap_host = forms.CharField(
        label=lazy("IMAP server"), required=False, help_text=lazy("Empty: mail is not collected from here.")
    )
    imap_port = forms.IntegerField(label=lazy("IMAP port"), required=False, min_value=1, max_value=65535)
    imap_security = forms.ChoiceField(label=lazy("IMAP security"), choices=_SECURITY)
    imap_user = forms.CharField(label=lazy("IMAP user"), required=False)
    imap_password = forms.CharField(
        label=lazy("IMAP password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    folders = forms.CharField(
        label=lazy("Folders"), required=False, initial="INBOX", help_text=lazy("Separated by commas.")
    )
    backfill = forms.BooleanField(
        label=lazy("Also take in the mail that is there already"), required=False, initial=True
    )
    authserv_id = forms.CharField(
        label=lazy("Server that checks senders"), required=False, max_length=255,
        help_text=lazy(
            "The name with which your mail server begins its Authentication-Results. What it found is believed then: "
            "that an address is really its owner’s. Empty: nothing a mail says of itself is."
        ),
    )  # fmt: skip
    smtp_host = forms.CharField(
        label=lazy("SMTP server"), required=False, help_text=lazy("Empty: replies cannot be sent from here.")
    )
    smtp_port = forms.IntegerField(label=lazy("SMTP port"), required=False, min_value=1, max_value=65535)
    smtp_security = forms.ChoiceField(label=lazy("SMTP security"), choices=_SECURITY)
    smtp_user = forms.CharField(label=lazy("SMTP user"), required=False)
    smtp_password = forms.CharField(
        label=lazy("SMTP password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        self.channel = channel
        kwargs["initial"] = _initial(channel)
        super().__init__(*args, **kwargs)
        if channel.secrets:
            self.fields["imap_password"].help_text = self.fields["smtp_password"].help_text = _KEEP

    def clean_name(self) -> str:
        """Names are unique."""
        name = str(self.cleaned_data["name"]).strip()
        if Channel.objects.filter(name=name).exclude(id=self.channel.id).exists():
            raise forms.ValidationError(_("Another channel has this name."))
        return name

    def clean(self) -> dict[str, Any]:
        """Let the connector read the settings, as it would when it connects."""
        given = super().clean() or {}
        if self.errors:
            return given
        self.channel.name, self.channel.address = given["name"], given["address"].lower()
        self.channel.config = {**self.channel.config, **_config(given, self.channel.config)}
        for section in ("imap", "smtp"):
            if not given[f"{section}_host"]:
                self.channel.config.pop(section, None)
        kept = unseal(bytes(self.channel.secrets))
        new = {name: given[name] for name in ("imap_password", "smtp_password") if given[name]}
        self.channel.secrets = seal({**kept, **new})
        try:
            registry.connector(self.channel.kind).check(registry.account(self.channel))
        except Invalid as error:
            self.add_error(None, f"{error.message} {error.hint}".strip())
        return given


def _initial(channel: Channel) -> dict[str, Any]:
    imap, smtp = channel.config.get("imap") or {}, channel.config.get("smtp") or {}
    folders = imap.get("folders", ["INBOX"])
    return {
        "name": channel.name, "address": channel.address,
        "imap_host": imap.get("host", ""), "imap_port": imap.get("port"), "imap_security": imap.get("security", "tls"),
        "imap_user": imap.get("user", ""), "folders": ", ".join([folders] if isinstance(folders, str) else folders),
        "backfill": imap.get("backfill", True), "authserv_id": channel.config.get("authserv_id", ""),
        "smtp_host": smtp.get("host", ""), "smtp_port": smtp.get("port"),
        "smtp_security": smtp.get("security", "starttls"), "smtp_user": smtp.get("user", ""),
    }  # fmt: skip


def _config(given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The settings as given; what the page does not ask for (`after`, `per_minute`, ...) stays as it was before."""
    config: dict[str, Any] = {"authserv_id": given["authserv_id"].strip().lower()}
    for name in ("imap", "smtp"):
        if given[f"{name}_host"]:
            asked = {key: given[f"{name}_{key}"] for key in ("host", "port", "security", "user")}
            section = {**(before.get(name) or {}), **asked}
            config[name] = {key: value for key, value in section.items() if value or key not in asked}
    if "imap" in config:
        config["imap"]["folders"] = [f.strip() for f in given["folders"].split(",") if f.strip()] or ["INBOX"]
        config["imap"]["backfill"] = given["backfill"]
    return config
