"""A message in full: quote and signature, its HTML in a frame, its files. Seen only by who sees it."""

import base64
from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from rapport.channels.kinds.email.html import sanitise
from rapport.channels.kinds.email.model import AttachmentPart
from rapport.conversations import queries
from rapport.core.sniff import PLAYED_SOUNDS, sniff
from rapport.inbound import bodies
from rapport.web import richview, witness
from rapport.web.rights import member_of, page

_INLINE_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}
_INLINE_BYTES_MAX = 5 * 1024 * 1024
_FRAME = """<!doctype html><html lang="und"><head><meta charset="utf-8"><title>Message</title><style>
html {{ color-scheme: light; background: #fff; color: #1d1c1a }}
body {{ margin: 12px; font: 14px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }}
img {{ max-width: 100%; height: auto }} table {{ max-width: 100% }}
blockquote {{ margin-inline-start: 8px; padding-inline-start: 10px; border-inline-start: 2px solid #ddd; color: #555 }}
</style></head><body>{body}</body></html>"""


@page()
@require_GET
def whole(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Everything the message said, as a fragment or a page of its own; `?images=1` lets remote images in."""
    message = queries.get_message(conversation_id, message_id)
    body = bodies.whole(conversation_id, message_id)
    witness.viewed(member_of(request), conversation_id)
    images = request.GET.get("images") == "1"
    context = {
        "message": message,
        "body": body,
        "images": images,
        "blocked": sanitise(body.html, lambda cid: None).blocked_remote if body.html and not images else 0,
    }
    fragment = request.headers.get("HX-Request")
    return render(request, "web/conversation/whole.html" if fragment else "web/conversation/whole_page.html", context)


@page()
@require_GET
def frame(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """The sanitised HTML alone, for the sandboxed frame: no script, nothing from elsewhere unless asked for."""
    body = bodies.whole(conversation_id, message_id)
    images = request.GET.get("images") == "1"
    parts = {part.content_id: part for part in body.mail.attachments if part.content_id} if body.mail else {}
    safe = sanitise(body.html or "", lambda cid: _inline(parts.get(cid)), allow_remote=images)
    response = HttpResponse(_FRAME.format(body=safe.html))
    sources = "data: https: http:" if images else "data:"
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {sources}; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


def _inline(part: AttachmentPart | None) -> str | None:
    """An image of the mail as data: in an opaque origin no cookie would go with an address of ours."""
    if part is None or part.content_type not in _INLINE_IMAGES or not 0 < len(part.data) <= _INLINE_BYTES_MAX:
        return None
    return f"data:{part.content_type};base64,{base64.b64encode(part.data).decode()}"


@page()
@require_GET
def raw(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """The message exactly as delivered, to keep."""
    data = bodies.raw(conversation_id, message_id)
    witness.took(member_of(request), "message.source_viewed", conversation_id, {"message": str(message_id)})
    return download(data, f"message-{message_id}.eml")


@page()
@require_GET
def attachment(request: HttpRequest, conversation_id: UUID, attachment_id: UUID) -> HttpResponse:
    """A file, to keep; `?show=1` shows one whose bytes are a picture. What it claims to be is not believed."""
    found = queries.get_attachment(conversation_id, attachment_id)
    if found.blob is None:
        raise LookupError("get_attachment gives only attachments with bytes")
    witness.took(member_of(request), "attachment.downloaded", conversation_id, {"attachment": str(attachment_id)})
    data = bytes(found.blob.data)
    shown = richview.picture(data, found.filename) if request.GET.get("show") == "1" else None
    if request.GET.get("play") == "1":
        shown = sound(data, found.filename)
    return shown or download(data, found.filename or "file")


def sound(data: bytes, filename: str) -> HttpResponse | None:
    """A recording to be played inside a page, if its bytes are one; it can run nothing."""
    kind = sniff(data, filename)
    if kind not in PLAYED_SOUNDS:
        return None
    response = HttpResponse(data, content_type=kind)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = "inline"
    return response


def download(data: bytes, filename: str) -> HttpResponse:
    """Bytes to be saved under this name, of no type a browser would open, in a sandbox should it try."""
    safe = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in filename)[-150:] or "file"
    response = HttpResponse(data, content_type="application/octet-stream")
    ascii_name = safe.encode("ascii", "replace").decode().replace("?", "_")
    response["Content-Disposition"] = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(safe, safe='')}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response
