"""Whatever is written: never over a limit, nothing cut in two, nothing lost without a word, and the same again."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import cutting, gist
from connectors.pieces import joined
from connectors.simulator.wechat.filtering import filtered
from connectors.text import drop_links, read, tidy
from connectors.values import Adaptation, Content
from connectors.wechat import payloads, readback
from connectors.wechat.article import CONTENT_CHARS, adapt_content, content_length
from connectors.wechat.summary import DIGEST
from connectors.weibo.adapt import adapt
from connectors.weibo.length import half_units
from connectors.weibo.levels import LEVELS
from tests.connectors import texts
from tests.connectors.goldens import GoldenMedia
from tests.connectors.wechat.conftest import account as wechat_account
from tests.connectors.weibo.conftest import LINK
from tests.connectors.weibo.conftest import account as weibo_account

MADE_UP = settings(
    derandomize=True, database=None, deadline=None, max_examples=50, suppress_health_check=list(HealthCheck)
)
RUN = re.compile(r"[A-Za-z0-9]+(?:[-.,:/@%][A-Za-z0-9]+)*%?")
Given = tuple[str, str, list[str], bool]


@pytest.fixture(autouse=True, scope="module")
def _a_machine_with_fonts() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.wechat.pictures.has_cjk_font", lambda: True)
        yield


def unhurt(shown: str, source: str) -> None:
    """Every word, number, bracket pair and emoji of `shown` is one of `source`."""
    # What says that more of a list there is tells how much.
    shown = re.sub(r"…（(?:共[0-9]+项|未列全)）", "…", shown)
    # The numbers of a list are the list's.
    shown = re.sub(r"(?m)(^|】)[0-9]、", r"\1", shown)
    assert set(RUN.findall(bare(shown))) <= set(RUN.findall(bare(source))), shown
    rest = shown
    for emoji in texts.EMOJI:
        rest = rest.replace(emoji, "")
    assert not re.search("[\u200d\ufe0f\u20e3\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U0001f466-\U0001f469]", rest), (
        shown
    )
    for opener, closer in texts.PAIRS:
        assert shown.count(opener) == shown.count(closer), shown
    whole(shown)


def whole(shown: str) -> None:
    """No number, link or address of texts.WHOLES has been cut in two."""
    rest = bare(shown)
    for one in sorted(texts.WHOLES, key=len, reverse=True):
        rest = rest.replace(one, "")
    assert not re.search("[0-9０-９A-Za-zＡ-Ｚ〇一二三四五六七八九十百千万亿%％‰@⁴₂]", rest), (rest, shown)


def meant(shown: str) -> None:
    """What stands under a lead-in or heading that turns its meaning stands under the same words here, and nothing struck
    out stands here."""
    under = {said.rstrip("；。"): lead.rstrip("：") for lead, items in texts.LEADS.items() for said in items}
    under |= {said.rstrip("。"): head for head, said in texts.HEADS.items()}
    for said, head in under.items():
        for found in re.finditer(re.escape(said), shown):
            before = {shown.rfind(one, 0, found.start()): one for one in under.values()}
            assert before[max(before)] == head, (said, shown)
    assert texts.STRUCK not in shown


def bare(text: str) -> str:
    for emoji in texts.EMOJI:
        text = text.replace(emoji, " ")
    return text


def weibo(content: Content, store: GoldenMedia, level: str) -> Adaptation:
    return adapt(weibo_account(mode=level), store, content)


@pytest.mark.parametrize("level", LEVELS)
def test_weibo(level: str) -> None:
    @MADE_UP
    @given(texts.made_up)
    def holds(made: Given) -> None:
        store = texts.media()
        content = texts.content(*made, store)
        adapted = weibo(content, store, level)
        text = str(adapted.payload["text"])
        assert half_units(text) <= LEVELS[level].limit * 2
        assert not [one for one in adapted.problems if one.severity == "block"]
        assert text.count(LINK) == 1
        assert text.endswith(f" {LINK}")
        document = read(content.body_html)
        unhurt(text.removesuffix(LINK), f"【{content.title}】{content.summary}\n{document.text}")
        meant(text)
        raised = [sign for sign in ("⁴", "₂") if sign in text]
        assert bool(raised) == ("raised" in {note.kind for note in adapted.notes})
        assert weibo(content, store, level) == adapted
        own = {"text": text, "images": adapted.payload["images"]}
        assert weibo(replace(content, overrides=own), store, level).payload == adapted.payload
        told = {note.kind: note.message for note in adapted.notes}
        left = int(re.search(r"其余 (\d+) 图", told["images"])[1]) if "images" in told else 0  # type: ignore[index]
        assert len(adapted.payload["images"]) + left == len(set(document.images))
        assert (document.foreign > 0) == ("foreign_images" in told)
        if content.summary and content.summary not in text and not made[3]:
            assert "cut" in told

    holds()


@pytest.mark.parametrize("theme", ["official", "policy", "service"])
@pytest.mark.parametrize("tables", [None, "split", "keep"])
def test_wechat(theme: str, tables: str | None) -> None:
    @settings(MADE_UP, max_examples=15)
    @given(texts.made_up)
    def holds(made: Given) -> None:
        store = texts.media()
        content = texts.content(*made, store, overrides={"theme": theme, "tables": tables})
        adapted = adapt_content(wechat_account(), store, content)
        html, digest = str(adapted.payload["content_html"]), str(adapted.payload["digest"])
        blocks = {one.field for one in adapted.problems if one.severity == "block"}
        assert content_length(html) < CONTENT_CHARS or "content_html" in blocks
        assert ("title" in blocks) == (len(content.title) > 32)
        assert len(digest) <= DIGEST
        document = read(content.body_html)
        unhurt(digest, f"{content.summary}\n{document.text}")
        meant(digest)
        assert adapt_content(wechat_account(), store, content) == adapted
        words = "".join(read(html).text.split())
        for each in document.blocks:
            for part in each.text.split("\n") if each.kind != "table" else each.text.split(" "):
                assert re.sub(r"\[\d+\]", "", "".join(part.split())) in re.sub(r"\[\d+\]", "", words), part
        assert html.count("<img") == len(document.images)
        assert (document.foreign > 0) == ("foreign_images" in {note.kind for note in adapted.notes})
        survives(adapted)
        again = replace(content, overrides={"content_html": html})
        assert adapt_content(wechat_account(), store, again).payload["content_html"] == html

    holds()


def test_wechat_about_its_limit() -> None:
    """Some hundreds of characters on either side of 20,000: what is too long is refused, nothing else, and never cut."""
    seen: dict[str, int] = {"whole": 0, "terse": 0, "refused": 0}

    @settings(MADE_UP, max_examples=25)
    @given(texts.made_up, st.integers(30, 39), st.text("甲乙丙", max_size=450))
    def holds(made: Given, count: int, more: str) -> None:
        store = texts.media()
        line = "供水保障工作方案由市水务局负责解释。" * 27
        long = [f"<p>{line}</p>"] * count
        content = texts.content(made[0], made[1], [*made[2], *long, f"<p>{more}终。</p>"], False, store)
        adapted = adapt_content(wechat_account(), store, content)
        html = str(adapted.payload["content_html"])
        used = content_length(html)
        blocks = [one for one in adapted.problems if one.field == "content_html" and one.severity == "block"]
        assert bool(blocks) == (used >= CONTENT_CHARS)
        if blocks:
            assert f"共 {used} 个字符" in blocks[0].message
        assert html.count(line) == count
        assert f"{more}终。" in html
        assert adapted.length is not None
        assert adapted.length.used == used
        terse = any("简洁版式" in note.message for note in adapted.notes)
        seen["refused" if blocks else "terse" if terse else "whole"] += 1
        if not blocks:
            survives(adapted)

    holds()
    assert all(seen.values()), seen


def survives(adapted: Adaptation) -> None:
    """What the theme emits comes back from WeChat's filter as it was sent."""
    html = str(adapted.payload["content_html"])
    addresses = {one: f"https://mmbiz.qpic.cn/{one}" for one in payloads.pictures_in(html)}
    sent = payloads.article_body(adapted.payload, payloads.uploaded_content(html, addresses), "cover")
    seen = {**sent, "content": filtered(sent["content"])}
    assert readback.losses(adapted.payload, seen, "cover") == []
    assert readback.departures(adapted.payload, seen, "cover", addresses) == []


