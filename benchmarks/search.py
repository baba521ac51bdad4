"""How long the search takes beside LIKE over the table, in one run; see benchmarks/README.md.

.venv/bin/python benchmarks/search.py                                  # 100,000 messages, both stores
.venv/bin/python benchmarks/search.py --messages 1000000 --only sqlite # by hand: some minutes
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import joinedload

from app.accounts.models import Account
from app.db import db
from app.inbox.access import visible_conversations
from app.inbox.models import Conversation, Message
from app.inbox.searching import found_messages
from app.search.lookup import hits
from app.search.models import POSTGRESQL, POSTGRESQL_GONE
from app.search.places import CONTACT, MESSAGE, place_for, span_of
from app.search.tokens import query_of, words_of
from app.units.access import Actor, actor_for
from app.units.models import Grant, Unit, User
from benchmarks.servers import Postgres
from benchmarks.tandem import application

# One, two and four characters; the characters of all but the rare single one are everywhere in other words, too.
COMMON = ("停", "停水", "停水通知")
MEDIUM = ("补", "补贴", "补贴标准")
RARE = ("鼋", "桥隧", "桥隧限高")
SHARES = {"common": 0.01, "medium": 0.001}
RARELY = 11
PAGE, RUNS, DEEP = 50, 15, 400
START = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000, help="a fifth as many conversations")
    parser.add_argument("--only", default="sqlite,postgresql", help="stores, parted by commas")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        for store in options.only.split(","):
            server = Postgres(home) if store == "postgresql" else None
            try:
                _measure(store, _url(server, home), home / store, options.messages)
            finally:
                if server is not None:
                    server.stop()


def _url(server: Postgres | None, home: Path) -> str:
    if server is None:
        return f"sqlite:///{home / 'search.sqlite3'}"
    server.execute("CREATE DATABASE search")
    plain = make_url(server.dsn("search")).set(drivername="postgresql+psycopg")
    return plain.render_as_string(hide_password=False)


def _measure(store: str, url: str, home: Path, total: int) -> None:
    app = application(url, home)
    with app.app_context():
        db.create_all()
        actor = _people()
        begun = time.monotonic()
        counted = _fill(actor, total)
        print(json.dumps({"store": store, "messages": total, "filled_s": round(time.monotonic() - begun), **counted}))
        for kind, words in (("common", COMMON), ("medium", MEDIUM), ("rare", RARE)):
            for word in words:
                print(
                    json.dumps(
                        {"store": store, "kind": kind, "word": word, **_compare(actor, word)}, ensure_ascii=False
                    )
                )
        print(json.dumps({"store": store, **_pages(actor)}))
        db.session.remove()
        db.engine.dispose()


def _compare(actor: Actor, word: str) -> dict[str, Any]:
    """Milliseconds of the newest 51 ids and of the newest page as the screen has it: by the index, and by LIKE."""
    query, span = query_of(word), span_of(MESSAGE)
    like = text("SELECT id FROM messages WHERE text LIKE :word ORDER BY sent_at DESC LIMIT :limit")
    given = {"word": f"%{word}%", "limit": PAGE + 1}
    found, bare = _timed(lambda: hits(query, MESSAGE, *span, PAGE + 1), lambda: db.session.execute(like, given).all())
    page, liked = _timed(lambda: found_messages(actor, query, limit=PAGE), lambda: _by_like(actor, word))
    return {
        "ids_ms": found, "like_ids_ms": bare, "ids_ratio": round(bare / found, 1),
        "page_ms": page, "like_page_ms": liked, "page_ratio": round(liked / page, 1),
    }  # fmt: skip


def _by_like(actor: Actor, word: str) -> list[Message]:
    """The same page without the index."""
    talk = joinedload(Message.conversation)
    query = (
        select(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.text.contains(word), Message.erased_at.is_(None), visible_conversations(actor))
        .options(talk.joinedload(Conversation.contact), talk.joinedload(Conversation.account))
        .order_by(Message.sent_at.desc())
    )
    return list(db.session.scalars(query.limit(PAGE + 1)))


def _pages(actor: Actor) -> dict[str, Any]:
    """The first page of the common word, and one far behind it."""
    query, cursor = query_of(COMMON[1]), None
    pages = 0
    while pages < DEEP // PAGE:
        pages += 1
        cursor = found_messages(actor, query, limit=PAGE, cursor=cursor).next_cursor
    first, later = _timed(
        lambda: found_messages(actor, query, limit=PAGE),
        lambda: found_messages(actor, query, limit=PAGE, cursor=cursor),
    )
    return {"first_page_ms": first, "later_page_ms": later, "after": pages * PAGE}


def _timed(*acts: Callable[[], object]) -> list[float]:
    """The medians of some runs by turns, in milliseconds, with nothing kept of the one before."""
    took: list[list[float]] = [[] for _act in acts]
    for _run in range(RUNS):
        for act, times in zip(acts, took, strict=True):
            db.session.rollback()
            db.session.expunge_all()
            db.session.execute(text("SELECT 1"))
            begun = time.perf_counter()
            act()
            times.append((time.perf_counter() - begun) * 1000)
        if sum(map(sum, took)) > 8_000:
            break
    return [round(median(times[1:] or times), 3) for times in took]


def _people() -> Actor:
    unit = Unit(name="青岚市政府办", level="city", created_at=START)
    db.session.add(unit)
    db.session.flush()
    unit.path = f"/{unit.id}/"
    user = User(email="r@example.cn", name="王敏", password_hash="-", unit_id=unit.id, created_at=START)
    user.grants = [Grant(role="responder", unit_id=unit.id)]
    db.session.add(user)
    for number in range(20):
        values = {"unit_id": unit.id, "platform": "wechat", "external_id": str(number), "name": f"账号{number}"}
        more = {"environment": "simulator", "mode": "publish", "credentials": {}, "callback_key": f"k{number}"}
        db.session.add(Account(**values, **more, created_at=START))
    db.session.commit()
    return actor_for(user)


def _fill(actor: Actor, total: int) -> dict[str, int]:
    """Contacts, conversations of five messages each and their index, oldest first; how often each word was put in."""
    accounts, talks = list(db.session.scalars(select(Account.id).order_by(Account.external_id))), total // 5
    step = timedelta(days=300) / total
    moments = [START + number * step for number in range(total)]
    people = (
        (n, f"市民 {n}", words_of([f"市民 {n}"]), place_for(CONTACT, START + n * timedelta(seconds=1)))
        for n in range(talks)
    )
    said = (
        (n, words, words_of([words]), place_for(MESSAGE, moments[n]))
        for n, words in enumerate(_texts(random.Random(7), total))
    )
    _stage("staged_people", people)
    _stage("staged_said", said)
    sqlite = db.engine.dialect.name == "sqlite"
    padded, clock = ("printf('%%09d', {})", f"datetime('{START:%F %T}', ({{}} * {step.total_seconds()}) || ' seconds')")
    if not sqlite:
        padded, clock = (
            "lpad(({})::text, 9, '0')",
            f"timestamptz '{START:%F %T}+00' + {{}} * interval '{step.total_seconds()} seconds'",
        )
        db.session.execute(text(POSTGRESQL_GONE[0]))
    listed = " ".join(f"WHEN {number} THEN '{account}'" for number, account in enumerate(accounts))
    values = {
        "n": padded.format("n").replace("%%", "%"), "talk": padded.format(f"n % {talks}").replace("%%", "%"),
        "account": f"CASE n % {talks} % 20 {listed} END", "at": clock.format("n"), "start": clock.format("0"),
        "unit": f"'{actor.unit_id}'", "people": f"'c' || {padded.format('n')}".replace("%%", "%"),
    }  # fmt: skip
    for statement in _STEPS:
        db.session.execute(text(statement.format(**values).replace(":", "\\:")))
    db.session.commit()
    for statement in () if sqlite else POSTGRESQL:
        db.session.execute(text(statement))
    db.session.commit()
    with db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return {kind: int(total * share) for kind, share in SHARES.items()} | {"rare": RARELY}


_STEPS = (
    "INSERT INTO contacts (id, account_id, external_id, name, nickname, remark, tags, created_at)"
    " SELECT {people}, {account}, 'p' || n, '', said, '', '[]', {start} FROM staged_people",
    "INSERT INTO conversations (id, account_id, unit_id, kind, thread, contact_id, post_external_id, subject, status,"
    " labels, last_message_at, created_at) SELECT 't' || {n}, {account}, {unit}, 'private', 'p' || n, {people}, '', '',"
    " 'open', '[]', {at}, {start} FROM staged_people",
    "INSERT INTO messages (id, conversation_id, account_id, direction, external_id, text, media, target, answered,"
    " operator_ip, sent_at, claim_owner, fence, error_code, error_cause, error_remedy, error_who, created_at)"
    " SELECT 'm' || {n}, 't' || {talk}, {account}, 'in', 'm' || n, said, '[]', '{{}}', false,"
    " '', {at}, '', 0, '', '', '', '', {start} FROM staged_said",
    "INSERT INTO search_docs (place, kind, ref_id, words) SELECT place, 2, {people}, words FROM staged_people",
    "INSERT INTO search_docs (place, kind, ref_id, words) SELECT place, 0, 'm' || {n}, words FROM staged_said",
    "DROP TABLE staged_people",
    "DROP TABLE staged_said",
)


def _stage(name: str, rows: Iterator[tuple[int, str, str, int]]) -> None:
    """A table of the moment, filled the fastest way that each database has."""
    db.session.execute(text(f"CREATE TABLE {name} (n bigint, said text, words text, place bigint)"))
    db.session.commit()
    raw = db.session.connection().connection.driver_connection
    if db.engine.dialect.name == "sqlite":
        raw.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, ?)", rows)  # noqa: S608
    else:
        with raw.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:  # type: ignore[union-attr]
            for row in rows:
                copy.write_row(row)
    db.session.commit()


def _texts(chance: random.Random, total: int) -> Iterator[str]:
    """Noise of some 24 characters, the commonest a fiftieth of all; in some the words."""
    letters = [chr(code) for code in range(0x4E00, 0x4E00 + 3_000)]
    once = {"鼋", *"停水通知补贴标准桥隧限高"}
    letters = [letter for letter in letters if letter not in once]
    # Every character of the longer words stands in other ones, too; the single ones only where they were put.
    letters[40:40] = "水通知贴标准桥隧限高"
    weights = [1 / (rank + 20) for rank in range(len(letters))]
    places: dict[int, str] = {}
    for words, many in ((COMMON, total * SHARES["common"]), (MEDIUM, total * SHARES["medium"]), (RARE, RARELY)):
        for word in words:
            for place in chance.sample(range(total), int(many)):
                places[place] = places.get(place, "") + word
    for number in range(total):
        noise = "".join(chance.choices(letters, weights, k=chance.randint(8, 40)))
        yield noise[:7] + places.get(number, "") + noise[7:]


if __name__ == "__main__":
    main()
