"""Zip files that people upload (and the docx and xlsx that are such), unpacked to no more than they declare.

zipfile trusts the declared size only after inflating: a few kilobytes may become a gigabyte in memory, with bzip2 and
LZMA without any limit. Whoever hands an archive to a library proves it first; whoever reads parts uses read_part().
"""

from __future__ import annotations

import copy
import zipfile
import zlib
from collections.abc import Iterator

# More is no office file. Reading tiny parts by the hundred thousand would hold a worker for long, too.
MAX_PARTS = 5000
_KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PIECE = 1 << 20
# What zipfile and zlib raise for archives that are damaged, encrypted or made by strange means.
FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


def bursts(archive: zipfile.ZipFile, most: int) -> bool:
    """Whether it declares more than `most` bytes in all, or more than MAX_PARTS parts."""
    parts = archive.infolist()
    return len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > most


def read_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """Raises zipfile.BadZipFile for whatever is wrong with it, also when it is not as long as it declares."""
    return b"".join(_pieces(archive, part))


def prove(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """Inflate each part once, keeping none: what passes may be read by anybody. {name: its first bytes, up to four}.

    Raises zipfile.BadZipFile as read_part(). Ask bursts() before.
    """
    heads: dict[str, bytes] = {}
    for part in archive.infolist():
        head = b""
        for piece in _pieces(archive, part):
            head = head or piece[:4]
        heads[part.filename] = head
    return heads


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    if part.compress_type not in _KNOWN:
        raise zipfile.BadZipFile(f"compressed by method {part.compress_type}")
    # zipfile cuts at the declared size and says nothing: asked for one byte more, it shows whether more would come.
    longer = copy.copy(part)
    longer.file_size = part.file_size + 1
    left = longer.file_size
    try:
        with archive.open(longer) as stream:
            while left and (piece := stream.read(min(left, _PIECE))):
                left -= len(piece)
                yield piece
    except FAULTS as error:
        raise zipfile.BadZipFile(str(error)) from error
    if left != 1:
        raise zipfile.BadZipFile("not as long as declared")
