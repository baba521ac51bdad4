"""Is this string of digits a citizen id, a mobile number, a bank card? Pure arithmetic.

Citizen ids: GB 11643-1999 (region, birth date, check digit by ISO 7064 MOD 11-2; before 1999: 15 digits without one).
Bank cards: ISO/IEC 7812 (issuer prefix, Luhn), prefixes as assigned to banks in China.
"""

from __future__ import annotations

import re
from datetime import date

# One character for one: offsets stay what they are.
_NARROW = str.maketrans(
    "０１２３４５６７８９Ｘｘ＋" + "\u3000\u00a0\u2002\u2003\u2009\u202f" + "－–—‐‑‒―−﹣ー",
    "0123456789XX+" + " " * 6 + "-" * 10,
)
# GB/T 2260 provinces.
_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_MOBILE = re.compile(r"^(?:\+?86|0086)?(1[3-9]\d{9})$")
# UnionPay 62 (16–19 digits) and the older prefixes that banks in China still have in use, by length.
UNION_PAY = ("62",)
_CARD_PREFIXES: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    (UNION_PAY, (16, 17, 18, 19)),
    (("4", "51", "52", "53", "54", "55", "3568", "3569"), (16,)),
    (("9558", "9559"), (19,)),
    (("6013", "6014", "6033", "6034", "6035", "6036", "6037", "6858", "6907", "6943"), (16, 17, 18, 19)),
)


def narrow(text: str) -> str:
    """`text` with ASCII digits, blanks and dashes in the places of the wide and typographic ones; as long as it was."""
    return text.translate(_NARROW)


def is_citizen_id(number: str, *, strict: bool = True) -> bool:
    """18 characters with a province and a possible birth date; `strict` asks for the check digit as well."""
    if len(number) != 18 or not number[:17].isdigit() or number[:2] not in _PROVINCES:
        return False
    if not _born(number[6:14]):
        return False
    return not strict or check_digit(number[:17]) == number[17].upper()


def check_digit(first17: str) -> str:
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def is_old_citizen_id(number: str) -> bool:
    """15 digits of before 1999: province, birth date with a year of two digits."""
    return len(number) == 15 and number.isdigit() and number[:2] in _PROVINCES and _born("19" + number[6:12])


def mobile_of(number: str) -> str | None:
    """The eleven digits of a mobile number in China, without country code; None when it is none."""
    found = _MOBILE.match(number)
    return found.group(1) if found else None


def is_bank_card(number: str, *, strict: bool = True) -> bool:
    """16 to 19 digits behind a prefix of a bank, with a Luhn digit; without `strict` a UnionPay one may have it wrong."""
    if not number.isdigit() or len(set(number)) == 1:
        return False
    if not any(len(number) in lengths and number.startswith(prefixes) for prefixes, lengths in _CARD_PREFIXES):
        return False
    return luhn(number) or (not strict and number.startswith(UNION_PAY))


def luhn(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _born(text: str) -> bool:
    try:
        born = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    # Nobody older than that is in the register; the upper end stays pure (no clock) and generous.
    return date(1900, 1, 1) <= born <= date(2099, 12, 31)
