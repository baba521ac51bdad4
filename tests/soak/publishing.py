"""bin/soak publishing: thousands of posts, several schedulers, and weather."""

from __future__ import annotations

import json
import resource
import time
from argparse import Namespace
from bisect import insort
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import InterfaceError, OperationalError

from app.db import db, utcnow
from app.publishing import services as publishing
from app.publishing.models import Attempt, Publication
from app.publishing.ordering import ORDERS
from tests.soak import people, storm, verdict
from tests.soak.crew import Crew
from tests.soak.people import People
from tests.soak.report import report
from tests.soak.stage import Stage, end_on_signals, staged
from tests.soak.town import Town

# People look at what waits for them so often; at the end more often, and at the platforms, too.
_ROUND = 10
_LAST_ROUND = 3
# A process that came up while the database was away, or went with it, is started again as a supervisor would.
_AWAY = 30


@dataclass
class Run:
    stage: Stage
    town: Town
    crew: Crew
    people: People
    begun: float = 0.0
    weather: Counter[str] = field(default_factory=Counter)
    # Faults switched on, by kind, in calls to be hit.
    faults: Counter[str] = field(default_factory=Counter)
    stop_id: str = ""
    down: bool = False
    # When the database was away: monotonic seconds of each restart.
    away: list[float] = field(default_factory=list)

    def perform(self, act: storm.Act) -> None:
        self.weather[act.name] += 1
        if act.name in ("kill", "end", "freeze", "thaw", "start"):
            getattr(self.crew, act.name)(act.place)
        elif act.name == "fault":
            self._fault(dict(act.body))
        elif act.name == "database" and not self.down:
            self.stage.cluster.stop(act.body["mode"])
            self.down = True
            self.away.append(time.monotonic())
        elif act.name == "database_back" and self.down:
            self.stage.cluster.start()
            self.down = False
            self.away.append(time.monotonic())
        elif act.name == "stop":
            self._stop(act)
        elif act.name == "unstop":
            self._unstop()

    def _fault(self, body: dict[str, object]) -> None:
        if "pair" in body:
            pair = self.town.known[int(str(body.pop("pair")))]
            body["external_id"] = pair[0 if str(body["path"]).startswith("statuses") else 1].external_id
        self.stage.simulated.call("POST", "/_sim/faults", body)
        self.faults[str(body["kind"])] += int(str(body.get("times", 1)))

    def _stop(self, act: storm.Act) -> None:
        scope = act.body["scope"]
        account = self.town.known[act.body["pair"] % len(self.town.known)][0]
        scope_id = {"site": None, "unit": self.town.unit_id, "account": account.id}[scope]
        if self.stop_id:
            return
        found = publishing.start_stop(self.town.publisher, scope=scope, scope_id=scope_id, reason="演练", now=utcnow())
        self.stop_id = found.id

    def _unstop(self) -> None:
        if self.stop_id:
            publishing.end_stop(self.town.publisher, self.stop_id, now=utcnow())
            self.stop_id = ""

    def supervise(self) -> None:
        """Who ended by itself is started again."""
        for place in self.crew.look():
            self.crew.counts["ended by themselves"] += 1
            self.crew.start(place)

    def clear(self) -> None:
        """The storm is over: everything works again, and the faults that hit nothing are taken back."""
        if self.down:
            self.perform(storm.Act(at=0, name="database_back"))
        left = self.stage.simulated.call("GET", "/_sim/faults")["items"]
        for each in left if isinstance(left, list) else []:
            self.faults[each["kind"]] -= each["times"]
        self.stage.simulated.call("DELETE", "/_sim/faults")
        self._unstop()
        for place in range(self.crew.places):
            self.crew.thaw(place)
            self.crew.start(place)


def run(options: Namespace) -> int:
    end_on_signals()
    with staged() as stage:
        town = Town(utcnow(), stage.simulated, options.pairs)
        crew = Crew(stage, options.schedulers)
        try:
            made = Run(stage=stage, town=town, crew=crew, people=People(town))
            found = _play(made, options)
        finally:
            crew.kill_all()
        name = f"publishing-{options.posts}-{options.seed}"
        return report(name, found, logs=stage.logs, out=Path(options.out) if options.out else None)


