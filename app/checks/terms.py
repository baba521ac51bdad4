"""What a person or a file may write as a term. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.checks.words import Severity, Term
from app.errors import Invalid

SEVERITY_WORDS: dict[Severity, str] = {"block": "阻断", "warn": "提醒", "advise": "建议"}
_SAID: dict[str, Severity] = {
    **{word: key for key, word in SEVERITY_WORDS.items()},
    **{key: key for key in SEVERITY_WORDS},
    "严重": "block",
    "一般": "warn",
    "": "warn",
}
_BETWEEN = re.compile(r"[、，,；;|\n]+")
_UNSEEN = re.compile("[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060\ufeff\ud800-\udfff]")
LONGEST = {"wrong": 60, "right": 120, "reason": 300}
_MOST_EXCEPTIONS, _LONGEST_EXCEPTION = 50, 120


def term_from(fields: Mapping[str, str]) -> Term:
    """A term from `wrong`, `right`, `severity`, `reason`, `exceptions` (parted by 、 or commas) as typed.

    Raises Invalid whose errors name every field that is wrong.
    """
    wrong, right, reason = (fields.get(name, "").strip() for name in ("wrong", "right", "reason"))
    exceptions = tuple(
        dict.fromkeys(word for part in _BETWEEN.split(fields.get("exceptions", "")) if (word := part.strip()))
    )
    severity = _SAID.get(fields.get("severity", "").strip())
    errors: dict[str, list[str]] = {
        "wrong": _wrong_faults(wrong),
        "right": _right_faults(wrong, right),
        "severity": [] if severity else ["级别应为阻断、提醒或建议。"],
        "reason": _length_faults("reason", reason),
        "exceptions": _exception_faults(wrong, exceptions),
    }
    if severity is None or any(errors.values()):
        raise Invalid(
            "词条没有保存。有的内容不符合要求。请按提示改正。",
            errors={name: found for name, found in errors.items() if found},
        )
    return Term(wrong=wrong, right=right, severity=severity, reason=reason, exceptions=exceptions)


def _wrong_faults(wrong: str) -> list[str]:
    if not wrong:
        return ["没有填写错误用法。"]
    if len(wrong) < 2:
        return ["至少两个字：单个字会在许多正确的词里出现。"]
    return _length_faults("wrong", wrong)


def _right_faults(wrong: str, right: str) -> list[str]:
    if right and right == wrong:
        return ["正确用法与错误用法相同。"]
    return _length_faults("right", right)


def _length_faults(name: str, text: str) -> list[str]:
    if len(text) > LONGEST[name]:
        return [f"最多 {LONGEST[name]} 个字，现在是 {len(text)} 个。"]
    if _UNSEEN.search(text):
        return ["里面有换行或看不见的字符，请去掉。"]
    return []


def _exception_faults(wrong: str, exceptions: tuple[str, ...]) -> list[str]:
    if len(exceptions) > _MOST_EXCEPTIONS:
        return [f"最多 {_MOST_EXCEPTIONS} 个例外。"]
    alien = [word for word in exceptions if wrong not in word or word == wrong]
    if alien:
        return [f"例外“{alien[0]}”应是包含“{wrong}”的更长的词。"]
    if any(len(word) > _LONGEST_EXCEPTION or _UNSEEN.search(word) for word in exceptions):
        return [f"每个例外最多 {_LONGEST_EXCEPTION} 个字，不含看不见的字符。"]
    return []