@MADE_UP
@given(texts.paragraph, st.integers(1, 160))
def test_clipping(text: str, most: int) -> None:
    shown = cutting.clip(text, lambda part: len(part) <= most)
    assert len(shown) <= most
    if len(text) <= most:
        assert shown == text
    for run in RUN.findall(bare(shown)):
        assert run in RUN.findall(bare(text))
    assert not shown.removesuffix("…").endswith("\u200d")
    whole(shown)


@MADE_UP
@given(texts.paragraph)
def test_sentences_are_the_whole_text(text: str) -> None:
    assert "".join("".join(cutting.sentences(text)).split()) == "".join(text.split())
    for sentence in cutting.sentences(text):
        unhurt(sentence, text)


@MADE_UP
@given(texts.made_up, st.integers(0, 400))
def test_the_weightiest_sentences(made: Given, most: int) -> None:
    found = gist.sentences_of(read(texts.placed("".join(made[2]), texts.media())), made[0])
    chosen = gist.heaviest(found, made[0], lambda text: len(text) <= most)
    assert [one.number for one in chosen] == sorted({one.number for one in chosen})
    assert len(joined(chosen)) <= most
    assert chosen == gist.heaviest(found, made[0], lambda text: len(text) <= most)
    assert all(tidy(one.text) == one.text and drop_links(one.text)[1] == 0 for one in found)
