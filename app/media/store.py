"""The library as connectors see it: bytes by hash, derivatives by recipe, what the platforms know already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.db import atomic, db, new_id, utcnow
from app.errors import NotFound
from app.media.blobs import path_of, read_blob, shown_blob, write_blob
from app.media.models import Derivative, Media, Upload
from connectors import images
from connectors.values import Image

THUMB_SIDE = 480
_THUMB_BYTES = 100_000


class LibraryStore:
    """Implements connectors.base.MediaStore. Its writes join the caller's transaction if there is one."""

    def get(self, sha256: str) -> Image | None:
        blob = shown_blob(sha256)
        if blob is None or not blob.content_type.startswith("image/"):
            return None
        # Ids sort by time: the first who brought these bytes names them, so the answer does not change.
        first = db.session.scalar(select(func.min(Media.id)).where(Media.sha256 == sha256))
        alt = db.session.scalar(select(Media.alt).where(Media.id == first)) if first else ""
        return Image(
            sha256=sha256,
            content_type=blob.content_type,
            width=blob.width,
            height=blob.height,
            size=blob.size,
            media_id=first or "",
            alt=alt or "",
        )

    def read(self, sha256: str) -> bytes:
        """Raises ValueError when the bytes are gone."""
        try:
            return read_blob(sha256)
        except NotFound:
            raise ValueError(f"no bytes for {sha256}") from None

    def derive(self, sha256: str, recipe: str, make: Callable[[bytes], tuple[bytes, str]]) -> Image:
        """What `make` makes of the bytes ("" for no source), made once; whoever is second gets the first one's."""
        known = self._derived(sha256, recipe)
        if known is not None:
            return known
        content, content_type = make(self.read(sha256) if sha256 else b"")
        width, height = images.size_of(content)
        insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
        with atomic():
            made = write_blob(content, content_type, width=width, height=height, now=utcnow())
            row = {"id": new_id(), "source_sha256": sha256, "recipe": recipe, "sha256": made}
            db.session.execute(insert(Derivative).values(row).on_conflict_do_nothing())
            found = self._derived(sha256, recipe)
        if found is None:
            raise ValueError(f"the derivative of {sha256} was not kept")
        return found

    def remembered(self, sha256: str, account_id: str, use: str) -> str | None:
        return db.session.scalar(
            select(Upload.value).where(Upload.sha256 == sha256, Upload.account_id == account_id, Upload.use == use)
        )

    def remember(self, sha256: str, account_id: str, use: str, value: str) -> None:
        """The newest value counts; an empty one forgets (the platform no longer knows it)."""
        insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
        row = {"id": new_id(), "sha256": sha256, "account_id": account_id, "use": use, "value": value, "at": utcnow()}
        with atomic():
            db.session.execute(
                insert(Upload)
                .values(row)
                .on_conflict_do_update(
                    index_elements=["sha256", "account_id", "use"], set_={"value": value, "at": row["at"]}
                )
            )

    def _derived(self, sha256: str, recipe: str) -> Image | None:
        made = db.session.scalar(
            select(Derivative.sha256).where(Derivative.source_sha256 == sha256, Derivative.recipe == recipe)
        )
        return self.get(made) if made else None


def forms_of(sha256: str) -> set[str]:
    """The picture itself and all that was made of it."""
    return {sha256, *db.session.scalars(select(Derivative.sha256).where(Derivative.source_sha256 == sha256))}


class GlancingStore(LibraryStore):
    """The library for a look that stores nothing: a picture that was not made yet is not made now either, an image with
    the size of its source stands for it. (Pictures are decoded when they come in, so that making them succeeds later.)"""

    def __init__(self) -> None:
        # What was asked for once, and what stands for a picture that is not made.
        self._known: dict[str, Image | None] = {}

    def get(self, sha256: str) -> Image | None:
        if sha256 not in self._known:
            self._known[sha256] = super().get(sha256)
        return self._known[sha256]

    def derive(self, sha256: str, recipe: str, make: Callable[[bytes], tuple[bytes, str]]) -> Image:
        known = self._derived(sha256, recipe)
        if known is not None:
            return known
        source = self.get(sha256) if sha256 else None
        if sha256 and (source is None or not path_of(sha256).exists()):
            raise ValueError(f"no bytes for {sha256}")
        name = hashlib.sha256(f"{sha256}\0{recipe}".encode()).hexdigest()
        width, height = (source.width, source.height) if source is not None else images.COVER_SIZE
        promised = Image(sha256=name, content_type="image/jpeg", width=width, height=height, size=0)
        self._known[name] = promised
        return promised


def thumb_of(sha256: str) -> str:
    """The SHA-256 of a picture of at most THUMB_SIDE pixels; of itself while it is light, "" for what is no picture."""
    image = LibraryStore().get(sha256)
    if image is None:
        return ""
    if image.size < _THUMB_BYTES and max(image.width, image.height) <= 4 * THUMB_SIDE:
        return sha256
    try:
        made = LibraryStore().derive(
            sha256,
            f"thumb-{THUMB_SIDE}",
            lambda data: images.reencode(data, max_bytes=_THUMB_BYTES, max_width=THUMB_SIDE, max_height=THUMB_SIDE),
        )
    except ValueError:
        return ""
    return made.sha256
