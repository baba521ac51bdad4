"""What a file that somebody sent really is, by its bytes. Only what is named here is ever shown; the rest is saved."""

from __future__ import annotations

from connectors import images

OTHER = "application/octet-stream"
_AUDIO = {
    b"#!AMR": "audio/amr",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"\xff\xf3": "audio/mpeg",
    b"\xff\xf2": "audio/mpeg",
    b"\xff\xf1": "audio/aac",
    b"\xff\xf9": "audio/aac",
    b"OggS": "audio/ogg",
    b"fLaC": "audio/flac",
}
# Browsers play these; the others are offered for saving.
PLAYED = frozenset({"audio/mpeg", "audio/aac", "audio/ogg", "audio/flac", "audio/wav", "audio/mp4", "video/mp4"})
_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/webp": "webp",
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "video/mp4": "mp4",
}


def content_type_of(content: bytes) -> str:
    """The true content type, or OTHER for what nobody should open in a page."""
    if (found := _picture(content)) is not None:
        return found
    for magic, kind in _AUDIO.items():
        if content.startswith(magic):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "audio/wav"
    if content[4:8] == b"ftyp":
        return "audio/mp4" if content[8:11] == b"M4A" else "video/mp4"
    return OTHER


def extension_of(content_type: str) -> str:
    return _EXTENSIONS.get(content_type, "bin")


def shown_as(content_type: str) -> str:
    """How a thread shows it: "image", "audio", "video", or "file" for saving."""
    if content_type.startswith("image/"):
        return "image"
    return content_type.split("/")[0] if content_type in PLAYED else "file"


def _picture(content: bytes) -> str | None:
    """Not decoded: what a stranger sends must not fill our memory. The browser draws it, or does not."""
    return images.kind_of(content)
