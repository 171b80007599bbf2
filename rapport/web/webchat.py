"""The visitor's side of a web chat: what the window on the company's site asks for, and the contact form.

Nobody signs in here. A visitor is known by a token that names them, which their page keeps; a site by its origin. No
address of these sets a cookie. How they are guarded: `webchat_door`; what they read and write: `webchat_talk`.
"""

import gzip
import re
from functools import cache
from hashlib import sha256
from typing import Any

from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.datastructures import MultiValueDictKeyError

from rapport.channels.kinds.webchat import names
from rapport.channels.kinds.webchat.connector import FILE_BYTES_MAX, NAME, TEXT_MAX
from rapport.channels.kinds.webchat.identity import email_of, line_of
from rapport.channels.secrets import unseal
from rapport.core.errors import NotVisible
from rapport.core.options import options
from rapport.core.sniff import sniff
from rapport.live import visitors
from rapport.web import webchat_talk as talk
from rapport.web import webchat_words as words
from rapport.web.bodies import download
from rapport.web.rights import ADMINS, page
from rapport.web.shell import live_origin, shell_of
from rapport.web.webchat_door import (
    Chat,
    Refused,
    Visitor,
    answer,
    body_of,
    check_size,
    door,
    find,
    limit,
    own_origin,
    read_token,
    token_for,
    visitor_of,
    vouched_for,
)

_HOUR = 3600
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_FORM_BYTES_MAX = FILE_BYTES_MAX + 256 * 1024


@door("GET", "HEAD")
def widget(request: HttpRequest, chat: Chat) -> HttpResponse:
    """The script of the window, the same for every chat."""
    plain, packed, version = _script()
    response = HttpResponse(content_type="text/javascript; charset=utf-8")
    response["Cache-Control"], response["ETag"] = "public, max-age=3600", f'"{version}"'
    patch_vary_headers(response, ["Accept-Encoding"])
    if request.headers.get("If-None-Match") == response["ETag"]:
        response.status_code = 304
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response.content, response["Content-Encoding"] = packed, "gzip"
    else:
        response.content = plain
    # A script is fetched without saying by whom; it holds nothing of anybody.
    response["Access-Control-Allow-Origin"] = "*"
    return response


@door("GET")
def settings(request: HttpRequest, chat: Chat) -> HttpResponse:
    """How the window looks, and its words in the visitor's language."""
    with translation.override(words.language_of(request)):
        response = answer(words.settings_of(chat, is_open=talk.is_anybody_here(chat)))
    response["Cache-Control"] = "private, max-age=120"
    patch_vary_headers(response, ["Accept-Language"])
    return response


@door("POST")
def session(request: HttpRequest, chat: Chat) -> HttpResponse:
    """A token for a visitor: for whom the site vouches (`identity`), for who had one (`token`), or for a stranger."""
    limit(request, "webchat-session", [(30, 60), (300, _HOUR)])
    given = body_of(request)
    if given.get("identity"):
        visitor = vouched_for(request, chat, given["identity"])
    else:
        visitor = read_token(chat, given.get("token")) or talk.stranger()
        if visitor.known:  # only their own site renews whom it vouches for
            raise Refused(401, "This visitor must be named by the site again.")
    return answer({
        "token": token_for(chat, visitor), "known": bool(visitor.known), "name": (visitor.known or {}).get("name", ""),
        "conversation": talk.latest(chat, visitor),
    })  # fmt: skip


@door("GET", "POST")
def messages(request: HttpRequest, chat: Chat) -> HttpResponse:
    """What was said (GET), and something to be said (POST). Committed before the visitor is told so."""
    visitor = visitor_of(request, chat)
    if request.method == "GET":
        return _said(request, chat, visitor)
    limit(request, "webchat-messages", [(60, 60), (1000, 24 * _HOUR)])
    limit(request, "webchat-visitor", [(20, 60)], visitor.id)
    given = _given(body_of(request))
    if not given["text"]:
        raise Refused(400, "The message is empty.")
    return answer({"id": given["id"], "fresh": talk.hand_in(chat, visitor, given)})


@door("POST")
def files(request: HttpRequest, chat: Chat) -> HttpResponse:
    """A message with a file. What the file claims to be is not believed."""
    visitor = visitor_of(request, chat)
    check_size(request, _FORM_BYTES_MAX)
    limit(request, "webchat-files", [(20, 60), (60, _HOUR)])
    limit(request, "webchat-files", [(10, 60), (30, _HOUR)], visitor.id)
    try:
        given = {**_given(request.POST.dict()), "files": [_file(request.FILES["file"])]}
    except (MultiPartParserError, MultiValueDictKeyError) as error:
        raise Refused(400, "There is no file in this.") from error
    return answer({"id": given["id"], "fresh": talk.hand_in(chat, visitor, given)})


