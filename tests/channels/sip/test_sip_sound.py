"""G.711 against another implementation of it; WAV there and back."""

import contextlib
import io
import wave
from array import array

import pytest
from aiortp.codecs import PcmaCodec, PcmuCodec
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.kinds.sip import sound

ALL = array("h", range(-32_768, 32_768)).tobytes()
CODECS = {"mulaw": PcmuCodec, "alaw": PcmaCodec}


@pytest.mark.parametrize("law", sound.LAWS)
def test_every_byte_is_the_sample_that_others_make_of_it(law: str) -> None:
    """And comes back as itself, the second zero of mu-law apart."""
    every = bytes(range(256))
    theirs = array("h", CODECS[law]().decode(every))
    # aiortp has the sign of A-law the other way round, there and back: nobody hears that.
    assert list(array("h", sound.expand(every, law))) == [one if law == "mulaw" else -one for one in theirs]
    again = sound.compress(sound.expand(every, law), law)
    assert [one for one in every if again[one] != one] == ([0x7F] if law == "mulaw" else [])


@pytest.mark.parametrize("law", sound.LAWS)
def test_every_sample_is_nearly_itself_after_the_line(law: str) -> None:
    """At most a sixteenth away, as G.711 allows; and silence is silent."""
    back = array("h", sound.expand(sound.compress(ALL, law), law))
    pairs = zip(range(-32_635, 32_636), back[133:-132], strict=True)
    assert all(abs(one - two) <= max(abs(one) / 16, 16) for one, two in pairs)
    assert abs(array("h", sound.expand(bytes([sound.silence(law)]), law))[0]) <= 8


@given(st.binary(max_size=500))
def test_a_file_holds_what_was_put_in(pcm: bytes) -> None:
    """All but an odd last byte."""
    even = pcm[: len(pcm) // 2 * 2]
    assert sound.read_wav(sound.wav(even)) == even


def test_other_rates_and_channels_become_ours() -> None:
    """A second stays a second, and as loud."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(44_100)
        out.writeframes(array("h", [5_000, 5_000] * 44_100).tobytes())
    samples = sound.read_wav(file.getvalue())
    assert len(samples) == 16_000
    assert sound.level(samples) == 5_000


@given(st.binary(max_size=300))
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    """In words."""
    for one in (data, b"RIFF" + data, sound.wav(b"\0\0" * 9)[:40] + data):
        with contextlib.suppress(sound.NoSound):
            assert len(sound.read_wav(one)) % 2 == 0


def test_loudness_tells_speech_from_silence() -> None:
    """A tone is loud, nothing is not."""
    assert sound.level(sound.tone(440, 100)) > 3_000
    assert sound.level(bytes(320)) == sound.level(b"") == 0
    assert [len(one) for one in sound.frames(bytes(650))] == [320, 320, 320]
