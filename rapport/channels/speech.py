"""Speech to text on this machine: faster-whisper, where it is installed and a folder with a model is set.

Nothing is downloaded and nothing leaves the machine. A transcript is a help beside its recording, never the only
record: words that the model was not sure of are marked. One recording at a time, since each takes all it can get.
"""

import io
import threading
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

SECONDS_MAX = 1_800
BYTES_MAX = 60_000_000
UNSURE = 0.5
_WORDS_MAX = 20_000
_THREADS = 2
_busy = threading.Lock()


class Word(NamedTuple):
    """One word as heard: how sure the model is (0 to 1), and when it is said (seconds from the start)."""

    text: str
    confidence: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said, word by word; `language` is ISO 639-1, heard or given."""

    words: Sequence[Word]
    language: str


class NoTranscript(Exception):
    """There is none, and trying again will not help: no model, no sound, too long. The words say which."""


def available(model: str | Path | None) -> bool:
    """Whether speech can be turned into text: `model` is the folder of a model for CTranslate2."""
    return bool(model) and (Path(str(model)) / "model.bin").is_file() and find_spec("faster_whisper") is not None


def transcribe(recording: bytes, model: str | Path | None, language: str | None = None) -> Transcript:
    """The words of a recording (WAV, MP3, OGG), up to half an hour of it. Raises NoTranscript.

    Waits until the recording before is done. Without `language` it is heard from the first half minute, where the
    model knows several.
    """
    if not available(model):
        raise NoTranscript("No model for speech is set up here.")
    if len(recording) > BYTES_MAX or not 0 < _seconds(recording) <= SECONDS_MAX:
        raise NoTranscript("The recording is empty, too long, or no sound that is known here.")
    with _busy:
        loaded = _model(str(model))
        try:
            segments, about = loaded.transcribe(
                io.BytesIO(recording),
                language=language if loaded.model.is_multilingual else "en",
                word_timestamps=True,
                vad_filter=True,
                condition_on_previous_text=False,
            )
            return Transcript(_words(segments), str(about.language))
        except (ValueError, OSError, IndexError, RuntimeError) as error:
            raise NoTranscript("The recording could not be read.") from error


def readable(transcript: Transcript, unsure: float = UNSURE) -> str:
    """As text, with (?) behind each word that the model was less sure of than `unsure`."""
    return " ".join(f"{word.text}(?)" if word.confidence < unsure else word.text for word in transcript.words)


@lru_cache(maxsize=1)
def _model(folder: str) -> Any:
    """The model, kept for the next recording."""
    from faster_whisper import WhisperModel  # type: ignore[import-not-found]

    return WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=_THREADS, local_files_only=True)


def _words(segments: Iterable[Any]) -> list[Word]:
    """Reading the segments is what does the work."""
    found: list[Word] = []
    for segment in segments:
        for word in segment.words or ():
            text = str(word.word).strip()
            if text:
                found.append(Word(text, round(float(word.probability), 3), float(word.start), float(word.end)))
        if len(found) >= _WORDS_MAX:
            break
    return found


def _seconds(recording: bytes) -> float:
    """How long a recording says it is, before all of it is unpacked; 0 where it does not say."""
    try:
        with wave.open(io.BytesIO(recording), "rb") as file:
            # What was written to a pipe says that it is endless.
            most = len(recording) // (file.getsampwidth() * file.getnchannels())
            return min(file.getnframes(), most) / file.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError):
        return _packed_seconds(recording)


def _packed_seconds(recording: bytes) -> float:
    import av  # type: ignore[import-not-found]

    try:
        with av.open(io.BytesIO(recording)) as file:
            return float(file.duration or 0) / float(av.time_base)
    except (ValueError, OSError, RuntimeError):
        return 0.0
