"""Writing out in words what was recorded, one recording at a time, beside all other work. The recording stays."""

import logging
from threading import Event
from uuid import UUID

from rapport.channels import speech
from rapport.conversations.models import Attachment, Conversation
from rapport.core import events, notify, scope
from rapport.core.clock import now
from rapport.core.options import options

log = logging.getLogger(__name__)
_PAUSE_SECONDS = 10.0
_BYTES_MAX = 60 * 1024 * 1024
_CHARS_MAX = 200_000


def run(stopping: Event) -> None:
    """Transcribe what waits until told to stop; without a model there is nothing to do."""
    model = options().speech_model
    if not speech.available(model):
        if model:
            log.warning("there is no model of faster-whisper in %s: recordings are not written out", model)
        stopping.wait()
        return
    while not stopping.is_set():
        if not run_once(model):
            stopping.wait(_PAUSE_SECONDS)


def run_once(model: str) -> bool:
    """Write out the oldest recording that waits; False when none does.

    Two workers may meet at one: the second writes the same words again. Raises OperationalError without a database.
    """
    with scope.system():
        waiting = Attachment.objects.filter(content_type__startswith="audio/", transcribed_at=None)
        found = waiting.order_by("id").select_related("blob").first()
    if found is None:
        return False
    _keep(found.conversation_id, found.id, _heard(found, model))
    return True


def _heard(found: Attachment, model: str) -> str:
    if found.blob is None or found.size > _BYTES_MAX:
        return ""
    try:
        return speech.readable(speech.transcribe(bytes(found.blob.data), model))[:_CHARS_MAX]
    except speech.NoTranscript as error:
        log.info("a recording has no transcript: %s", error)
        return ""


def _keep(conversation_id: UUID, attachment_id: UUID, text: str) -> None:
    with scope.system():
        rows = Attachment.objects.filter(conversation_id=conversation_id, id=attachment_id)
        rows.update(transcript=text.replace("\0", ""), transcribed_at=now())
        if text:
            data = {"attachment": str(attachment_id)}
            events.record("recording.transcribed", conversation_id=conversation_id, data=data)
            audience = Conversation.objects.filter(id=conversation_id).values_list("audience", flat=True).first()
            notify.changed("conversation", conversation_id, audience or [])
