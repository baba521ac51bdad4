"""JSON that others send. What is nested without end is none: reading it would raise RecursionError, which no reader expects."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, request
from flask.json.provider import DefaultJSONProvider
from flask_smorest import Blueprint
from marshmallow import Schema
from webargs.flaskparser import FlaskParser, abort


class _Json(DefaultJSONProvider):
    """Of the app: what pages and their scripts exchange. Characters as they are, keys in the order given."""

    ensure_ascii = False
    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Raises ValueError for what is no JSON."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("nested too deeply") from None


class _Parser(FlaskParser):
    """Of the API's bodies: refused like any other that is no JSON."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        try:
            return super().load_json(req, schema)
        except RecursionError:
            abort(400, messages={"json": ["Invalid JSON body."]})


# Before any blueprint of the API is made: what it takes is bound when its views are.
Blueprint.ARGUMENTS_PARSER = _Parser()


def init(app: Flask) -> None:
    """Bind the app's own reader and writer of JSON."""
    app.json = _Json(app)


def sent_object() -> dict[str, Any]:
    """The JSON object that the page's script sent; {} for anything else: the view says what is missing."""
    sent = request.get_json(silent=True)
    return sent if isinstance(sent, dict) else {}
