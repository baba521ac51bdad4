"""How much script the composer's page loads, compressed: the built files that it names and all that those import.

    .venv/bin/python benchmarks/weight.py [--entry src/pages/composer.ts]

Prints each file with its size as it is and as gzip (level 6, what servers use) makes it, and the sum. What is loaded only
on demand (dynamic imports) is no part of the page.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

STATIC = Path(__file__).resolve().parents[1] / "app" / "static"
# Set before the first paint, hence not built (app/templates/base.html).
THEME = "theme.js"
# The frame of every page (app/templates/base.html), and the composer's own (app/templates/posts/compose.html).
FRAME, COMPOSER = "src/main.ts", "src/pages/composer.ts"


def loaded(manifest: dict[str, Any], *entries: str) -> list[str]:
    """The script files of the entries and of what they import, each once."""
    seen: dict[str, None] = {}

    def visit(key: str) -> None:
        if key not in seen:
            seen[key] = None
            for imported in manifest[key].get("imports", ()):
                visit(imported)

    for entry in entries:
        visit(entry)
    return [str(manifest[key]["file"]) for key in seen]


def weights(*entries: str) -> dict[str, tuple[int, int]]:
    """{file: (bytes, bytes compressed)} of all that a page with these entries loads. Raises FileNotFoundError when
    nothing is built."""
    manifest = json.loads((STATIC / "dist" / "manifest.json").read_text())
    names = [THEME, *(f"dist/{name}" for name in loaded(manifest, *entries))]
    contents = {name: (STATIC / name).read_bytes() for name in names}
    return {name: (len(content), len(gzip.compress(content, 6))) for name, content in contents.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entry", default=COMPOSER)
    found = weights(FRAME, parser.parse_args().entry)
    for name, (size, compressed) in sorted(found.items(), key=lambda item: -item[1][1]):
        print(f"{name:40} {size:>10,} {compressed:>10,}")
    total = sum(compressed for _size, compressed in found.values())
    print(f"{'in all':40} {sum(size for size, _compressed in found.values()):>10,} {total:>10,}")
    print(json.dumps({"files": len(found), "compressed_bytes": total, "kB": round(total / 1000, 1)}))


if __name__ == "__main__":
    main()
