"""One line of the self-test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`ok` None: nothing to judge, only to know. Words in Chinese; `values` stand in `detail`, which views translate before
    they are put in."""

    key: str
    name: str
    ok: bool | None
    detail: str
    remedy: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """`detail` with its values, in Chinese."""
        return self.detail % self.values if self.values else self.detail
