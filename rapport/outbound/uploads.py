"""Files put into a draft: kept at once, told by their bytes, sent with it or dropped with it."""

from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext as _

from rapport.conversations.models import Attachment, Blob, Draft, Message, Upload
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.core.options import options
from rapport.core.sniff import SHOWN_IMAGES, sniff
from rapport.outbound import richtext

#: A larger picture in the text makes a mail that many cannot open; as a file it may be larger.
INLINE_BYTES_MAX = 10 * 1024 * 1024
FILES_MAX = 20
_EMPTY_AFTER = timedelta(days=2)
_UNUSED_AFTER = timedelta(minutes=10)
_SWEEP_AT_ONCE = 500


def add(draft: Draft, filename: str, data: bytes, *, inline: bool = False) -> Upload:
    """Keep a file with the draft, which the caller has checked to be the member's own. Raises Invalid over a limit."""
    name = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in filename).strip()[-255:] or "file"
    kind = sniff(data, name)
    _check(draft, name, data, inline=inline)
    digest = sha256(data).hexdigest()
    with scope.system():
        Blob.objects.bulk_create([Blob(sha256=digest, size=len(data), data=data)], ignore_conflicts=True)
        id = new_id()
        return Upload.objects.create(
            id=id, draft=draft, blob_id=digest, filename=name, content_type=kind, size=len(data),
            content_id=f"{id}@rapport" if kind in SHOWN_IMAGES else "", inline=inline and kind in SHOWN_IMAGES,
        )  # fmt: skip


def too_large(size: int, *, inline: bool) -> Invalid | None:
    """Why a file of this size cannot be taken, if it cannot."""
    limit = INLINE_BYTES_MAX if inline else options().attachment_bytes_max
    if size <= limit:
        return None
    figures = {"size": f"{size / 1e6:.1f}", "limit": f"{limit / 1e6:.0f}"}
    if inline:
        return Invalid(
            _("This picture has %(size)s MB; in the text it may have %(limit)s MB.") % figures,
            _("Make it smaller, or attach it as a file."),
        )
    return Invalid(
        _("This file has %(size)s MB; a mail may carry %(limit)s MB.") % figures,
        _("Put it where the other side can fetch it, and send the address."),
    )


def drop_unused(draft: Draft) -> None:
    """Pictures that were taken out of the text some time ago; a moment's grace, because one undoes."""
    used = set(richtext.read(draft.html, internal=True).images)
    late = now() - _UNUSED_AFTER
    Upload.objects.filter(draft=draft, inline=True, created_at__lt=late).exclude(content_id__in=used).delete()


def hand_over(draft: Draft, message: Message, images: Iterable[str]) -> None:
    """Make the draft's files the message's; pictures that are not in its text stay behind. In the system's scope."""
    used = set(images)
    for upload in Upload.objects.filter(draft=draft).order_by("created_at"):
        if upload.inline and upload.content_id not in used:
            continue
        Attachment.objects.create(
            conversation_id=message.conversation_id, id=new_id(), message_id=message.id, blob_id=upload.blob_id,
            filename=upload.filename, content_type=upload.content_type, size=upload.size,
            content_id=upload.content_id, inline=upload.inline,
        )  # fmt: skip


def take_back(message: Message, draft: Draft) -> None:
    """Give a message's files back to a draft: it was undone."""
    for file in Attachment.objects.filter(conversation_id=message.conversation_id, message_id=message.id):
        if file.blob_id:
            Upload.objects.create(
                draft=draft, blob_id=file.blob_id, filename=file.filename, content_type=file.content_type,
                size=file.size, content_id=file.content_id, inline=file.inline,
            )  # fmt: skip


def sweep() -> int:
    """Drop what nobody will miss: drafts without a word or file, and bytes that nothing points to. For a worker."""
    with scope.system():
        empty = Draft.objects.filter(html="", uploads__isnull=True, updated_at__lt=now() - _EMPTY_AFTER)
        empty.filter(subject="").delete()
        with connection.cursor() as cursor:
            cursor.execute(_ORPHANS, [_SWEEP_AT_ONCE])
            return int(cursor.rowcount)


def _check(draft: Draft, name: str, data: bytes, *, inline: bool) -> None:
    if not data:
        raise Invalid(_("%(name)s is empty.") % {"name": name}, _("Choose another file."))
    refused = too_large(len(data), inline=inline)
    if refused:
        raise refused
    kept = Upload.objects.filter(draft=draft)
    if kept.count() >= FILES_MAX:
        raise Invalid(
            _("There are %(count)s files already.") % {"count": FILES_MAX},
            _("Put some together, or send a second message."),
        )
    total, limit = (kept.aggregate(sum=Sum("size"))["sum"] or 0) + len(data), options().attachment_bytes_max
    if total > limit:
        raise Invalid(
            _("The files would have %(size)s MB together; a mail may carry %(limit)s MB.")
            % {"size": f"{total / 1e6:.1f}", "limit": f"{limit / 1e6:.0f}"},
            _("Take one out, or send a second message."),
        )


_ORPHANS = """
DELETE FROM conversations_blob WHERE sha256 IN (
    SELECT b.sha256 FROM conversations_blob b
    WHERE NOT EXISTS (SELECT 1 FROM conversations_attachment a WHERE a.blob_id = b.sha256)
      AND NOT EXISTS (SELECT 1 FROM conversations_upload u WHERE u.blob_id = b.sha256)
    LIMIT %s FOR UPDATE SKIP LOCKED)
"""
