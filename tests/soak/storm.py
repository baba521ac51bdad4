"""The weather of a run, drawn from its seed beforehand: the same seed plans the same storm at the same seconds.

What it hits depends on the machine, too: how far each process is at that moment cannot be planned.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

COMMITS = ("statuses/share", "statuses/update", "freepublish/submit", "mass/sendall")
PREPARATIONS = ("draft/add", "draft/get", "add_material", "stable_token")
CHECKS = ("user_timeline", "statuses/show", "freepublish/get", "freepublish/batchget", "mass/get")
# Codes by which the platform refuses a text, and by which it says that it is busy.
REFUSALS = {"statuses": (20021, 20018), "freepublish": (-1,), "mass": (-1,), "draft": (45166, -1)}


@dataclass(frozen=True, kw_only=True, order=True)
class Act:
    """`at`: seconds from the beginning. `name`: kill, freeze, thaw, end, start, fault, database, database_back, stop,
    unstop. `place`: of the crew."""

    at: float
    name: str
    place: int = 0
    body: dict[str, Any] = field(default_factory=dict, compare=False)


def plan(seed: int, seconds: float, places: int) -> list[Act]:
    """All acts in the order of their time. Every sort comes at least once, however short the run."""
    rng = random.Random(seed)
    acts: list[Act] = []
    for at in _moments(rng, seconds, 2.5):
        acts += _gone(rng, "kill", at, places, (0.3, 4))
    for at in _moments(rng, seconds, 1):
        acts += _gone(rng, "end", at, places, (0.1, 2))
    for at in _moments(rng, seconds, 2.5):
        place = rng.randrange(places)
        # Shorter than three missed beats, longer than those, and longer than the lease of a claim.
        asleep = rng.choices((rng.uniform(1, 10), rng.uniform(16, 30), rng.uniform(62, 75)), (4, 5, 1))[0]
        acts += [Act(at=at, name="freeze", place=place), Act(at=at + asleep, name="thaw", place=place)]
    for at in _moments(rng, seconds, 24):
        acts.append(Act(at=at, name="fault", body=fault(rng)))
    for at in _moments(rng, seconds, 0.25):
        mode, away = rng.choice(("fast", "immediate")), rng.choice((0.0, rng.uniform(1, 6)))
        acts += [Act(at=at, name="database", body={"mode": mode}), Act(at=at + away, name="database_back")]
    for at in _moments(rng, seconds, 0.2):
        scope = rng.choice(("site", "unit", "account"))
        acts += [
            Act(at=at, name="stop", body={"scope": scope, "pair": rng.randrange(1000)}),
            Act(at=at + rng.uniform(6, 20), name="unstop"),
        ]
    # One pair of accounts uses its allowance up for the rest of the hour or day.
    for path in ("statuses/", "freepublish/submit"):
        acts.append(Act(at=seconds * 0.6, name="fault", body={"kind": "exhaust_quota", "path": path, "pair": 0}))
    return sorted((act for act in acts if act.at < seconds), key=lambda act: act.at)


def fault(rng: random.Random) -> dict[str, Any]:
    """One order for the simulator's switchboard."""
    kind = rng.choices(
        ("drop_answer", "delay", "http_502", "hang", "reset", "refuse", "expire_token", "slow_success"),
        (22, 26, 12, 6, 8, 10, 8, 8),
    )[0]
    if kind == "slow_success":
        return {"kind": kind, "path": "statuses/", "times": rng.randint(1, 2)}
    if kind == "drop_answer":
        return {"kind": kind, "path": rng.choice(COMMITS), "times": rng.randint(1, 3)}
    path = rng.choices((rng.choice(COMMITS), rng.choice(PREPARATIONS), rng.choice(CHECKS)), (6, 3, 1))[0]
    body: dict[str, Any] = {"kind": kind, "path": path, "times": rng.randint(1, 2)}
    if kind == "delay":
        body |= {"seconds": round(rng.uniform(0.5, 5), 1), "times": rng.randint(2, 8)}
    elif kind == "hang":
        body |= {"seconds": 20, "times": 1}
    elif kind == "refuse":
        name = rng.choice(tuple(REFUSALS))
        paths = [one for one in (*COMMITS, *PREPARATIONS) if one.startswith(name)]
        body |= {"path": rng.choice(paths), "code": rng.choice(REFUSALS[name]), "times": 1}
    return body


def hours(seed: int, seconds: float, posts: int) -> list[float]:
    """When each post is due, in seconds from the beginning: in bursts at every tenth second, some between them."""
    rng = random.Random(f"hours {seed}")
    bursts = [float(second) for second in range(5, max(6, int(seconds)), 10)]
    found = [rng.choice(bursts) if rng.random() < 0.8 else rng.uniform(2, seconds) for _ in range(posts)]
    return sorted(found)


def _moments(rng: random.Random, seconds: float, per_minute: float) -> Iterable[float]:
    """Some just after a burst, when most is in flight, the others anywhere."""
    for _ in range(max(1, round(per_minute * seconds / 60))):
        burst = rng.randrange(5, max(6, int(seconds)), 10) + rng.uniform(-0.2, 2)
        yield burst if rng.random() < 0.7 else rng.uniform(1, seconds)


def _gone(rng: random.Random, name: str, at: float, places: int, away: tuple[float, float]) -> list[Act]:
    place = rng.randrange(places)
    return [Act(at=at, name=name, place=place), Act(at=at + rng.uniform(*away), name="start", place=place)]
