"""Whether a picture file holds the picture alone: no EXIF, XMP, IPTC, comment or text, and nothing behind its end.

Read from the structure of the file, piece by piece of the kinds that draw it; whatever else stands in it tells something.
Telephones put the place and the hour into EXIF and XMP, a film behind the end of a JPEG, words into PNG's text chunks.
Sources: ITU-T T.81 annex B, PNG 3rd edition §5 and §11, GIF89a, WebP container specification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

# SOF, DHT, DQT, DRI, DAC, DNL and the like: what decoding needs. APP0 is JFIF, APP14 Adobe's colours.
_JPEG_KEPT = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xE0, 0xEE})
_APP2, _SOS, _EOI = 0xE2, 0xDA, 0xD9
# In a scan FF00 is a byte of data, FFD0 to FFD7 restart; any other marker ends it.
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)
_PNG_KEPT = frozenset(
    (
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs",
        b"hIST", b"cICP", b"mDCV", b"cLLI", b"acTL", b"fcTL", b"fdAT",
    )
)  # fmt: skip
_GIF_KEPT = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
_WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))


def is_bare(data: bytes, content_type: str) -> bool:
    """False also for what cannot be followed to its end. BMP has no place for words, only room behind its end."""
    walk: Callable[[bytes], bool] | None = _WALKS.get(content_type)
    try:
        return walk is not None and walk(data)
    except IndexError:
        return False


def _jpeg(data: bytes) -> bool:
    at = 2
    while True:
        found = _MARKER.match(data, at) if data[at] == 0xFF else None
        if found is None:
            return False
        marker, at = found.group(1)[0], found.end()
        if marker == _EOI:
            return not data[at:].strip(b"\0")
        length = int.from_bytes(data[at : at + 2])
        icc = marker == _APP2 and data[at + 2 :].startswith(b"ICC_PROFILE\0")
        if length < 2 or not (marker in _JPEG_KEPT or marker == _SOS or icc):
            return False
        at += length
        if marker == _SOS:
            following = _MARKER.search(data, at)
            if following is None:
                return False
            at = following.start()


def _png(data: bytes) -> bool:
    at = 8
    while True:
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if kind not in _PNG_KEPT:
            return False
        at += 12 + length
        if kind == b"IEND":
            return at >= len(data)


def _gif(data: bytes) -> bool:
    at = 13 + _colours(data[10])
    while True:
        kind = data[at]
        if kind == 0x3B:
            return not data[at + 1 :].strip(b"\0")
        if kind == 0x21:
            label = data[at + 1]
            known = label == 0xF9 or (label == 0xFF and data[at + 3 : at + 14] in _GIF_KEPT)
            if not known:
                return False
            at = _past_blocks(data, at + 2)
        elif kind == 0x2C:
            at = _past_blocks(data, at + 11 + _colours(data[at + 9]))
        else:
            return False


def _colours(flags: int) -> int:
    """Bytes of the colour table that `flags` announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _past_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _webp(data: bytes) -> bool:
    end = 8 + int.from_bytes(data[4:8], "little")
    return all(kind in _WEBP_KEPT for kind in _chunks(data, end)) and not data[end + (end & 1) :].strip(b"\0")


def _chunks(data: bytes, end: int) -> Iterator[bytes]:
    at = 12
    while at + 8 <= min(end, len(data)):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4]
        at += 8 + size + (size & 1)


def _bmp(data: bytes) -> bool:
    return len(data) <= int.from_bytes(data[2:6], "little")


_WALKS: dict[str, Callable[[bytes], bool]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/bmp": _bmp,
}
