"""A unit with people and one account of each platform, and short ways to act."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from PIL import Image
from sqlalchemy import event

from app.accounts.models import Account
from app.db import atomic, db
from app.units.access import Actor, actor_for
from app.units.models import Grant, Unit, User

SAMPLES = Path(__file__).parents[2] / "samples"


class World:
    """One city with an author, four reviewers, an administrator and an outsider; a Weibo and a WeChat account."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.city = self._unit("青岚市政府办", "city", None)
        self.bureau = self._unit("青岚市水务局", "county", self.city)
        self.other = self._unit("邻市政府办", "city", None)
        self.author = self.person("author", self.city, "author")
        self.colleague = self.person("colleague", self.city, "author")
        self.reviewers = [self.person(f"reviewer{n}", self.city, "reviewer") for n in range(4)]
        self.admin = self.person("admin", self.city, "administrator")
        self.outsider = self.person("outsider", self.other, "author", "reviewer")
        self.weibo = self._account(
            "weibo",
            "share",
            {"app_key": "1", "app_secret": "s", "uid": "7", "access_token": "t", "safe_domain": "127.0.0.1:8000"},
        )
        self.wechat = self._account("wechat", "publish", {"app_id": "wx1", "app_secret": "s"})

    def person(self, name: str, unit: Unit, *roles: str) -> Actor:
        with atomic():
            user = User(email=f"{name}@example.cn", name=name, password_hash="-", unit_id=unit.id, created_at=self.now)
            db.session.add(user)
            db.session.flush()
            for role in roles:
                db.session.add(Grant(user_id=user.id, role=role, unit_id=unit.id))
        return actor_for(user)

    def _unit(self, name: str, level: str, parent: Unit | None) -> Unit:
        with atomic():
            unit = Unit(name=name, level=level, parent_id=parent.id if parent else None, created_at=self.now)
            db.session.add(unit)
            db.session.flush()
            unit.path = f"{parent.path if parent else '/'}{unit.id}/"
        return unit

    def _account(self, platform: str, mode: str, credentials: dict[str, str]) -> Account:
        with atomic():
            account = Account(
                unit_id=self.city.id,
                platform=platform,
                external_id=f"{platform}-1",
                name=f"青岚发布{platform}",
                environment="simulator",
                mode=mode,
                credentials=credentials,
                callback_key=f"key-{platform}",
                created_at=self.now,
            )
            db.session.add(account)
        return account

    def fields(self, **changes: object) -> dict[str, object]:
        """Enough for POST /posts."""
        return {
            "unit_id": self.city.id,
            "title": "暴雨橙色预警",
            "summary": "预计未来3小时降雨量将达50毫米以上，请注意防范。",
            "body_html": "<p>青岚市气象台升级发布<strong>暴雨橙色预警信号</strong>。</p>",
            "account_ids": [self.weibo.id, self.wechat.id],
            **changes,
        }


def png(colour: str = "red", size: tuple[int, int] = (300, 200)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
