"""Posts that would point outside their unit when an account goes to another one."""

from __future__ import annotations

from sqlalchemy import select

from app.accounts.models import Account
from app.accounts.moving import Obstacle
from app.db import db
from app.posts.models import Post, Variant
from app.units.closing import named
from app.units.models import Unit

_ENDED = ("published", "withdrawn")
_BEFORE = ("draft", "in_review", "returned", "approved", "scheduled")


def obstacles(account: Account, there: Unit) -> list[Obstacle]:
    """Hook of accounts: posts not yet out whose unit would not reach the account any more."""
    query = (
        select(Post)
        .join(Variant, Variant.revision_id == Post.revision_id)
        .join(Unit, Unit.id == Post.unit_id)
        .where(Variant.account_id == account.id, Post.status.in_(_BEFORE))
        .order_by(Post.id)
    )
    outside = [post for post in db.session.scalars(query) if not there.path.startswith(post.unit.path)]
    if not outside:
        return []
    titles = "".join(f"《{post.title or '未命名'}》" for post in outside[:3])
    more = f"等 {len(outside)} 篇" if len(outside) > 3 else ""
    words = f"{titles}{more}还没有发出，变更后它们的单位管不到这个账号，须先从稿件里去掉这个账号"
    return [Obstacle(words=words, posts=tuple((post.title or "未命名", post.id) for post in outside))]


def holds_up_closing(unit: Unit) -> list[str]:
    """Hook of units: the posts under way in a unit that is to be closed."""
    query = select(Post.title).where(Post.unit_id == unit.id, Post.status.not_in(_ENDED)).order_by(Post.id)
    titles = [f"《{title or '未命名'}》" for title in db.session.scalars(query)]
    return [named(len(titles), "篇", "没有了结的稿件", titles[:5])] if titles else []
