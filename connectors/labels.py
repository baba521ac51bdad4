"""The label that content made with AI must bear, and finding it in a text (《人工智能生成合成内容标识办法》, 2025-09-01). Pure.

It says both things that a reader must learn, whoever words it: that it was AI (人工智能 or AI), and that it generated
or composed (生成, 合成).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from connectors.values import Content, Problem
from connectors.words import N_

NONE, ASSISTED, GENERATED = "none", "assisted", "generated"
MADE = {NONE: N_("没有使用 AI"), ASSISTED: N_("AI 辅助生成"), GENERATED: N_("AI 生成")}
PARTS = {"text": "文字", "images": "图片"}

_SUBJECTS = {"text": "本文", "images": "图片"}
_HOW = {ASSISTED: "由人工智能辅助生成", GENERATED: "由人工智能生成"}
_AI = r"(?:人工智能|[AＡ][IＩ])"
_MADE = r"(?:生成|合成)"
# Within one clause, and not in the name of a document that is talked about.
_GAP = r"[^\n，,。；;！!？?《》]"
_NAMED = {
    "text": r"(?:本文|本稿|稿件|全文|正文|文字|文案|图文|本内容)",
    "images": r"(?:图|封面|海报|漫画|插画|本内容)",
}
_DECLARED = {
    part: re.compile(rf"{named}{_GAP}{{0,16}}?{_AI}{_GAP}{{0,10}}?{_MADE}", re.IGNORECASE)
    for part, named in _NAMED.items()
}
# In brackets by itself it speaks of everything.
# What programs write into a file: the implicit label (AIGC, with Label 1 to 3) and IPTC's kinds of digital sources.
_IN_FILE = {
    GENERATED: re.compile(rb"AIGC.{0,40}?Label(?:&quot;|\W){1,8}[123]|trainedAlgorithmicMedia", re.DOTALL),
    ASSISTED: re.compile(rb"compositeWithTrainedAlgorithmicMedia"),
}
_ALONE = re.compile(
    rf"[（(【〔\[]\s*(?:含|由|经)?\s*{_AI}\s*(?:辅助)?\s*{_MADE}[^（）()《》\n]{{0,8}}[）)】〕\]]", re.IGNORECASE
)


def made_with_ai(content: Content, *, pictured: bool) -> dict[str, str]:
    """The parts that must be labelled, with how they were made: {"text" | "images": "assisted" | "generated"}; pictures
    only where any go along."""
    told = {"text": content.ai_text, "images": content.ai_images if pictured else NONE}
    return {part: how for part, how in told.items() if how != NONE}


def label(content: Content, *, pictured: bool, short: bool = False) -> str:
    """What must be said of `content`, "" where nothing must; `short` for where every character counts."""
    said = said_of(made_with_ai(content, pictured=pictured))
    return said.replace("人工智能", "AI") if short else said


def said_of(made: Mapping[str, str]) -> str:
    """ "本文由人工智能辅助生成，图片由人工智能生成", of what made_with_ai() tells."""
    if len(made) == 2 and made["text"] == made["images"]:
        return f"本文及图片{_HOW[made['text']]}"
    return "，".join(f"{_SUBJECTS[part]}{_HOW[how]}" for part, how in made.items())


def told_by_file(data: bytes) -> str:
    """How a picture was made by what its own file says of it: a key of MADE, "none" where it says nothing."""
    return next((how for how, mark in _IN_FILE.items() if mark.search(data)), NONE)


def problems(content: Content, text: str, field: str, *, pictured: bool) -> list[Problem]:
    """What `text`, all that readers see of `field`, does not declare although it must."""
    missing = [
        PARTS[part]
        for part in made_with_ai(content, pictured=pictured)
        if not _DECLARED[part].search(text) and not _ALONE.search(text)
    ]
    if not missing:
        return []
    message = (
        f"稿件注明{'、'.join(missing)}用了 AI，这个版本里却没有相应的标识。AI 生成的内容公开时必须有读者看得见的标识。"
        f"请在文字中写明“{label(content, pictured=pictured)}”，或重置这一部分，由系统加上。"
    )
    return [Problem(rule="ai.label", severity="block", message=message, field=field)]
