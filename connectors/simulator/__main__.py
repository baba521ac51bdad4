"""``python -m connectors.simulator --port P``: the simulator as a process of its own."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from connectors.simulator.app import Server


def _arguments() -> argparse.Namespace:
    instance = Path(os.environ.get("TANDEM_INSTANCE_PATH") or "instance")
    parser = argparse.ArgumentParser(prog="python -m connectors.simulator", description="微博与微信演练模拟器")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument("--state", type=Path, default=instance / "simulator.sqlite3")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    try:
        server = Server(arguments.host, arguments.port, arguments.state)
    except OSError as error:
        print(f"端口 {arguments.port} 无法使用：{error}。请换一个端口（--port）。", file=sys.stderr)
        return 1
    print(f"演练模拟器：{server.url}", flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
