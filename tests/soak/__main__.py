"""python -m tests.soak: long runs outside CI (see docs/soak.md)."""

from __future__ import annotations

import argparse
import secrets
import sys

from tests.soak import crash, partition, publishing
from tests.soak.stage import Ended


def main() -> int:
    """0 when nothing was breached, 1 when something was, 2 when the run was ended from outside."""
    options = _parser().parse_args()
    try:
        result: int = options.play(options)
    except Ended as signal:
        print(f"ended by {signal}; everything was cleared away", file=sys.stderr)
        return 2
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/soak", description="Long runs with faults, kills and cut lines.")
    runs = parser.add_subparsers(dest="run", required=True)
    storm = runs.add_parser("publishing", help="posts, schedulers, kill -9, faults, a restarting database")
    storm.add_argument("--minutes", type=float, default=30)
    storm.add_argument("--posts", type=int, default=2000)
    storm.add_argument("--schedulers", type=int, default=4)
    storm.add_argument("--pairs", type=int, default=24, help="pairs of accounts")
    storm.add_argument("--calm", type=float, default=420, help="seconds at most after the storm")
    storm.set_defaults(play=publishing.run)
    cut = runs.add_parser("partition", help="schedulers in networks of their own, one of them cut off (as root)")
    cut.add_argument("--posts", type=int, default=96)
    cut.add_argument("--schedulers", type=int, default=3)
    cut.add_argument("--cuts", type=int, default=12, help="how often a line is cut")
    cut.add_argument("--calm", type=float, default=240, help="seconds at most after the last cut")
    cut.add_argument("--tag", default="", help=argparse.SUPPRESS)
    cut.set_defaults(play=partition.run)
    matrix = runs.add_parser("crash", help="the crash matrix, again and again, on both databases")
    matrix.add_argument("--rounds", type=int, default=3)
    matrix.add_argument("--cells", type=int, default=0, help="so many of each round, drawn at random (0: all)")
    matrix.set_defaults(play=crash.run)
    for each in (storm, cut, matrix):
        each.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
        each.add_argument("--out", help="folder for the JSON and the log (default: instance/soak)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
