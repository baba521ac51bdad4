"""What somebody typed into a form that was refused: it stands there again when the page is shown next, once."""

from __future__ import annotations

from flask import request, session

KEY = "typed"
# The browser's cookie holds it: the longest thing asked for is a reason of 300 characters.
_LONGEST = 300


def keep(form: str) -> None:
    """`form` names it: the page may have several."""
    fields = {name: value[:_LONGEST] for name, value in request.form.items() if name != "csrf_token"}
    session[KEY] = {**fields, "form": form}


def again() -> dict[str, str]:
    """{"form": its name, field: text}; empty when nothing was refused. A page that refreshes itself takes nothing."""
    if request.headers.get("HX-Request"):
        return {}
    found: dict[str, str] = session.pop(KEY, {})
    return found
