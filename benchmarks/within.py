"""python -m benchmarks.within MODULE FUNCTION [ARGUMENT …]: so that a task's module is imported under its own name."""

from __future__ import annotations

import sys
from importlib import import_module

if __name__ == "__main__":
    module, function, *arguments = sys.argv[1:]
    getattr(import_module(module), function)(*arguments)
