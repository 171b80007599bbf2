"""The settings of any kind of channel, made of the fields that its connector names."""

import secrets
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.channels import registry
from rapport.channels.abilities import Field
from rapport.channels.models import Channel
from rapport.channels.secrets import seal, unseal
from rapport.core.errors import ChannelError, Invalid

_KEEP = lazy("Leave empty to keep the stored one.")
_LINES_MAX = 2_000


class ChannelForm(forms.Form):
    """Name, address and the kind's own fields. Secrets are never shown: an empty one is kept as it is."""

    name = forms.CharField(
        label=lazy("Name"), max_length=80, help_text=lazy("What colleagues call it, such as “Company account”.")
    )

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        self.channel = channel
        self.kind = registry.connector(channel.kind)
        kwargs["initial"] = {"name": channel.name, **_initial(channel, self.kind.fields)}
        super().__init__(*args, **kwargs)
        for field in self.kind.fields:
            self.fields[field.name] = _form_field(field, has_secret=field.name in _kept(channel))
        self.fields["untried"] = forms.BooleanField(
            label=lazy("Save even if the service cannot be reached now"), required=False
        )

    def clean_name(self) -> str:
        """Names are unique."""
        name = str(self.cleaned_data["name"]).strip()
        if Channel.objects.filter(name=name).exclude(id=self.channel.id).exists():
            raise forms.ValidationError(_("Another channel has this name."))
        return name

    def clean(self) -> dict[str, Any]:
        """Let the connector read the settings, and then ask the service who we are there."""
        given = super().clean() or {}
        if not self.errors:
            self._take(given)
            try:
                account = registry.account(self.channel)
                self.kind.check(account)
                self._ask(untried=bool(given.get("untried")))
            except (Invalid, ChannelError) as error:
                self.add_error(None, f"{error.message} {error.hint}".strip())
        return given

    def _take(self, given: Mapping[str, Any]) -> None:
        channel, config, kept = self.channel, dict(self.channel.config), _kept(self.channel)
        for field in self.kind.fields:
            value = given.get(field.name)
            if field.kind == "secret":
                if value:
                    kept[field.name] = str(value)
            elif field.kind == "lines":
                lines = (line.strip() for line in str(value or "").splitlines())
                config[field.name] = [line for line in lines if line][:_LINES_MAX]
            else:
                config[field.name] = value
        kept.setdefault("hook_secret", secrets.token_urlsafe(32))
        config.setdefault("key", secrets.token_urlsafe(16))
        channel.name, channel.config, channel.secrets = given["name"], config, seal(kept)

    def _ask(self, *, untried: bool) -> None:
        """Reach the service; what it calls us is the channel's address."""
        account = registry.account(self.channel)
        try:
            self.kind.test(account)
            own = dict(self.kind.identify(account))
        except ChannelError:
            if not untried:
                raise
            return
        self.channel.config["own"] = own
        self.channel.address = str(own.get("address") or self.channel.address)[:254]


def _kept(channel: Channel) -> dict[str, str]:
    try:
        return unseal(bytes(channel.secrets))
    except ChannelError:
        return {}  # encrypted with another key: they must be entered again, and the page says so by asking


def _initial(channel: Channel, fields: Any) -> dict[str, Any]:
    found = {}
    for field in fields:
        if field.kind != "secret":
            value = channel.config.get(field.name, field.default)
            found[field.name] = "\n".join(map(str, value)) if isinstance(value, list) else value
    return found


def _form_field(field: Field, *, has_secret: bool) -> forms.Field:
    help_text = _(str(field.help)) if field.help else ""
    said: dict[str, Any] = {"label": _(str(field.label)), "help_text": help_text, "required": field.required}
    if field.kind == "secret":
        widget = forms.PasswordInput(attrs={"autocomplete": "off"})
        if has_secret:
            said |= {"help_text": f"{said['help_text']} {_KEEP}".strip(), "required": False}
        return forms.CharField(strip=True, max_length=10_000, widget=widget, **said)
    if field.kind == "yes":
        return forms.BooleanField(**{**said, "required": False})
    if field.kind == "number":
        return forms.IntegerField(min_value=0, max_value=1_000_000_000, **said)
    if field.kind == "choice":
        return forms.ChoiceField(choices=[(value, _(str(words))) for value, words in field.choices], **said)
    if field.kind == "lines":
        return forms.CharField(max_length=200_000, widget=forms.Textarea(attrs={"rows": 4}), **said)
    if field.kind == "url":
        return forms.URLField(max_length=500, assume_scheme="https", **said)
    if field.kind == "email":
        return forms.EmailField(**said)
    return forms.CharField(max_length=2_000, **said)
