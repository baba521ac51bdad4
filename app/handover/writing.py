"""Posts, reviews, templates, packs and plans of somebody who leaves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.audit.services import record
from app.checks.models import WordPack
from app.db import db
from app.handover.giving import receiver_of, record_gift
from app.handover.kinds import BLOCK, END, GIVE, RELEASE, STAY, Gift, Item, Kind
from app.posts.models import Post, Template
from app.posts.services import current_revision
from app.publishing.models import Publication, Schedule
from app.publishing.plan_models import PlanImport
from app.publishing.states import WORDS as STATES
from app.review.announcing import announce, close_escalations, on_appointed, open_escalation
from app.review.capacity import barred, deciders, eligible, takers
from app.review.chains import chain_of
from app.review.deputies import principals_of
from app.review.escalating import askable
from app.review.models import Deputy, Escalation, Review, ReviewChain
from app.units.access import actor_for
from app.units.models import Grant, Unit, User
from app.words import N_

_BEFORE = ("draft", "in_review", "returned", "approved")
_UNDER_WAY = ("scheduled", "publishing", "partly_published", "failed")
_STATES = {
    "draft": "草稿",
    "in_review": "审核中",
    "returned": "已退回",
    "approved": "已通过",
    "scheduled": "已排期",
    "publishing": "发布中",
    "published": "已发布",
    "partly_published": "部分发布",
    "failed": "失败",
    "withdrawn": "已取消",
}
# Of a publication that nobody need look after any more.
_SETTLED = ("published", "cancelled", "recalled", "removed")


def _post_item(post: Post, detail: str = "") -> Item:
    return Item(
        id=post.id,
        words=f"《{post.title or '未命名'}》",
        masked=f"一篇稿件（编号尾 {post.id[-6:]}）",
        detail=detail or _STATES[post.status],
        path=f"/posts/{post.id}",
        unit=post.unit,
        see="post.read",
        row=post,
    )


def _drafts(user: User, _now: datetime) -> list[Item]:
    query = select(Post).where(Post.created_by == user.id, Post.status.in_(_BEFORE)).order_by(Post.id)
    return [_post_item(post) for post in db.session.scalars(query)]


def _scheduled(user: User, _now: datetime) -> list[Item]:
    open_ones = select(Publication.post_id).where(Publication.status.not_in(_SETTLED))
    query = select(Post).where(Post.created_by == user.id, Post.status.in_(_UNDER_WAY), Post.id.in_(open_ones))
    return [_post_item(post, _standing(post)) for post in db.session.scalars(query.order_by(Post.id))]


def _standing(post: Post) -> str:
    """What becomes of it at each account: the post's own word does not say that an hour was missed or an end is unknown."""
    query = select(Publication.status).where(Publication.post_id == post.id, Publication.status.not_in(_SETTLED))
    return "、".join(dict.fromkeys(STATES[status] for status in db.session.scalars(query.order_by(Publication.id))))


def _why_no_post(item: Item, gift: Gift) -> str:
    post: Post = item.row
    receiver = actor_for(receiver_of(gift))
    if not receiver.may("post.write", post.unit):
        return f"在“{post.unit.name}”没有撰写稿件的权限"
    if post.status in _UNDER_WAY and not receiver.may("post.schedule", post.unit):
        return f"在“{post.unit.name}”没有排期发布的权限"
    review = _review(post)
    if review is None:
        return ""
    if receiver.user_id in takers(review.decisions):
        return "已审过这个版本，不能再成为它的拟稿人"
    if review.status != "open":
        return ""
    asked = open_escalation(review)
    if asked is not None and asked.asked_to == receiver.user_id:
        return "正被请示审这一篇，不能成为它的拟稿人"
    if not _left(review, {gift.leaver.id, receiver.user_id}):
        return "是这一环节仅有的审核人，接收后就没有人能审了"
    return ""


def _give_post(item: Item, gift: Gift) -> None:
    """The receiver stands for the author: from now on they may not decide on it, whatever role they hold."""
    post = db.session.get_one(Post, item.id, with_for_update=True, populate_existing=True)
    receiver, revision = receiver_of(gift), current_revision(post)
    post.created_by = receiver.id
    if receiver.id not in revision.editors:
        revision.editors = [*revision.editors, receiver.id]
    record_gift(gift, "post", post.id, post.unit_id, f"《{post.title or '未命名'}》")


def _review(post: Post) -> Review | None:
    """The run of its present revision, also one that is over."""
    return db.session.scalars(select(Review).where(Review.revision_id == post.revision_id)).one_or_none()


def _left(review: Review, without: set[str]) -> set[str]:
    """Who may still decide on the open stage in their own name when these are gone."""
    return eligible(review) - takers(review.decisions) - without


