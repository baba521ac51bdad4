"""A county with one of everything that an address can name, its people, and a neighbour who holds every role next door.

Whatever belongs to the county carries MARK, and what only some of its own people may see SECRET: neither may ever stand in
an answer to somebody whom it does not concern.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
from PIL import Image

from app.accounts.models import Account
from app.checks import importing, keeping
from app.checks.models import PackTerm
from app.db import atomic, db, new_id
from app.handover.models import Handover
from app.inbox.models import Conversation, HeldReply, Message, MessageMedia
from app.inbox.services import ingest
from app.inspection.models import Finding
from app.media import batches
from app.media.models import Media
from app.media.services import add_media
from app.notices.models import AlertChannel, Delivery, Notice
from app.posts import services as posts
from app.posts.models import Post, Snapshot
from app.posts.templates_keeping import save_template
from app.previews.models import PreviewSend
from app.publishing import blackouts, plan_import, stops
from app.publishing.models import Attempt, Publication, Schedule, Worker
from app.review import deputies, remarks
from app.review import services as review
from app.review.models import Opening, Review
from app.units.access import ROLES, Actor, actor_for
from app.units.models import ApiToken, BrowserSession, Grant, Passkey, Role, Unit, User
from connectors.values import InboundMessage

# Of the county's things, its people and its name. No piece of anything else.
MARK, SECRET = "甲县", "密件"
TOKEN, COOKIE = "tdm_{name}", "secret of {name}"
NOBODY, NONE, STRANGER, CHIEF = "nobody", "none", "stranger", "chief"
# Who calls: each role of the county, somebody of the county without one, the neighbour with all.
INSIDE = (*ROLES, NONE)
_KEY = "wx_preview"
# The platform's number of a failed call.
RID = "60f0f0f0-1a2b3c4d-5e6f7a8b"


@dataclass
class World:
    """Who is there (name -> Actor), and the ids of things by what the tables call them."""

    now: datetime
    mark: str = MARK
    secret: str = SECRET
    # HTML that stands at the end of every post.
    extra: str = ""
    longest_title: int = 200
    people: dict[str, Actor] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def filled(self, given: Any) -> Any:
        """`given` with each {name} in its strings replaced by the id, all the way down."""
        if isinstance(given, str):
            return given.format_map(self.ids) if "{" in given else given
        if isinstance(given, Mapping):
            return {self.filled(key): self.filled(value) for key, value in given.items()}
        return [self.filled(one) for one in given] if isinstance(given, list | tuple) else given


def digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def build(world: World) -> World:
    """Inside an application context, in an empty database."""
    now = world.now
    world.ids |= _times(now)
    with atomic():
        db.session.add(Worker(id="desk", started_at=now, beat_at=now + timedelta(days=3650)))
    _people(world)
    _accounts(world)
    _library(world)
    _posts(world)
    _reviews(world)
    _publications(world)
    _words(world)
    _inbox(world)
    _rest(world)
    return world


def _times(now: datetime) -> dict[str, str]:
    """Hours of tomorrow for forms and bodies."""
    soon, local = now + timedelta(days=1), (now + timedelta(days=1)).astimezone(ZoneInfo("Asia/Shanghai"))
    later = timedelta(hours=1)
    return {
        "soon": soon.isoformat(),
        "later": (soon + later).isoformat(),
        "local": f"{local:%Y-%m-%dT%H:%M}",
        "local_later": f"{local + later:%Y-%m-%dT%H:%M}",
        "day": f"{local:%Y-%m-%d}",
        "next_day": f"{local + timedelta(days=1):%Y-%m-%d}",
        "due": (now + timedelta(hours=5)).isoformat(),
        "callback_key": "key-wechat",
        "rid": RID,
        "platform": "wechat",
        "static_file": "sign.svg",
    }


def _people(world: World) -> None:
    city = _unit(world, "city", "青岚市", None)
    unit = _unit(world, "unit", f"{world.mark}政府办", city)
    other = _unit(world, "other", "乙县政府办", city)
    for role in ROLES:
        _person(world, role, f"{world.mark}{role}", unit, role)
    _person(world, "second", f"{world.mark}second", unit, "reviewer")
    _person(world, NONE, f"{world.mark}无职", unit)
    _person(world, STRANGER, "邻人", other, *ROLES)
    _person(world, CHIEF, "总管", city, *ROLES)
    # Asked in escalations: a reviewer of a higher unit who does nothing else.
    _person(world, "elder", "上级审核人", city, "reviewer")


def _unit(world: World, key: str, name: str, parent: Unit | None) -> Unit:
    with atomic():
        level = "county" if parent else "city"
        unit = Unit(name=name, level=level, parent_id=parent.id if parent else None, created_at=world.now)
        db.session.add(unit)
        db.session.flush()
        unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    world.ids[key] = unit.id
    return unit


def _person(world: World, key: str, name: str, unit: Unit, *roles: str) -> None:
    with atomic():
        user = User(email=f"{key}@example.cn", name=name, password_hash="-", unit_id=unit.id, created_at=world.now)
        user.grants = [Grant(role=role, unit_id=unit.id) for role in roles]
        db.session.add(user)
        db.session.flush()
        # Used lately, so that reading writes nothing.
        session = BrowserSession(
            digest=digest(COOKIE.format(name=key)),
            user_id=user.id,
            created_at=world.now,
            last_seen_at=world.now + timedelta(minutes=10),
            proven_at=world.now,
        )
        token = ApiToken(
            user_id=user.id,
            name=name,
            digest=digest(TOKEN.format(name=key)),
            created_at=world.now,
            expires_at=world.now + timedelta(days=1),
            last_used_at=world.now,
        )
        passkey = Passkey(user_id=user.id, name=name, credential_id=key, public_key="-", created_at=world.now)
        db.session.add_all([session, token, *([passkey] if key == "author" else [])])
        db.session.flush()
        world.ids |= {f"{key}_user": user.id, f"{key}_session": session.id, f"{key}_token": token.id}
        if key == "author":
            world.ids["passkey"] = passkey.id
        if user.grants:
            world.ids[f"{key}_grant"] = user.grants[0].id
    world.people[key] = actor_for(user, origin="203.0.113.9")


def _accounts(world: World) -> None:
    weibo = {"app_key": "1", "app_secret": "s", "access_token": "t", "uid": "100", "safe_domain": "127.0.0.1:8000"}
    wechat = {"app_id": "wx1", "app_secret": "s", "token": "t", "encoding_aes_key": "a" * 43}
    for platform, mode, credentials in (("weibo", "full", weibo), ("wechat", "publish", wechat)):
        with atomic():
            account = Account(
                unit_id=world.ids["unit"],
                platform=platform,
                external_id={"weibo": "100", "wechat": "gh_1"}[platform],
                name=f"{world.mark}发布{platform}",
                environment="simulator",
                mode=mode,
                credentials=credentials,
                settings={"comments": True} if platform == "wechat" else {},
                callback_key=f"key-{platform}",
                created_at=world.now - timedelta(days=400),
            )
            db.session.add(account)
            db.session.flush()
            world.ids[platform] = account.id


def _library(world: World) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    Image.effect_noise((500, 400), 90).convert("RGB").save(out, "JPEG", exif=exif)
    author, unit = world.people["author"], world.ids["unit"]
    for key, name in (("media", "图"), ("spare", "余图")):
        image = out.getvalue() if key == "media" else png()
        found = add_media(
            author, unit_id=unit, name=f"{world.mark}{world.secret}{name}.jpg", content=image, now=world.now
        )
        world.ids |= {key: found.id, f"{key}_sha256": found.sha256}
    batch = batches.act_on(author, [world.ids["spare"]], "tag", tags=f"{world.mark}会议", now=world.now)
    world.ids["batch"] = batch.id


def png() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((500, 300), 60).convert("RGB").save(out, "PNG")
    return out.getvalue()


def fields_of(world: World, title: str) -> dict[str, Any]:
    """Enough for POST /posts."""
    return {
        "unit_id": world.ids["unit"],
        "title": f"{world.mark}{world.secret}{title}"[: world.longest_title],
        "summary": "租金押金有了上限，备案网上办。",
        "body_html": f"<p>为规范住房租赁市场，制定本办法（{title}）。</p><p>截止目前，已有三千户备案。</p>{world.extra}",
        "source": "住建局",
        "account_ids": [world.ids["weibo"], world.ids["wechat"]],
        "cover_media_id": world.ids["media"],
    }


def _posts(world: World) -> None:
    author = world.people["author"]
    draft = posts.create_post(author, fields_of(world, "草稿"), world.now)
    revision = posts.current_revision(draft)
    variant = revision.variants[1]
    key = next(one["key"] for one in posts.revision_json(revision)["problems"] if one["key"])
    world.ids |= {"draft": draft.id, "variant": variant.id, "problem": key, "version": str(draft.version)}
    noted = posts.create_post(author, fields_of(world, "已说明"), world.now)
    posts.dismiss_problem(author, noted.id, key, "公示需要", world.now)
    world.ids["noted"] = noted.id
    state = db.session.query(Snapshot).filter_by(post_id=draft.id).one()
    world.ids |= {"state": state.id, "number": str(state.number)}
    fields = {"unit_id": world.ids["unit"], "name": f"{world.secret}", "body_html": "<p>各科室：</p>", "title": "通知"}
    world.ids["template"] = save_template(world.people["administrator"], None, fields, world.now).id
    with atomic():
        preview = PreviewSend(
            post_id=draft.id,
            account_id=world.ids["wechat"],
            user_id=author.user_id,
            revision_number=1,
            key=_KEY,
            recipient=f"{world.secret}微信号",
            lives_seconds=60,
            status="sent",
            created_at=world.now - timedelta(minutes=5),
            finished_at=world.now,
        )
        db.session.add(preview)
        db.session.flush()
        world.ids["preview"] = preview.id


def _reviews(world: World) -> None:
    author, reviewer = world.people["author"], world.people["reviewer"]
    for key in ("reviewed", "asked"):
        post = posts.create_post(author, fields_of(world, key), world.now)
        review.submit(author, post.id, world.now)
        run = review.review_of(posts.current_revision(db.session.get_one(Post, post.id)).id)
        assert run is not None
        note, _unknown = remarks.remark(author, run.id, "租金押金", f"{world.mark}{world.secret}请核对", world.now)
        world.ids |= {key: post.id, f"{key}_review": run.id, f"{key}_revision": run.revision_id}
        world.ids[f"{key}_remark"] = note.id
    with atomic():
        # Everybody looked at it, by whatever way: what they may not approve now they may not for want of a right.
        at = {"review_id": world.ids["reviewed_review"], "stage": 0, "at": world.now}
        db.session.add_all(Opening(user_id=person.user_id, **at) for person in world.people.values())
    review.escalate(
        reviewer, world.ids["asked_revision"], world.ids["elder_user"], f"{world.mark}{world.secret}可否", world.now
    )
    row = deputies.appoint(
        reviewer,
        user_id=world.ids["reviewer_user"],
        deputy_id=world.ids["second_user"],
        starts_at=world.now,
        ends_at=world.now + timedelta(days=1),
        reason=f"{world.mark}{world.secret}出差",
        now=world.now,
    )
    world.ids["deputy"] = row.id


def _approved(world: World, title: str) -> Post:
    author = world.people["author"]
    post_id = posts.create_post(author, fields_of(world, title), world.now).id
    with atomic():
        post = db.session.get_one(Post, post_id)
        assert post.revision is not None
        post.revision.frozen_at, post.status = world.now, "approved"
        db.session.add(
            Review(
                post_id=post.id,
                revision_id=post.revision.id,
                unit_id=post.unit_id,
                status="approved",
                stages=[],
                submitted_by=author.user_id,
                submitted_at=world.now,
                closed_at=world.now,
            )
        )
    return post


# name -> the states of its two publications.
OUT = {"waiting": "scheduled", "held": "held", "failed": "failed", "unknown": "unknown", "public": "published"}


def _publications(world: World) -> None:
    world.ids["approved"] = _approved(world, "已通过").id
    for key, status in OUT.items():
        post_id = _approved(world, key).id
        with atomic():
            world.ids |= {key: post_id, f"{key}_publication": _publish(world, post_id, status)}
    with atomic():
        post = db.session.get_one(Post, world.ids["public"])
        post.public_revision_id, post.public_at = post.revision_id, world.now - timedelta(hours=1)
        world.ids["slug"] = post.slug


def _publish(world: World, post_id: str, status: str) -> str:
    """The id of the publication on WeChat."""
    post = db.session.get_one(Post, post_id)
    assert post.revision is not None
    due = world.now + timedelta(hours=5) if status == "scheduled" else world.now - timedelta(hours=1)
    gone = due if status in ("unknown", "published") else None
    schedule = Schedule(
        post_id=post_id,
        revision_id=post.revision.id,
        publish_at=due,
        prepare_from=due,
        created_by=post.created_by,
        created_at=world.now,
    )
    db.session.add(schedule)
    db.session.flush()
    for position, variant in enumerate(post.revision.variants):
        row = Publication(
            post_id=post_id,
            schedule_id=schedule.id,
            variant_id=variant.id,
            account_id=variant.account_id,
            unit_id=post.unit_id,
            position=position,
            payload=variant.payload,
            sha256=variant.sha256,
            mark=variant.mark,
            status=status,
            due_at=due,
            late_from=due,
            committed_at=gone,
            published_at=gone if status == "published" else None,
            live_at=gone if status == "published" else None,
            external_id=f"{status}-{position}" if status == "published" else "",
            error_cause="平台拒绝。" if status == "failed" else "",
            created_at=world.now,
            updated_at=world.now,
        )
        db.session.add(row)
        db.session.flush()
        if gone:
            db.session.add(
                Attempt(
                    publication_id=row.id,
                    number=1,
                    key=new_id(),
                    fence=1,
                    started_at=gone,
                    send_before=gone + timedelta(seconds=5),
                    outcome="receipt" if status == "published" else "unknown",
                    exchanges=[_exchange(gone)],
                )
            )
    post.status = {"published": "published", "failed": "failed", "unknown": "publishing"}.get(status, "scheduled")
    post.publish_at = due
    return row.id


def _exchange(at: datetime) -> dict[str, Any]:
    return {
        "method": "POST",
        "url": "https://api.weixin.qq.com/cgi-bin/freepublish/submit",
        "asked": "http://127.0.0.1:9/cgi-bin/freepublish/submit",
        "request": {},
        "status": 200,
        "answer": f'{{"errcode": -1, "errmsg": "busy rid: {RID}"}}',
        "sent_at": at.isoformat(),
        "answered_at": at.isoformat(),
        "error": "",
    }


def _words(world: World) -> None:
    admin = world.people["administrator"]
    pack = keeping.create_pack(
        admin, unit_id=world.ids["unit"], name=f"{world.mark}{world.secret}词库", source="办公室", now=world.now
    )
    keeping.add_term(admin, pack.id, {"wrong": "按排", "right": "安排", "severity": "提醒"}, world.now)
    term = db.session.query(PackTerm).filter_by(pack_id=pack.id).one()
    waiting = importing.read_file(
        admin, pack.id, f"{world.mark}词表.xlsx", sheet(["错误", "正确"], ["布署", "部署"]), world.now
    )
    world.ids |= {"pack": pack.id, "term": term.id, "pack_import": waiting.id, "builtin": "1-notices"}
    author = world.people["author"]
    for key in ("plan", "plan_done"):
        content = sheet(
            ["日期", "时间", "标题"], [f"{world.now + timedelta(days=3):%Y-%m-%d}", "08:30", f"{world.mark}{key}"]
        )
        world.ids[key] = plan_import.upload(author, f"{world.mark}{world.secret}排期.xlsx", content, now=world.now).id
    plan_import.confirm(author, world.ids["plan_done"], now=world.now)


def sheet(*rows: list[str]) -> bytes:
    made, out = openpyxl.Workbook(), io.BytesIO()
    page: Any = made.active
    for row in rows:
        page.append(row)
    made.save(out)
    return out.getvalue()


def _inbox(world: World) -> None:
    account = db.session.get_one(Account, world.ids["wechat"])
    common: dict[str, Any] = {
        "sender_id": "oCitizen",
        "sender_name": world.mark,
        "sent_at": world.now - timedelta(minutes=5),
    }
    letter = InboundMessage(
        external_id="msg:1",
        kind="private",
        thread="oCitizen",
        text=f"{world.mark}{world.secret}社保卡丢了",
        target={"kind": "private", "openid": "oCitizen"},
        **common,
    )
    target = {"kind": "article_comment", "msg_data_id": "2247001", "index": "0", "user_comment_id": "1"}
    comment = InboundMessage(
        external_id="comment:2247001:0:1",
        kind="article_comment",
        thread="oCitizen:2247001:0",
        text=f"{world.mark}{world.secret}讲得清楚",
        post_external_id="2247001",
        target=target,
        **common,
    )
    first, second = ingest(account, [letter, comment], now=world.now)
    world.ids |= {"conversation": first.conversation_id, "message": first.id}
    world.ids |= {"thread": second.conversation_id, "comment": second.id}
    with atomic():
        for key, status in (("unsent", "failed"), ("doubtful", "unknown")):
            answer = Message(
                conversation_id=first.conversation_id,
                account_id=account.id,
                direction="out",
                text=f"{world.mark}{world.secret}请带身份证",
                author_id=world.ids["responder_user"],
                status=status,
                key=key,
                target=dict(letter.target),
                in_reply_to=first.id,
                error_cause="平台没有答复。",
                sent_at=world.now,
                created_at=world.now,
            )
            db.session.add(answer)
            db.session.flush()
            world.ids[key] = answer.id
        held = HeldReply(
            conversation_id=first.conversation_id,
            author_id=world.ids["responder_user"],
            text=f"{world.mark}{world.secret}请带身份证",
            in_reply_to=first.id,
            submitted_at=world.now,
            created_at=world.now,
        )
        db.session.add(held)
        db.session.flush()
        world.ids |= {"held_reply": held.id, "held_sha256": held.sha256}
        file = MessageMedia(
            message_id=first.id,
            account_id=account.id,
            position=0,
            kind="image",
            status="kept",
            content=png(),
            content_type="image/png",
            next_try_at=world.now,
            created_at=world.now,
        )
        db.session.add(file)
        db.session.flush()
        world.ids["message_media"] = file.id
    assert db.session.get(Conversation, world.ids["thread"]) is not None


def _rest(world: World) -> None:
    publisher, unit = world.people["publisher"], world.ids["unit"]
    reason = f"{world.mark}{world.secret}舆情"
    world.ids["stop"] = stops.start_stop(
        publisher, scope="account", scope_id=world.ids["weibo"], reason=reason, now=world.now
    ).id
    world.ids["blackout"] = blackouts.announce(
        publisher,
        scope="unit",
        scope_id=unit,
        starts_at=world.now + timedelta(days=2),
        ends_at=world.now + timedelta(days=2, hours=1),
        reason=reason,
        urgent_too=False,
        now=world.now,
    ).blackout.id
    with atomic():
        channel = AlertChannel(
            unit_id=unit,
            kind="webhook",
            target={"to": f"http://127.0.0.1:9/{world.secret}"},
            secret={"key": "k"},
            created_at=world.now,
        )
        notice = Notice(
            key="held",
            kind="held",
            unit_id=unit,
            title=f"{world.mark}{world.secret}已暂缓",
            path="/posts",
            at=world.now,
        )
        finding = Finding(
            rule="dormant",
            unit_id=unit,
            account_id=world.ids["weibo"],
            summary=f"{world.mark}{world.secret}久未更新",
            found_at=world.now,
        )
        db.session.add_all([channel, notice, finding])
        db.session.flush()
        delivery = Delivery(notice_id=notice.id, channel_id=channel.id, status="failed", next_at=world.now)
        db.session.add(delivery)
        db.session.flush()
        world.ids |= {"channel": channel.id, "notice": notice.id, "delivery": delivery.id, "finding": finding.id}
        role = Role(
            unit_id=unit,
            name=f"{world.mark}{world.secret}角色",
            permissions=["post.read"],
            created_by="",
            created_at=world.now,
            updated_at=world.now,
        )
        left = Handover(
            user_id=world.ids[f"{NONE}_user"],
            unit_id=unit,
            made_by="",
            made_by_name=world.mark,
            groups=[
                {"title": "角色", "lines": [{"words": f"{world.mark}{world.secret}", "detail": "", "outcome": ""}]}
            ],
            at=world.now,
        )
        db.session.add_all([role, left])
        db.session.flush()
        world.ids |= {"role": role.id, "handover": left.id}
    assert db.session.get(Media, world.ids["media"]) is not None
