"""`flask demo load`: builds the city of 青岚 through the same services that people use, and registers it on the simulator."""

from __future__ import annotations

import io
import random
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw
from sqlalchemy import select

from app.accounts import services as accounts
from app.accounts.models import Account
from app.config import Config
from app.db import db
from app.errors import TandemError
from app.inbox import services as inbox
from app.media import services as media
from app.posts import services as posts
from app.posts.models import Post
from app.previews import services as previews
from app.publishing import services as publishing
from app.review import services as review
from app.system.demo.city import (
    ACCOUNTS,
    COMMENTS,
    HEADLINES,
    PASSWORD,
    PEOPLE,
    PHONES,
    POSTS,
    PRIVATE_MESSAGES,
    ROOT,
    UNITS,
    DemoAccount,
    DemoPost,
)
from app.units import services as units
from app.units.access import SYSTEM, Actor, actor_for
from app.units.models import Unit, User
from connectors.errors import ConnectorError
from connectors.http import Http
from connectors.values import InboundMessage

REVIEWERS = ("reviewer1@demo.tandem", "reviewer2@demo.tandem", "reviewer3@demo.tandem")


class SimulatorAbsent(TandemError):
    """The demo's accounts live on the simulator; it must be running."""


class Simulator:
    """The simulator's own calls."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._http = Http()

    def call(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """One control call. Raises SimulatorAbsent when it does not answer as it should."""
        try:
            answer = self._http.call(method, f"{self._base}{path}", write=True, json_body=dict(body))
        except ConnectorError:
            raise SimulatorAbsent(
                f"演示数据没有装入。平台模拟器（{self._base}）没有应答。请先运行 python -m connectors.simulator，再重试。"
            ) from None
        if answer.status >= 400:
            raise SimulatorAbsent(f"演示数据没有装入。平台模拟器拒绝了 {path}：{answer.text[:300]}。请核对模拟器版本。")
        return answer.json()


def needed() -> bool:
    """Whether the database is still empty."""
    return db.session.scalar(select(Unit.id).limit(1)) is None


def is_loaded() -> bool:
    return db.session.scalar(select(User.id).where(User.email == PEOPLE[0].email)) is not None


class Loader:
    """Builds the demo step by step; `now` is the moment of loading."""

    def __init__(self, config: Config, now: datetime) -> None:
        self.config = config
        self.now = now
        self.simulator = Simulator(config.simulator_url)
        self.random = random.Random(20260712)
        self.units: dict[str, str] = {}
        self.actors: dict[str, Actor] = {}
        self.accounts: dict[str, str] = {}
        self.newest: dict[str, str] = {}

    def load(self) -> None:
        """Everything; refuses a database that is not empty."""
        if not needed():
            raise TandemError(
                "演示数据没有装入。数据库里已有单位，演示数据只装入空库。如需重装，请换一个 TANDEM_INSTANCE_PATH。"
            )
        self.simulator.call("POST", "/_sim/reset", {})
        self.people()
        for account in ACCOUNTS:
            self.account(account)
        self.phones()
        for account in ACCOUNTS:
            self.past(account)
        for post in POSTS:
            self.post(post)
        self.citizens()

    def people(self) -> None:
        founded = self.now - timedelta(days=120)
        for name, level, parent in UNITS:
            parent_id = self.units[parent] if parent else None
            unit = units.create_unit(SYSTEM, name=name, level=level, parent_id=parent_id, now=founded)
            self.units[name] = unit.id
        for person in PEOPLE:
            user = units.create_user(
                SYSTEM,
                email=person.email,
                name=person.name,
                unit_id=self.units[person.unit],
                roles=list(person.roles),
                password=PASSWORD,
                now=founded,
            )
            self.actors[person.email] = actor_for(user)

    def account(self, demo: DemoAccount) -> None:
        """Connect one account, on both sides."""
        credentials, known = CREDENTIALS[demo.platform](self, demo)
        account = accounts.create_account(
            SYSTEM,
            platform=demo.platform,
            unit_id=self.units[demo.unit],
            name=demo.name,
            external_id=demo.external_id,
            environment="simulator",
            mode=demo.mode,
            credentials=credentials,
            settings=demo.settings,
            now=self.now - timedelta(days=100),
        )
        self.accounts[demo.key] = account.id
        registered = {"name": demo.name, **known, **demo.sim, "callback_url": self.callback_url(account)}
        self.simulator.call("PUT", f"/_sim/accounts/{demo.platform}/{demo.external_id}", registered)

    def phones(self) -> None:
        """Whoever writes or reviews has a phone that follows the accounts, and its WeChat id is known on both sides."""
        for kind in previews.kinds(SYSTEM):
            followed = [demo.external_id for demo in ACCOUNTS if demo.platform == kind.platform]
            for email, wechat_id in PHONES.items():
                previews.remember(self.actors[email], kind.platform, wechat_id, self.now)
                for external_id in followed:
                    self.simulator.call("POST", "/_sim/phones", {"external_id": external_id, "wechat_id": wechat_id})

    def weibo_credentials(self, demo: DemoAccount) -> tuple[dict[str, str], dict[str, str]]:
        """What Tandem stores, and as much of it as the simulator must know."""
        # One token is about to expire: the console says so.
        days = 6 if demo.key == "weibo_housing" else 27
        known = {
            "app_key": f"3{self.random.randrange(10**9):09d}",
            "app_secret": secrets.token_hex(16),
            "access_token": f"2.00{secrets.token_urlsafe(20)}",
            "safe_domain": self.config.public_url.split("://", 1)[1],
            "expires_at": (self.now + timedelta(days=days)).isoformat(),
        }
        registered = {**known, "redirect_uri": f"{self.config.public_url}/accounts/authorization"}
        return {**known, "uid": demo.external_id}, registered

    def wechat_credentials(self, demo: DemoAccount) -> tuple[dict[str, str], dict[str, str]]:
        known = {
            "app_id": f"wx{secrets.token_hex(8)}",
            "app_secret": secrets.token_hex(16),
            "token": secrets.token_hex(8),
            "encoding_aes_key": secrets.token_urlsafe(40).replace("-", "a").replace("_", "b")[:43],
        }
        return known, known

    def callback_url(self, account: Account) -> str:
        return f"{self.config.public_url}/callbacks/{account.platform}/{account.callback_key}"

    def past(self, demo: DemoAccount) -> None:
        """What the account published by other means in the last weeks: the platforms' histories tell it."""
        for days in sorted(demo.last_days, reverse=True):
            title, text = self.random.choice(HEADLINES)
            at = self.now - timedelta(days=days, minutes=self.random.randrange(0, 300))
            body = {"platform": demo.platform, "external_id": demo.external_id, "title": title, "text": text}
            self.newest[demo.key] = self.simulator.call("POST", "/_sim/posts", {**body, "at": at.timestamp()})["id"]

    def post(self, demo: DemoPost) -> None:
        """Write one post and take it as far as its state says."""
        began = self.now - timedelta(hours=26 if demo.state == "draft" else 3)
        author = self.actors["author@demo.tandem"]
        cover = media.take_in(
            author,
            unit_id=self.units[ROOT],
            name="cover.png",
            content=cover_picture(demo.hue),
            now=began,
            about={"title": demo.title, "alt": demo.title, "folder": "封面", "tags": list(demo.tags)},
        ).media
        fields: dict[str, Any] = {
            "unit_id": self.units[ROOT],
            "title": demo.title,
            "summary": demo.summary,
            "body_html": demo.html.replace("{picture}", f'<img src="/media/{cover.sha256}" alt="{demo.title}">'),
            "source": demo.source,
            "author": "王敏",
            "cover_media_id": cover.id,
            "tags": list(demo.tags),
            "account_ids": [self.accounts[key] for key in demo.accounts],
            "urgent": demo.urgent,
        }
        post = posts.create_post(author, fields, now=began)
        if demo.state == "draft":
            return
        review.submit(author, post.id, now=began + timedelta(minutes=5))
        self.decide(demo, post)
        self.schedule(demo, author, post)

    def decide(self, demo: DemoPost, post: Post) -> None:
        """As many decisions as the state needs."""
        if demo.state == "returned":
            steps: tuple[tuple[str, str], ...] = (
                ("approved", "同意"),
                ("returned", "请补充报名网址，并核对报名截止时间。"),
            )
        else:
            count = {"in_review_first": 0, "in_review_last": 2}.get(demo.state, 3)
            steps = (("approved", "同意"),) * count
        revision_id = str(post.revision_id)
        at = self.now - timedelta(hours=2, minutes=40)
        for number, (decision, comment) in enumerate(steps):
            reviewer = self.actors[REVIEWERS[number]]
            when = at + timedelta(minutes=6 * number)
            review.decide(reviewer, revision_id, decision=decision, comment=comment, sha256s=None, now=when)

    def schedule(self, demo: DemoPost, author: Actor, post: Post) -> None:
        local = self.now.astimezone(ZoneInfo(self.config.timezone))
        tomorrow = (local + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
        hour = timedelta(hours=1)
        plans: dict[str, tuple[Any, datetime]] = {
            "publish_now": ("now", self.now),
            "publish_failed": ("now", self.now),
            "publish_unknown": ("now", self.now),
            "publish_held": ("now", self.now),
            "missed": (self.now - hour, self.now - 2 * hour),
            "scheduled_tomorrow": (tomorrow, self.now),
            "scheduled_soon": (self.now + 2 * hour, self.now),
        }
        if demo.state not in plans:
            return
        self.faults(demo)
        publish_at, when = plans[demo.state]
        publishing.schedule(
            author, post.id, publish_at=publish_at, order="together", on_partner_failure="hold", now=when
        )

    def faults(self, demo: DemoPost) -> None:
        """What the simulator is told to do wrong, so that people can practise what to do about it."""
        at_fault = next((account for account in ACCOUNTS if account.key == demo.fault), None)
        if at_fault is None:
            return
        if demo.state == "publish_failed":
            self.fault(at_fault, path="/2/statuses/share", kind="refuse", code=20021)
        if demo.state == "publish_unknown":
            self.fault(at_fault, path="/2/statuses/share", kind="drop_answer")
            self.fault(at_fault, path="/2/statuses/user_timeline", kind="refuse", code=10014, times=-1)
        if demo.state == "publish_held":
            self.fault(at_fault, path="/cgi-bin/media/uploadimg", kind="refuse", code=40137)

    def fault(self, account: DemoAccount, **fault: Any) -> None:
        who = {"platform": account.platform, "external_id": account.external_id}
        self.simulator.call("POST", "/_sim/faults", {**who, **fault})

    def citizens(self) -> None:
        """Private messages are of the past, on both sides; comments wait for the poller."""
        for key, citizen, text, hours in PRIVATE_MESSAGES:
            demo = next(account for account in ACCOUNTS if account.key == key)
            at = self.now - timedelta(hours=hours)
            said = {"platform": demo.platform, "external_id": demo.external_id, "from": citizen, "text": text}
            past = {"push": False, "created_at": at.timestamp()}
            sent = self.simulator.call("POST", "/_sim/messages", {**said, **past})
            account = db.session.get_one(Account, self.accounts[key])
            openid = str(sent.get("openid") or sent.get("from") or citizen)
            message = InboundMessage(
                external_id=f"msg:{sent['msg_id']}",
                kind="private",
                thread=openid,
                sender_id=openid,
                text=text,
                sent_at=at,
                target={"kind": "private", "openid": openid},
            )
            inbox.ingest(account, [message], now=at + timedelta(seconds=2))
        for key, author, text in COMMENTS:
            demo = next(account for account in ACCOUNTS if account.key == key)
            self.simulator.call(
                "POST",
                "/_sim/comments",
                {
                    "platform": demo.platform,
                    "external_id": demo.external_id,
                    "post": self.newest[key],
                    "author": author,
                    "text": text,
                },
            )


CREDENTIALS: Mapping[str, Callable[[Loader, DemoAccount], tuple[dict[str, str], dict[str, str]]]] = {
    "weibo": Loader.weibo_credentials,
    "wechat": Loader.wechat_credentials,
}


def cover_picture(hue: int, size: tuple[int, int] = (900, 500)) -> bytes:
    """A calm landscape of three hills in one hue, as PNG: the demo needs covers, not photographs of anybody."""
    width, height = size
    image = Image.new("RGB", size, f"hsl({hue}, 45%, 88%)")
    draw = ImageDraw.Draw(image)
    draw.ellipse(
        (width * 0.70, height * 0.14, width * 0.80, height * 0.14 + width * 0.10), fill=f"hsl({hue}, 60%, 96%)"
    )
    for step, light in ((0.62, 72), (0.74, 58), (0.86, 44)):
        crest = [
            (x, height * step - 46 * (1 - abs((x / width * 3 + step * 7) % 2 - 1))) for x in range(0, width + 30, 30)
        ]
        draw.polygon([*crest, (width, height), (0, height)], fill=f"hsl({hue}, 42%, {light}%)")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def wait_for_simulator(base: str, seconds: float) -> None:
    """Until the simulator answers. Raises SimulatorAbsent."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            Http().call("GET", f"{base}/_sim/accounts", write=False)
            return
        except ConnectorError:
            if time.monotonic() > deadline:
                raise SimulatorAbsent(
                    f"演示数据没有装入。平台模拟器（{base}）没有应答。请先运行 python -m connectors.simulator，再重试。"
                ) from None
            time.sleep(0.2)
