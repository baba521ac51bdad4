"""Marking strings for translation where nothing of Flask may be imported."""

from __future__ import annotations


def N_(text: str) -> str:
    """The Chinese source string as it is: bin/i18n collects it, views translate it with _() when showing it."""
    return text
