"""What the word packs cost: 1 MB of text against 100,000 terms, and the ratio to pyahocorasick on str in the same run.

.venv-bench/bin/python benchmarks/checking.py [--terms 100000] [--bytes 1000000] [--rounds 7]

Text and terms are made of common characters, always the same; a term is two to six characters, one in ten has an exception.
Every character is as likely as another, which is harder than real language: nearly every pair begins some term. Each figure
is the median of the rounds in processor time, the contestants by turns, in one process. Prints a table and one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import ahocorasick

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.checks.words import Matcher, Term

# The 2,000 most frequent characters stand in this range closely enough: what counts is how many there are.
_LETTERS = [chr(code) for code in range(0x4E00, 0x4E00 + 2_000)]


def words(count: int, draw: random.Random) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(draw.choices(_LETTERS, k=draw.choice((2, 3, 3, 4, 4, 6))))] = None
    return list(found)


def text_of(size: int, known: list[str], draw: random.Random) -> str:
    """`size` bytes of UTF-8 in sentences; one term in a thousand characters."""
    pieces, length = [], 0
    while length < size // 3:
        piece = draw.choice(known) if draw.random() < 0.02 else "".join(draw.choices(_LETTERS, k=20)) + "，"
        pieces.append(piece)
        length += len(piece)
    return "".join(pieces)[: size // 3]


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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--terms", type=int, default=100_000)
    parser.add_argument("--bytes", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    draw = random.Random(20260712)
    known = words(asked.terms, draw)
    terms = [
        Term(wrong=word, right=word[::-1], exceptions=(f"{word}{_LETTERS[0]}",) if at % 10 == 0 else ())
        for at, word in enumerate(known)
    ]
    text = text_of(asked.bytes, known, draw)
    ours, theirs = Matcher(terms), automaton(terms)
    times: dict[str, list[float]] = {"build": [], "their build": [], "find": [], "their find": [], "article": []}
    for _round in range(asked.rounds):
        times["build"].append(timed(lambda: Matcher(terms)))
        times["their build"].append(timed(lambda: automaton(terms)))
        times["find"].append(timed(lambda: ours.find(text)))
        times["their find"].append(timed(lambda: list(theirs.iter(text))))
        times["article"].append(timed(lambda: ours.find(text[:3_000])))
    middle = {name: median(values) for name, values in times.items()}
    size = len(text.encode())
    found = {
        "terms": len(terms),
        "bytes": size,
        "found": len(ours.find(text)),
        "build_ms": round(middle["build"]),
        "find_ms": round(middle["find"], 1),
        "mb_per_second": round(size / 1e6 / middle["find"] * 1000, 1),
        "article_ms": round(middle["article"], 2),
        "pyahocorasick_build_ms": round(middle["their build"]),
        "pyahocorasick_find_ms": round(middle["their find"], 1),
        "find_ratio": round(middle["their find"] / middle["find"], 1),
    }
    for name, value in found.items():
        print(f"{name:24} {value:>12,}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
