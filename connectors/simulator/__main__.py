"""``python -m connectors.simulator --port P``: the simulator as a process of its own."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from connectors.simulator.app import Server
from connectors.simulator.seeds import BadSeed, plant_folder


def _arguments() -> argparse.Namespace:
    instance = Path(os.environ.get("TANDEM_INSTANCE_PATH") or "instance")
    parser = argparse.ArgumentParser(prog="python -m connectors.simulator", description="微博与微信演练模拟器")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument("--state", type=Path, default=instance / "simulator.sqlite3")
    parser.add_argument(
        "--seed", type=Path, help="a folder of *.json: drill accounts and their past, each planted once"
    )
    return parser.parse_args()


def _seeded(server: Server, folder: Path) -> bool:
    try:
        for line in plant_folder(server.state, folder):
            print(f"已装入 {line}", flush=True)
    except BadSeed as error:
        print(f"演练数据没有装入：{error}。请改正这个文件，再启动。", file=sys.stderr)
        server.close()
        return False
    return True


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
    if arguments.seed and not _seeded(server, arguments.seed):
        return 1
    print(f"演练模拟器：{server.url}", flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
