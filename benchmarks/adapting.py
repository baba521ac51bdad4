"""How long adapting takes beside premailer, which only inlines: the longest sample, both platforms, one run.

    .venv-bench/bin/python benchmarks/adapting.py [--repeat 200]

Prints one line of JSON: medians in milliseconds, and how many times as long premailer takes for the same article.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from premailer import Premailer

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)] if str(ROOT) not in sys.path else []

from connectors.values import AccountConfig, Content  # noqa: E402
from connectors.wechat import theme  # noqa: E402
from connectors.wechat.article import adapt_content  # noqa: E402
from connectors.weibo.adapt import adapt  # noqa: E402
from tests.connectors.goldens import DOCUMENTS, GoldenMedia, content_of, folder  # noqa: E402

LINK = "https://www.qinglan.gov.cn/p/k3v9x2?w=a1b2c3"


def longest() -> str:
    return max(DOCUMENTS, key=lambda document: (folder(document) / "source.html").stat().st_size)


def account(platform: str, mode: str) -> AccountConfig:
    return AccountConfig(
        id="1", platform=platform, external_id="1", name="青岚发布", mode=mode, environment="simulator",
        credentials={"safe_domain": "www.qinglan.gov.cn"},
    )  # fmt: skip


def medians(works: dict[str, Callable[[int], Any]], repeat: int) -> dict[str, float]:
    """Milliseconds of one call of each, the median of `repeat`; in turns, so that what else the machine does hits all alike.

    Each is given the number of its round: what is remembered of one round must not help in the next.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for at in range(repeat + 3):
        for name, work in works.items():
            start = time.perf_counter()
            work(at)
            # The first few do not count.
            taken[name] += [(time.perf_counter() - start) * 1000] if at >= 3 else []
    return {name: statistics.median(each) for name, each in taken.items()}


def premailed(html: str) -> Any:
    """The same HTML with the same style sheet, inlined by premailer and nothing else."""
    page = f'<html><head></head><body><section class="root">{html}</section></body></html>'
    inliner = Premailer(
        page, css_text=theme.css(theme.OFFICIAL), disable_validation=True, allow_network=False, cache_css_parsing=True
    )
    return inliner.transform()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=200)
    repeat = parser.parse_args().repeat
    media, document = GoldenMedia(), longest()
    content: Content = content_of(document, media, link=LINK)
    # As one types: another number in the first paragraph each time.
    edited = [
        replace(content, body_html=content.body_html.replace("</p>", f"{1000 + at}</p>", 1)) for at in range(repeat + 3)
    ]
    wechat, weibo = account("wechat", "publish"), account("weibo", "share")
    measured = medians(
        {
            "wechat_ms": lambda at: adapt_content(wechat, media, edited[at]),
            "weibo_ms": lambda at: adapt(weibo, media, edited[at]),
            "premailer_ms": lambda at: premailed(edited[at].body_html),
        },
        repeat,
    )
    both = measured["wechat_ms"] + measured["weibo_ms"]
    print(
        json.dumps(
            {
                "document": document,
                "characters": len(content.body_html),
                **{name: round(value, 3) for name, value in measured.items()},
                "premailer_per_both": round(measured["premailer_ms"] / both, 1),
            },
            ensure_ascii=False,
        )
    )


if __name__ == "__main__":
    main()