def _play(made: Run, options: Namespace) -> verdict.Verdict:
    seconds = options.minutes * 60
    for place in range(options.schedulers):
        made.crew.start(place)
    made.crew.wait_for_all()
    _schedule(made, options, seconds)
    acts = storm.plan(options.seed, seconds, options.schedulers)
    said = f"{len(acts)} acts planned, seed {options.seed}"
    print(f"{options.posts} posts are scheduled over {options.minutes} minutes; {said}", flush=True)
    _weather(made, acts, seconds)
    made.clear()
    calm(made, options.calm)
    return _judge(made, options)


def _schedule(made: Run, options: Namespace, seconds: float) -> None:
    began = time.monotonic()
    posts = [made.town.post(number) for number in range(options.posts)]
    each = (time.monotonic() - began) / max(1, len(posts))
    # Putting a post on the schedule takes about a third of the time of writing it.
    first = utcnow() + timedelta(seconds=8 + each * len(posts) / 3)
    made.begun = time.monotonic() + (first - utcnow()).total_seconds()
    for number, (post_id, at) in enumerate(zip(posts, storm.hours(options.seed, seconds, len(posts)), strict=True)):
        hour = max(first + timedelta(seconds=at), utcnow() + timedelta(seconds=1))
        order = ORDERS[number % 10 % 3] if number % 10 < 3 else "together"
        publishing.schedule(
            made.town.author,
            post_id,
            publish_at=hour,
            order=order,
            on_partner_failure="proceed" if number % 4 == 0 else "hold",
            now=utcnow(),
        )


def _weather(made: Run, acts: list[storm.Act], seconds: float) -> None:
    """The planned acts at their seconds; between them the office works and the supervisor looks."""
    waiting, following = list(acts), time.monotonic()
    while (at := time.monotonic() - made.begun) < seconds:
        while waiting and waiting[0].at <= at:
            act = waiting.pop(0)
            try:
                made.perform(act)
            except (OperationalError, InterfaceError):
                # Whoever wanted to stop or go on tries again when the database is back.
                made.weather[act.name] -= 1
                db.session.remove()
                insort(waiting, replace(act, at=at + 1), key=lambda one: one.at)
        made.supervise()
        if time.monotonic() >= following:
            made.people.work()
            following = time.monotonic() + _ROUND
            progress(made, at)
        time.sleep(0.1)


def progress(made: Run, at: float) -> None:
    try:
        db.session.rollback()
        states = dict(db.session.execute(select(Publication.status, func.count()).group_by(Publication.status)).all())
        db.session.rollback()
    except (OperationalError, InterfaceError):
        db.session.remove()
        return
    print(f"{at:7.0f} s  {json.dumps(states)}", flush=True)


def calm(made: Run, most: float) -> None:
    """After the storm: until all is out, or `most` seconds have passed."""
    deadline = time.monotonic() + most
    while time.monotonic() < deadline:
        made.supervise()
        made.people.work(most=200, settle=True)
        progress(made, time.monotonic() - made.begun)
        if not made.people.open():
            break
        time.sleep(_LAST_ROUND)
    made.crew.end_all()


def _judge(made: Run, options: Namespace) -> verdict.Verdict:
    found = verdict.Verdict()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    found.figures |= {
        "seed": options.seed,
        "minutes": options.minutes,
        "posts": options.posts,
        "schedulers": options.schedulers,
        "crew": dict(made.crew.counts),
        "weather": dict(made.weather),
        "faults that hit": {kind: times for kind, times in made.faults.items() if times},
        "people": dict(made.people.acts),
        "refused to people": dict(made.people.refused),
        "attempts": db.session.scalar(select(func.count(Attempt.id))),
        "CPU s of schedulers": round(used.ru_utime + used.ru_stime),
        "wall s": round(time.monotonic() - made.begun),
    }
    verdict.judge_rows(found, people.taken(made.stage.simulated), utcnow())
    verdict.judge_posts(found)
    verdict.judge_audit(found)
    verdict.judge_logs(found, made.stage.logs, made.town.secrets)
    for at, status in made.crew.deaths:
        if not any(0 <= at - moment < _AWAY or abs(at - moment) < 2 for moment in made.away):
            found.blame(f"a scheduler ended by itself with status {status}")
    if made.crew.hung:
        found.blame(f"{made.crew.hung} schedulers did not end on SIGTERM")
    return found
