"""The API of publishing."""

from __future__ import annotations

from flask_smorest import Blueprint

blp = Blueprint("publishing_api", __name__, url_prefix="/api/v1")
