"""Posts of ours that are out on their accounts, as history would have left them."""

from __future__ import annotations

from datetime import datetime

from app.accounts.models import Account
from app.db import atomic, db
from app.posts.models import Post
from app.posts.services import create_post
from app.publishing.models import Publication, Schedule
from app.publishing.pushdown import push
from app.units.access import SYSTEM


def published(title: str, *out: tuple[Account, datetime | None, str]) -> Post:
    """A post scheduled on these accounts; out at the given time under the given id of the platform (None: not yet)."""
    at = min(moment for _account, moment, _id in out if moment is not None)
    accounts = [account.id for account, _moment, _id in out]
    unit_id = out[0][0].unit_id
    fields = {"unit_id": unit_id, "title": title, "body_html": "<p>正文。</p>", "account_ids": accounts}
    post_id = create_post(SYSTEM, fields, at).id
    with atomic():
        post = db.session.get_one(Post, post_id)
        post.status = "approved"
        assert post.revision is not None
        schedule = Schedule(
            post_id=post_id,
            revision_id=post.revision_id,
            publish_at=at,
            prepare_from=at,
            created_by="",
            created_at=at,
        )
        db.session.add(schedule)
        db.session.flush()
        variants = {variant.account_id: variant for variant in post.revision.variants}
        for position, (account, moment, external_id) in enumerate(out):
            variant = variants[account.id]
            db.session.add(
                Publication(
                    post_id=post_id,
                    schedule_id=schedule.id,
                    variant_id=variant.id,
                    account_id=account.id,
                    unit_id=unit_id,
                    position=position,
                    payload=variant.payload,
                    sha256=variant.sha256,
                    status="published" if moment else "scheduled",
                    due_at=at,
                    late_from=at,
                    committed_at=moment,
                    published_at=moment,
                    external_id=external_id,
                    created_at=at,
                    updated_at=at,
                )
            )
        db.session.flush()
        push([post_id], at)
    return post
