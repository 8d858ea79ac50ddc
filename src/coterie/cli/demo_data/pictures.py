"""Pictures of the demo tenant: small drawings that are made from nothing but a name, the same every time."""

from __future__ import annotations

import hashlib
import struct
import zlib

_SIDE = 96
_TINTS = ((196, 64, 54), (42, 92, 140), (48, 122, 82), (204, 142, 40), (104, 78, 140), (70, 84, 96))


def picture(name: str, *, round: bool = False) -> bytes:
    """A PNG of 96 x 96 pixels: a mirrored pattern of five by five fields in a colour of its own; `round`: on a disc."""
    digest = hashlib.sha256(name.encode()).digest()
    tint = _TINTS[digest[0] % len(_TINTS)]
    paper = tuple(255 - (255 - part) // 6 for part in tint)
    rows = []
    for y in range(_SIDE):
        pixels = b"".join(bytes(_pixel(digest, x, y, tint, paper, round)) for x in range(_SIDE))
        rows.append(b"\0" + pixels)
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _pixel(
    digest: bytes, x: int, y: int, tint: tuple[int, ...], paper: tuple[int, ...], round: bool
) -> tuple[int, ...]:
    half = _SIDE / 2
    if round and (x - half + 0.5) ** 2 + (y - half + 0.5) ** 2 > half**2:
        return (255, 255, 255)
    column, row = (x - 8) // 16, (y - 8) // 16
    if not (0 <= column < 5 and 0 <= row < 5):
        return paper
    bit = row * 3 + min(column, 4 - column)
    return tint if digest[1 + bit // 8] >> bit % 8 & 1 else paper


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
