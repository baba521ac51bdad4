"""With how many processes and threads each queue is at its best: found by --tune, kept in settings.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("settings.json")
# What was best on a machine with two cores, until --tune has said better.
DEFAULT = {50: (2, 32), 200: (2, 64)}


def candidates(latency: int) -> list[tuple[int, int]]:
    """(processes, threads each) worth trying: a slower platform needs more threads to be kept busy."""
    return [(1, 64), (2, 32), (2, 64), (4, 16)] if latency < 200 else [(1, 128), (2, 64), (2, 128), (4, 32)]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`tried`: {name, latency_ms, processes, threads, per_second}, every one that was tried."""

    tried: list[dict[str, Any]]

    @classmethod
    def load(cls) -> Settings:
        return cls(tried=json.loads(PATH.read_text()) if PATH.exists() else [])

    @classmethod
    def of(cls, cells: Sequence[dict[str, Any]]) -> Settings:
        keys = ("name", "latency_ms", "processes", "threads")
        return cls(tried=[{k: c[k] for k in keys} | {"per_second": _speed(c)} for c in cells])

    def save(self) -> None:
        PATH.write_text(json.dumps(self.tried, indent=1) + "\n")

    def size(self, name: str, latency: int) -> tuple[int, int]:
        """(processes, threads each) for `name`: the fastest of those tried at the nearest latency."""
        at = 200 if latency >= 200 else 50
        found = [one for one in self.tried if (one["name"], one["latency_ms"]) == (name, at)]
        best = max(found, key=lambda one: float(one["per_second"]), default=None)
        return DEFAULT[at] if best is None else (best["processes"], best["threads"])


def _speed(cell: dict[str, Any]) -> float:
    """From the due instant until the last: who starts late is not faster for it. Nothing for who lost or doubled."""
    if cell.get("failed") or cell["lost"] or cell["doubles"]:
        return 0.0
    return round(cell["per_second_from_due"], 1)
