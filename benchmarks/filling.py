"""Tandem's rows for the runs: accounts on the platform, approved posts for two of them each, ready to go out.

One post is written by the product's own services; the others are copies of its rows with their own ids, links and
hashes, since writing thousands one by one would take longer than all runs together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert

from app.accounts.models import Account
from app.db import Model, atomic, db
from app.posts import services as posts
from app.posts.models import Post, Revision, Variant
from app.publishing.models import Publication, Schedule
from app.publishing.planning import digest
from app.review.models import Review
from app.units.access import actor_for
from app.units.models import Grant, Unit, User
from benchmarks.calls import mark_of, token_of, uid_of

FAR = datetime(2098, 1, 1, tzinfo=UTC)
_BATCH = 500


def publication_id(number: int) -> str:
    return f"p{number:023d}"


def schedule_id(post: int) -> str:
    return f"s{post:023d}"


def fill(total: int, now: datetime) -> None:
    """`total` deliveries on `total` accounts, two to a post, planned for far in the future. Inside an app context."""
    with atomic():
        unit, actor_id = _people(now)
        _insert(Account, (_account(number, unit, now) for number in range(total)))
    template = _written(unit, actor_id, now)
    with atomic():
        for model in (Post, Revision, Variant, Review, Schedule, Publication):
            _insert(model, (row for post in range(total // 2) for row in _copies(model, template, post)))


def _people(now: datetime) -> tuple[str, str]:
    unit = Unit(name="青岚市政府办", level="city", created_at=now)
    db.session.add(unit)
    db.session.flush()
    unit.path = f"/{unit.id}/"
    user = User(email="author@example.cn", name="王敏", password_hash="-", unit_id=unit.id, created_at=now)
    db.session.add(user)
    db.session.flush()
    db.session.add(Grant(user_id=user.id, role="author", unit_id=unit.id))
    db.session.flush()
    return unit.id, user.id


def _account(number: int, unit_id: str, now: datetime) -> dict[str, Any]:
    """Lately probed and polled, so that nothing but publishing is due for it."""
    return {
        "id": f"a{number:023d}",
        "unit_id": unit_id,
        "platform": "weibo",
        "external_id": uid_of(number),
        "name": f"青岚发布{number}",
        "environment": "simulator",
        "mode": "share",
        "credentials": {
            "app_key": "1352222456",
            "app_secret": "weibo-app-secret-xyz",
            "access_token": token_of(number),
            "uid": uid_of(number),
            "safe_domain": "127.0.0.1:8000",
            "expires_at": "2099-01-01T00:00:00+08:00",
        },
        "settings": {},
        "callback_key": f"k{number:023d}",
        "status": "ok",
        "rights": [],
        "checked_at": now,
        "next_poll_at": now + timedelta(hours=12),
        "polled_at": now,
        "history_at": now,
        "next_reading_at": now + timedelta(hours=12),
        "created_at": now,
    }


def _written(unit_id: str, actor_id: str, now: datetime) -> dict[type[Any], list[dict[str, Any]]]:
    """The rows of one approved and scheduled post, taken out of the database again."""
    actor = actor_for(db.session.get_one(User, actor_id))
    fields = {
        "unit_id": unit_id,
        "title": "住房租赁新政解读",
        "summary": "租金押金有了上限，备案网上办。",
        "body_html": "<p>为规范住房租赁市场，制定本办法。</p>",
        "source": "青岚市住建局",
        "account_ids": [f"a{number:023d}" for number in (0, 1)],
    }
    post = posts.create_post(actor, fields, now)
    revision = posts.current_revision(post)
    if any(problem["severity"] == "block" for variant in revision.variants for problem in variant.problems):
        raise RuntimeError([variant.problems for variant in revision.variants])
    variants = [_row(variant) for variant in revision.variants]
    found = {
        Post: [_row(post) | {"status": "scheduled", "publish_at": FAR}],
        Revision: [_row(revision) | {"frozen_at": now}],
        Variant: variants,
        Review: [_review(post, actor_id, now)],
        Schedule: [_schedule(post, actor_id, now)],
        Publication: [_publication(post, variant, now) for variant in variants],
    }
    with atomic():
        db.session.delete(db.session.get_one(Post, post.id))
    return found


def _review(post: Post, actor_id: str, now: datetime) -> dict[str, Any]:
    return {
        "unit_id": post.unit_id,
        "status": "approved",
        "stages": [],
        "submitted_by": actor_id,
        "submitted_at": now,
        "closed_at": now,
    }


def _schedule(post: Post, actor_id: str, now: datetime) -> dict[str, Any]:
    """`order` and `on_partner_failure` by their defaults: together, hold."""
    return {"publish_at": FAR, "prepare_from": FAR, "created_by": actor_id, "created_at": now}


def _publication(post: Post, variant: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """As preparing leaves it."""
    return {
        "unit_id": post.unit_id,
        "position": variant["position"],
        "payload": variant["payload"],
        "status": "ready",
        "due_at": FAR,
        "late_from": FAR,
        "next_attempt_at": FAR,
        "prepared": {"steps": {"checked": True}, "ready": True},
        "created_at": now,
        "updated_at": now,
    }


def _copies(model: type[Any], template: dict[type[Any], list[dict[str, Any]]], post: int) -> Iterable[dict[str, Any]]:
    """The rows of post number `post`: its own ids, slug and marks, everything else as in the template."""
    slug, ids = f"benchmarkslug{post:09d}", {"post_id": f"o{post:023d}", "revision_id": f"r{post:023d}"}
    for side, row in enumerate(template[model]):
        number = 2 * post + side
        sided = {"account_id": f"a{number:023d}", "variant_id": f"v{number:023d}", "schedule_id": schedule_id(post)}
        if model is Post:
            yield row | {"id": ids["post_id"], "slug": slug, "revision_id": ids["revision_id"]}
        elif model is Revision:
            yield row | {"id": ids["revision_id"], "post_id": ids["post_id"]}
        elif model is Review:
            yield row | {"id": f"w{post:023d}", **ids}
        elif model is Schedule:
            yield row | {"id": schedule_id(post), **ids}
        else:
            own = template[Variant][side]
            payload = _readdressed(row["payload"], template[Post][0]["slug"], slug, own["mark"], mark_of(number))
            shared = {"payload": payload, "sha256": digest(payload), "mark": mark_of(number)}
            if model is Variant:
                yield (
                    row
                    | shared
                    | {"id": sided["variant_id"], "revision_id": ids["revision_id"]}
                    | _only(sided, "account_id")
                )
            else:
                yield row | shared | {"id": publication_id(number), "post_id": ids["post_id"], **sided}


def _only(values: dict[str, str], name: str) -> dict[str, str]:
    return {name: values[name]}


def _readdressed(payload: Any, slug: str, new_slug: str, mark: str, new_mark: str) -> Any:
    text = json.dumps(payload, ensure_ascii=False)
    if slug not in text or mark not in text:
        raise RuntimeError("the payload does not carry its own link")
    return json.loads(text.replace(slug, new_slug).replace(mark, new_mark))


def _row(found: Model) -> dict[str, Any]:
    table: Table = type(found).__table__  # type: ignore[assignment]
    return {column.key: getattr(found, column.key) for column in table.columns}


def _insert(model: type[Any], rows: Iterable[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            db.session.execute(insert(model), batch)
            batch = []
    if batch:
        db.session.execute(insert(model), batch)
