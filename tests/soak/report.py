"""What a run prints and keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.scheduler.processes import ROOT
from tests.soak.verdict import Verdict


def report(name: str, verdict: Verdict, logs: Sequence[Path] = (), out: Path | None = None) -> int:
    """Print the table and write it as JSON (default: below instance/soak, beside the log of a failed run).
    Returns the exit status: 0 when nothing was breached."""
    folder = out or ROOT / "instance" / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    told = {**verdict.figures, "breaches": verdict.breaches}
    (folder / f"{name}.json").write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    print(f"\n{name}")
    for key, value in verdict.figures.items():
        if isinstance(value, dict):
            print(f"  {key}")
            for inner, number in value.items():
                print(f"    {inner:<58} {number}")
        else:
            print(f"  {key:<60} {value}")
    for breach in verdict.breaches:
        print(f"  BREACH  {breach}")
    if verdict.breaches:
        (folder / f"{name}.log").write_text("\n".join(log.read_text(errors="replace") for log in logs))
    print(f"  {'FAILED' if verdict.breaches else 'passed'}; {folder / f'{name}.json'}", flush=True)
    return 1 if verdict.breaches else 0
