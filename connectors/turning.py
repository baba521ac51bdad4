"""Turning a picture as it was held, whatever stands in its EXIF block. Pillow, as in images.py."""

from __future__ import annotations

import struct

from PIL import ExifTags
from PIL import Image as Pillow

# What Pillow stumbles over in a damaged EXIF block.
DAMAGED = (SyntaxError, struct.error, LookupError, TypeError, ValueError, ArithmeticError, UserWarning)
# How a picture is turned that was held as EXIF's orientation says; 1 is upright.
_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}


def upright(picture: Pillow.Image) -> Pillow.Image:
    """The picture turned as its EXIF says that it was held; as it lies where that block is damaged. Raises OSError."""
    picture.load()
    try:
        turn = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGED:
        turn = None
    return picture.copy() if turn is None else picture.transpose(turn)
