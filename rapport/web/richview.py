"""What members wrote, made ready for the page: pictures at addresses of ours, conversations by their subject."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from rapport.conversations.models import Attachment, Conversation, Message, Upload
from rapport.core.sniff import SHOWN_IMAGES, sniff
from rapport.outbound import richtext


def bodies_of(messages: Iterable[Message], files: Mapping[UUID, Sequence[Attachment]]) -> dict[UUID, SafeString]:
    """The HTML of those messages that members wrote, by message; one question at most, and only where one is needed."""
    written = {message.id: message for message in messages if message.html}
    subjects = subjects_of(message.html for message in written.values())
    found = {}
    for id, message in written.items():
        pictures = {
            one.content_id: reverse("picture", args=[message.conversation_id, one.id])
            for one in files.get(id, [])
            if one.inline and one.content_type in SHOWN_IMAGES
        }
        found[id] = _safe(richtext.shown(message.html, pictures.get, subjects.get))
    return found


def for_editor(html: str, uploads: Iterable[Upload]) -> SafeString:
    """A draft as the editor takes it."""
    pictures = {
        one.content_id: reverse("upload", args=[one.draft_id, one.id]) for one in uploads if one.content_id
    }
    return _safe(richtext.shown(html, pictures.get, subjects_of([html]).get, editing=True))


def for_reading(html: str) -> SafeString:
    """A colleague's draft, to look at: pictures by their name."""
    return _safe(richtext.shown(html, lambda cid: None, subjects_of([html]).get))


def subjects_of(htmls: Iterable[str]) -> dict[UUID, str]:
    """The subjects of the conversations named in it, as far as the member sees them."""
    wanted = richtext.references(htmls)
    if not wanted:
        return {}
    seen = Conversation.objects.filter(id__in=wanted).values_list("id", "subject")
    return {id: subject or str(id)[-8:] for id, subject in seen}


def picture(data: bytes, filename: str) -> HttpResponse | None:
    """A picture to be shown inside a page, if its bytes are one; it can run nothing, should a browser open it alone."""
    kind = sniff(data, filename)
    if kind not in SHOWN_IMAGES:
        return None
    response = HttpResponse(data, content_type=kind)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _safe(html: str) -> SafeString:
    # Every tag and attribute in it was written by `richtext.shown`, from what nh3 had let through.
    return mark_safe(html)  # noqa: S308
