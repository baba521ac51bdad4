"""The baseline: a pool of threads with `requests` that records nothing. A worker: python -m benchmarks.bare --worker …"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.calls import send
from benchmarks.contestant import Contestant


class Bare(Contestant):
    name = "bare"

    def start(self) -> None:
        for _each in range(self.processes):
            arguments = ["--say-ready", "--url", self.stage.platform.url, "--threads", str(self.threads)]
            self.spawn(["-m", "benchmarks.bare", *arguments])
        for process in self.running:
            assert process.stdout is not None
            process.stdout.readline()

    def plan(self, due: float, wanted: range) -> None:
        """Each process gets its share beforehand, pairs kept together."""
        for at, process in enumerate(self.running):
            share = [number for number in wanted if number // 2 % self.processes == at]
            assert process.stdin is not None
            process.stdin.write(json.dumps([due, share]) + "\n")
            process.stdin.flush()

    def recorded(self) -> int:
        """It records nothing: what the platform counts is all there is."""
        return self.stage.platform.count()


def work() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--say-ready", action="store_true")
    parser.add_argument("--url", required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    with ThreadPoolExecutor(options.threads) as pool:
        print("ready", flush=True)
        for line in sys.stdin:
            due, share = json.loads(line)
            time.sleep(max(0.0, due - time.time()))
            for number in share:
                pool.submit(send, options.url, number)


if __name__ == "__main__":
    work()
