"""What a caller says, as it comes: bounded, gaps filled, and whether anybody speaks."""

from rapport.channels.kinds.sip import sound

LOUD = 150
_GAP_MAX = 30 * sound.RATE
_LEAST_LOUD = 15  # packets of 20 ms: a click is no message


class Recorder:
    """Takes decoded packets and keeps them in the law of the line, which loses nothing: 8,000 bytes a second.

    Packets are placed by their RTP timestamp (RFC 3550, 5.1), since a phone may send none while nobody speaks.
    """

    def __init__(self, law: str, seconds_max: int) -> None:
        self.law = law
        self._most = seconds_max * sound.RATE
        self._data = bytearray()
        self._next: int | None = None
        self._recording = False
        self._loud = 0
        self.heard_at = 0.0

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return len(self._data) >= self._most

    @property
    def has_message(self) -> bool:
        """Whether somebody spoke while it was recording."""
        return self._loud >= _LEAST_LOUD

    @property
    def data(self) -> bytes:
        """What was recorded, in G.711."""
        return bytes(self._data)

    def begin(self, at: float) -> None:
        """From now on record. `at` is the clock that `hear` is given."""
        self._recording = True
        self.heard_at = at

    def hear(self, pcm: bytes, timestamp: int, at: float) -> None:
        """One packet: its samples, its timestamp (32 bits), when it came (seconds, any clock)."""
        if not self._recording:
            return
        if sound.level(pcm) >= LOUD:
            self.heard_at = at
            self._loud += 1
        if self._next is not None:
            self._fill((timestamp - self._next) & 0xFFFFFFFF)
        self._append(sound.compress(pcm, self.law))
        self._next = (timestamp + len(pcm) // 2) & 0xFFFFFFFF

    def _fill(self, missing: int) -> None:
        """Silence for what was not sent; a jump that cannot be one means that the sender began to count anew."""
        if missing < _GAP_MAX:
            self._append(bytes([sound.silence(self.law)]) * missing)

    def _append(self, data: bytes) -> None:
        self._data += data[: max(self._most - len(self._data), 0)]
