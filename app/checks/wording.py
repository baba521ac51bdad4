"""What the word packs say about one text, as problems. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from app.checks.words import Found, Matcher, find_all
from connectors.values import Problem

RULES = {"block": "wording.severe", "warn": "wording.error", "advise": "wording.advice"}
# Of one field; a file that is wrong throughout is told as a whole.
_MOST = 100


def key_of(rule: str, field: str, text: str, start: int, about: str = "") -> str:
    """What a dismissal of the problem at `start` of `text` is bound to: its rule, its line, its place in the line and what
    else it is `about`. "" for what nobody may dismiss.

    Other lines may change; when this one does, the problem is a new one.
    """
    if rule == RULES["block"]:
        return ""
    begin = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start)
    line = text[begin : end if end >= 0 else len(text)]
    return hashlib.sha256("\0".join((rule, field, line, str(start - begin), about)).encode()).hexdigest()[:20]


def key_of_place(one: Found, field: str, text: str) -> str:
    """key_of() a place that a pack knows: a pack that now says something else of it is not what was explained."""
    about = f"{one.term.wrong}\0{one.term.right}"
    return key_of(RULES[one.term.severity], field, text, one.start, about)


def wording(
    text: str, field: str, words: Sequence[Matcher], place: str, at: Callable[[int], str] = lambda _offset: ""
) -> list[Problem]:
    """The places where `text` says what a pack knows better; `place` names the field, `at` a place inside a file."""
    found = find_all(words, text)
    shown = [_problem(one, text, field, f"{place}{at(one.start)}") for one in found[:_MOST]]
    if len(found) > _MOST:
        # The rest is counted, by its gravest: a severe error may stand behind the hundredth slip.
        rest = found[_MOST:]
        gravest = min((one.term for one in rest), key=lambda term: list(RULES).index(term.severity))
        message = f"{place}还有 {len(rest)} 处词库中的问题没有逐条列出，例如“{gravest.wrong}”。全文差错太多。请通篇校对后再看。"
        rule = RULES[gravest.severity]
        shown.append(
            Problem(
                rule=rule,
                severity=gravest.severity,
                field=field,
                # No key: what was not shown cannot be explained.
                message=message,
            )
        )
    return shown


def unseen_wording(text: str, field: str, words: Sequence[Matcher]) -> list[Problem]:
    """The same for words that stand only in the code (the description of a picture): they have no place in the text."""
    return [
        Problem(
            rule=RULES[one.term.severity],
            severity=one.term.severity,
            field=field,
            message=f"图片说明“{text}”中{_what(one)}请改写图片说明。",
            key=key_of_place(one, field, text),
        )
        for one in find_all(words, text)
    ]


def _problem(one: Found, text: str, field: str, place: str) -> Problem:
    rule = RULES[one.term.severity]
    return Problem(
        rule=rule,
        severity=one.term.severity,
        field=field,
        start=one.start,
        end=one.end,
        message=f"{place}中{_what(one)}{_remedy(one, field)}",
        suggestion=one.term.right,
        key=key_of_place(one, field, text),
    )


def _what(one: Found) -> str:
    term = one.term
    advised = f"建议改为“{term.right}”" if term.right else "建议斟酌"
    told = f"应为“{term.right}”" if term.right else "不宜使用"
    return f"“{term.wrong}”{advised if term.severity == 'advise' else told}。{_sentence(term.reason)}"


def _sentence(reason: str) -> str:
    reason = reason.strip()
    return reason if not reason or reason.endswith(("。", "！", "？")) else f"{reason}。"


def _remedy(one: Found, field: str) -> str:
    if field.startswith("attachment:"):
        return "请改好附件后重新上传。"
    if one.term.severity == "block":
        return "必须改正后才能送审。"
    if one.term.severity == "advise":
        return "请斟酌改写；保留的，请写明理由。"
    return "请改正；确需保留的，请写明理由。"
