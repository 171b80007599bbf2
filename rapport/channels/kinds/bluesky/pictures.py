"""How wide and high a picture is, from its first bytes: Bluesky's client keeps the place free for it."""

import struct


def size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, GIF or JPEG; None where they cannot be told."""
    try:
        if data[:8] == b"\x89PNG\r\n\x1a\n":
            found = struct.unpack(">II", data[16:24])
        elif data[:6] in (b"GIF87a", b"GIF89a"):
            found = struct.unpack("<HH", data[6:10])
        else:
            found = _jpeg(data)
    except struct.error:
        return None
    return (found[0], found[1]) if len(found) == 2 and all(found) else None


def _jpeg(data: bytes) -> tuple[int, ...]:
    """From the frame header (ITU-T T.81, B.2.2), which follows any number of other segments."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return tuple(reversed(struct.unpack(">HH", data[at + 5 : at + 9])))
        at += 2 + max(length, 2)
    return ()
