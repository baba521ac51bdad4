"""Who may do what: one line for each route and method of the app, written from DESIGN §12 and the contract's roles.

A new route fails test_every_route_is_listed until it stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PUBLIC, ANYONE = "public", "anyone"
# What an address names, unless the line says otherwise. `key` and `import_id` mean different things in different rooms.
NAMED = {
    "account_id": "wechat",
    "batch_id": "batch",
    "blackout_id": "blackout",
    "channel_id": "channel",
    "conversation_id": "conversation",
    "delivery_id": "delivery",
    "deputy_id": "deputy",
    "filename": "static_file",
    "grant_id": "responder_grant",
    "handover_id": "handover",
    "held_id": "held_reply",
    "import_id": "plan",
    "key": "problem",
    "media_id": "media",
    "message_id": "message",
    "notice_id": "notice",
    "number": "number",
    "pack_id": "pack",
    "passkey_id": "passkey",
    "platform": "platform",
    "post_id": "draft",
    "preview_id": "preview",
    "publication_id": "public_publication",
    "remark_id": "reviewed_remark",
    "review_id": "reviewed_review",
    "revision_id": "reviewed_revision",
    "role_id": "role",
    "session_id": "author_session",
    "sha256": "media_sha256",
    "slug": "slug",
    "state_id": "state",
    "stop_id": "stop",
    "template_id": "template",
    "term_id": "term",
    "token_id": "author_token",
    "unit_id": "unit",
    "user_id": "none_user",
    "variant_id": "variant",
}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """`who`: PUBLIC, ANYONE (signed in), or alternatives parted by |: a permission in the county, or =name, that person
    of the county alone. `names`: whether it names something of the county, in its address or in what is sent.
    """

    who: str
    method: str
    rule: str
    ids: Mapping[str, str] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)
    names: bool = False
    # Tells what became of each thing that was chosen, so a refusal is no error; these tables keep what was told.
    each: frozenset[str] | None = None
    # A refusal is words in place (200), as the dialog around it stays.
    in_place: bool = False
    # To nobody it does not exist (404): no page that one could sign in for.
    hidden: bool = False
    # What whoever may is answered with an empty or sample form, where that is a refusal for other reasons.
    may: frozenset[int] = frozenset()
    # Roles that have the permission and may not all the same: they do not see the thing.
    unless: frozenset[str] = frozenset()

    @property
    def api(self) -> bool:
        return self.rule.startswith("/api/")

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def changes(self) -> bool:
        return self.method != "GET"


def op(who: str, what: str, ids: str = "", **more: Any) -> Operation:
    """`what`: "POST /posts"; `ids`: "post_id=approved", over NAMED; `json`, `form`, `query`: what is sent."""
    method, rule = what.split()
    sent = {name: more.pop(key) for key, name in _SENT.items() if key in more}
    named = dict(pair.split("=") for pair in ids.split())
    more.setdefault("names", "<" in rule and who not in (PUBLIC,))
    more["may"] = frozenset(more.get("may", ()))
    return Operation(who=who, method=method, rule=rule, ids=named, sent=sent, **more)


_SENT = {"json": "json", "form": "data", "query": "query_string"}
_R = {"reason": "核对过"}
_AT = {"at": "{local}", "seen": ""}
_SCOPE = {"scope": "account", "id": "{wechat}", "reason": "舆情"}
_HOURS = {"starts_at": "{soon}", "ends_at": "{later}"}
_LOCAL_HOURS = {"starts_at": "{local}", "ends_at": "{local_later}"}
_POST = {"unit_id": "{unit}", "title": "新稿", "body_html": "<p>正文。</p>", "account_ids": ["{wechat}"]}
_TEMPLATE = {"unit_id": "{unit}", "name": "新模板", "body_html": "<p>各科室：</p>"}
_DEPUTY = {"user_id": "{reviewer_user}", "deputy_id": "{second_user}", "reason": "出差"}
_WORDS = {"wrong": "布署", "right": "部署", "severity": "提醒"}
_ACCOUNT = {
    "platform": "wechat",
    "unit_id": "{unit}",
    "name": "新号",
    "external_id": "gh_2",
    "environment": "simulator",
    "mode": "publish",
    "credentials": {"app_id": "wx2", "app_secret": "s", "token": "t", "encoding_aes_key": "a" * 43},
}
_DECIDES = "review.decide|post.write"
_PASTES = "post.write|template.manage"
_PICTURES = "media.write|template.manage"
_MANAGES = "publication.manage"
_OR_PLANS = "publication.manage|post.schedule"
# Configures reviews and sees no post.
_BLIND = frozenset({"security_administrator"})
_STANDS_IN = "review.configure|=reviewer"
_HELD = "publication_id=held_publication"

API = [
    op("account.read", "GET /api/v1/accounts"),
    op("account.manage", "POST /api/v1/accounts", json=_ACCOUNT, names=True),
    op("account.read", "GET /api/v1/accounts/<account_id>"),
    op("account.manage", "PATCH /api/v1/accounts/<account_id>", json={"name": "改名"}),
    op("account.manage", "POST /api/v1/accounts/<account_id>/authorization"),
    op("account.read", "GET /api/v1/accounts/<account_id>/days"),
    op("account.read", "GET /api/v1/accounts/<account_id>/health"),
    op("account.manage", "POST /api/v1/accounts/<account_id>/poll"),
    op("account.manage", "POST /api/v1/accounts/<account_id>/probe"),
    op("account.read", "GET /api/v1/accounts/<account_id>/slots"),
    op("account.manage", "PUT /api/v1/accounts/<account_id>/slots", json={"slots": [], "gap_minutes": 30}),
    op(ANYONE, "GET /api/v1/blackouts"),
    op("stop.manage", "POST /api/v1/blackouts", json={**_SCOPE, **_HOURS}, names=True),
    op("stop.manage", "DELETE /api/v1/blackouts/<blackout_id>"),
    op("reply.approve", "GET /api/v1/awaiting-replies"),
    op("inbox.reply", "PUT /api/v1/awaiting-replies/<held_id>", json={"text": "请带户口簿。"}, may=(403,)),
    op("inbox.reply", "DELETE /api/v1/awaiting-replies/<held_id>", may=(403,)),
    op("reply.approve", "POST /api/v1/awaiting-replies/<held_id>/approval", json={"sha256": "{held_sha256}"}),
    op("reply.approve", "POST /api/v1/awaiting-replies/<held_id>/return", json=_R),
    op("inbox.read", "GET /api/v1/conversations/<conversation_id>/awaiting-replies"),
    op("inbox.read", "GET /api/v1/conversations"),
    op("inbox.read", "GET /api/v1/conversations/<conversation_id>"),
    op(
        "inbox.reply",
        "PUT /api/v1/conversations/<conversation_id>/article-comments",
        "conversation_id=thread",
        json={"open": False},
    ),
    op(
        "inbox.assign",
        "PUT /api/v1/conversations/<conversation_id>/assignment",
        json={"user_id": "{responder_user}"},
    ),
    op("inbox.read", "GET /api/v1/conversations/<conversation_id>/contact"),
    op("inbox.reply", "PATCH /api/v1/conversations/<conversation_id>/contact", json={"remark": "张先生"}),
    op("inbox.read", "GET /api/v1/conversations/<conversation_id>/messages"),
    op(
        "inbox.reply",
        "POST /api/v1/conversations/<conversation_id>/messages/<message_id>/acts",
        "conversation_id=thread message_id=comment",
        json={"act": "elect"},
    ),
    op("inbox.reply", "POST /api/v1/conversations/<conversation_id>/replies", json={"text": "请带身份证。"}),
    op("inbox.reply", "PUT /api/v1/conversations/<conversation_id>/status", json={"status": "pending"}),
    op(ANYONE, "GET /api/v1/deputies"),
    op(_STANDS_IN, "POST /api/v1/deputies", json={**_DEPUTY, **_HOURS}, names=True),
    op(_STANDS_IN, "DELETE /api/v1/deputies/<deputy_id>"),
    op(PUBLIC, "GET /api/v1/docs"),
    op("event.read", "GET /api/v1/events"),
    op("finding.read", "GET /api/v1/findings"),
    op("media.read", "GET /api/v1/media"),
    op("media.write", "POST /api/v1/media", form={"unit_id": "{unit}", "file": "png"}, names=True),
    op("media.write", "DELETE /api/v1/media/<media_id>", "media_id=spare"),
    op("media.read", "GET /api/v1/media/<media_id>"),
    op("media.write", "PATCH /api/v1/media/<media_id>", json={"title": "改名"}),
    op("media.read", "GET /api/v1/media/<media_id>/uses"),
    op("inbox.read", "GET /api/v1/message-media/<media_id>", "media_id=message_media"),
    op(PUBLIC, "GET /api/v1/openapi.json"),
    op("post.write", "GET /api/v1/plan-imports"),
    op("post.write", "POST /api/v1/plan-imports", form={"file": "plan"}),
    op("=author", "DELETE /api/v1/plan-imports/<import_id>"),
    op("=author", "GET /api/v1/plan-imports/<import_id>"),
    op("=author", "POST /api/v1/plan-imports/<import_id>/confirmation"),
    op("=author", "POST /api/v1/plan-imports/<import_id>/drafts", "import_id=plan_done"),
    op("=author", "GET /api/v1/plan-imports/<import_id>/rows"),
    op("post.read", "GET /api/v1/posts"),
    op("post.write", "POST /api/v1/posts", json=_POST, names=True),
    op("post.read", "GET /api/v1/posts/<post_id>"),
    op("post.write", "PATCH /api/v1/posts/<post_id>", json={"version": 1, "title": "改"}),
    op("post.read", "GET /api/v1/posts/<post_id>/approval-form", "post_id=public"),
    op("post.read", "GET /api/v1/posts/<post_id>/approval-form.docx", "post_id=public"),
    op("post.read", "GET /api/v1/posts/<post_id>/conflicts", query={"publish_at": "{soon}"}),
    op("post.write", "POST /api/v1/posts/<post_id>/dismissals", json={"key": "{problem}", **_R}),
    op("post.write", "DELETE /api/v1/posts/<post_id>/dismissals/<key>", "post_id=noted"),
    op("post.read", "GET /api/v1/posts/<post_id>/history"),
    op("post.read", "GET /api/v1/posts/<post_id>/history/<state_id>"),
    op("post.write", "POST /api/v1/posts/<post_id>/history/<state_id>/restoration", json={"version": 1}),
    op("post.read", "GET /api/v1/posts/<post_id>/next-slot", "post_id=approved"),
    op(_DECIDES, "GET /api/v1/posts/<post_id>/preview-sends"),
    op(
        _DECIDES,
        "POST /api/v1/posts/<post_id>/preview-sends",
        json={"account_id": "{wechat}", "recipient": "wangmin_ql", "key": "k1"},
    ),
    op(_DECIDES, "GET /api/v1/posts/<post_id>/preview-sends/<preview_id>"),
    op(_MANAGES, "POST /api/v1/posts/<post_id>/recall", "post_id=public", json=_R),
    op(_OR_PLANS, "POST /api/v1/posts/<post_id>/release", "post_id=held", json=_R),
    op("post.read", "GET /api/v1/posts/<post_id>/revisions"),
    op("post.schedule", "DELETE /api/v1/posts/<post_id>/schedule", "post_id=waiting"),
    op("post.schedule", "PUT /api/v1/posts/<post_id>/schedule", "post_id=approved", json={"publish_at": "{soon}"}),
    op("post.write", "DELETE /api/v1/posts/<post_id>/submission", "post_id=reviewed"),
    op("post.write", "POST /api/v1/posts/<post_id>/submission"),
    op("post.write", "PATCH /api/v1/posts/<post_id>/variants/<variant_id>", json={"overrides": {"title": "改"}}),
    op("post.read", "GET /api/v1/publications"),
    op("post.read", "GET /api/v1/publications/<publication_id>"),
    op(_OR_PLANS, "POST /api/v1/publications/<publication_id>/cancel", _HELD, json=_R),
    op(_MANAGES, "POST /api/v1/publications/<publication_id>/deletion", json=_R),
    op("post.read", "GET /api/v1/publications/<publication_id>/evidence"),
    op(_MANAGES, "POST /api/v1/publications/<publication_id>/recall", json=_R),
    op(_OR_PLANS, "POST /api/v1/publications/<publication_id>/release", _HELD, json=_R),
    op(
        _MANAGES,
        "POST /api/v1/publications/<publication_id>/resolution",
        "publication_id=unknown_publication",
        json={"outcome": "not_published", **_R},
    ),
    op(_MANAGES, "POST /api/v1/publications/<publication_id>/retry", "publication_id=failed_publication", json=_R),
    op("post.read", "GET /api/v1/reviews"),
    op("post.read", "GET /api/v1/reviews/<review_id>"),
    op("post.read", "GET /api/v1/reviews/<review_id>/remarks"),
    op(_DECIDES, "POST /api/v1/reviews/<review_id>/remarks", json={"quote": "租金押金", "text": "请核对"}),
    op(_DECIDES, "PUT /api/v1/reviews/<review_id>/remarks/<remark_id>/resolution"),
    op(
        "review.decide",
        "POST /api/v1/reviews/approvals",
        json={"review_ids": ["{reviewed_review}"]},
        names=True,
        each=frozenset(),
    ),
    op(
        "review.decide",
        "POST /api/v1/revisions/<revision_id>/decisions",
        json={"decision": "returned", "comment": "请改"},
    ),
    op(
        "review.decide|review.configure",
        "DELETE /api/v1/revisions/<revision_id>/escalation",
        "revision_id=asked_revision",
        unless=_BLIND,
    ),
    op(
        "review.decide",
        "POST /api/v1/revisions/<revision_id>/escalation",
        json={"user_id": "{elder_user}", "question": "可否"},
    ),
    op(ANYONE, "GET /api/v1/stops"),
    op("stop.manage", "POST /api/v1/stops", json=_SCOPE, names=True),
    op("stop.manage", "DELETE /api/v1/stops/<stop_id>"),
    op("post.read", "GET /api/v1/templates"),
    op("template.manage", "POST /api/v1/templates", json=_TEMPLATE, names=True),
    op("template.manage", "DELETE /api/v1/templates/<template_id>"),
    op("post.write|template.manage", "GET /api/v1/templates/<template_id>"),
    op("template.manage", "PATCH /api/v1/templates/<template_id>", json={"about": "改"}),
    op("post.write", "POST /api/v1/templates/<template_id>/posts", json={"unit_id": "{unit}"}),
    op("unit.read", "GET /api/v1/units"),
    op("unit.read", "GET /api/v1/units/<unit_id>"),
    op("unit.read", "GET /api/v1/units/<unit_id>/review-chain"),
    op("review.configure", "PUT /api/v1/units/<unit_id>/review-chain", json={"stages": [{"name": "审核"}]}),
    op("unit.read", "GET /api/v1/users"),
    op("unit.read", "GET /api/v1/users/<user_id>"),
    op("user.manage", "GET /api/v1/users/<user_id>/holdings", "user_id=author_user"),
]

ACCOUNTS = [
    op("account.read", "GET /accounts"),
    op("account.read", "GET /accounts/<account_id>"),
    op("account.manage", "POST /accounts/<account_id>", form={"name": "改名"}),
    op("account.manage", "POST /accounts/<account_id>/activation"),
    op("account.manage", "GET /accounts/<account_id>/authorize", "account_id=weibo"),
    op("account.manage", "GET /accounts/<account_id>/connect"),
    op("account.manage", "GET /accounts/<account_id>/connected"),
    op("account.manage", "POST /accounts/<account_id>/deactivation"),
    # Of the county alone: the unit that it names is its own already.
    op("account.manage", "POST /accounts/<account_id>/unit", form={"unit_id": "{unit}", "reason": "机构改革"}),
    op("account.manage", "POST /accounts/<account_id>/pasted"),
    op("account.manage", "POST /accounts/<account_id>/poll"),
    op("account.manage", "POST /accounts/<account_id>/probe"),
    op("account.manage", "POST /accounts/<account_id>/quota-clearing"),
    op("account.manage", "POST /accounts/<account_id>/readings"),
    op("account.read", "GET /accounts/<account_id>/slots"),
    op("account.manage", "POST /accounts/<account_id>/speed", form={"speed": "1"}),
    # Nobody went to the platform from here.
    op("account.manage", "GET /accounts/authorization", may={403}),
    op("account.manage", "GET /accounts/new"),
    op(
        "account.manage",
        "POST /accounts/new",
        form={"platform": "weibo", "unit_id": "{unit}", "name": "新号", "external_id": "9"},
        names=True,
    ),
]

PUBLISHING = [
    op("stop.manage", "POST /blackouts", form={"scope": "unit:{unit}", **_R, **_LOCAL_HOURS}, names=True),
    op("stop.manage", "POST /blackouts/<blackout_id>/end"),
    op("post.read", "GET /calendar"),
    op("post.read", "GET /calendar/feed", query={"start": "{day}", "end": "{next_day}"}),
    op("post.write", "GET /calendar/import"),
    op("post.write", "POST /calendar/import", form={"file": "plan"}),
    op("post.write", "GET /calendar/import/template.xlsx"),
    op("=author", "GET /calendar/imports/<import_id>"),
    op("=author", "POST /calendar/imports/<import_id>/confirmation"),
    op("=author", "POST /calendar/imports/<import_id>/discard"),
    op("=author", "POST /calendar/imports/<import_id>/drafts", "import_id=plan_done"),
    op("post.read", "POST /calendar/posts/<post_id>/conflicts", json=_AT),
    op("post.read", "GET /calendar/posts/<post_id>/slot", "post_id=approved"),
    op("post.schedule", "POST /calendar/posts/<post_id>/slot", "post_id=approved", json={"seen": ""}),
    op("post.schedule", "DELETE /calendar/posts/<post_id>/time", "post_id=waiting", json={"seen": "{due}"}),
    op("post.schedule", "PUT /calendar/posts/<post_id>/time", "post_id=approved", json=_AT),
    op("post.write", "DELETE /calendar/posts/<post_id>/wish", json={"seen": ""}),
    op("post.write", "PUT /calendar/posts/<post_id>/wish", json=_AT),
    op("account.read", "GET /calendar/slots"),
    op("account.manage", "POST /calendar/slots", form={"account_ids": "{wechat}", "slots": ""}, names=True),
    op("post.read", "GET /calendar/tray"),
    op("post.read", "GET /posts/<post_id>/publications-panel", "post_id=held"),
    op(_MANAGES, "POST /posts/<post_id>/recall", "post_id=public", form=_R),
    op(_OR_PLANS, "POST /posts/<post_id>/release", "post_id=held", form=_R),
    op("post.schedule", "POST /posts/<post_id>/schedule", "post_id=approved", form={"publish_at": "{local}"}),
    op("post.read", "GET /posts/<post_id>/schedule-conflicts", query={"publish_at": "{local}"}),
    op("post.schedule", "POST /posts/<post_id>/schedule/withdraw", "post_id=waiting"),
    op("post.read", "GET /publications"),
    op("post.read", "GET /publications/<publication_id>"),
    op(_MANAGES, "POST /publications/<publication_id>/act", form={"order": "recall", **_R}),
    op(_MANAGES, "POST /publications/<publication_id>/explanation", form={"rid": "{rid}"}),
    op("post.read", "GET /publications/<publication_id>/state"),
    op(ANYONE, "GET /stops"),
    op("stop.manage", "POST /stops", form={"scope": "account:{wechat}", **_R}, names=True),
    op("stop.manage", "POST /stops/<stop_id>/end"),
]

INBOX = [
    op("reply.approve", "GET /review/replies"),
    op("reply.approve", "POST /review/replies/<held_id>", form={"decision": "approve", "sha256": "{held_sha256}"}),
    op("inbox.read", "GET /inbox"),
    op("inbox.read", "GET /inbox/<conversation_id>"),
    op("inbox.reply", "POST /inbox/<conversation_id>/article-comments", "conversation_id=thread", form={"open": "0"}),
    op("inbox.assign", "POST /inbox/<conversation_id>/assignment", form={"unit_id": "{city}"}),
    op("inbox.reply", "POST /inbox/<conversation_id>/contact/block", form={"blocked": "1"}),
    op("inbox.reply", "POST /inbox/<conversation_id>/contact/refresh"),
    op("inbox.reply", "POST /inbox/<conversation_id>/contact/tags", form={"tags": "常客"}),
    op("inbox.reply", "POST /inbox/<conversation_id>/held/<held_id>", form={"text": "请带户口簿。"}, may=(403,)),
    op("inbox.reply", "POST /inbox/<conversation_id>/held/<held_id>/withdrawal", may=(403,)),
    op("inbox.reply", "POST /inbox/<conversation_id>/labels", form={"labels": "社保"}),
    op(
        "inbox.reply",
        "POST /inbox/<conversation_id>/messages/<message_id>/act",
        "conversation_id=thread message_id=comment",
        form={"act": "elect"},
    ),
    op("inbox.reply", "POST /inbox/<conversation_id>/messages/<message_id>/retry", "message_id=unsent"),
    op(
        "inbox.reply",
        "POST /inbox/<conversation_id>/messages/<message_id>/settlement",
        "message_id=doubtful",
        form={"outcome": "sent"},
    ),
    op("inbox.reply", "POST /inbox/<conversation_id>/notes", form={"text": "已电话联系"}),
    op("inbox.reply", "POST /inbox/<conversation_id>/remark", form={"remark": "张先生"}),
    op("inbox.reply", "POST /inbox/<conversation_id>/replies", form={"text": "请带身份证。"}),
    op("inbox.reply", "POST /inbox/<conversation_id>/status", form={"status": "pending"}),
    op("inbox.read", "GET /inbox/<conversation_id>/thread"),
    op("inbox.reply", "POST /inbox/<conversation_id>/typing"),
    op("inbox.read", "GET /inbox/list"),
    op("inbox.read", "GET /inbox/media/<media_id>", "media_id=message_media"),
]

LIBRARY = [
    op("media.read", "GET /library"),
    op(_PICTURES, "POST /library", form={"unit_id": "{unit}", "file": "png", "only": "picture"}, names=True),
    op("media.read", "GET /library/<media_id>"),
    op("media.write", "POST /library/<media_id>", form={"title": "改名"}),
    op("media.write", "GET /library/<media_id>/cut"),
    op("media.write", "POST /library/<media_id>/cut", form={"left": "0", "top": "0", "width": "200", "height": "200"}),
    op("media.write", "GET /library/<media_id>/original"),
    op("media.write", "POST /library/<media_id>/removal", "media_id=spare"),
    op(
        "media.write",
        "POST /library/batches",
        form={"act": "tag", "ids": "{media}", "tags": "会议"},
        names=True,
        each=frozenset({"media_batches"}),
    ),
    op("=author", "POST /library/batches/<batch_id>/undo"),
    op("media.read", "GET /library/choices"),
    # The hash is the key: see docs/decisions/0004-permissions-by-address.md.
    op("media.read", "GET /library/thumbs/<sha256>", names=False),
    op(ANYONE, "GET /media/<sha256>", names=False, hidden=True),
]

POSTS = [
    op("post.read", "GET /posts"),
    op("post.write", "POST /posts", json=_POST, names=True),
    op("post.read", "GET /posts/<post_id>"),
    op("post.write", "PATCH /posts/<post_id>", json={"version": 1, "title": "改"}),
    op("post.read", "GET /posts/<post_id>.docx"),
    op("post.write", "POST /posts/<post_id>/comparison", json={"mine": {"title": "改"}}),
    op("post.write", "POST /posts/<post_id>/dismissals", json={"key": "{problem}", **_R}),
    op("post.write", "DELETE /posts/<post_id>/dismissals/<key>", "post_id=noted"),
    op("post.read", "GET /posts/<post_id>/history"),
    op("post.read", "GET /posts/<post_id>/history/<number>"),
    op("post.write", "POST /posts/<post_id>/history/<number>/restoration", form={"version": "1"}),
    op("post.write", "POST /posts/<post_id>/look", json={"title": "改"}),
    op(_DECIDES, "GET /posts/<post_id>/phone-preview"),
    op(
        _DECIDES,
        "POST /posts/<post_id>/phone-preview",
        form={"account_id": "{wechat}", "recipient": "wangmin_ql", "key": "k1"},
        in_place=True,
    ),
    op(_DECIDES, "GET /posts/<post_id>/phone-preview/<preview_id>"),
    op("post.write", "POST /posts/<post_id>/presence", json={"typed": True}),
    op("post.write", "POST /posts/<post_id>/presence/end"),
    op("post.read", "GET /posts/<post_id>/previews"),
    op("post.write", "PATCH /posts/<post_id>/variants/<variant_id>", json={"overrides": {"title": "改"}}),
    op("post.write", "GET /posts/audiences/<account_id>"),
    op("post.write", "POST /posts/import", form={"unit_id": "{unit}", "file": "text"}, names=True),
    op("post.write", "POST /posts/import-page", json={"unit_id": "{unit}", "url": "http://127.0.0.1:9/a"}, names=True),
    op("post.read", "GET /posts/pack-hits/<pack_id>"),
    op(_PASTES, "POST /posts/paste", json={"unit_id": "{unit}", "html": "<p>正文</p>"}, names=True),
    op("post.read", "GET /posts/shipped-hits/<key>", "key=builtin", names=False),
    op("post.read", "GET /posts/templates"),
    op("template.manage", "POST /posts/templates", form=_TEMPLATE, names=True),
    op("post.write", "GET /posts/templates/<template_id>"),
    op("template.manage", "POST /posts/templates/<template_id>", form=_TEMPLATE),
    op("template.manage", "GET /posts/templates/<template_id>/edit"),
    op("post.write", "POST /posts/templates/<template_id>/posts", form={"unit_id": "{unit}", "account": "{wechat}"}),
    op("template.manage", "POST /posts/templates/<template_id>/removal"),
    op("template.manage", "GET /posts/templates/new"),
    op("post.write", "GET /posts/new"),
]

REVIEW = [
    op("post.read", "GET /posts/<post_id>/approval-form", "post_id=public"),
    op("post.read", "GET /posts/<post_id>/approval-form.docx", "post_id=public"),
    op("post.write", "GET /posts/<post_id>/emergency"),
    op("post.write", "POST /posts/<post_id>/emergency", form={"emergency": "汛情紧急"}),
    op("post.read", "GET /posts/<post_id>/review-panel", "post_id=reviewed"),
    op("post.write", "POST /posts/<post_id>/submission"),
    op("post.write", "POST /posts/<post_id>/submission/withdrawal", "post_id=reviewed"),
    op("post.read", "GET /review"),
    op("post.read", "GET /review/<review_id>"),
    op("review.decide", "POST /review/<review_id>", form={"decision": "returned", "comment": "请改"}),
    op("review.decide", "POST /review/<review_id>/escalation", form={"user_id": "{elder_user}", "question": "可否"}),
    op(
        "review.decide|review.configure",
        "POST /review/<review_id>/escalation/withdrawal",
        "review_id=asked_review",
        unless=_BLIND,
    ),
    op(_DECIDES, "POST /review/<review_id>/remarks", form={"quote": "租金押金", "text": "请核对"}),
    op(_DECIDES, "POST /review/<review_id>/remarks/<remark_id>/resolution"),
    op(
        "review.decide",
        "POST /review/approvals",
        form={"review_ids": "{reviewed_review}"},
        names=True,
        each=frozenset(),
    ),
]

SETTINGS = [
    op(ANYONE, "GET /settings"),
    op("unit.manage", "GET /settings/alerts"),
    op(
        "unit.manage",
        "POST /settings/alerts",
        form={"unit_id": "{unit}", "kind": "email", "target": "a@example.cn", "topics": "alarm"},
        names=True,
    ),
    op("unit.manage", "POST /settings/alerts/<channel_id>/key"),
    op("unit.manage", "POST /settings/alerts/<channel_id>/remove"),
    op("unit.manage", "POST /settings/alerts/<channel_id>/test"),
    op("unit.manage", "POST /settings/alerts/deliveries/<delivery_id>/again"),
    op(ANYONE, "GET /settings/deputies"),
    op(_STANDS_IN, "POST /settings/deputies", form={**_DEPUTY, **_LOCAL_HOURS}, names=True),
    op(_STANDS_IN, "POST /settings/deputies/<deputy_id>/end"),
    op("event.read|security.manage", "GET /settings/events"),
    op("event.read", "POST /settings/events/export"),
    op("event.read", "POST /settings/events/verification"),
    # Of the whole installation: nobody of the county.
    op("=chief", "GET /settings/identity-provider", names=True),
    op("=chief", "POST /settings/identity-provider", names=True),
    op("=chief", "POST /settings/identity-provider/removal", names=True),
    op("=chief", "POST /settings/identity-provider/test", names=True),
    op("unit.read", "GET /settings/people"),
    op(
        "user.manage",
        "POST /settings/people",
        form={
            "email": "new@example.cn",
            "name": "新人",
            "unit_id": "{unit}",
            "roles": "author",
            "password": "correct horse 12",
        },
        names=True,
    ),
    op("unit.read|=none", "GET /settings/people/<user_id>"),
    op(
        "user.manage",
        "POST /settings/people/<user_id>/details",
        form={"email": "renamed@example.cn", "name": "改名", "unit_id": "{unit}"},
    ),
    op("user.manage", "POST /settings/people/<user_id>/deactivation"),
    op("role.manage", "POST /settings/people/<user_id>/grants", form={"role": "author", "unit_id": "{unit}"}),
    op("role.manage", "POST /settings/people/<user_id>/grants/<grant_id>/revocation", "user_id=responder_user"),
    op("user.manage", "GET /settings/people/<user_id>/handover"),
    op("user.manage", "POST /settings/people/<user_id>/handover"),
    op("user.manage", "GET /settings/people/<user_id>/handovers/<handover_id>"),
    op("security.manage", "POST /settings/people/<user_id>/sessions/end"),
    op("security.manage", "POST /settings/people/<user_id>/tokens/<token_id>/revocation", "user_id=author_user"),
    op("security.manage", "POST /settings/people/<user_id>/unlocking"),
    op("security.manage", "POST /settings/people/<user_id>/password", form={"password": "correct horse 12"}),
    op("security.manage", "POST /settings/people/<user_id>/identity", form={"listed": "wang-1"}),
    op("security.manage", "POST /settings/people/<user_id>/identity/removal"),
    op("security.manage", "POST /settings/people/<user_id>/password/removal"),
    op("user.manage", "POST /settings/people/<user_id>/reactivation"),
    op("security.manage", "POST /settings/people/<user_id>/second-factor/reset", "user_id=author_user"),
    op(ANYONE, "GET /settings/mail"),
    op(ANYONE, "POST /settings/mail/address", form={"address": "me@example.cn"}),
    op(ANYONE, "POST /settings/mail/choices", form={"review": "daily"}),
    op(ANYONE, "POST /settings/mail/code", form={"code": "00000000"}),
    op(ANYONE, "POST /settings/mail/removal"),
    op(ANYONE, "GET /settings/preview-recipients"),
    op(ANYONE, "POST /settings/preview-recipients"),
    op("unit.read", "GET /settings/review-chain"),
    op("review.configure", "POST /settings/review-chain", form={"unit_id": "{unit}", "inherit": "1"}, names=True),
    op("unit.read", "GET /settings/roles"),
    op(
        "role.manage",
        "POST /settings/roles",
        form={"unit_id": "{unit}", "name": "新角色", "permissions": "post.write"},
        names=True,
    ),
    op("role.manage", "GET /settings/roles/new"),
    op("unit.read", "GET /settings/roles/<role_id>"),
    op(
        "role.manage",
        "POST /settings/roles/<role_id>",
        form={"name": "改名", "permissions": "post.write", "version": "1"},
    ),
    op("role.manage", "POST /settings/roles/<role_id>/retirement"),
    op("unit.read", "GET /settings/separation"),
    # Of the whole installation: who is not the administrator of every tree may not.
    op("role.manage", "POST /settings/separation", may={403}),
    op("unit.read", "GET /settings/units"),
    op(
        "unit.manage",
        "POST /settings/units",
        form={"name": "新镇", "level": "township", "parent_id": "{unit}"},
        names=True,
    ),
    op("unit.manage", "GET /settings/units/<unit_id>"),
    op("unit.manage", "POST /settings/units/<unit_id>", form={"name": "新名"}),
    # It has people; and it is not closed.
    op("unit.manage", "POST /settings/units/<unit_id>/closing", may={409}),
    op("unit.manage", "POST /settings/units/<unit_id>/reopening", may={409}),
    op("unit.read", "GET /settings/units/<unit_id>/sites"),
    op("unit.manage", "POST /settings/units/<unit_id>/sites", form={"domains": "example.gov.cn"}),
    op("security.manage", "GET /settings/units/<unit_id>/trust"),
    op("security.manage", "POST /settings/units/<unit_id>/trust"),
]

_PACK_IMPORT = "/settings/packs/<pack_id>/imports/<import_id>"
PACKS = [
    op("post.read", "GET /settings/packs"),
    op("pack.manage", "POST /settings/packs", form={"unit_id": "{unit}", "name": "新词库"}, names=True),
    op("post.read", "GET /settings/packs/<pack_id>"),
    op("pack.manage", "POST /settings/packs/<pack_id>", form={"name": "改名"}),
    op("post.read", "GET /settings/packs/<pack_id>/export"),
    op("pack.manage", "POST /settings/packs/<pack_id>/imports", form={"file": "words"}),
    op("pack.manage", f"GET {_PACK_IMPORT}", "import_id=pack_import"),
    op("pack.manage", f"POST {_PACK_IMPORT}/confirmation", "import_id=pack_import"),
    op("pack.manage", f"GET {_PACK_IMPORT}/progress", "import_id=pack_import"),
    op("pack.manage", f"POST {_PACK_IMPORT}/removal", "import_id=pack_import"),
    op("pack.manage", "POST /settings/packs/<pack_id>/switch", form={"active": "0"}),
    op("pack.manage", "POST /settings/packs/<pack_id>/terms", form=_WORDS),
    op("pack.manage", "POST /settings/packs/<pack_id>/terms/<term_id>", form={**_WORDS, "wrong": "按排"}),
    op("pack.manage", "POST /settings/packs/<pack_id>/terms/<term_id>/removal"),
    op("post.read", "GET /settings/packs/bench"),
    op("post.read", "POST /settings/packs/bench", form={"unit_id": "{unit}", "text": "按排"}, names=True),
    op("post.read", "GET /settings/packs/builtin/<key>", "key=builtin", names=False),
    op("pack.manage", "POST /settings/packs/builtin/<key>/copy", "key=builtin", form={"unit_id": "{unit}"}),
    op(
        "pack.manage",
        "POST /settings/packs/builtin/<key>/switch",
        "key=builtin",
        form={"unit_id": "{unit}", "active": "0"},
    ),
]

PERSONAL = [
    op(ANYONE, "GET /settings/profile"),
    op(ANYONE, "POST /settings/profile/passkeys"),
    op("=author", "POST /settings/profile/passkeys/<passkey_id>/removal"),
    op(ANYONE, "POST /settings/profile/passkeys/options"),
    op(ANYONE, "POST /settings/profile/password"),
    op(ANYONE, "POST /settings/profile/recovery-codes"),
    op(ANYONE, "GET /settings/profile/second-factor"),
    op(ANYONE, "POST /settings/profile/second-factor"),
    op(ANYONE, "POST /settings/profile/second-factor/confirmation"),
    op(ANYONE, "POST /settings/profile/second-factor/removal"),
    op("=author", "POST /settings/profile/sessions/<session_id>/end"),
    op(ANYONE, "POST /settings/profile/sessions/end-others"),
    op(ANYONE, "POST /settings/profile/tokens", form={"name": "程序", "days": "30"}),
    op("=author", "POST /settings/profile/tokens/<token_id>/revocation"),
    op(ANYONE, "GET /notices"),
    op("post.read", "GET /notices/<notice_id>"),
    op(ANYONE, "POST /notices/read"),
    op(ANYONE, "GET /proof"),
    # Nothing was proved.
    op(ANYONE, "POST /proof", may={403}),
    op(ANYONE, "GET /proof/dialog"),
    op(ANYONE, "GET /proof/provider"),
    op(ANYONE, "POST /settings/profile/identity/removal"),
    op(ANYONE, "POST /proof/passkey/options"),
    op(ANYONE, "GET /machine"),
    op(ANYONE, "POST /sign-out"),
    op(ANYONE, "GET /"),
    op(ANYONE, "GET /workbench/columns"),
    op(ANYONE, "GET /search", query={"q": "租"}),
    op(ANYONE, "GET /search/suggest", query={"q": "租"}),
]

OVERSIGHT = [
    op("account.read", "GET /reports"),
    op("account.read", "GET /reports/export"),
    op("system.read", "GET /status"),
]

# A callback that nobody signed is not the platform's.
_UNSIGNED = {"ids": "key=callback_key", "may": {403}}
OPEN = [
    op(PUBLIC, "GET /callbacks/<platform>/<key>", **_UNSIGNED),
    op(PUBLIC, "POST /callbacks/<platform>/<key>", **_UNSIGNED),
    op(PUBLIC, "GET /callbacks/<platform>/<key>/revocation", may={403, 404}, ids="key=callback_key"),
    op(PUBLIC, "POST /callbacks/<platform>/<key>/revocation", may={403, 404}, ids="key=callback_key"),
    op(PUBLIC, "GET /favicon.ico"),
    op(PUBLIC, "GET /feeds/<unit_id>.atom"),
    op(PUBLIC, "GET /feeds/<unit_id>.json"),
    op(PUBLIC, "GET /healthz"),
    op(PUBLIC, "POST /language", form={"locale": "zh_CN"}),
    op(PUBLIC, "GET /metrics"),
    op(PUBLIC, "GET /p/<slug>"),
    op(PUBLIC, "GET /readyz"),
    op(PUBLIC, "GET /sign-in"),
    # No such person, no such passkey, and nobody half-way in.
    op(PUBLIC, "POST /sign-in", may={401}),
    op(PUBLIC, "POST /sign-in/passkey", may={401}),
    op(PUBLIC, "POST /sign-in/passkey/options"),
    # Nobody set out from here.
    op(PUBLIC, "GET /sign-in/provider"),
    op(PUBLIC, "GET /sign-in/provider/return"),
    op(PUBLIC, "GET /sign-in/second"),
    op(PUBLIC, "POST /sign-in/second", may={401}),
    op(PUBLIC, "GET /sitemap.xml"),
    op(PUBLIC, "GET /static/<path:filename>"),
]

OPERATIONS: list[Operation] = [
    *API,
    *ACCOUNTS,
    *PUBLISHING,
    *INBOX,
    *LIBRARY,
    *POSTS,
    *REVIEW,
    *SETTINGS,
    *PACKS,
    *PERSONAL,
    *OVERSIGHT,
    *OPEN,
]
