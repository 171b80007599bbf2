"""What a chat window says, and how it looks, in the visitor's language."""

from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _

from rapport.channels.kinds.webchat.connector import FILE_BYTES_MAX, TEXT_MAX
from rapport.channels.models import Channel
from rapport.staff.models import Company
from rapport.web.webchat_door import Chat

COLOR = "#0b665b"
_DARK, _LIGHT = "#111110", "#ffffff"


def language_of(request: HttpRequest) -> str:
    """The language of the page around the chat (`?lang=`), else the one the browser asks for; one that we have."""
    try:
        return translation.get_supported_language_variant(request.GET.get("lang", "")[:20])
    except LookupError:
        return translation.get_language_from_request(request)


def settings_of(chat: Chat, *, is_open: bool) -> dict[str, Any]:
    """All that the window needs before anything was said. In the language that is active now."""
    color = chat.setting("color") or COLOR
    return {
        "title": title_of(chat),
        "greeting": chat.setting("greeting") or _("Hello! How can we help?"),
        "color": color,
        "ink": ink_on(color),
        "position": "start" if chat.setting("position") == "start" else "end",
        "privacy": privacy_of(chat),
        "open": is_open,
        "mail": mail_channel(chat) is not None,
        "fileMax": FILE_BYTES_MAX,
        "textMax": TEXT_MAX,
        "language": translation.get_language() or settings.LANGUAGE_CODE,
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
        "words": words(),
        "sheet": sheet(),
    }


def words() -> dict[str, str]:
    """Every word of the window; %s stands for what is filled in."""
    return {
        "chat": _("Chat with us"),
        "close": _("Close the chat"),
        "news": _("New messages: %s"),
        "log": _("Messages"),
        "here": _("We are here now."),
        "away": _("We are not here right now. Write to us, and we answer in this chat when we are back."),
        "mailed": _("We are not here right now. Write to us with your e-mail address, and we answer by e-mail."),
        "message": _("Your message"),
        "send": _("Send"),
        "attach": _("Attach a file"),
        "detach": _("Remove %s"),
        "name": _("Your name (optional)"),
        "email": _("Your e-mail address, in case you leave (optional)"),
        "needed": _("Your e-mail address"),
        "badmail": _("Enter an e-mail address, such as ann@example.org."),
        "consent": _(
            "Your first message starts the chat: it is stored, and this browser remembers it. "
            "Until then nothing is kept."
        ),
        "privacy": _("Privacy notice"),
        "you": _("You"),
        "us": _("Us"),
        "sending": _("Sending"),
        "failed": _("Not sent."),
        "again": _("Try again"),
        "slow": _("That was a lot at once. Wait a minute, and try again."),
        "large": _("This file is larger than %s MB."),
        "closed": _("This conversation is closed. Writing here opens it again."),
        "fresh": _("Start a new one"),
    }


@cache
def sheet() -> str:
    """The style sheet of the window: it comes with the settings, for a site's policy may forbid others' sheets."""
    return Path(str(finders.find("webchat/widget.css"))).read_text(encoding="utf-8")


def title_of(chat: Chat) -> str:
    """What stands above the chat."""
    return chat.setting("title") or Company.here().name or _("Chat")


def privacy_of(chat: Chat) -> str:
    """The address of the privacy notice, if it is one."""
    address = chat.setting("privacy_url")
    return address if address.startswith(("https://", "http://")) else ""


def mail_channel(chat: Chat) -> Channel | None:
    """The mailbox by which answers go to who has left."""
    wanted = chat.setting("mail_channel")
    return Channel.objects.filter(name=wanted, kind="email", enabled=True).first() if wanted else None


def ink_on(color: str) -> str:
    """Black or white, whichever is easier to read on a color such as #0b665b (WCAG 2.2, contrast ratio)."""
    light = luminance(color)
    return _DARK if (light + 0.05) / (luminance(_DARK) + 0.05) > 1.05 / (light + 0.05) else _LIGHT


def luminance(color: str) -> float:
    """The relative luminance of #rrggbb; of anything else, that of our usual color."""
    try:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    except ValueError:
        return luminance(COLOR)
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
