"""What Vite built: the template globals vite(entry) and icon_url(), read from the manifest."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, Response, current_app, request, url_for
from markupsafe import Markup, escape

log = structlog.get_logger()

MANIFEST = Path("dist") / "manifest.json"
SPRITE = Path("dist") / "icons.svg"

_cache: dict[Path, tuple[float, Any]] = {}


def init(app: Flask) -> None:
    """Bind the globals, and let browsers keep files whose name carries their hash."""
    app.jinja_env.globals.update(vite=vite, icon_url=icon_url)
    app.after_request(_keep_hashed)


def vite(entry: str) -> Markup:
    """The <link> and <script type=module> tags of one entry, "src/main.ts". Nothing (and a warning) if it is not built."""
    manifest = _read(MANIFEST, json.loads)
    chunk = (manifest or {}).get(entry)
    if chunk is None:
        log.warning("front end not built: run bin/setup", entry=entry)
        return Markup()
    tags = [f'<link rel="stylesheet" href="{_url(name)}">' for name in _styles(manifest, entry)]
    tags.append(f'<script type="module" src="{_url(chunk["file"])}"></script>')
    return Markup("\n".join(tags))


def icon_url(name: str) -> str:
    """The address of one symbol in the sprite (frontend/icons.txt lists them)."""
    version = _read(SPRITE, lambda text: sha256(text.encode()).hexdigest()[:12]) or "0"
    return f"{url_for('static', filename=SPRITE.as_posix(), v=version)}#i-{name}"


def _styles(manifest: dict[str, Any], entry: str) -> list[str]:
    """The style sheets of an entry and of the chunks it imports, each once, dependencies first."""
    seen: set[str] = set()
    found: list[str] = []

    def visit(key: str) -> None:
        if key in seen:
            return
        seen.add(key)
        for imported in manifest[key].get("imports", ()):
            visit(imported)
        found.extend(name for name in manifest[key].get("css", ()) if name not in found)

    visit(entry)
    return found


def _url(name: str) -> str:
    return str(escape(url_for("static", filename=f"dist/{name}")))


def _read(name: Path, parse: Any) -> Any:
    """The parsed file, read again when it changes; None if it is not there."""
    path = Path(current_app.static_folder or "") / name
    try:
        changed = path.stat().st_mtime
    except FileNotFoundError:
        return None
    known = _cache.get(path)
    if known is None or known[0] != changed:
        known = (changed, parse(path.read_text(encoding="utf-8")))
        _cache[path] = known
    return known[1]


def _keep_hashed(response: Response) -> Response:
    hashed = request.path.startswith("/static/dist/assets/") or (
        request.path.startswith("/static/") and "v" in request.args
    )
    if hashed and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