@door("GET")
def file(request: HttpRequest, chat: Chat, ticket: str) -> HttpResponse:
    """A file of the conversation, to keep."""
    found = talk.file_of(ticket)
    if found is None or found.blob is None:
        raise Refused(404, "This link does not hold any more. Open the chat again.")
    return download(bytes(found.blob.data), found.filename or "file")


@door("GET")
def theme(request: HttpRequest, chat: Chat) -> HttpResponse:
    """The channel's color for the contact form, which may have no style written into it."""
    color = chat.setting("color")
    color = color if _COLOR.fullmatch(color) else words.COLOR
    rule = f":root {{ --accent-solid: {color}; --accent-solid-hover: {color}; --on-accent: {words.ink_on(color)} }}\n"
    return HttpResponse(rule, content_type="text/css; charset=utf-8", headers={"Cache-Control": "public, max-age=120"})


@page(ADMINS)
def demo(request: HttpRequest, public_key: str) -> HttpResponse:
    """How the chat looks, and what the site's owner must paste."""
    found = find(public_key) if names.is_key(public_key) else None
    if found is None:
        raise NotVisible("There is no such chat.")
    shell_of(request).current = "channels"
    channel, account = found
    chat = Chat(channel, account, public_key, "")
    context = {
        "channel": channel, "key": public_key, "sites": chat.sites, "base": options().public_url,
        "identity": bool(unseal(bytes(channel.secrets)).get("identity_secret")), "mail": words.mail_channel(chat),
        "stream": _live(request).removesuffix(visitors.PATH),
    }  # fmt: skip
    return render(request, "webchat/demo.html", context)


def _said(request: HttpRequest, chat: Chat, visitor: Visitor) -> HttpResponse:
    number = talk.number_of(request.GET.get("conversation", "1"))
    said = talk.said_to(chat, visitor, number)
    if said.unread and request.GET.get("seen") == "1":
        talk.seen(chat, said.unread)
    told: dict[str, Any] = {"state": said.state, "open": talk.is_anybody_here(chat)}
    if request.GET.get("live") == "1":
        told["live"] = f"{_live(request)}?ticket={visitors.issue(names.ear(chat.key, visitor.id))}"
    if request.GET.get("after") != said.state:
        told |= {"messages": said.messages, "closed": said.closed, "unread": len(said.unread)}
    return answer(told)


def _live(request: HttpRequest) -> str:
    """Where the visitor's page may listen: on our own origin behind HTTPS, else on a port of its own."""
    https = options().public_url.startswith("https://")
    return (own_origin(request) if https else live_origin(request)) + visitors.PATH


def _given(given: Any) -> dict[str, Any]:
    """A message as it is kept: only what we know, each as what it should be. Raises Refused."""
    name, text = given.get("id"), given.get("text") or ""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Refused(400, "The message has no id of 8 to 64 letters and digits.")
    if not isinstance(text, str) or len(text) > TEXT_MAX:
        raise Refused(413, f"The message is longer than {TEXT_MAX} characters.")
    return {
        "id": name, "text": text.replace("\0", "").strip(), "conversation": talk.number_of(given.get("conversation")),
        "name": line_of(given.get("name"), 120), "email": email_of(given.get("email")),
        "page": _bare(line_of(given.get("page"), 500)), "language": line_of(given.get("language"), 35),
    }  # fmt: skip


def _bare(page: str) -> str:
    """The address of a page without what often holds secrets: its query and fragment."""
    return re.split(r"[?#]", page, maxsplit=1)[0]


def _file(found: object) -> dict[str, str]:
    if not isinstance(found, UploadedFile) or not found.size:
        raise Refused(400, "The file is empty.")
    if found.size > FILE_BYTES_MAX:
        raise Refused(413, "The file is too large.")
    data = found.read()
    name = line_of(found.name or "", 200) or "file"
    return talk.packed(name, sniff(data, name), data)


@cache
def _script() -> tuple[bytes, bytes, str]:
    path = finders.find("webchat/widget.js")
    with open(str(path), encoding="utf-8") as script:
        lines = [line.strip() for line in script]
    # Indentation and comments are for whoever reads the source; no text of the script goes over several lines.
    plain = "\n".join(line for line in lines if line and not line.startswith("//")).encode()
    return plain, gzip.compress(plain, 9, mtime=0), sha256(plain).hexdigest()[:16]
