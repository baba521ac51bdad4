"""A city with people and one account of each platform on the simulator, approved posts, and a scheduler in-process."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from PIL import Image
from sqlalchemy import select

from app.accounts.models import Account
from app.db import atomic, db, new_id, utcnow
from app.media.services import add_media
from app.posts import services as posts
from app.posts.models import Post
from app.publishing.models import Publication, Schedule, Worker
from app.publishing.values import Claim
from app.review.models import Review
from app.units.access import Actor, actor_for
from app.units.models import Grant, Unit, User
from scheduler import publisher, reconciler
from scheduler.runtime import Runtime
from tests.app.accounts.kit import GH, UID, WECHAT, WEIBO
from tests.patience import PATIENCE, wait_for


class Desk:
    """One city office: author, publisher, administrator, an outsider; a Weibo and a WeChat account."""

    def __init__(
        self, now: datetime, *, wechat_mode: str = "publish", weibo_mode: str = "share", alone: bool = False
    ) -> None:
        """`alone`: no scheduler lives but those that the test starts."""
        self.now = now
        if not alone:
            self._scheduler()
        self.city = self._unit("青岚市政府办")
        self.other = self._unit("邻市政府办")
        self.author = self.person("author", self.city, "author")
        self.publisher = self.person("publisher", self.city, "publisher")
        self.admin = self.person("admin", self.city, "administrator")
        self.outsider = self.person("outsider", self.other, "author", "publisher")
        self.weibo = self._account("weibo", UID, weibo_mode, {**WEIBO, "uid": UID})
        self.wechat = self._account("wechat", GH, wechat_mode, WECHAT)

    def _scheduler(self) -> None:
        """One that lives as long as the test: what has not gone yet waits for nothing but its own reasons."""
        with atomic():
            db.session.add(Worker(id="desk", started_at=self.now, beat_at=self.now + timedelta(days=3650)))

    def person(self, name: str, unit: Unit, *roles: str) -> Actor:
        with atomic():
            user = User(email=f"{name}@example.cn", name=name, password_hash="-", unit_id=unit.id, created_at=self.now)
            db.session.add(user)
            db.session.flush()
            for role in roles:
                db.session.add(Grant(user_id=user.id, role=role, unit_id=unit.id))
        return actor_for(user, origin="203.0.113.9")

    def _unit(self, name: str) -> Unit:
        with atomic():
            unit = Unit(name=name, level="city", created_at=self.now)
            db.session.add(unit)
            db.session.flush()
            unit.path = f"/{unit.id}/"
        return unit

    def _account(self, platform: str, external_id: str, mode: str, credentials: dict[str, str]) -> Account:
        with atomic():
            account = Account(
                unit_id=self.city.id,
                platform=platform,
                external_id=external_id,
                name=f"青岚发布{platform}",
                environment="simulator",
                mode=mode,
                credentials=dict(credentials),
                callback_key=f"key-{platform}",
                created_at=self.now,
            )
            db.session.add(account)
        return account

    def picture(self) -> str:
        """The id of a picture of some 100 kB in the library: noise, which no format makes small."""
        out = io.BytesIO()
        Image.effect_noise((470, 200), 90).convert("RGB").save(out, "PNG")
        found = add_media(self.author, unit_id=self.city.id, name="a.png", content=out.getvalue(), now=self.now)
        return found.id

    def approved(
        self, title: str = "住房租赁新政解读", accounts: list[Account] | None = None, form: str = "", cover: str = ""
    ) -> Post:
        """A post that passed its review; `form` as the author chose it for every account."""
        chosen = accounts if accounts is not None else [self.weibo, self.wechat]
        post = posts.create_post(
            self.author,
            {
                "unit_id": self.city.id,
                "title": title,
                "summary": "租金押金有了上限，备案网上办。",
                "body_html": f"<p>为规范住房租赁市场，制定本办法（{title}）。</p>",
                "source": "青岚市住建局",
                "account_ids": [account.id for account in chosen],
                **({"cover_media_id": cover} if cover else {}),
            },
            self.now,
        )
        for variant in posts.current_revision(post).variants if form else ():
            posts.override_variant(self.author, post.id, variant.id, {"form": form}, self.now)
        with atomic():
            post = db.session.get_one(Post, post.id)
            assert post.revision is not None
            post.revision.frozen_at = self.now
            post.status = "approved"
            db.session.add(
                Review(
                    post_id=post.id,
                    revision_id=post.revision_id,
                    unit_id=post.unit_id,
                    status="approved",
                    stages=[],
                    submitted_by=self.author.user_id,
                    submitted_at=self.now,
                    closed_at=self.now,
                )
            )
        return post


def row(post: Post | str, account: Account) -> Publication:
    """The post's newest publication on the account, as it stands."""
    db.session.rollback()
    post_id = post if isinstance(post, str) else post.id
    return db.session.scalars(
        select(Publication)
        .where(Publication.post_id == post_id, Publication.account_id == account.id)
        .order_by(Publication.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one()


def fresh_post(post: Post) -> Post:
    db.session.rollback()
    return db.session.get_one(Post, post.id, populate_existing=True)


def force(publication: Publication, status: str, now: datetime, **values: Any) -> None:
    """Put a row into a state as history would have left it."""
    with atomic():
        found = db.session.get_one(Publication, publication.id)
        found.status = status
        if status in ("committing", "processing", "published", "recalled", "removed", "unknown"):
            found.committed_at = now
        if status in ("published", "recalled", "removed"):
            found.published_at = found.live_at = now
        if status == "failed":
            found.error_cause = "平台拒绝。"
        for name, value in values.items():
            setattr(found, name, value)


def claim_of(publication: Publication) -> Claim:
    return Claim(publication_id=publication.id, fence=publication.fence)


def schedule_of(post: Post) -> Schedule:
    db.session.rollback()
    return db.session.scalars(select(Schedule).where(Schedule.post_id == post.id).order_by(Schedule.id.desc())).first()  # type: ignore[return-value]


@dataclass
class Clockwork:
    """A scheduler inside the test's process, on the real clock, driven by hand."""

    runtime: Runtime
    offset: timedelta = timedelta()

    @classmethod
    def make(cls, name: str = "", clock: Callable[[], datetime] = utcnow) -> Clockwork:
        app = current_app._get_current_object()  # type: ignore[attr-defined]

        def context() -> AbstractContextManager[object]:
            context: AbstractContextManager[object] = app.app_context()
            return context

        return cls(Runtime(worker=name or f"test:{new_id()}", context=context, clock=clock, threads=8))

    def publish(self) -> None:
        """One round of the publisher, finished."""
        self.aside(lambda: publisher.tick(self.runtime, self.runtime.clock()))

    def reconcile(self) -> None:
        self.aside(lambda: reconciler.tick(self.runtime, self.runtime.clock()))

    def aside(self, work: Callable[[], object]) -> None:
        """Run in a context of its own, as the process does, and wait for what it started."""
        db.session.rollback()
        with self.runtime.context():
            work()
        assert self.runtime.wait_idle(PATIENCE)

    def until(self, done: Callable[[], bool], *, reconcile: bool = False) -> None:
        """Rounds until `done`."""

        def round_of_work() -> bool:
            self.publish()
            if reconcile:
                self.reconcile()
            return done()

        wait_for("what is to be done", round_of_work, every=0.05)


def hurry(publication: Publication) -> None:
    """Its next check is due now (the sparse rhythm would wait ten seconds and more)."""
    with atomic():
        db.session.get_one(Publication, publication.id).next_attempt_at = utcnow() - timedelta(seconds=1)
