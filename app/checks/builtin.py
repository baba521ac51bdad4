"""The packs that come with the product: small, of our own, and without lists of people or politics. See data/*.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.checks.words import Matcher, Term

_DATA = Path(__file__).with_name("data")


@dataclass(frozen=True, kw_only=True)
class BuiltinPack:
    """`key` names the file; `version` is a date, raised with every change of the file."""

    key: str
    name: str
    about: str
    source: str
    version: str
    terms: tuple[Term, ...]


@cache
def builtin_packs() -> tuple[BuiltinPack, ...]:
    return tuple(_read(path) for path in sorted(_DATA.glob("*.json")))


def builtin_pack(key: str) -> BuiltinPack | None:
    return next((pack for pack in builtin_packs() if pack.key == key), None)


@cache
def builtin_matcher(key: str) -> Matcher:
    return Matcher(pack.terms if (pack := builtin_pack(key)) else ())


def _read(path: Path) -> BuiltinPack:
    data = json.loads(path.read_text(encoding="utf-8"))
    terms = tuple(
        Term(
            wrong=wrong,
            right=right,
            severity=severity,
            reason=data["reasons"][reason],
            exceptions=tuple(exceptions),
        )
        for severity, reason, wrong, right, *exceptions in data["terms"]
    )
    return BuiltinPack(
        key=path.stem,
        name=data["name"],
        about=data["about"],
        source=data["source"],
        version=data["version"],
        terms=terms,
    )
