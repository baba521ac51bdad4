"""bin/soak partition: schedulers in networks of their own, one of which is cut off while it holds work, and healed.

Outside, the networks are made; the run itself goes on inside the hub, where both servers are.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from argparse import Namespace
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import and_, exists, select

from app.db import db, utcnow
from app.publishing import services as publishing
from app.publishing.models import Attempt, Publication
from tests.scheduler.processes import ROOT
from tests.soak import people, verdict
from tests.soak.crew import Crew
from tests.soak.networks import HUB, TRUSTED, Networks, networks
from tests.soak.people import People
from tests.soak.publishing import Run, calm, progress
from tests.soak.report import report
from tests.soak.stage import Ended, end_on_signals, staged
from tests.soak.town import Town

# (what the one to be cut off is doing, the call that is slow meanwhile, the state of the row)
MOMENTS = (
    ("preparing", "draft/add", "preparing"),
    ("between attempt and answer", "statuses/", "committing"),
    ("between attempt and answer", "freepublish/submit", "committing"),
    ("between attempt and answer", "mass/sendall", "committing"),
)
# How long the platform takes for the slow call: time enough to be cut off in.
_SLOW = 4
# Seconds without a line: within the time for an answer, beyond three missed beats, beyond the lease of a claim.
_AWAY = ((3, 10), (17, 30), (65, 75))


@dataclass
class Cuts:
    done: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    # Publications that the one cut off held at that moment.
    held: int = 0


def outside(options: Namespace) -> int:
    """Make the networks and run the rest inside the hub."""
    end_on_signals()
    with networks(options.schedulers) as made:
        told = ["--tag", made.tag, "--seed", str(options.seed), "--posts", str(options.posts)]
        told += ["--cuts", str(options.cuts), "--schedulers", str(options.schedulers), "--calm", str(options.calm)]
        told += ["--out", options.out] if options.out else []
        command = [*made.inside(made.hub()), sys.executable, "-m", "tests.soak", "partition", *told]
        inside = subprocess.Popen(command, cwd=ROOT)
        try:
            return inside.wait()
        except Ended:
            inside.terminate()
            inside.wait(60)
            raise


def run(options: Namespace) -> int:
    if not options.tag:
        return outside(options)
    end_on_signals()
    made = Networks(tag=options.tag, workers=options.schedulers)
    with staged(host=HUB, trusted=TRUSTED) as stage:
        town = Town(utcnow(), stage.simulated, 6)
        crew = Crew(stage, options.schedulers, prefix=lambda place: made.inside(made.worker(place)))
        run = Run(stage=stage, town=town, crew=crew, people=People(town))
        try:
            cuts = _play(run, made, options)
            found = _judge(run, cuts, options)
        finally:
            crew.kill_all()
        name = f"partition-{options.posts}-{options.seed}"
        return report(name, found, logs=stage.logs, out=Path(options.out) if options.out else None)


def _play(run: Run, made: Networks, options: Namespace) -> Cuts:
    rng, cuts = random.Random(options.seed), Cuts()
    for place in range(options.schedulers):
        run.crew.start(place)
    run.crew.wait_for_all()
    run.begun = time.monotonic()
    each = max(1, options.posts // options.cuts)
    for number in range(options.cuts):
        what, path, status = MOMENTS[number % len(MOMENTS)]
        run.stage.simulated.call(
            "POST", "/_sim/faults", {"kind": "delay", "path": path, "seconds": _SLOW, "times": each}
        )
        for post in range(each):
            _post(run, number * each + post)
        place = _caught(run, status)
        if place is None:
            cuts.missed[what] += 1
        else:
            _cut(run, made, cuts, place, rng.uniform(*rng.choices(_AWAY, (2, 5, 1))[0]))
            cuts.done[f"{what} ({path})"] += 1
        run.people.work()
        progress(run, time.monotonic() - run.begun)
    run.clear()
    calm(run, options.calm)
    return cuts


def _post(run: Run, number: int) -> None:
    post_id = run.town.post(number)
    at = utcnow() + timedelta(seconds=3)
    publishing.schedule(run.town.author, post_id, publish_at=at, on_partner_failure="proceed", now=utcnow())


def _caught(run: Run, status: str) -> int | None:
    """Who holds a publication in that state, with an attempt on its way where it is committing; None within 30 s."""
    sent = exists().where(
        and_(Attempt.publication_id == Publication.id, Attempt.fence == Publication.fence, Attempt.outcome == "")
    )
    query = select(Publication.claim_owner).where(Publication.status == status, Publication.claim_owner != "")
    if status == "committing":
        query = query.where(sent)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        db.session.rollback()
        for owner in db.session.scalars(query):
            place = run.crew.place_of(owner)
            if place is not None:
                return place
        time.sleep(0.05)
    return None


def _cut(run: Run, made: Networks, cuts: Cuts, place: int, seconds: float) -> None:
    process = run.crew.members[place].process
    made.cut(place)
    db.session.rollback()
    claims = list(db.session.scalars(select(Publication.claim_owner).where(Publication.claim_owner != "")))
    # The database ends what stays open for as long as they are cut off.
    db.session.rollback()
    cuts.held += sum(process is not None and f":{process.pid}:" in owner for owner in claims)
    cuts.seconds.append(round(seconds, 1))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run.supervise()
        time.sleep(0.2)
    made.heal(place)


def _judge(run: Run, cuts: Cuts, options: Namespace) -> verdict.Verdict:
    found = verdict.Verdict()
    found.figures |= {
        "seed": options.seed,
        "posts": options.posts,
        "schedulers": options.schedulers,
        "crew": dict(run.crew.counts),
        "cut off while": dict(cuts.done),
        "not caught in time": dict(cuts.missed),
        "seconds cut off": str(cuts.seconds),
        "publications held by the one cut off": cuts.held,
        "people": dict(run.people.acts),
        "refused to people": dict(run.people.refused),
        "wall s": round(time.monotonic() - run.begun),
    }
    verdict.judge_rows(found, people.taken(run.stage.simulated), utcnow())
    verdict.judge_posts(found)
    verdict.judge_audit(found)
    verdict.judge_logs(found, run.stage.logs, run.town.secrets)
    if not cuts.done:
        found.blame("nobody was cut off")
    for _at, status in run.crew.deaths:
        found.blame(f"a scheduler ended by itself with status {status}")
    if run.crew.hung:
        found.blame(f"{run.crew.hung} schedulers did not end on SIGTERM")
    return found
