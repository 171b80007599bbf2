"""What was changed in a channel, as the log says it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

#: Names of settings as `channels.keeping` records them; by its first part where the whole is not here.
_SETTINGS = {
    "name": _("its name"),
    "address": _("its address"),
    "addresses": _("its further addresses"),
    "catch_all": _("its domain"),
    "secrets": _("its credentials"),
    "imap.after": _("what becomes of collected mail"),
    "imap.move_to": _("what becomes of collected mail"),
    "imap.folders": _("what is collected"),
    "imap.backfill": _("what is collected"),
    "imap": _("where it collects"),
    "smtp.per_minute": _("how fast it sends"),
    "smtp": _("where it sends"),
    "from_name": _("the name of the sender"),
    "signed_reply": _("where answers come to"),
    "authserv_id": _("whose checks are believed"),
}


def changed(data: Mapping[str, Any], _names: Mapping[str, str]) -> str:
    """Which settings a channel's change was about; "" where the event does not tell."""
    what = data.get("what")
    if not isinstance(what, list) or not what:
        return ""
    told = dict.fromkeys(str(_said(str(name))) for name in what)
    return gettext("changed a channel: %(what)s") % {"what": ", ".join(told)}


def _said(name: str) -> Any:
    return _SETTINGS.get(name) or _SETTINGS.get(name.partition(".")[0]) or _("its settings")
