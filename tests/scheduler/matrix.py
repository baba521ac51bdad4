"""One cell of the crash matrix: a post for both platforms, schedulers that die at named steps, one that goes on."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.accounts.models import Account
from app.db import utcnow
from app.posts.models import Post
from app.publishing import services as publishing
from app.publishing.models import Publication
from app.publishing.outlook import Outlook, outlook
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Desk, fresh_post, hurry, row
from tests.patience import PATIENCE
from tests.scheduler.forks import Forks, alive, bury, kill, stopped
from tests.scheduler.processes import Processes

KINDS = {"weibo": ("status",), "wechat": ("publish", "mass")}


def told(publication: Publication) -> Outlook:
    """What its page says of one that is not out: why, what comes next and who must act, each in Chinese."""
    found = outlook(publication, utcnow())
    for words in (found.why or publication.error_cause, found.following, found.who):
        assert re.search("[一-鿿]", words), (publication.status, found)
        assert not re.search("[A-Za-z]+(Error|Exception)", words), words
    return found


@dataclass
class Cell:
    """The desk's post on its way; `trace` says which steps were reached."""

    desk: Desk
    sim: Sim
    processes: Processes
    forks: Forks
    picture: bool = False
    # What would wait for its next look is looked at again at once.
    hurried: tuple[str, ...] = ("preparing", "processing", "unknown", "published")

    def __post_init__(self) -> None:
        # The platforms' own review takes its three seconds on their clock.
        self.sim.call("POST", "/_sim/clock", {"offset_seconds": 60})
        self.post: Post = self.desk.approved(cover=self.desk.picture() if self.picture else "")
        publishing.schedule(self.desk.author, self.post.id, publish_at="now", now=utcnow())
        self.names = {self.row("weibo").id: "weibo", self.row("wechat").id: "wechat"}

    def row(self, platform: str) -> Publication:
        account: Account = getattr(self.desk, platform)
        return row(self.post, account)

    def start(self, at: str, by: int = signal.SIGKILL, **rig: Any) -> int:
        """A scheduler that gets the signal at the step, by its process id; "" at none. `rig`: as rigging.rig says; steps
        are saved one by one unless it says otherwise."""
        home, rig = self.processes.home, {"company": 1, **rig}
        order = {"at": at, "by": by, "names": self.names, "trace": str(self.trace), "threads": 4}
        return self.forks.fork({**order, "rig": rig, "log": str(home / "scheduler.log"), "env": self.processes.env})

    @property
    def trace(self) -> Path:
        return self.processes.home / "trace.txt"

    def die_at(self, at: str, seconds: float = PATIENCE, **rig: Any) -> None:
        """A process is started and kills itself at the step; fails when it does not get there."""
        pid = self.start(at, **rig)
        try:
            self._while(lambda: alive(pid), f"never reached: {at}", seconds)
        finally:
            kill(pid)
        bury(pid)
        assert self.trace.read_text().splitlines()[-1] == at, self.processes.log()[-4000:]

    def stop_at(self, at: str, seconds: float = PATIENCE, **rig: Any) -> int:
        """A process is started and stands still at the step; its id. os.kill(…, SIGCONT) lets it go on."""
        pid = self.start(at, signal.SIGSTOP, **rig)
        self._while(lambda: not stopped(pid), f"never reached: {at}", seconds)
        return pid

    def settle(self, seconds: float = PATIENCE, *, unseen: bool = False, **rig: Any) -> None:
        """Another process goes on until both are known to be out, or wait for a person. `unseen`: as verify() says."""
        pid = self.start("", **rig)
        try:
            self.until(lambda: self.settled(unseen=unseen), "not settled", seconds)
        finally:
            kill(pid)

    def until(self, done: Callable[[], bool], complaint: str = "not reached", seconds: float = PATIENCE) -> None:
        """Wait for it; what the rhythm of checks would put off is hurried."""
        self._while(lambda: not done(), complaint, seconds)

    def accepted(self, platform: str) -> int:
        found = Counter(item["kind"] for item in self.sim.call("GET", "/_sim/accepted")["items"])
        return sum(found[kind] for kind in KINDS[platform])

    def went(self, platform: str) -> list[str]:
        """The states it went through."""
        return [change.after for change in self.row(platform).changes]

    def statuses(self) -> dict[str, str]:
        return {platform: self.row(platform).status for platform in KINDS}

    def _told(self) -> list[str]:
        """Each row in a line, for whoever reads why a test failed."""
        rows = [self.row(platform) for platform in KINDS]
        return [f"{p.account.platform} {p.status} {p.why}{p.error_cause} {p.next_attempt_at}" for p in rows]

    def settled(self, *, unseen: bool = False) -> bool:
        """Both are known to be out, or were looked for and wait for a person."""
        return all(self._known(platform, unseen) for platform in KINDS)

    def _known(self, platform: str, unseen: bool) -> bool:
        found = self.row(platform)
        # What the platform took is shown after its review: the looks before that find nothing yet.
        to_be_found = not unseen and self.accepted(platform)
        return found.status == "published" or (found.status == "unknown" and found.checks >= 2 and not to_be_found)

    def _while(self, going: Callable[[], bool], complaint: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while going():
            if time.monotonic() > deadline:
                raise AssertionError(f"{complaint}: {self._told()}\n{self.processes.log()[-4000:]}")
            for platform in KINDS:
                self._hurry(platform)
            time.sleep(0.1)

    def _hurry(self, platform: str) -> None:
        """The sparse rhythm of checks would wait; the clock of the test does not."""
        found = self.row(platform)
        waiting = found.status in self.hurried and not found.claim_owner
        if waiting and found.next_attempt_at is not None and found.next_attempt_at > utcnow():
            hurry(found)

    def verify(self, *, unseen: bool = False) -> None:
        """At most one acceptance each, nothing lost without a word, the rows say what is true.

        `unseen`: the platform does not show what it took (a mass send whose number is lost), only a person can tell.
        """
        for platform in KINDS:
            found, taken = self.row(platform), self.accepted(platform)
            assert taken <= 1, f"{platform} was accepted {taken} times"
            if found.status == "published":
                assert taken == 1, f"{platform} is called published and is not there"
                continue
            assert found.status == "unknown", found.status
            assert fresh_post(self.post).needs_attention
            told(found)
            if unseen and taken == 1:
                self._seen_by_hand(platform)
                continue
            assert taken == 0, f"{platform} stands there and was not found"
            self._settle_by_hand(platform)

    def _seen_by_hand(self, platform: str) -> None:
        """The publisher looked: it is there. Nothing is sent any more."""
        found, link = self.row(platform), "https://mp.weixin.qq.com/s/abc"
        publishing.resolve(
            self.desk.publisher, found.id, outcome="published", url=link, reason="平台上已有", now=utcnow()
        )
        self.settle()
        assert (self.row(platform).status, self.accepted(platform)) == ("published", 1)

    def _settle_by_hand(self, platform: str) -> None:
        """The publisher looked: it is not there. What did not go is sent again, once."""
        found = self.row(platform)
        # Once nothing of the first attempt can be under way any more; before that the product refuses.
        now = utcnow() + timedelta(minutes=2)
        publishing.resolve(self.desk.publisher, found.id, outcome="not_published", url="", reason="平台上没有", now=now)
        publishing.retry(self.desk.publisher, found.id, reason="补发", now=utcnow())
        self.settle()
        assert (self.row(platform).status, self.accepted(platform)) == ("published", 1)