def _waits_for(user: User, now: datetime, *, alone: bool) -> list[Item]:
    found, mine = [], {held.role for held in user.grants}
    stands_in = bool(principals_of(user.id, now))
    for review in db.session.scalars(select(Review).where(Review.status == "open").order_by(Review.id)):
        if not stands_in and not mine & {str(stage["role"]) for stage in review.stages[review.stage :]}:
            continue
        asked = open_escalation(review)
        if asked is not None and asked.asked_to == user.id:
            continue
        stage = next(iter(_stuck(review, user)), "")
        if alone and stage:
            found.append(_review_item(review, f"“{stage}”环节只有此人能审"))
        elif not alone and not stage and user.id in deciders(review, now):
            names = _names(_left(review, {user.id}))
            found.append(_review_item(review, f"“{review.stages[review.stage]['name']}”环节还可由{names}审"))
    return found


def _review_item(review: Review, detail: str) -> Item:
    item = _post_item(review.post, detail)
    return Item(
        id=review.id,
        words=item.words,
        masked=item.masked,
        detail=detail,
        path=f"/review/{review.id}",
        unit=item.unit,
        see=item.see,
        row=review,
    )


def _stuck(review: Review, user: User) -> list[str]:
    """Names of the stages, the open one and later ones, for which this person is the only one."""
    barred_ones, taken = barred(review), takers(review.decisions)
    found = []
    mine = {held.role for held in user.grants}
    for stage in review.stages[review.stage :]:
        if stage["role"] not in mine:
            continue
        able = _holders(str(stage["role"]), review.post.unit) - barred_ones - taken
        if user.id in able and able == {user.id}:
            found.append(str(stage["name"]))
    return found


def _holders(role: str, unit: Unit) -> set[str]:
    above = [part for part in unit.path.split("/") if part]
    query = select(Grant.user_id).join(User).where(Grant.role == role, Grant.unit_id.in_(above), User.active)
    return set(db.session.scalars(query))


def _names(ids: set[str]) -> str:
    people = list(db.session.scalars(select(User.name).where(User.id.in_(ids)).order_by(User.name)))
    return "、".join(people[:3]) + (f"等 {len(people)} 人" if len(people) > 3 else "")


def _chains(user: User, _now: datetime) -> list[Item]:
    """Units where a stage of the chain would be nobody's; in which nothing need be under way."""
    found, seen = [], set()
    for held in user.grants:
        # Others below inherit from one of these.
        own = select(ReviewChain.unit_id)
        below = Unit.path.startswith(held.unit.path, autoescape=True) & Unit.id.in_(own)
        for unit in db.session.scalars(select(Unit).where(below | (Unit.id == held.unit_id)).order_by(Unit.path)):
            for stage in chain_of(unit.id).stages:
                key = (unit.id, stage["name"])
                if stage["role"] == held.role and key not in seen and _holders(held.role, unit) == {user.id}:
                    seen.add(key)
                    words = f"“{unit.name}”的“{stage['name']}”环节"
                    found.append(
                        Item(id=f"{unit.id}:{stage['name']}", words=words, detail="以后没有人能审，请补授角色")
                    )
    return found


def _escalations(user: User, _now: datetime) -> list[Item]:
    query = select(Escalation).where(Escalation.asked_to == user.id, Escalation.closed_at.is_(None))
    rows = [row for row in db.session.scalars(query.order_by(Escalation.id)) if row.review.status == "open"]
    return [_review_item(row.review, f"{row.asker.name}的请示") for row in rows]


def _why_no_escalation(item: Item, gift: Gift) -> str:
    receiver, review = receiver_of(gift), item.row
    asked = open_escalation(review)
    if asked is not None and asked.asked_by == receiver.id:
        return "就是请示人，不能答复自己"
    return "" if receiver.id in {one.id for one in askable(review)} else "不是上级单位的审核人，或写过、审过这个版本"


def _give_escalation(item: Item, gift: Gift) -> None:
    review = db.session.get_one(Review, item.id, with_for_update=True, populate_existing=True)
    asked = open_escalation(review)
    if asked is None:
        return
    if gift.receiver is not None:
        asked.asked_to = gift.receiver.id
        db.session.flush()
        db.session.refresh(asked)
        words, action = (
            f"{gift.leaver.name}离任，《{review.post.title}》的请示改由{gift.receiver.name}答复",
            "review.escalate",
        )
    else:
        close_escalations(review, "withdrawn", gift.now)
        review.due_at, review.remind_at = asked.due_at, asked.remind_at
        db.session.flush()
        words, action = f"{gift.leaver.name}离任，撤回就《{review.post.title}》的请示", "review.escalate_end"
    announce(review, gift.actor, gift.now, action, words, escalation=asked.id)


def _deputies(user: User, now: datetime) -> list[Item]:
    query = select(Deputy).where(Deputy.ended_at.is_(None), Deputy.ends_at > now)
    query = query.where((Deputy.user_id == user.id) | (Deputy.deputy_id == user.id)).order_by(Deputy.id)
    return [
        Item(id=row.id, words=f"{row.deputy.name}代{row.user.name}审核", path="/settings/deputies", row=row)
        for row in db.session.scalars(query)
    ]


