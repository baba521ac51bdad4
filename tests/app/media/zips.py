"""Archives that are not what they say."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

DEFLATED, BZIP2, LZMA = zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA


def lying(parts: dict[str, bytes], name: str, says: int, method: int = DEFLATED) -> bytes:
    """A zip whose part `name` declares its first `says` bytes alone, with the checksum of those."""
    raw = _packed(parts, name, method)
    for head in _heads(raw, name):
        raw[head + 14 : head + 18] = zlib.crc32(parts[name][:says]).to_bytes(4, "little")
        raw[head + 22 : head + 26] = says.to_bytes(4, "little")
    return bytes(raw)


def encrypted(parts: dict[str, bytes], name: str) -> bytes:
    """A zip whose part `name` bears the mark of a password."""
    raw = _packed(parts, name, DEFLATED)
    for head in _heads(raw, name):
        raw[head + 6] |= 1
    return bytes(raw)


def broken(parts: dict[str, bytes], name: str) -> bytes:
    """A zip whose part `name` says that it is deflated, and is not."""
    raw = _packed({**parts, name: b"\xff" * 50}, name, zipfile.ZIP_STORED)
    for head in _heads(raw, name):
        raw[head + 8] = DEFLATED
    return bytes(raw)


def _packed(parts: dict[str, bytes], name: str, method: int) -> bytearray:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in parts.items():
            archive.writestr(path, content, method if path == name else DEFLATED)
    return bytearray(out.getvalue())


def _heads(raw: bytearray, name: str) -> Iterator[int]:
    """Where the head of the part begins and, as the second has one more field at first, two bytes after its entry in
    the directory: both then have the same places up to the sizes."""
    with zipfile.ZipFile(io.BytesIO(bytes(raw))) as archive:
        yield archive.getinfo(name).header_offset
        entry = archive.start_dir
    while raw[entry + 46 : entry + 46 + int.from_bytes(raw[entry + 28 : entry + 30], "little")] != name.encode():
        entry = raw.index(b"PK\x01\x02", entry + 4)
    yield entry + 2
