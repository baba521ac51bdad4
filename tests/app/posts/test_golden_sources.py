"""What the importer makes of each sample is what tests/connectors/golden adapts."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.db import db
from app.media.models import Blob
from app.posts import services as posts
from tests.app.posts.helpers import SAMPLES, World
from tests.connectors.goldens import DOCUMENTS, broken, compare, folder, readable

_MEDIA = re.compile(r"/media/([0-9a-f]{64})")


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_sample_is_imported_as_it_was(world: World, document: str) -> None:
    pictures = {f"images/{path.name}": path.read_bytes() for path in (SAMPLES / "images").iterdir()}
    imported = posts.import_document(
        world.author,
        unit_id=world.city.id,
        name=document,
        content=(SAMPLES / document).read_bytes(),
        now=world.now,
        files=pictures,
    )
    assert imported.missing == []
    fields = dict(imported.fields)
    # Blanks between blocks show nothing: the file has its own.
    html = str(fields.pop("body_html")).replace(">\n<", "><").strip("\n")
    names = {sha256: f"picture-{at}" for at, sha256 in enumerate(dict.fromkeys(_MEDIA.findall(html)), 1)}
    blobs = {blob.sha256: blob for blob in db.session.scalars(select(Blob).where(Blob.sha256.in_(names)))}
    about = {
        name: {
            "content_type": blobs[sha256].content_type,
            "width": blobs[sha256].width,
            "height": blobs[sha256].height,
            "size": blobs[sha256].size,
        }
        for sha256, name in names.items()
    }
    shown = {"fields": fields, "notes": imported.notes, "pictures": about}
    compare(folder(document) / "source.json", readable(shown))
    compare(folder(document) / "source.html", broken(_MEDIA.sub(lambda found: f"/media/{names[found[1]]}", html)))
