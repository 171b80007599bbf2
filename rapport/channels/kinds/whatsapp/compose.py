"""An answer as the requests it takes (https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/
send-messages). Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rapport.channels.base import Draft, File, Invalid
from rapport.channels.kinds.whatsapp.values import text

LENGTH = 4_096
IMAGE_BYTES_MAX = 5 * 1024 * 1024
FILE_BYTES_MAX = 16 * 1024 * 1024
PICTURES = ("image/jpeg", "image/png")
SOUNDS = ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")
FILMS = ("video/mp4", "video/3gpp")
DOCUMENTS = (
    "application/pdf", "text/plain", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
)  # fmt: skip


def parts(draft: Draft) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """To whom an answer goes, and its texts: the first quotes what is answered, a name closes the last."""
    whom = _whom(draft.answering)
    words = draft.text.strip()
    if not words and not draft.files:
        raise Invalid("There is nothing to send.", "Write something.")
    signed = "\n\n".join(one for one in (words, f"— {draft.author}" if draft.author else "") if one)
    made: list[dict[str, Any]] = [
        {**whom, "type": "text", "text": {"body": one, "preview_url": True}} for one in _split(signed, LENGTH)
    ]
    answered = text(draft.answering.get("message"), 400)
    if answered and made:
        made[0]["context"] = {"message_id": answered}
    return whom, made


def file_part(whom: Mapping[str, Any], file: File, media: str) -> Mapping[str, Any]:
    """A file that has been uploaded, as the kind of message that shows it best."""
    for kind, types in (("image", PICTURES), ("audio", SOUNDS), ("video", FILMS)):
        if file.content_type in types and not (kind == "image" and len(file.data) > IMAGE_BYTES_MAX):
            return {**whom, "type": kind, kind: {"id": media}}
    return {**whom, "type": "document", "document": {"id": media, "filename": file.filename}}


def _whom(answering: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, kind, where in (
        ("group", "group", "to"),
        ("to", "individual", "to"),
        ("recipient", "individual", "recipient"),
    ):
        value = text(answering.get(name), 200)
        if value:
            return {"messaging_product": "whatsapp", "recipient_type": kind, where: value}
    raise Invalid(
        "A business cannot begin a conversation here.",
        "Answer somebody who wrote, or send a template from WhatsApp Manager.",
    )


def _split(words: str, most: int) -> Iterator[str]:
    """In pieces, broken at a line, else at a space, else between letters."""
    while len(words) > most:
        cut = next((at for sign in ("\n", " ") if (at := words.rfind(sign, most // 2, most + 1)) > 0), most)
        piece = words[:cut].rstrip()
        if piece:
            yield piece
        words = words[cut:].lstrip()
    if words:
        yield words
