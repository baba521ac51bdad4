"""What adapting makes of the samples, as files that people read: tests/connectors/golden/{sample}/.

`source.html` and `source.json` are what the importer makes of a document (tests/app/posts/test_golden_sources.py holds them
to it); the others are what each kind of account gets. Pictures stand under a name in place of their hash, and re-encoded
ones under the name of the recipe: neither Pillow's version nor the machine's fonts matter.

    bin/golden        writes all of them anew; read the difference before committing it
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from connectors.values import Adaptation, Content, Image

GOLDEN = Path(__file__).parent / "golden"
DOCUMENTS = (
    "policy-interpretation.docx",
    "recruitment-publicity.docx",
    "rumor-rebuttal.md",
    "traffic-control-from-word.html",
    "weather-warning.md",
)
_BETWEEN = re.compile(r"(?<=>)(?=</?(?:section|p|h[2-4]|blockquote|ul|ol|li|table|thead|tbody|tr|td|th|img)\b)")
_SOURCE = re.compile(r"/media/(picture-\d+)")


def folder(document: str) -> Path:
    return GOLDEN / document.rpartition(".")[0]


def compare(path: Path, text: str) -> None:
    """Byte by byte with the file, or writes it (bin/golden)."""
    text = text if text.endswith("\n") else f"{text}\n"
    if os.environ.get("TANDEM_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    name = path.relative_to(GOLDEN)
    assert path.is_file(), f"{name} is missing: bin/golden writes it"
    assert text == path.read_bytes().decode(), f"{name} has changed: bin/golden, and read the difference"


def readable(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def broken(html: str) -> str:
    """`html` with a line for each of its blocks; nothing else is changed."""
    return _BETWEEN.sub("\n", html)


class GoldenMedia:
    """A MediaStore of names: nothing is decoded, what a recipe makes is called by it."""

    def __init__(self) -> None:
        self.images: dict[str, Image] = {}
        self.names: dict[str, str] = {}

    def add(self, name: str, **about: Any) -> Image:
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        self.names[sha256] = name
        return self.images.setdefault(sha256, Image(sha256=sha256, media_id=name, **about))

    def get(self, sha256: str) -> Image | None:
        return self.images.get(sha256)

    def read(self, sha256: str) -> bytes:
        raise AssertionError("adapting reads no bytes but to re-encode them")

    def derive(self, sha256: str, recipe: str, make: Callable[[bytes], tuple[bytes, str]]) -> Image:
        name = f"{self.names[sha256]} by {recipe}" if sha256 else f"drawn by {recipe[: len('wechat-cover-1')]}"
        return self.add(name, content_type="image/jpeg", width=1080, height=460, size=100_000)

    def remembered(self, sha256: str, account_id: str, use: str) -> str | None:
        return None

    def remember(self, sha256: str, account_id: str, use: str, value: str) -> None:
        pass

    def named(self, text: str) -> str:
        """`text` with the names of pictures in place of their hashes."""
        for sha256, name in self.names.items():
            text = text.replace(sha256, name)
        return text


def content_of(document: str, media: GoldenMedia, **changes: Any) -> Content:
    """The post that a sample becomes; its pictures are put into `media`."""
    kept = json.loads((folder(document) / "source.json").read_text(encoding="utf-8"))
    html = (folder(document) / "source.html").read_text(encoding="utf-8").replace(">\n<", "><").rstrip("\n")
    pictures: Mapping[str, Mapping[str, Any]] = kept["pictures"]
    shas = {name: media.add(name, **about).sha256 for name, about in pictures.items()}
    fields = {**kept["fields"], **changes}
    fields["tags"] = tuple(fields.get("tags") or ())
    return Content(body_html=_SOURCE.sub(lambda found: f"/media/{shas[found[1]]}", html), **fields)


def told(adaptation: Adaptation, media: GoldenMedia) -> tuple[str, str]:
    """An adaptation as (JSON without its HTML, the HTML or "")."""
    payload = dict(adaptation.payload)
    html = str(payload.pop("content_html", ""))
    shown = {
        "payload": payload,
        "notes": [f"{note.kind}: {note.message}" for note in adaptation.notes],
        "problems": [f"{one.severity} {one.rule}: {one.message}" for one in adaptation.problems],
        "length": asdict(adaptation.length),
    }
    return media.named(readable(shown)), media.named(broken(html))
