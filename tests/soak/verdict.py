"""What must hold when a run is over: the rows against what the platforms accepted, claims, the audit chain, the logs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from app.accounts.models import AccountToken
from app.audit import services as audit
from app.db import db
from app.posts.models import Post
from app.publishing import pushdown
from app.publishing.models import Publication
from app.publishing.outlook import outlook

# Says that it went out; says that it did not; says that it may have, and asks.
OUT = ("published",)
NOT_OUT = ("scheduled", "preparing", "ready", "held", "missed", "failed", "cancelled")
ASKS = ("held", "missed", "failed", "unknown", "handed_over")
MOVING = ("scheduled", "preparing", "ready", "committing", "processing")
# What the schedulers may say while the database restarts or the line to it is cut.
EXPECTED = re.compile(
    r"(?!.*(Deadlock|LockNotAvailable|QueryCanceled))"
    r"((sqlalchemy\.exc\.|psycopg\.|psycopg\.errors\.)?"
    r"(OperationalError|InterfaceError|AdminShutdown|CrashShutdown|CannotConnectNow|ConnectionTimeout)\b"
    r"|sqlalchemy\.exc\.InternalError: \(psycopg\.errors\.IdleInTransactionSessionTimeout\))"
)
_TOKEN = re.compile(r"access_token=(?!\*)[^&\s\"]{8,}")


@dataclass
class Verdict:
    """`breaches` says in words what must not be; empty: the run is passed."""

    breaches: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)

    def blame(self, words: str, cases: Sequence[str] = ()) -> None:
        shown = f": {', '.join(cases[:10])}{' …' if len(cases) > 10 else ''}" if cases else ""
        self.breaches.append(f"{words}{f' ({len(cases)})' if cases else ''}{shown}")


def judge_rows(verdict: Verdict, taken: Counter[str], now: datetime) -> None:
    """Doubles, lies, and what was lost without a word. Inside an app context."""
    db.session.rollback()
    rows = list(db.session.scalars(select(Publication).execution_options(populate_existing=True)))
    doubled = [r for r in rows if taken[r.mark] > 1]
    foreign = set(taken) - {row.mark for row in rows}
    feigned = [r for r in rows if r.status in OUT and not taken[r.mark]]
    denied = [r for r in rows if r.status in (*NOT_OUT, "recalled", "removed") and taken[r.mark]]
    silent = [r for r in rows if not _speaks(r, now)]
    cases = (
        ("accepted more than once", doubled),
        ("called published and not there", feigned),
        ("called not sent or gone, and there", denied),
        ("neither out nor asking anybody", silent),
        ("not finished when the calm was over", [r for r in rows if _unfinished(r, now)]),
        ("still claimed although nobody works", [r for r in rows if r.claim_owner]),
    )
    for words, found in cases:
        if found:
            verdict.blame(words, [f"{r.id} {r.account.platform} {r.account.mode} {r.status}" for r in found])
    if foreign:
        verdict.blame("accepted and no row knows of it", sorted(foreign))
    verdict.figures |= {
        "publications": len(rows),
        "accepted": sum(taken.values()),
        "doubles": len(doubled),
        "lost": len(silent) + len(feigned),
        "false": len(feigned) + len(denied),
        "states": dict(Counter(row.status for row in rows).most_common()),
    }


def _speaks(row: Publication, now: datetime) -> bool:
    """Out; or waits for a person and says why; or a scheduler will look at it again, and it says what it waits for."""
    if row.status in OUT:
        return True
    words = bool(outlook(row, now).why or row.error_cause)
    if row.status in ASKS:
        return words and (row.status == "failed" or row.post.needs_attention)
    return words and row.next_attempt_at is not None


def _unfinished(row: Publication, now: datetime) -> bool:
    """Its moment has passed and nobody took it, though there was all the time of the calm."""
    return row.status in MOVING and row.next_attempt_at is not None and row.next_attempt_at <= now


def judge_posts(verdict: Verdict) -> None:
    """What lists show of a post must follow from its rows; and how far apart partners and hours were."""
    wrong, skews = [], []
    for post in db.session.scalars(select(Post)):
        state = pushdown.compute(post.id)
        if (post.status, post.needs_attention, post.skew_seconds) != (
            state.status,
            state.needs_attention,
            state.skew_seconds,
        ):
            wrong.append(post.id)
        if state.skew_seconds is not None:
            skews.append(state.skew_seconds)
    if wrong:
        verdict.blame("a post shows what its publications are not", wrong)
    late = [
        (row.committed_at - row.due_at).total_seconds()
        for row in db.session.scalars(select(Publication).where(Publication.status == "published"))
        if row.committed_at is not None and not row.released
    ]
    verdict.figures["skew s p50/p99"] = percentiles(skews)
    verdict.figures["start after the hour s p50/p99, not released by hand"] = percentiles(late)


def judge_audit(verdict: Verdict) -> None:
    for fault in audit.verify():
        verdict.blame(f"audit chain: {fault}")


def judge_logs(verdict: Verdict, logs: Iterable[Path], secrets: Iterable[str]) -> None:
    """No exception but a lost database, no secret, and every line JSON."""
    texts = [log.read_text(errors="replace") for log in logs]
    text = "\n".join(texts)
    known = set(secrets) | {
        value for token in db.session.scalars(select(AccountToken)) for value in (token.value or {}).values()
    }
    leaked = sorted(secret for secret in known if len(secret) > 7 and secret in text)
    if leaked or _TOKEN.search(text):
        verdict.blame("secrets in the logs", [f"{secret[:4]}…" for secret in leaked] or ["access_token="])
    events, exceptions, strange = read_log(line for one in texts for line in whole_lines(one))
    verdict.figures["log events"] = dict(events.most_common(25))
    verdict.figures["exceptions while the database was away"] = sum(
        n for name, n in exceptions.items() if EXPECTED.match(name.split(" | ")[1])
    )
    for name, times in exceptions.items():
        if not EXPECTED.match(name.split(" | ")[1]):
            verdict.blame(f"unexpected exception, {times} times: {name}")
    if strange:
        verdict.blame("lines in the log that are no events", strange)


def whole_lines(text: str) -> list[str]:
    """Without a last one that its process was killed in the middle of."""
    return text[: text.rfind("\n") + 1].splitlines()


def read_log(lines: Iterable[str]) -> tuple[Counter[str], Counter[str], list[str]]:
    """Events by name, exceptions by "event | last line", and what is neither."""
    events, exceptions, strange = Counter[str](), Counter[str](), list[str]()
    for line in lines:
        try:
            told = json.loads(line)
            events[told["event"]] += 1
        except (ValueError, KeyError, TypeError):
            strange.append(line[:200])
            continue
        if told.get("exception"):
            exceptions[f"{told['event']} | {_raised(told['exception'])}"] += 1
    return events, exceptions, strange


def _raised(trace: str) -> str:
    """The line that names what was raised at last: the first after the last frames; the lines below are its words."""
    last = trace.rpartition("Traceback (most recent call last):")[2]
    named = [line for line in last.splitlines() if line and not line.startswith(" ")]
    return (named or trace.splitlines())[0][:160]


def percentiles(values: Sequence[float]) -> str:
    if not values:
        return "-"
    ordered = sorted(values)
    return " / ".join(f"{ordered[min(len(ordered) - 1, int(len(ordered) * part))]:.2f}" for part in (0.5, 0.99))
