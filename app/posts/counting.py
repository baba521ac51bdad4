"""Numbers as lists and headings write them: 一、 壹 甲 ① a iv 1."""

from __future__ import annotations

from collections.abc import Callable

_DIGITS = "〇一二三四五六七八九"
_LEGAL = {True: "零壹贰叁肆伍陆柒捌玖", False: "零壹貳參肆伍陸柒捌玖"}
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_UNITS = ("", "十", "百", "千")
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_MOST = 9999


def chinese(number: int) -> str:
    """十二, 一百零五, as read aloud."""
    if not 0 < number <= _MOST:
        return digits(number)
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + _UNITS[place]
        gap = not digit
    return text.removeprefix("一") if 10 <= number < 20 else text


def digits(number: int) -> str:
    """一〇二: digit by digit."""
    return "".join(_DIGITS[int(digit)] for digit in str(number))


def _legal(simplified: bool) -> Callable[[int], str]:
    table = str.maketrans(_DIGITS + "零十百千", _LEGAL[simplified] + "零拾佰仟")
    return lambda number: ("壹" if 10 <= number < 20 else "") + chinese(number).translate(table)


def letters(number: int) -> str:
    """a to z, then aa to zz, as Word counts."""
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1) if 0 < number <= _MOST else str(number)


def roman(number: int) -> str:
    if not 0 < number <= _MOST:
        return str(number)
    text = ""
    for value, sign in _ROMAN:
        text += sign * (number // value)
        number %= value
    return text


def _signs(first: str, count: int, *, zero: str = "") -> Callable[[int], str]:
    """The characters from `first` on, for as many as Unicode has."""

    def sign(number: int) -> str:
        if not number and zero:
            return zero
        return chr(ord(first) + number - 1) if 0 < number <= count else str(number)

    return sign


def _cycle(signs: str) -> Callable[[int], str]:
    return lambda number: signs[(number - 1) % len(signs)] if number > 0 else str(number)


def _wide(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "０１２３４５６７８９"))


def _ordinal(number: int) -> str:
    last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else last}"


# The names are those of w:numFmt (ISO/IEC 29500-1, 17.18.59).
FORMATS: dict[str, Callable[[int], str]] = {
    "decimal": str, "decimalHalfWidth": str, "decimalZero": lambda number: f"{number:02}",
    "decimalFullWidth": _wide, "decimalFullWidth2": _wide,
    "numberInDash": lambda number: f"- {number} -", "ordinal": _ordinal,
    "upperRoman": lambda number: roman(number).upper(), "lowerRoman": roman,
    "upperLetter": lambda number: letters(number).upper(), "lowerLetter": letters,
    "chineseCounting": lambda number: chinese(number) if number < 100 else digits(number),
    "chineseCountingThousand": chinese, "japaneseCounting": chinese, "koreanCounting": chinese,
    "taiwaneseCounting": lambda number: chinese(number) if number < 100 else digits(number),
    "taiwaneseCountingThousand": chinese,
    "ideographDigital": digits, "taiwaneseDigital": digits, "japaneseDigitalTenThousand": digits,
    "chineseLegalSimplified": _legal(True), "ideographLegalTraditional": _legal(False), "japaneseLegal": _legal(False),
    "ideographTraditional": _cycle(_STEMS), "ideographZodiac": _cycle(_BRANCHES),
    "decimalEnclosedCircle": _signs("①", 20, zero="⓪"), "decimalEnclosedCircleChinese": _signs("①", 20, zero="⓪"),
    "decimalEnclosedFullstop": _signs("⒈", 20), "decimalEnclosedParen": _signs("⑴", 20),
    "ideographEnclosedCircle": _signs("㊀", 10),
}  # fmt: skip


def before(label: str, text: str) -> str:
    """`text` behind its number, with the gap that the eye needs there: 一、甲, 第一条　甲, a. 甲."""
    text = text.lstrip(" \t\r\n\xa0\u3000")
    last = label[-1:]
    if not last or last in "、，：；。）】》」』．" or "\u2460" <= last <= "\u24ff":
        return label + text
    gap = "\u3000" if "\u4e00" <= last <= "\u9fff" else " "
    return label + gap + text
