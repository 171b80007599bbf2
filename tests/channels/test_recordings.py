"""A recording is played in the page, and what a machine heard stands beside it, never instead of it."""

import io
import wave

import pytest
from django.urls import reverse

from rapport.channels import speech
from rapport.channels.models import Channel
from rapport.channels.said import Media
from rapport.conversations.models import Attachment
from rapport.core import scope
from rapport.inbound import intake, pipeline, transcribing
from tests.channels import parrot
from tests.channels.parrot import item
from tests.inbound.post import the_conversation
from tests.web.cast import Cast
from tests.web.conftest import SignIn, cast, sign_in

__all__ = ["cast", "sign_in"]
pytestmark = pytest.mark.django_db


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(1600))
    return file.getvalue()


@pytest.fixture
def recording(perch: Channel, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Attachment:
    def with_sound(given: dict[str, object]) -> object:
        from dataclasses import replace

        return replace(plain(given), kind="call", files=(Media("call.wav", "audio/wav", data=sound()),))  # type: ignore[type-var]

    plain = parrot._said
    monkeypatch.setattr(parrot, "_said", with_sound)
    with scope.system():
        type(cast.conversation).objects.all().delete()
    intake.accept(perch, [item("c1", "Call from +4930123, 25 s")])
    pipeline.run_batch()
    with scope.system():
        return Attachment.objects.get()


def test_it_is_played_from_the_page_and_nothing_else_is(recording: Attachment, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.admin)
    page = client.get(reverse("conversation", args=[the_conversation().id])).content.decode()
    url = reverse("attachment", args=[recording.conversation_id, recording.id])
    assert f'<audio controls preload="none" src="{url}?play=1"' in page
    played = client.get(f"{url}?play=1")
    assert (played["Content-Type"], played["Content-Disposition"]) == ("audio/wav", "inline")
    assert "sandbox" in played["Content-Security-Policy"]
    assert played.content == sound()
    with scope.system():
        type(recording.blob).objects.update(data=b"<script>alert(1)</script>")
    assert client.get(f"{url}?play=1")["Content-Type"] == "application/octet-stream"


def test_what_was_heard_stands_beside_it(
    recording: Attachment, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = speech.Transcript([speech.Word("Invoice", 0.9, 0, 1), speech.Word("<fifteen>", 0.2, 1, 2)], "en")
    monkeypatch.setattr(speech, "transcribe", lambda *given: heard)
    assert transcribing.run_once("model")
    assert not transcribing.run_once("model")
    page = sign_in(cast.admin).get(reverse("conversation", args=[the_conversation().id])).content.decode()
    assert "Invoice &lt;fifteen&gt;(?)" in page
    assert "<audio" in page


def test_a_recording_without_words_is_tried_once(recording: Attachment, monkeypatch: pytest.MonkeyPatch) -> None:
    def silence(*given: object) -> None:
        raise speech.NoTranscript("Nothing is said in it.")

    monkeypatch.setattr(speech, "transcribe", silence)
    assert transcribing.run_once("model")
    assert not transcribing.run_once("model")
    with scope.system():
        found = Attachment.objects.get()
    assert found.transcript == ""
    assert found.transcribed_at
