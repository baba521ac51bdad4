"""Pages for people: Jinja templates beside this module, nothing loaded from elsewhere, no script."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from werkzeug.wrappers import Response

from connectors.simulator import clock

HERE = Path(__file__).parent
SAFE = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self' 'unsafe-inline'; form-action 'self'; base-uri 'none'"


def _when(at: float) -> str:
    moment: datetime = clock.beijing(at)
    return moment.strftime("%m-%d %H:%M:%S")


templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True)
templates.filters["when"] = _when


def page(name: str, status: int = 200, form_anywhere: bool = False, **values: Any) -> Response:
    """Render a page. Articles need inline styles, as WeChat has them; scripts never run."""
    answer = Response(templates.get_template(name).render(**values), status=status, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = SAFE.replace("form-action 'self'; ", "") if form_anywhere else SAFE
    return answer
