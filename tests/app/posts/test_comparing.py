"""Differences as people read them."""

from __future__ import annotations

import random
from collections import Counter
from difflib import SequenceMatcher
from typing import Any

import pytest

from app.posts import wording
from app.posts.comparing import compare_bodies, compare_channels, compare_contents
from app.posts.wording import Piece, compare_texts


def marked(pieces: tuple[Piece, ...]) -> str:
    signs = {"same": "{}", "del": "[-{}]", "ins": "[+{}]"}
    return "".join(signs[piece.kind].format(piece.text) for piece in pieces)


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("", "", ""),
        ("相同", "相同", "相同"),
        ("", "新写的。", "[+新写的。]"),
        ("暴雨橙色预警信号", "暴雨红色预警信号", "暴雨[-橙][+红]色预警信号"),
        # A number is one piece, not its digits.
        ("降雨量50.5毫米", "降雨量58.5毫米", "降雨量[-50.5][+58.5]毫米"),
        ("请于9:30到场", "请于10:30到场", "请于[-9:30][+10:30]到场"),
        # One character that happens to be in both does not break a change in two.
        ("南岸街道", "北岸社区", "[-南岸街道][+北岸社区]"),
        ("今晚停水。请储水。", "今晚停水。注意安全。请储水。", "今晚停水。[+注意安全。]请储水。"),
    ],
)
def test_texts(old: str, new: str, shown: str) -> None:
    pieces = compare_texts(old, new)
    assert marked(pieces) == shown
    assert "".join(piece.text for piece in pieces if piece.kind != "ins") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "del") == new


def test_long_texts_are_compared_by_sentence() -> None:
    old = "".join(f"第{n}句说明情况。" for n in range(800))
    new = old.replace("第400句说明情况。", "第400句说明新情况。").replace("第7句说明情况。", "")
    pieces = compare_texts(old, new)
    assert [(piece.kind, piece.text) for piece in pieces if piece.kind != "same"] == [
        ("del", "第7句说明情况。"),
        ("ins", "新"),
    ]


def test_bodies_block_by_block() -> None:
    old = "<h2>通知</h2><p>今晚八点停水。</p><p>请储水。</p><ul><li>城东</li><li>城西</li></ul>"
    new = "<h2>通知</h2><p>联系电话见网站。</p><p>今晚九点停水。</p><p><strong>请储水。</strong></p><ul><li>城东</li></ul>"
    blocks = compare_bodies(old, new)
    assert [(block.kind, block.label) for block in blocks] == [
        ("same", "大标题"), ("ins", "段落"), ("changed", "段落"), ("look", "段落"), ("changed", "列表"),
    ]  # fmt: skip
    assert marked(blocks[2].pieces) == "今晚[-八][+九]点停水。"
    assert marked(blocks[4].pieces) == "城东[-\n城西]"
    assert "".join(block.new for block in blocks) == new
    assert "".join(block.old for block in blocks) == old


def test_pictures_are_named() -> None:
    old = '<p>绕行路线见下图。<img src="/media/1" alt="路线图"></p>'
    (block,) = compare_bodies(old, "<p>绕行路线见下图。</p>")
    assert marked(block.pieces) == "绕行路线见下图。[-〔图片：路线图〕]"
    (other,) = compare_bodies(old, old.replace("/media/1", "/media/2"))
    assert other.kind == "look"


def test_a_block_finds_its_partner_some_blocks_further_on() -> None:
    old = "".join(f"<p>第{n}条规定由市政府办公室负责解释。</p>" for n in range(40))
    new = "".join(f"<p>第{n}条规定由市政府办公厅负责解释。</p>" for n in range(40) if not 10 <= n < 15)
    blocks = compare_bodies(old, new)
    assert [block.kind for block in blocks] == ["changed"] * 10 + ["del"] * 5 + ["changed"] * 25
    assert "第39条" in blocks[-1].old


class Counted(SequenceMatcher[Any]):
    """Looks at nothing, counts the pairs of equal places that it would look at."""

    steps = 0

    def _count(self) -> None:
        after = Counter(self.b)
        Counted.steps += sum(count * after[item] for item, count in Counter(self.a).items())

    def ratio(self) -> float:
        self._count()
        return 0.5

    def get_opcodes(self) -> Any:
        self._count()
        return [("replace", 0, len(self.a), 0, len(self.b))]


@pytest.mark.parametrize("block", ["<p>{}</p>", "<p>{}。</p>" + "<p>甲。</p>" * 100])
def test_long_texts_of_few_letters_take_no_hours(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "SequenceMatcher", Counted)
    monkeypatch.setattr("app.posts.comparing.SequenceMatcher", Counted, raising=False)
    Counted.steps = 0
    made = random.Random(7)
    old, new = ("".join(block.format("".join(made.choices("甲乙", k=3900))) for _ in range(25)) for _ in range(2))
    blocks = compare_bodies(old, new)
    assert Counted.steps < 5_000_000
    assert "".join(block.old for block in blocks) == old
    assert "".join(block.new for block in blocks) == new


def test_many_equal_sentences_take_no_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "SequenceMatcher", Counted)
    Counted.steps = 0
    pieces = compare_texts("始。" + "甲。" * 40_000 + "终。", "甲。乙。" * 30_000)
    assert Counted.steps < 10_000_000
    assert marked(pieces).startswith("[-始。")


CONTENT = {
    "title": "甲", "summary": "", "body_html": "<p>乙</p>", "source": "", "author": "", "tags": ["一"],
    "cover_media_id": None, "attachments": [], "attachment_names": {}, "urgent": False,
}  # fmt: skip


def test_contents_field_by_field() -> None:
    new = {
        **CONTENT, "title": "丙", "tags": ["一", "二"], "cover_media_id": "m", "attachments": ["f"],
        "attachment_names": {"f": "名单.xlsx"}, "urgent": True,
    }  # fmt: skip
    found = {section.name: section for section in compare_contents(CONTENT, new)}
    assert list(found) == ["title", "tags", "cover_media_id", "attachments", "urgent"]
    assert marked(found["tags"].pieces) == "一[+、二]"
    assert marked(found["attachments"].pieces) == "[+名单.xlsx]"
    assert (found["cover_media_id"].told, found["urgent"].told) == ("加了封面图。", "标为紧急。")
    assert compare_contents(CONTENT, CONTENT) == []


def test_channels_by_themselves() -> None:
    def channel(account: str, **payload: object) -> dict[str, object]:
        return {"account_id": account, "account_name": account, "platform": "p", "payload": payload}

    old = [channel("w", text="今晚停水", link="https://a/?w=1"), channel("x", title="甲")]
    new = [channel("w", text="明晚停水", link="https://a/?w=2"), channel("y", title="乙")]
    found = {item.account_id: item for item in compare_channels(old, new)}
    assert {key: item.fate for key, item in found.items()} == {"w": "", "x": "gone", "y": "new"}
    assert [section.name for section in found["w"].sections] == ["text"], "the system's link is no difference"
    assert marked(found["w"].sections[0].pieces) == "[-今][+明]晚停水"
