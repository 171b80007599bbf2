"""Telephone sound: G.711 to samples and back, WAV in and out, tones, how loud. Pure, by the standard library alone.

Samples are signed 16-bit little-endian, mono, 8,000 a second, unless it says otherwise.
"""

import io
import math
import sys
import wave
from array import array
from functools import cache
from itertools import repeat

RATE = 8_000
LAWS = ("mulaw", "alaw")
_SECONDS_MAX = 120
_CLIP, _BIAS = 32_635, 0x84


class NoSound(Exception):
    """These bytes are no sound that can be played; the words say why."""


def expand(data: bytes, law: str) -> bytes:
    """Samples of G.711 bytes; `law` is "mulaw" (North America, Japan) or "alaw" (elsewhere)."""
    table = _expansion(law)
    return b"".join([table[one] for one in data])


def compress(pcm: bytes, law: str) -> bytes:
    """G.711 bytes of samples; an odd last byte is left out."""
    table = _compression(law)
    return bytes([table[one & 0xFFFF] for one in _samples(pcm)])


def silence(law: str) -> int:
    """The byte that says nothing."""
    return _compression(law)[0]


def level(pcm: bytes) -> int:
    """How loud: the mean distance from zero, 0 to 32,767. A quiet line is below 100, speech above 500."""
    samples = _samples(pcm)
    return sum(map(abs, samples)) // len(samples) if samples else 0


def tone(hertz: int, milliseconds: int) -> bytes:
    """A tone at a quarter of full loudness, its first and last 5 ms softened so that it does not click."""
    count = RATE * milliseconds // 1000
    ramp = RATE // 200
    step = 2 * math.pi * hertz / RATE
    soft = [min(1.0, one / ramp, (count - one) / ramp) for one in range(count)]
    return _bytes(array("h", [round(8_000 * soft[one] * math.sin(step * one)) for one in range(count)]))


def wav(pcm: bytes) -> bytes:
    """Samples as a file that browsers play: RIFF WAVE, uncompressed."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm)
    return file.getvalue()


def read_wav(data: bytes) -> bytes:
    """Samples of a WAV file: uncompressed, 8 or 16 bits, up to two channels and two minutes. Raises NoSound."""
    try:
        with wave.open(io.BytesIO(data), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            frames = file.readframes(_SECONDS_MAX * min(rate, 96_000) + 1)
    except (wave.Error, EOFError, ValueError, OverflowError) as error:
        raise NoSound(f"This is no uncompressed WAV file: {error}") from error
    if channels not in (1, 2) or width not in (1, 2) or not RATE <= rate <= 96_000:
        raise NoSound("A WAV file must have one or two channels of 8 or 16 bits, at 8,000 Hz or more.")
    samples = _samples(frames) if width == 2 else array("h", [(one - 128) << 8 for one in frames])
    if channels == 2:
        samples = array("h", [(left + right) // 2 for left, right in zip(samples[::2], samples[1::2], strict=False)])
    if len(samples) > _SECONDS_MAX * rate:
        raise NoSound("This is longer than two minutes.")
    return _bytes(_resampled(samples, rate))


def _resampled(samples: "array[int]", rate: int) -> "array[int]":
    """Each new sample is the mean of those it stands for: good enough for speech, and nothing folds back loudly."""
    if rate == RATE:
        return samples
    count = len(samples) * RATE // rate
    made = array("h", bytes(2 * count))
    for one in range(count):
        first = one * rate // RATE
        last = max(first + 1, (one + 1) * rate // RATE)
        made[one] = sum(samples[first:last]) // (last - first)
    return made


def _samples(pcm: bytes) -> "array[int]":
    samples = array("h")
    samples.frombytes(pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _bytes(samples: "array[int]") -> bytes:
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    return samples.tobytes()


@cache
def _expansion(law: str) -> list[bytes]:
    one = _from_mulaw if law == "mulaw" else _from_alaw
    return [one(byte).to_bytes(2, "little", signed=True) for byte in range(256)]


@cache
def _compression(law: str) -> bytes:
    """A byte for each of the 65,536 samples, by the sample's unsigned value."""
    one = _to_mulaw if law == "mulaw" else _to_alaw
    return bytes(map(one, [*range(32_768), *range(-32_768, 0)]))


def _from_mulaw(byte: int) -> int:
    """ITU-T G.711, table 2: sign, three bits of exponent, four of mantissa, all inverted."""
    byte = ~byte & 0xFF
    size = (((byte & 0x0F) << 3) + _BIAS) << (byte >> 4 & 7)
    return _BIAS - size if byte & 0x80 else size - _BIAS


def _to_mulaw(sample: int) -> int:
    size = min(abs(sample), _CLIP) + _BIAS
    exponent = (size >> 7).bit_length() - 1
    return ~((0x80 if sample < 0 else 0) | exponent << 4 | (size >> (exponent + 3) & 0x0F)) & 0xFF


def _from_alaw(byte: int) -> int:
    """ITU-T G.711, table 1: every second bit inverted."""
    byte ^= 0x55
    exponent = byte >> 4 & 7
    size = ((byte & 0x0F) << 4) + (8 if exponent == 0 else 0x108)
    size <<= max(exponent - 1, 0)
    return size if byte & 0x80 else -size


def _to_alaw(sample: int) -> int:
    mask = 0xD5 if sample >= 0 else 0x55
    size = sample if sample >= 0 else -sample - 1
    if size < 256:
        return size >> 4 ^ mask
    exponent = (size >> 8).bit_length()
    return (exponent << 4 | (size >> (exponent + 3) & 0x0F)) ^ mask


def frames(pcm: bytes, size: int = 320) -> list[bytes]:
    """Samples in packets of 20 ms, the last one filled with silence."""
    return [pcm[at : at + size].ljust(size, b"\0") for at in range(0, len(pcm), size)]


def quiet() -> "repeat[bytes]":
    """Packets of silence for ever."""
    return repeat(bytes(320))
