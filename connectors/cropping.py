"""A part of a picture, smaller or more compressed, as people ask for it in the library."""

from __future__ import annotations

import io

from PIL import Image as Pillow

from connectors.images import ACCEPTED, BOMBS, MAX_PIXELS, flatten
from connectors.turning import upright


def edited(
    data: bytes, *, box: tuple[int, int, int, int] | None = None, max_width: int = 0, quality: int = 92
) -> tuple[bytes, str]:
    """The part of a picture inside `box` (left, top, right, bottom in pixels of the upright picture; None for all of it),
    at most `max_width` wide (0: as it is), with its content type.

    PNG and GIF become PNG and keep their transparency, others JPEG of `quality` (1 to 95). Of a moving picture the first
    frame. Raises ValueError for what is not a picture and for a box outside it.
    """
    try:
        with Pillow.open(io.BytesIO(data), formats=ACCEPTED) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError("too many pixels")
            sharp = opened.format in ("PNG", "GIF")
            # The profile of a printer's colours does not fit what they become.
            profile = opened.info.get("icc_profile") if opened.mode in ("RGB", "RGBA", "L", "P") else None
            picture = upright(opened)
            picture = _with_all_colours(picture) if sharp else flatten(picture)
    except (OSError, SyntaxError, *BOMBS) as error:
        raise ValueError("not a picture") from error
    if box is not None:
        left, top, right, bottom = box
        if not (0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height):
            raise ValueError("the box is not inside the picture")
        picture = picture.crop(box)
    if 0 < max_width < picture.width:
        height = max(1, round(picture.height * max_width / picture.width))
        picture = picture.resize((max_width, height), Pillow.Resampling.LANCZOS)
    more: dict[str, object] = {"icc_profile": profile} if profile else {}
    out = io.BytesIO()
    picture.info.clear()
    if sharp:
        picture.save(out, "PNG", optimize=True, **more)
        return out.getvalue(), "image/png"
    picture.save(out, "JPEG", quality=quality, optimize=True, **more)
    return out.getvalue(), "image/jpeg"


def _with_all_colours(picture: Pillow.Image) -> Pillow.Image:
    """Resized without stairs: no palette; transparency kept where there is any."""
    if picture.mode in ("P", "PA", "LA", "RGBA") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        return clear if clear.getchannel("A").getextrema() != (255, 255) else clear.convert("RGB")
    return picture if picture.mode in ("RGB", "L") else picture.convert("RGB")