def _end_deputy(item: Item, gift: Gift) -> None:
    row = db.session.get_one(Deputy, item.id, with_for_update=True, populate_existing=True)
    if row.ended_at is not None:
        return
    row.ended_by, row.ended_at = gift.actor.user_id, gift.now
    record(
        gift.actor,
        "review.deputy_end",
        now=gift.now,
        object_type="user",
        object_id=row.user_id,
        unit_id=row.user.unit_id,
        summary=f"{gift.leaver.name}离任，结束代理：{row.deputy.name}代{row.user.name}审核",
        after={"deputy": row.deputy_id},
    )
    for hook in on_appointed:
        hook(row, gift.actor, gift.now)


def _others_schedules(user: User, _now: datetime) -> list[Item]:
    query = (
        select(Publication)
        .join(Schedule, Schedule.id == Publication.schedule_id)
        .join(Post, Post.id == Publication.post_id)
        .where(Schedule.created_by == user.id, Post.created_by != user.id, Publication.status.not_in(_SETTLED))
        .order_by(Publication.id)
    )
    return [_post_item(row.post, f"{row.account.name} · {STATES[row.status]}") for row in db.session.scalars(query)]


def _made(user: User, _now: datetime) -> list[Item]:
    packs = db.session.scalars(select(WordPack).where(WordPack.created_by == user.id).order_by(WordPack.id))
    forms = db.session.scalars(select(Template).where(Template.created_by == user.id).order_by(Template.id))
    return [
        *(
            Item(
                id=one.id,
                words=f"词库“{one.name}”",
                masked="一个词库",
                unit=db.session.get(Unit, one.unit_id),
                see="unit.read",
            )
            for one in packs
        ),
        *(
            Item(id=one.id, words=f"写稿模板“{one.name}”", masked="一个写稿模板", unit=one.unit, see="unit.read")
            for one in forms
        ),
    ]


def _plans(user: User, _now: datetime) -> list[Item]:
    query = select(PlanImport).where(PlanImport.created_by == user.id, PlanImport.confirmed_at.is_(None))
    return [
        Item(id=row.id, words="一份读入后没有确认的排期表", row=row)
        for row in db.session.scalars(query.order_by(PlanImport.id))
    ]


def _why_no_plan(_item: Item, gift: Gift) -> str:
    return "" if actor_for(receiver_of(gift)).holds("post.write") else "没有撰写稿件的权限"


def _give_plan(item: Item, gift: Gift) -> None:
    if gift.receiver is None:
        return
    db.session.get_one(PlanImport, item.id).created_by = gift.receiver.id
    record_gift(gift, "plan", item.id, gift.leaver.unit_id, item.words)


KINDS = (
    Kind(
        key="drafts",
        title=N_("没有发出的稿件"),
        act=GIVE,
        find=_drafts,
        taken=N_("由{name}接着写；此后{name}不能审这一篇"),
        why_not=_why_no_post,
        do=_give_post,
        row_of=lambda item: (Post, item.id),
    ),
    Kind(
        key="scheduled",
        title=N_("已排期和发布中的稿件"),
        act=GIVE,
        find=_scheduled,
        taken=N_("按原定时间发出，此后由{name}处理；{name}不能审这一篇"),
        why_not=_why_no_post,
        do=_give_post,
        row_of=lambda item: (Post, item.id),
    ),
    Kind(
        key="stuck",
        title=N_("只有此人能审的环节"),
        act=BLOCK,
        find=lambda user, now: _waits_for(user, now, alone=True),
        alone=N_("不能移交：先给另一位成员授予这一环节的角色（不能是这篇的拟稿人），或请拟稿人撤回送审"),
    ),
    Kind(
        key="reviews",
        title=N_("等此人审核的稿件"),
        act=STAY,
        find=lambda user, now: _waits_for(user, now, alone=False),
        alone=N_("由其他审核人处理"),
    ),
    Kind(
        key="escalations",
        title=N_("请示此人、等答复的稿件"),
        act=RELEASE,
        find=_escalations,
        taken=N_("改由{name}答复"),
        alone=N_("撤回请示，回到原环节审核"),
        why_not=_why_no_escalation,
        do=_give_escalation,
        row_of=lambda item: (Post, item.row.post_id),
    ),
    Kind(key="deputies", title=N_("审核代理"), act=END, find=_deputies, alone=N_("代理结束"), do=_end_deputy),
    Kind(
        key="chains", title=N_("此人离任后没有人能审的审核流程"), act=STAY, find=_chains, alone=N_("提醒：须补授角色")
    ),
    Kind(
        key="schedules",
        title=N_("由此人排期的他人稿件"),
        act=STAY,
        find=_others_schedules,
        alone=N_("按时发出，不受影响"),
    ),
    Kind(
        key="plans",
        title=N_("没有确认的排期表"),
        act=RELEASE,
        find=_plans,
        taken=N_("由{name}确认或丢弃"),
        alone=N_("留在记录里，不再办理"),
        why_not=_why_no_plan,
        do=_give_plan,
        loose=True,
    ),
    Kind(key="made", title=N_("此人建立的词库和模板"), act=STAY, find=_made, alone=N_("归单位所有，照常使用")),
)
