"""Marking sentences for translation: what connectors say is Chinese, and shown in the reader's language."""

from __future__ import annotations


def N_(text: str) -> str:
    """The Chinese source string as it is: bin/i18n collects it, templates translate it when showing it."""
    return text
