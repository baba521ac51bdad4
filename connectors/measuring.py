"""How large a picture is, without decoding it. Pillow, as in images.py."""

from __future__ import annotations

import io

from PIL import Image as Pillow

from connectors.images import ACCEPTED, BOMBS
from connectors.turning import DAMAGED


def pixels_of(data: bytes) -> int:
    """All that decoding would make of it, of a moving picture every frame; 0 for what is no picture."""
    try:
        with Pillow.open(io.BytesIO(data), formats=ACCEPTED) as picture:
            frames = 1 if picture.format == "MPO" else int(getattr(picture, "n_frames", 1))
            return picture.width * picture.height * frames
    except (OSError, EOFError, *DAMAGED, *BOMBS):
        return 0
