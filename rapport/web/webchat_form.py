"""The contact form: a plain page without a script, by itself or in a frame on one of the company's sites."""

import secrets
from typing import Any

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.channels.kinds.webchat import names
from rapport.channels.kinds.webchat.connector import FILE_BYTES_MAX, TEXT_MAX
from rapport.core.sniff import sniff
from rapport.web import webchat_talk as talk
from rapport.web import webchat_words as words
from rapport.web.webchat_door import Chat, Refused, Visitor, check_size, door, limit

_SALT = "rapport.webchat.form"
_STAMP_VALID_S = 24 * 3600
_BYTES_MAX = FILE_BYTES_MAX + 256 * 1024


class ContactForm(forms.Form):
    """What somebody tells us. `website` is a trap: people do not see it, machines fill it in."""

    name = forms.CharField(
        label=lazy("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=lazy("Your e-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=lazy("We answer there."),
    )  # fmt: skip
    subject = forms.CharField(label=lazy("What it is about"), max_length=200, required=False)
    text = forms.CharField(
        label=lazy("Your message"), max_length=TEXT_MAX, widget=forms.Textarea(attrs={"rows": 7})
    )
    file = forms.FileField(label=lazy("A file"), required=False, help_text=lazy("Up to 10 MB."))
    website = forms.CharField(required=False)
    stamp = forms.CharField(widget=forms.HiddenInput)

    def clean_file(self) -> dict[str, str] | None:
        """Of a bearable size; told by its bytes."""
        found = self.cleaned_data["file"]
        if not found:
            return None
        if found.size > FILE_BYTES_MAX:
            raise forms.ValidationError(_("This file is larger than 10 MB."))
        data = found.read()
        return talk.packed(found.name, sniff(data, found.name), data)

    def clean_stamp(self) -> str:
        """Made by this page, not too long ago: what is sent again with it is the same message."""
        try:
            return str(signing.loads(self.cleaned_data["stamp"], salt=_SALT, max_age=_STAMP_VALID_S))
        except signing.BadSignature as error:
            raise forms.ValidationError(_("This page has stood open too long. Please send it once more.")) from error


@door("GET", "POST")
def form(request: HttpRequest, chat: Chat) -> HttpResponse:
    """Show it, or take what was written. Who fills the trap is thanked, and nothing is kept."""
    with translation.override(words.language_of(request)):
        if words.mail_channel(chat) is None:
            return _page(request, chat, {"missing": True}, 503)
        return _taken(request, chat) if request.method == "POST" else _page(request, chat, {"form": _blank()})


def _taken(request: HttpRequest, chat: Chat) -> HttpResponse:
    check_size(request, _BYTES_MAX)
    limit(request, "webchat-form-tries", [(30, 60), (200, 3600)])
    asked = ContactForm(request.POST, request.FILES)
    if not asked.is_valid():
        return _page(request, chat, {"form": _stamped(asked)}, 422)
    given = asked.cleaned_data
    if not given["website"]:
        try:
            limit(request, "webchat-form", [(5, 60), (30, 3600)])
        except Refused as refused:
            asked.add_error(None, refused.words)
            return _page(request, chat, {"form": asked}, refused.status)
        _keep(chat, given)
    return _page(request, chat, {"sent": True, "email": given["email"]})


def _keep(chat: Chat, given: dict[str, Any]) -> None:
    visitor = Visitor(names.new_visitor(given["stamp"].encode()))
    said = {
        "id": "form-message", "conversation": 1, "text": given["text"], "subject": given["subject"],
        "name": given["name"], "email": given["email"], "language": translation.get_language() or "", "way": "form",
        "files": [given["file"]] if given["file"] else [],
    }  # fmt: skip
    talk.hand_in(chat, visitor, said)


def _blank() -> ContactForm:
    return ContactForm(initial={"stamp": _stamp()})


def _stamped(asked: ContactForm) -> ContactForm:
    """The same form, with a fresh stamp where the old one does not hold."""
    if "stamp" in asked.errors:
        asked.data = {**asked.data.dict(), "stamp": _stamp()}  # type: ignore[attr-defined]
    return asked


def _stamp() -> str:
    return signing.dumps(secrets.token_hex(16), salt=_SALT)


def _page(request: HttpRequest, chat: Chat, context: dict[str, Any], status: int = 200) -> HttpResponse:
    shown = {
        "sheets": ["rapport/css/tokens.css", "rapport/css/base.css", "rapport/css/components.css", "webchat/form.css"],
        "title": words.title_of(chat), "key": chat.key, "privacy": words.privacy_of(chat),
        "page_language": translation.get_language(),
        "page_direction": "rtl" if translation.get_language_bidi() else "ltr", **context,
    }  # fmt: skip
    response = render(request, "webchat/form.html", shown, status=status)
    # Browsers that know frame-ancestors do not look at X-Frame-Options (Content Security Policy 3, section 6.4.2).
    response._csp_replace = {"frame-ancestors": ["'self'", *chat.sites]}  # type: ignore[attr-defined]
    response["Cache-Control"] = "no-store"
    return response
