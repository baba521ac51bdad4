"""On what it was measured: the machine and the versions, without names or places."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("celery", "dramatiq", "huey", "procrastinate", "requests", "sqlalchemy", "psycopg", "redis")


def described() -> dict[str, Any]:
    cpu = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    system = re.search(r'PRETTY_NAME="(.+?)"', Path("/etc/os-release").read_text())
    return {
        "cpu": cpu[1] if cpu else "",
        "cores": os.cpu_count(),
        "memory_gb": round(int(memory[1]) / 1e6) if memory else None,
        "system": system[1] if system else "",
        "python": sys.version.split()[0],
        "postgresql": _said(["psql", "--version"]),
        "redis-server": _said(["redis-server", "--version"]),
        "load_at_the_end": os.getloadavg()[0],
        "packages": {name: version(name) for name in PACKAGES},
    }


def _said(command: list[str]) -> str:
    """The version number in what a program says of itself."""
    found = re.search(r"\d+\.\d+(\.\d+)?", subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found[0] if found else ""
