"""Whether an EXR that Nuke wrote is whole: its size, and that every scanline of it is there."""

from __future__ import annotations

import struct
from pathlib import Path

_ROWS = {3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256}  # scanlines of a chunk; else 1


def fault(path: Path, width: int, height: int) -> str:
    """What is wrong with a frame that should be so wide and high; "" for nothing.

    The layout is that of "OpenEXR File Layout" (openexr.com): a header, a table of where the chunks
    of scanlines begin, and the chunks, each with its row and its length before it.
    """
    data = b""
    try:
        data = path.read_bytes()
        found, after = _attributes(data)
        left, top, right, bottom = struct.unpack("<4i", found["displayWindow"])
        first, last = struct.unpack("<4xi4xi", found["dataWindow"])
        count = (last - first) // _ROWS.get(found["compression"][0], 1) + 1
        chunks = struct.unpack_from(f"<{count}Q", data, after)
        whole = min(chunks) > 0
        for at in chunks:
            whole = whole and at + 8 + struct.unpack_from("<i", data, at + 4)[0] <= len(data)
    except (OSError, ValueError, KeyError, IndexError, struct.error):
        return "is no whole picture" if data else "is empty or not there"
    if not whole:
        return "ends too early"
    size = (right - left + 1, bottom - top + 1)
    return "" if size == (width, height) else f"is {size[0]} × {size[1]}, not {width} × {height}"


def _attributes(data: bytes) -> tuple[dict[str, bytes], int]:
    """The header's attributes, and where it ends. Raises ValueError for no such header."""
    at, found = 8, {}
    while data[at]:
        name, kind = (end := data.index(b"\0", at)), data.index(b"\0", end + 1)
        (length,) = struct.unpack_from("<i", data, kind + 1)
        found[data[at:name].decode("latin-1")] = data[kind + 5 : kind + 5 + length]
        at = kind + 5 + length
    return found, at + 1
