"""What is wrong with an account's credentials and settings, per field, in Chinese. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.accounts.forms import PLATFORMS, Platform

_COVER = re.compile(r"https?://(?:[a-z0-9-]+\.)+sinaimg\.cn/[!-~]+", re.ASCII | re.IGNORECASE)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_AUDIENCE = '应为 {"is_to_all": true}，或 {"is_to_all": false, "tag_id": 标签编号}。'
# Weibo takes fewer than 300 characters; WeChat more.
_WELCOME_LENGTH = 299
# What stands before and behind every text of an account: so short that a microblog keeps its room.
_FRAME = {"head_text": 30, "foot_text": 30, "head_html": 4000, "foot_html": 4000}

# What the platform tells of the account stands beside its settings; nobody sets it.
_TOLD = frozenset({"learned_quotas", "mass_speed"})

Errors = dict[str, list[str]]


def check_credentials(
    platform: Platform, mode: str, given: Mapping[str, Any], settings: Mapping[str, Any], *, waiting: bool = False
) -> Errors:
    """What is wrong with complete credentials, per field as "credentials.app_key"; `waiting`: what the platform grants
    when somebody signs in there may still be missing."""
    errors: Errors = {}
    known = {field.name: field for field in platform.fields}
    for name in given:
        # Contract: uid may stand among Weibo's credentials; it must be the account's own.
        if name not in known and name != "uid":
            errors[f"credentials.{name}"] = ["没有这一项，请删去或核对拼写。"]
    plain = settings.get("callback_mode") == "plain"
    for name, field in known.items():
        value = given.get(name)
        wanted = field.required and (not field.modes or mode in field.modes) and not (waiting and field.granted)
        if value is None or value == "":
            if wanted and not (plain and name == "encoding_aes_key"):
                errors[f"credentials.{name}"] = [f"缺少{_spaced(field.label)}。{field.help}"]
        elif not isinstance(value, str):
            errors[f"credentials.{name}"] = ["应为文字。"]
        elif wrong := field.check(value):
            errors[f"credentials.{name}"] = [f"{_spaced(field.label).lstrip()}格式不对：{wrong}"]
    return errors


def _spaced(label: str) -> str:
    """With the space that stands between Chinese and Latin letters."""
    return re.sub(r"^(?=[A-Za-z])|(?<=[A-Za-z])$", " ", label)


def check_settings(settings: Mapping[str, Any], environment: str) -> Errors:
    """What is wrong with the settings this product knows; others are the connectors' business."""
    errors: Errors = {}
    quotas = settings.get("quotas", {})
    if not isinstance(quotas, Mapping):
        errors["settings.quotas"] = ['应为对象，例如 {"daily_calls": 100}。']
    else:
        for key, value in quotas.items():
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100_000_000:
                errors[f"settings.quotas.{key}"] = ["应为不小于 0 的整数。"]
    mode = settings.get("callback_mode", "safe")
    if mode not in ("safe", "plain"):
        errors["settings.callback_mode"] = ["只能是 safe（安全模式）或 plain（明文，仅限演练）。"]
    elif mode == "plain" and environment != "simulator":
        errors["settings.callback_mode"] = ["正式账号只接受安全模式。明文模式无法防伪造，仅限演练账号使用。"]
    errors |= _check_kinds(settings)
    cover = settings.get("article_cover")
    if cover and not (isinstance(cover, str) and _COVER.fullmatch(cover)):
        errors["settings.article_cover"] = ["应为微博上图片的完整地址，例如 https://wx1.sinaimg.cn/large/….jpg。"]
    welcome = settings.get("welcome_text")
    if welcome and not (isinstance(welcome, str) and len(welcome) <= _WELCOME_LENGTH):
        errors["settings.welcome_text"] = [f"应为不超过 {_WELCOME_LENGTH} 字的文字。"]
    for name, limit in _FRAME.items():
        frame = settings.get(name)
        if frame and not (isinstance(frame, str) and len(frame) <= limit):
            errors[f"settings.{name}"] = [f"应为不超过 {limit} 字的文字。"]
    return errors


def _check_kinds(settings: Mapping[str, Any]) -> Errors:
    """Known settings of another type than theirs: whoever reads them trusts it."""
    errors: Errors = {}
    for setting in (setting for platform in PLATFORMS.values() for setting in platform.settings):
        value = settings.get(setting.name)
        if value is None or setting.kind == "number":
            continue
        if setting.kind == "tick":
            # The platform's own calls say 0 and 1.
            if not isinstance(value, bool) and not (setting.name == "send_ignore_reprint" and value in (0, 1)):
                errors[f"settings.{setting.name}"] = ["只能是 true 或 false。"]
        elif not isinstance(value, str):
            errors[f"settings.{setting.name}"] = ["应为文字。"]
    cover, rights, audience = (settings.get(name) for name in ("default_cover", "rights", "audience"))
    if cover and not (isinstance(cover, str) and _SHA256.fullmatch(cover)):
        errors["settings.default_cover"] = ["应为素材库中图片的 sha256。"]
    if rights is not None and not (isinstance(rights, list) and all(isinstance(each, str) for each in rights)):
        errors["settings.rights"] = ['应为文字的列表，例如 ["article"]。']
    if audience and not _is_audience(audience):
        errors["settings.audience"] = [_AUDIENCE]
    return errors


def _is_audience(given: object) -> bool:
    if not isinstance(given, Mapping) or not isinstance(given.get("is_to_all"), bool):
        return False
    tag, name = given.get("tag_id"), given.get("tag_name", "")
    return given["is_to_all"] or (isinstance(tag, int) and not isinstance(tag, bool) and isinstance(name, str))


def check_told(given: Mapping[str, Any]) -> Errors:
    """Settings that somebody gave though only the platform tells them."""
    return {f"settings.{key}": ["由平台告知，不能填写。"] for key in sorted(_TOLD & set(given))}


def own_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that people make."""
    return {key: value for key, value in settings.items() if key not in _TOLD}
