"""What of people a text lays open, as problems: their numbers, which block, and their homes, which may be explained. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from app.checks.homes import Home, homes
from app.checks.privacy import Kind, Leak, leaks
from app.checks.wording import key_of
from connectors.values import Problem

NAMES: dict[Kind, str] = {"citizen_id": "身份证号", "bank_card": "银行卡号", "mobile": "手机号"}
# Of one field; a list of 20,000 people is told as a whole.
_MOST = 100
_PUBLIC = "公开它会泄露个人信息。"


def exposure(text: str, field: str, place: str, at: Callable[[int], str], rows: str = "") -> list[Problem]:
    """The numbers and homes of people in `text`; `place` names the field, `at` a place inside a file. `rows` is the same
    text with tabs between the cells of a row, where it has cells that stand in lines of their own."""
    found = [_number(leak, field, f"{place}{at(leak.start)}") for leak in leaks(text)]
    lived = [_home(home, text, field, f"{place}{at(home.start)}") for home in homes(rows or text)]
    return _first(found, field, place) + _first(lived, field, place)


def unseen_exposure(text: str, field: str, known: set[str]) -> list[Problem]:
    """The same for words that stand only in the code; `known` are masked numbers that the text shows anyway."""
    where = "图片说明或电话链接里"
    remedy = "请改写图片说明，或去掉该链接。"
    found = [_placeless(leak, field, where, remedy) for leak in leaks(text) if leak.masked not in known]
    return found + [
        Problem(
            rule=f"privacy.{home.kind}",
            severity="warn",
            field=field,
            message=f"{where}{_what(home)}请改写图片说明；可以公开的，请写明理由。",
            key=key_of(f"privacy.{home.kind}", field, text, home.start),
        )
        for home in homes(text)
    ]


def linked_exposure(addresses: Iterable[str], field: str, known: set[str]) -> list[Problem]:
    """The numbers in the addresses of links, which readers see when they click, or printed below the text; each once."""
    told = {leak.masked: leak for address in addresses for leak in leaks(address) if leak.masked not in known}
    remedy = "请改用不含个人信息的链接，或去掉该链接。"
    return _first([_placeless(leak, field, "链接的网址里", remedy) for leak in told.values()], field, "链接的网址里")


def named_exposure(name: str) -> list[Problem]:
    """The numbers in the name of a file that goes out with a post."""
    where = f"附件的文件名“{name}”里"
    found = leaks(name.replace("_", " "))
    return [_placeless(leak, f"attachment:{name}", where, "请改名后重新上传。", shown=False) for leak in found]


def _number(leak: Leak, field: str, place: str) -> Problem:
    return Problem(
        rule=f"privacy.{leak.kind}",
        severity="block",
        field=field,
        start=leak.start,
        end=leak.end,
        message=f"{place}中有未隐去的{NAMES[leak.kind]} {leak.masked}。{_PUBLIC}请隐去中间几位，或删去。",
        suggestion=leak.masked,
    )


def _placeless(leak: Leak, field: str, where: str, remedy: str, *, shown: bool = True) -> Problem:
    number = f"{NAMES[leak.kind]} {leak.masked}" if shown else NAMES[leak.kind]
    return Problem(
        rule=f"privacy.{leak.kind}",
        severity="block",
        field=field,
        message=f"{where}有未隐去的{number}。{_PUBLIC}{remedy}",
    )


def _home(home: Home, text: str, field: str, place: str) -> Problem:
    rule = f"privacy.{home.kind}"
    return Problem(
        rule=rule,
        severity="warn",
        field=field,
        start=home.start,
        end=home.end,
        message=f"{place}中{_what(home)}请隐去门牌号或号码，或删去；可以公开的，请写明理由。",
        suggestion=home.masked,
        # Explained for this person at this place: with another name beside it, it is another matter.
        key=key_of(rule, field, text, home.start, f"{home.who}\0{home.where}"),
    )


def _what(home: Home) -> str:
    if home.kind == "landline":
        return f"“{home.who}”的住址旁有固定电话 {home.masked}。{_PUBLIC}"
    return f"“{home.who}”的住址写到了门牌号：{home.where}{home.masked}。{_PUBLIC}"


def _first(found: Sequence[Problem], field: str, place: str) -> list[Problem]:
    """So many one by one, and the rest in one that says how many there are and cannot be explained."""
    if len(found) <= _MOST:
        return list(found)
    rest = found[_MOST:]
    message = f"{place}还有 {len(rest)} 处未隐去的个人信息没有逐条列出。{_PUBLIC}请通篇隐去或删去后再看。"
    return [*found[:_MOST], Problem(rule=rest[0].rule, severity=rest[0].severity, field=field, message=message)]
