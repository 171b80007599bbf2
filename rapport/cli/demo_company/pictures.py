"""The attachments of the demo company, made rather than committed: a drawn photograph, a one-page letter."""

import random
import struct
import zlib
from functools import cache
from math import hypot

_WIDTH, _HEIGHT = 240, 160
_WHEELS = ((70, 105), (170, 105))
_TUBES = (
    ((70, 105), (105, 55)), ((105, 55), (155, 55)), ((155, 55), (170, 105)), ((105, 55), (120, 105)),
    ((120, 105), (155, 55)), ((70, 105), (120, 105)), ((155, 55), (152, 42)), ((105, 55), (101, 45)),
)  # fmt: skip
_GROUND, _TYRE = (150, 140, 125), (45, 45, 50)
_SKIES = ((228, 220, 205), (205, 218, 228), (214, 226, 208), (232, 214, 214))


@cache
def photograph(seed: str) -> bytes:
    """A PNG of a bicycle against a wall, its colours and grain chosen by `seed`."""
    dice = random.Random(seed)
    frame = (dice.randint(20, 120), dice.randint(60, 120), dice.randint(40, 130))
    colours = (dice.choice(_SKIES), _GROUND, _TYRE, frame)
    grains = [_grained(colours, dice.randint(-6, 6)) for _ in range(61)]
    rows = (
        b"\x00" + b"".join(grains[(x * 7 + y * 13) % 61][kind] for x, kind in enumerate(row))
        for y, row in enumerate(_drawing())
    )
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(rows), 6)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _grained(colours: tuple[tuple[int, int, int], ...], grain: int) -> list[bytes]:
    return [bytes(max(0, min(255, part + grain)) for part in colour) for colour in colours]


@cache
def _drawing() -> list[bytes]:
    """What is where, row by row: 0 wall, 1 ground, 2 tyre, 3 frame."""
    return [bytes(_kind(x, y) for x in range(_WIDTH)) for y in range(_HEIGHT)]


def _kind(x: int, y: int) -> int:
    if _on_wheel(x, y):
        return 2
    if _on_tube(x, y):
        return 3
    return 1 if y > 128 else 0


def _on_wheel(x: int, y: int) -> bool:
    return any(abs(hypot(x - cx, y - cy) - 30) < 2.2 or hypot(x - cx, y - cy) < 3 for cx, cy in _WHEELS)


def _on_tube(x: int, y: int) -> bool:
    return any(_distance(x, y, start, end) < 2.2 for start, end in _TUBES)


def _distance(x: int, y: int, start: tuple[int, int], end: tuple[int, int]) -> float:
    (ax, ay), (bx, by) = start, end
    along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
    along = max(0.0, min(1.0, along))
    return hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def letter_pdf(name: str) -> bytes:
    """A PDF of one page with a few lines about `name` (ASCII is kept, the rest becomes "?")."""
    shown = name.encode("ascii", "replace").decode().translate({ord(c): " " for c in "()\\"})
    stream = (
        "BT /F1 18 Tf 72 760 Td (Curriculum vitae) Tj "
        f"/F1 12 Tf 0 -32 Td ({shown}) Tj 0 -20 Td (References on request.) Tj ET"
    )
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode("ascii")
