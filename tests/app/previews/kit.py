"""A post that can be previewed, and orders for it."""

from __future__ import annotations

from typing import Any

from app.accounts.models import Account
from app.db import db, new_id, utcnow
from app.posts import services as posts
from app.posts.models import Post
from app.previews import services
from app.previews.models import PreviewSend
from app.units.access import Actor
from tests.app.publishing.kit import Desk

ME = "wangmin_ql"


def draft(desk: Desk, *accounts: Account, **fields: Any) -> Post:
    """A post that its author is still writing."""
    given: dict[str, Any] = {
        "unit_id": desk.city.id,
        "title": "住房租赁新政解读",
        "summary": "租金押金有了上限。",
        "body_html": "<p>为规范住房租赁市场，制定本办法。</p>",
        "source": "青岚市住建局",
        "account_ids": [account.id for account in accounts or (desk.weibo, desk.wechat)],
    }
    return posts.create_post(desk.author, given | fields, desk.now)


def ask(desk: Desk, post: Post, actor: Actor | None = None, **changes: Any) -> PreviewSend:
    given: dict[str, Any] = {"account_id": desk.wechat.id, "recipient": ME, "key": new_id(), "now": utcnow()}
    return services.send_preview(actor or desk.author, post.id, **(given | changes))


def state(row: PreviewSend | str) -> PreviewSend:
    db.session.rollback()
    preview_id = row if isinstance(row, str) else row.id
    return db.session.get_one(PreviewSend, preview_id, populate_existing=True)
