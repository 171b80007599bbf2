"""The settings of a mailbox, as its page asks for them."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.channels import keeping, registry
from rapport.channels.kinds.email import changes
from rapport.channels.kinds.email.imap import holds
from rapport.channels.models import Channel
from rapport.channels.secrets import seal, unseal
from rapport.core.errors import ChannelError, Invalid

_SECURITY = (("tls", lazy("TLS (usual)")), ("starttls", lazy("STARTTLS")), ("none", lazy("None (this machine only)")))
_AFTER = (
    ("leave", lazy("Leave it as it is")), ("seen", lazy("Mark it as read")),
    ("move", lazy("Move it to another folder")), ("delete", lazy("Delete it there")),
)  # fmt: skip
_KEEP = lazy("Leave empty to keep the stored one.")
_AGAIN = lazy("Enter it once more: nothing was saved.")
_FOLDERS_SHOWN = 30


def _password(label: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "off"})
    return forms.CharField(label=label, required=False, strip=False, widget=widget)


class MailboxForm(forms.Form):
    """A mailbox: where mail is collected and what becomes of it there, and how mail is sent."""

    name = forms.CharField(max_length=80, help_text=lazy("What colleagues call it, such as “Support mailbox”."))
    address = forms.EmailField(label=lazy("Its e-mail address"))
    aliases = forms.CharField(
        label=lazy("Further addresses"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=lazy("One on each line. What the listener built in receives for them comes here, too."),
    )  # fmt: skip
    catch_all = forms.CharField(
        label=lazy("Whole domain"), required=False, max_length=253,
        help_text=lazy("Such as example.com: what the listener built in receives for it, and no other mailbox has."),
    )  # fmt: skip
    imap_host = forms.CharField(
        label=lazy("IMAP server"), required=False,
        help_text=lazy("Empty: mail is not collected from here. Another server, or another user, is read anew: what is "
                       "here already is not taken in twice."),
    )  # fmt: skip
    imap_port = forms.IntegerField(label=lazy("IMAP port"), required=False, min_value=1, max_value=65535)
    imap_security = forms.ChoiceField(label=lazy("IMAP security"), choices=_SECURITY)
    imap_user = forms.CharField(
        label=lazy("IMAP user"), required=False, help_text=lazy("Empty: the mailbox’s address.")
    )
    imap_password = _password(lazy("IMAP password"))
    folders = forms.CharField(
        label=lazy("Folders"), required=False, initial="INBOX", help_text=lazy("Separated by commas.")
    )
    backfill = forms.BooleanField(
        label=lazy("Also take in the mail that is there already"), required=False, initial=True,
        help_text=lazy("When changed later: what was left alone is taken in, or what is not here yet is left alone."),
    )  # fmt: skip
    after = forms.ChoiceField(
        label=lazy("Collected mail"), choices=_AFTER, initial="leave",
        help_text=lazy("What becomes of a mail on the server once it is kept here. It holds for what is collected from "
                       "now on."),
    )  # fmt: skip
    move_to = forms.CharField(
        label=lazy("Folder to move it to"), required=False, max_length=200,
        help_text=lazy("It must be there already, and be none of those that are collected."),
    )  # fmt: skip
    agreed = forms.BooleanField(
        label=lazy("Yes, delete collected mail on the server"), required=False,
        help_text=lazy("For good: no other program finds it there any more, and your backups of Rapport are the only "
                       "other copy. Mail that is there already is deleted, too, where it is taken in now. Asked when "
                       "deleting begins, and when more is collected than before."),
    )  # fmt: skip
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
    smtp_user = forms.CharField(
        label=lazy("SMTP user"), required=False, help_text=lazy("Empty: the mailbox’s address.")
    )
    smtp_password = _password(lazy("SMTP password"))
    per_minute = forms.IntegerField(
        label=lazy("Mails a minute"), required=False, min_value=1, max_value=100_000,
        help_text=lazy("At most so many are sent; the others wait. Empty: 60."),
    )  # fmt: skip
    from_name = forms.CharField(
        label=lazy("Name of the sender"), required=False, max_length=200,
        help_text=lazy("What readers see; may hold {member} and {channel}. Empty: who wrote it."),
    )  # fmt: skip
    signed_reply = forms.BooleanField(
        label=lazy("Answers come to a signed address"), required=False,
        help_text=lazy("Such as help+c-…@example.com: it finds its conversation whatever was done to the mail. Your "
                       "server must deliver such addresses to this mailbox."),
    )  # fmt: skip

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        self.channel = channel
        self.before: dict[str, Any] = {} if channel._state.adding else dict(channel.config)
        #: What could not be tried, for whoever saves it nonetheless.
        self.untried = ""
        kwargs["initial"] = _initial(channel)
        super().__init__(*args, **kwargs)
        if channel.secrets:
            self.fields["imap_password"].help_text = self.fields["smtp_password"].help_text = _KEEP

    def clean_name(self) -> str:
        """Names are unique."""
        name = str(self.cleaned_data["name"]).strip()
        if Channel.objects.filter(name=name).exclude(id=self.channel.id).exists():
            raise ValidationError(_("Another channel has this name."))
        return name

    def clean_aliases(self) -> list[str]:
        """Addresses, each once; none that another mailbox has."""
        found = [one.strip().lower() for one in str(self.cleaned_data["aliases"]).replace(",", "\n").splitlines()]
        addresses = list(dict.fromkeys(one for one in found if one))
        for one in addresses:
            try:
                validate_email(one)
            except ValidationError as error:
                raise ValidationError(_("%(text)s is no e-mail address.") % {"text": one}) from error
        new = [one for one in addresses if one not in self.before.get("addresses", [])]
        for one, name in keeping.others_with(self.channel, new).items():
            raise ValidationError(_("%(address)s belongs to %(name)s.") % {"address": one, "name": name})
        return addresses

    def clean_catch_all(self) -> str:
        """A domain, as one writes it: a sign before it and capitals are nothing."""
        given = str(self.cleaned_data["catch_all"]).strip().lower().lstrip("@")
        if "@" in given or any(one.isspace() for one in given):
            raise ValidationError(_("%(given)s is no domain.") % {"given": given})
        return given

    def clean(self) -> dict[str, Any]:
        """Let the connector read the settings, as it would when it connects; ask before more is deleted."""
        given = super().clean() or {}
        if not self.errors:
            self._check_after(given)
        if not self.errors:
            self._take(given)
            self._read()
        if not self.errors:
            self._look_for_folder(given["move_to"])
        if self.errors:
            self._ask_passwords_again(given)
        return given

    def _check_after(self, given: Mapping[str, Any]) -> None:
        if not given["imap_host"] or given["after"] != "move":
            return
        if not given["move_to"]:
            self.add_error("move_to", _("Name the folder that collected mail is moved to."))
        elif any(one.casefold() == given["move_to"].casefold() for one in _folders(given)):
            self.add_error("move_to", _("This folder is collected itself. Name another."))

    def _take(self, given: Mapping[str, Any]) -> None:
        channel = self.channel
        channel.name, channel.address = given["name"], given["address"].lower()
        settled = {**given, "folders": _folders(given), "authserv_id": given["authserv_id"].strip().lower()}
        channel.config = changes.changed(self.before, {name: settled[name] for name in self._said()})
        new = {name: given[name] for name in ("imap_password", "smtp_password") if given[name]}
        channel.secrets = seal({**_kept(channel), **new})
        if changes.deletes_more(self.before, channel.config) and not given["agreed"]:
            words = _("Nothing is saved yet: say here that collected mail is to be deleted on the server.")
            self.add_error("agreed", words)

    def _said(self) -> list[str]:
        """The settings that differ from what was shown, and all of a server that is new: a default is no change."""
        new = ["", "imap", "smtp"] if not self.before else [one for one in ("imap", "smtp") if not self.before.get(one)]
        return [name for name, (section, _key) in changes.PLACES.items() if name in self.changed_data or section in new]

    def _read(self) -> None:
        try:
            registry.connector(self.channel.kind).check(registry.account(self.channel))
        except Invalid as error:
            beside = changes.setting_of(error.message)
            self.add_error(beside or None, f"{error.message} {error.hint}".strip())

    def _look_for_folder(self, folder: str) -> None:
        """A folder that is not there is told now, not when mail waits to be moved."""
        if not changes.moves_elsewhere(self.before, self.channel.config):
            return
        try:
            connector: Any = registry.connector(self.channel.kind)
            names = list(connector.folders(registry.account(self.channel)))
        except ChannelError as error:
            self.untried = f"{error.message} {error.hint}".strip()
            return
        if not holds(names, folder):
            told = {"folder": folder, "folders": ", ".join(sorted(names)[:_FOLDERS_SHOWN])}
            words = _(
                "There is no folder %(folder)s. Make it with your mail program, or name one of these: %(folders)s"
            )
            self.add_error("move_to", words % told)

    def _ask_passwords_again(self, given: Mapping[str, Any]) -> None:
        """Passwords are not sent back with the page."""
        for name in ("imap_password", "smtp_password"):
            if given.get(name):
                self[name].help_text = _AGAIN  # its field's was taken when it was bound


def _kept(channel: Channel) -> dict[str, str]:
    try:
        return unseal(bytes(channel.secrets))
    except ChannelError:
        return {}  # encrypted with another key: they must be entered again, and its state says so


def _folders(given: Mapping[str, Any]) -> list[str]:
    return [one.strip() for one in given["folders"].split(",") if one.strip()] or ["INBOX"]


def _initial(channel: Channel) -> dict[str, Any]:
    config = channel.config
    imap, smtp = config.get("imap") or {}, config.get("smtp") or {}
    folders = imap.get("folders", ["INBOX"])
    return {
        "name": channel.name, "address": channel.address,
        "aliases": "\n".join(config.get("addresses") or []), "catch_all": config.get("catch_all", ""),
        "imap_host": imap.get("host", ""), "imap_port": imap.get("port"), "imap_security": imap.get("security", "tls"),
        "imap_user": imap.get("user", ""), "folders": ", ".join([folders] if isinstance(folders, str) else folders),
        "backfill": imap.get("backfill", True), "after": imap.get("after", "leave"), "move_to": imap.get("move_to", ""),
        "authserv_id": config.get("authserv_id", ""),
        "smtp_host": smtp.get("host", ""), "smtp_port": smtp.get("port"),
        "smtp_security": smtp.get("security", "tls" if smtp else "starttls"), "smtp_user": smtp.get("user", ""),
        "per_minute": smtp.get("per_minute"), "from_name": config.get("from_name", ""),
        "signed_reply": config.get("signed_reply", False),
    }  # fmt: skip
