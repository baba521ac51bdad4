"""Reading the account forms of a request: credentials and settings by their dotted names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.accounts.forms import Platform, Setting

Form = Mapping[str, str]


def credentials_of(platform: Platform, form: Form, zone: str, *, keep_empty_secrets: bool = False) -> dict[str, Any]:
    """{name: value}; an emptied field is None, a secret left empty is not mentioned when it is to be kept."""
    found: dict[str, Any] = {}
    for field in platform.fields:
        name = f"credentials.{field.name}"
        if name not in form:
            continue
        value = form[name].strip()
        if not value and field.secret and keep_empty_secrets:
            continue
        found[field.name] = (_aware(value, zone) if field.kind == "time" else value) or None
    return found


def settings_of(
    platform: Platform, form: Form, before: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The settings as update_account merges them (None removes), and what could not be read."""
    found: dict[str, Any] = {}
    quotas = dict(before.get("quotas") or {})
    errors: dict[str, list[str]] = {}
    for setting in platform.settings:
        raw = form.get(f"settings.{setting.name}", "").strip()
        value = _value(setting, raw)
        if value is _WRONG:
            errors[f"settings.{setting.name}"] = ["应为不小于 0 的整数。"]
        elif setting.name.startswith("quotas."):
            quotas[setting.name.removeprefix("quotas.")] = value
        else:
            found[setting.name] = value
    kept = {key: value for key, value in quotas.items() if value is not None}
    return {**found, "quotas": kept or None}, errors


_WRONG = object()


def _value(setting: Setting, raw: str) -> Any:
    if setting.kind == "tick":
        return True if raw else None
    if setting.kind == "number":
        if not raw:
            return None
        return int(raw) if raw.isdecimal() and raw.isascii() and len(raw) <= 9 else _WRONG
    if setting.kind == "choice" and raw not in dict(setting.choices):
        return None
    return raw.replace("\r\n", "\n") or None


def setting_value(settings: Mapping[str, Any], name: str) -> Any:
    """The value under a dotted name, "" when there is none."""
    value: Any = settings
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return "" if value is None else value


def local_time(value: str, zone: str) -> str:
    """A stored time as <input type=datetime-local> wants it."""
    try:
        return datetime.fromisoformat(value).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
    except (ValueError, OverflowError):
        return ""


def _aware(value: str, zone: str) -> str:
    """What the input gave (local, no zone) with its zone; what is no time stays as it is, to be refused by name."""
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return value
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(zone))).isoformat()
