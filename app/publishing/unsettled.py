"""Publications under way keep an account in its unit."""

from __future__ import annotations

from sqlalchemy import select

from app.accounts.models import Account
from app.accounts.moving import Obstacle
from app.db import db
from app.publishing.models import Publication
from app.publishing.states import WORDS
from app.units.models import Unit

_SETTLED = ("published", "cancelled", "recalled", "removed")


def obstacles(account: Account, _there: Unit) -> list[Obstacle]:
    """Hook of accounts: what is scheduled, going out, doubtful or waits for a person there."""
    query = select(Publication).where(Publication.account_id == account.id, Publication.status.not_in(_SETTLED))
    found = list(db.session.scalars(query.order_by(Publication.due_at, Publication.id)))
    if not found:
        return []
    shown = "、".join(f"《{row.post.title}》（{WORDS[row.status]}）" for row in found[:3])
    more = f"等 {len(found)} 项" if len(found) > 3 else ""
    posts = tuple(dict.fromkeys((row.post.title, row.post_id) for row in found))
    return [Obstacle(words=f"这个账号还有发布没有了结：{shown}{more}", posts=posts)]
