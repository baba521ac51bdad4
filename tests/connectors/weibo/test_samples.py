"""The shipped samples, from Markdown to what the platform received."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from connectors.values import Content
from connectors.weibo.connector import WeiboConnector
from connectors.weibo.length import half_units
from tests.connectors.conftest import SAMPLES
from tests.connectors.contract import prepare_all
from tests.connectors.fakes import SimulatorControl
from tests.connectors.weibo.conftest import LINK, UID, Clock


@pytest.mark.parametrize("summarised", [True, False])
@pytest.mark.parametrize("name", ["weather-warning", "rumor-rebuttal"])
def test_sample(
    weibo: WeiboConnector, content: Content, clock: Clock, simulator: SimulatorControl, name: str, summarised: bool
) -> None:
    _, front, body = (SAMPLES / f"{name}.md").read_text(encoding="utf-8").split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in front.strip().splitlines())
    post = replace(
        content,
        title=fields["title"],
        summary=fields["summary"] if summarised else "",
        body_html=MarkdownIt().render(body),
    )
    adaptation = weibo.adapt(post)
    assert adaptation.problems == ()
    payload = adaptation.payload
    weibo.publish(payload, prepare_all(weibo, payload), key="k", send_before=clock.soon)
    [item] = simulator.accepted("weibo", UID)
    text = str(item["payload"]["status"])
    assert text == payload["text"]
    assert text.startswith(f"【{fields['title']}】")
    assert text.endswith(f" {LINK}")
    assert half_units(text) <= 280
    assert summarised == (fields["summary"] in text)
    # Without a summary the leading sentences stand for it, and each is whole.
    assert text.removesuffix(f" {LINK}")[-1] in "。！？…"
    assert len(item["images"]) == 1
