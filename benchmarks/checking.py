"""What the word packs cost: 1 MB of text against 100,000 terms, and the ratio to pyahocorasick on str in the same run.

.venv-bench/bin/python benchmarks/checking.py [--terms 100000] [--bytes 1000000] [--rounds 7]

Two texts, always the same. **prose**: the paragraphs of tests/samples in random order, a term planted in one of twenty;
the terms are pieces of two to six characters of that prose with one of them replaced by another common one, as errors
are, so that it stands nowhere in the samples; the piece as it was is the correction. **any**: characters and terms in which every common character is as
likely as another, which is harder than language: nearly every pair begins some term. One term in ten has an exception.

Each figure is the median of the rounds in processor time, the contestants by turns, in one process; pyahocorasick gives
its bare matches. Prints a table and one line of JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import ahocorasick
import mammoth

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.checks.plaintext import plain_text  # noqa: E402
from app.checks.words import Matcher, Term  # noqa: E402
from app.posts.markdown import read_markdown  # noqa: E402

SAMPLES = ROOT / "tests" / "samples"
# The 2,000 most frequent characters stand in this range closely enough: what counts is how many there are.
_LETTERS = [chr(code) for code in range(0x4E00, 0x4E00 + 2_000)]
_LENGTHS = (2, 3, 3, 4, 4, 6)
# The 3,755 of GB 2312 level 1.
_COMMON = bytes(byte for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) for byte in (row, cell))[:7_510].decode(
    "gb2312"
)


@dataclass(frozen=True, kw_only=True)
class Case:
    terms: list[Term]
    text: str


def paragraphs() -> list[str]:
    """Of all samples that are texts."""
    readers: dict[str, Callable[[Path], str]] = {
        ".md": lambda path: str(read_markdown(path.read_text())[0]["body_html"]),
        ".html": lambda path: path.read_text(),
        ".docx": lambda path: str(mammoth.convert_to_html(io.BytesIO(path.read_bytes())).value),
    }
    found: list[str] = []
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix in readers:
            found += plain_text(readers[path.suffix](path)).splitlines()
    return found


def prose(count: int, size: int, draw: random.Random) -> Case:
    known = paragraphs()
    lines, samples = [line for line in known if len(line) >= max(_LENGTHS)], "\n".join(known)
    found: dict[str, Term] = {}
    while len(found) < count:
        line, length = draw.choice(lines), draw.choice(_LENGTHS)
        at = draw.randrange(len(line) - length + 1)
        right, place = line[at : at + length], draw.randrange(length)
        wrong = f"{right[:place]}{draw.choice(_COMMON)}{right[place + 1 :]}"
        # What stands in the samples as they are is no error, whoever made the pack.
        if wrong not in samples and all("一" <= char <= "鿿" for char in wrong):
            exceptions = (f"{wrong}{draw.choice(_COMMON)}",) if len(found) % 10 == 0 else ()
            found.setdefault(wrong, Term(wrong=wrong, right=right, exceptions=exceptions))
    terms, pieces, length = list(found.values()), [], 0
    while length < size:
        line = draw.choice(known)
        if draw.random() < 1 / 20:
            at = draw.randrange(len(line) + 1)
            line = f"{line[:at]}{draw.choice(terms).wrong}{line[at:]}"
        pieces.append(line)
        length += len(line.encode()) + 1
    return Case(terms=terms, text="\n".join(pieces))


def anything(count: int, size: int, draw: random.Random) -> Case:
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(draw.choices(_LETTERS, k=draw.choice(_LENGTHS)))] = None
    known, pieces, length = list(found), [], 0
    while length < size // 3:
        piece = draw.choice(known) if draw.random() < 0.02 else "".join(draw.choices(_LETTERS, k=20)) + "，"
        pieces.append(piece)
        length += len(piece)
    terms = [
        Term(wrong=word, right=word[::-1], exceptions=(f"{word}{_LETTERS[0]}",) if at % 10 == 0 else ())
        for at, word in enumerate(known)
    ]
    return Case(terms=terms, text="".join(pieces)[: size // 3])


def timed(run: Callable[[], object]) -> float:
    """Milliseconds of the processor: what else the machine does counts as little as may be."""
    begin = time.process_time()
    run()
    return (time.process_time() - begin) * 1000


def automaton(terms: list[Term]) -> ahocorasick.Automaton:
    made = ahocorasick.Automaton()
    for index, term in enumerate(terms):
        made.add_word(term.wrong, index)
    made.make_automaton()
    return made


def measured(case: Case, rounds: int) -> dict[str, Any]:
    ours, theirs = Matcher(case.terms), automaton(case.terms)
    works: dict[str, Callable[[], object]] = {
        "build": lambda: Matcher(case.terms),
        "their build": lambda: automaton(case.terms),
        "find": lambda: ours.find(case.text),
        "their find": lambda: list(theirs.iter(case.text)),
        "article": lambda: ours.find(case.text[:3_000]),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _round in range(rounds):
        for name, work in works.items():
            times[name].append(timed(work))
    middle = {name: median(values) for name, values in times.items()}
    size = len(case.text.encode())
    return {
        "terms": len(case.terms),
        "bytes": size,
        "matches": len(list(theirs.iter(case.text))),
        "found": len(ours.find(case.text)),
        "build_ms": round(middle["build"]),
        "find_ms": round(middle["find"], 1),
        "mb_per_second": round(size / 1e6 / middle["find"] * 1000, 1),
        "article_ms": round(middle["article"], 2),
        "pyahocorasick_build_ms": round(middle["their build"]),
        "pyahocorasick_find_ms": round(middle["their find"], 1),
        "find_ratio": round(middle["their find"] / middle["find"], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--terms", type=int, default=100_000)
    parser.add_argument("--bytes", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    found = {
        name: measured(make(asked.terms, asked.bytes, random.Random(20260712)), asked.rounds)
        for name, make in (("prose", prose), ("any", anything))
    }
    print(f"{'':24} " + " ".join(f"{name:>12}" for name in found))
    for key in found["prose"]:
        print(f"{key:24} " + " ".join(f"{each[key]:>12,}" for each in found.values()))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
