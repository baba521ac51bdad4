"""Writing: create a post, change it, set parts of one account's version by hand. Each act is one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.accounts.connections import capabilities
from app.audit.services import record
from app.checks.packs import compile_for
from app.db import atomic, db
from app.errors import Conflict, Invalid, NotFound
from app.media.services import hold
from app.posts import markdown
from app.posts.adapting import adapt_revision, compile_packs, warm
from app.posts.fields import checked
from app.posts.history import ON_REVISION, keep
from app.posts.models import Post, Revision, Variant
from app.posts.needing import pictures_in
from app.posts.pictures import Pictures
from app.posts.reaching import refuse_unreached
from app.posts.revising import choose_accounts, current_revision, editable, locked
from app.posts.sanitising import clean, printable
from app.units.access import Actor, unit_for

_ON_POST = ("unit_id", "urgent", "corrects_id")
# Parts of a payload that the system alone sets.
_FIXED = frozenset({"link", "source_url"})
_KINDS: dict[type, str] = {str: "文字", bool: " true 或 false", list: "列表", dict: "对象"}
_NOTES_KEPT = 30


def create_post(
    actor: Actor, fields: Mapping[str, Any], now: datetime, *, template: Mapping[str, Any] | None = None
) -> Post:
    """A new draft. `fields` as in POST /posts, `template` as Post.template. Raises Invalid, NotFound, Forbidden."""
    unit = unit_for(actor, "post.write", fields.get("unit_id"), see="post.read")
    unit_id = unit.id
    values, notes = _prepared(actor, unit_id, fields, now)
    refuse_unreached(unit, values.get("account_ids", []))
    _warm(None, unit_id, values)
    with atomic():
        post = Post(
            unit_id=unit_id,
            title=values.get("title", ""),
            slug=secrets.token_hex(10),
            urgent=bool(values.get("urgent")),
            corrects_id=values.get("corrects_id"),
            template=dict(template) if template is not None else None,
            created_by=actor.user_id,
            created_at=now,
            updated_at=now,
        )
        db.session.add(post)
        db.session.flush()
        revision = Revision(post_id=post.id, number=1, created_at=now, notes=notes, editors=[actor.user_id])
        for name in ON_REVISION:
            if name in values:
                setattr(revision, name, values[name])
        db.session.add(revision)
        db.session.flush()
        post.revision = revision
        choose_accounts(revision, values.get("account_ids", []))
        adapt_revision(post, revision, actor.origin)
        keep(post, actor, "created", now)
        made_from = {"template": template["name"]} if template is not None else {}
        _tell(actor, "post.create", post, now, "新建稿件", made_from)
    return post


def revise_post(actor: Actor, post_id: str, fields: Mapping[str, Any], version: int, now: datetime) -> Post:
    """Change a post; on a submitted, approved or scheduled one this opens a new draft revision.

    Raises Conflict when `version` is not the newest (`version` of the answer says which is) or when it is going out.
    """
    unit_id = visible_unit(actor, post_id)
    values, notes = _prepared(actor, unit_id, fields, now)
    _warm(db.session.get(Post, post_id), unit_id, values)
    with atomic():
        post = locked(actor, post_id, "post.write")
        if post.version != version:
            raise Conflict(
                "稿件没有保存。其间已有人改过这篇稿件（您手上是旧版本）。请刷新看最新内容，再把您的修改加进去。",
                version=post.version,
            )
        _check_reach(actor, post, values)
        changed = _changes(post, values)
        if changed or notes:
            _apply(post, actor, {name: values[name] for name in changed}, notes, now)
            keep(post, actor, "edited", now)
            _tell(actor, "post.edit", post, now, "修改稿件", {"fields": sorted(changed)})
    return post


def override_variant(
    actor: Actor, post_id: str, variant_id: str, overrides: Mapping[str, Any], now: datetime, version: int | None = None
) -> Post:
    """Set (or with None reset) parts of one account's payload by hand. On a frozen revision as an edit: a new one.

    Raises NotFound, Invalid (no such part), Conflict (stale `version`, or going out).
    """
    compile_packs(post_id)
    with atomic():
        post = locked(actor, post_id, "post.write")
        if version is not None and post.version != version:
            raise Conflict("没有保存。其间已有人改过这篇稿件。请刷新后重试。", version=post.version)
        variant = next((v for v in current_revision(post).variants if v.id == variant_id), None)
        if variant is None:
            raise NotFound
        _check_overrides(variant, overrides)
        wanted = {**variant.overrides, **{key: _tidy(value) for key, value in overrides.items()}}
        wanted = {key: value for key, value in wanted.items() if value is not None}
        if wanted != variant.overrides:
            account_id = variant.account_id
            revision = editable(post, actor, now)
            target = next(v for v in revision.variants if v.account_id == account_id)
            target.overrides = wanted
            finish(actor, post, revision, now)
            keep(post, actor, "edited", now)
            _tell(
                actor,
                "post.override",
                post,
                now,
                "修改平台版本",
                {"account_id": account_id, "parts": sorted(overrides)},
            )
    return post


def visible_unit(actor: Actor, post_id: str) -> str:
    post = db.session.get(Post, post_id)
    if post is None:
        raise NotFound
    return actor.require("post.write", post.unit, see="post.read").id


def _prepared(actor: Actor, unit_id: str, fields: Mapping[str, Any], now: datetime) -> tuple[dict[str, Any], list[str]]:
    """The checked fields with a sanitised body, and notes of what cleaning changed. Pictures are stored on the way."""
    values = checked(actor, fields)
    notes: list[str] = []
    body = values.pop("body_markdown", None)
    if body is not None:
        read, notes = markdown.read_markdown(printable(str(body)))
        values["body_html"] = read["body_html"]
    if "body_html" in values:
        pictures = Pictures(actor, unit_id, now)
        cleaned = clean(str(values["body_html"] or ""), pictures.place)
        values["body_html"] = cleaned.html
        notes = notes + cleaned.notes + pictures.summary()
    return values, notes


def _warm(post: Post | None, unit_id: str, values: Mapping[str, Any]) -> None:
    """Before the transaction: compile the unit's packs, re-encode pictures for the accounts that the post will have."""
    compile_for(str(values.get("unit_id") or unit_id))
    revision = current_revision(post) if post is not None else Revision(title="", body_html="")
    warm(
        values.get("account_ids", [variant.account_id for variant in revision.variants]),
        title=values.get("title", revision.title),
        body_html=values.get("body_html", revision.body_html),
        cover_media_id=values.get("cover_media_id", revision.cover_media_id),
    )


def _changes(post: Post, values: Mapping[str, Any]) -> set[str]:
    """Names of the fields that really differ."""
    revision = current_revision(post)
    changed = {name for name in ON_REVISION if name in values and values[name] != getattr(revision, name)}
    changed |= {name for name in _ON_POST if name in values and values[name] != getattr(post, name)}
    if "account_ids" in values and values["account_ids"] != [v.account_id for v in revision.variants]:
        changed.add("account_ids")
    return changed


def _check_reach(actor: Actor, post: Post, values: Mapping[str, Any]) -> None:
    """What is chosen anew is the unit's own or below it; in another unit than before, all of it. Raises NotFound, Forbidden,
    Invalid."""
    had = [variant.account_id for variant in current_revision(post).variants]
    wanted = values.get("account_ids", had)
    if values.get("unit_id", post.unit_id) != post.unit_id:
        refuse_unreached(unit_for(actor, "post.write", values["unit_id"]), wanted)
    else:
        refuse_unreached(post.unit, set(wanted) - set(had))


def _apply(post: Post, actor: Actor, values: Mapping[str, Any], notes: list[str], now: datetime) -> None:
    revision = editable(post, actor, now)
    for name, value in values.items():
        if name in ON_REVISION:
            setattr(revision, name, value)
        elif name in _ON_POST:
            setattr(post, name, value)
    revision.notes = list(dict.fromkeys([*revision.notes, *notes]))[-_NOTES_KEPT:]
    if "account_ids" in values:
        choose_accounts(revision, values["account_ids"])
    finish(actor, post, revision, now)


def finish(actor: Actor, post: Post, revision: Revision, now: datetime) -> None:
    """After a change of the draft: the next version, adapted anew for each account."""
    post.title = revision.title
    post.version += 1
    post.updated_at = now
    db.session.flush()
    adapt_revision(post, revision, actor.origin)


def _check_overrides(variant: Variant, overrides: Mapping[str, Any]) -> None:
    """Parts of the payload, "form" where the platform has several shapes, and the account's choices; None resets any. Inside
    atomic(): pictures that are named are held."""
    able = capabilities(variant.account)
    forms = {form.key for form in able.forms}
    choices = {choice.key: [option.key for option in choice.options] for choice in able.choices}
    errors = {}
    for key, value in overrides.items():
        if value is None and key in variant.overrides:
            continue
        if key in _FIXED:
            errors[key] = ["链接由系统生成，不能手工设定。"]
        elif key == "form" and forms:
            if value is not None and not (isinstance(value, str) and value in forms):
                errors[key] = ["这个平台没有这种发布形式。"]
        elif key in choices:
            if value is not None and value not in choices[key]:
                errors[key] = [f"没有这种选择。可选：{'、'.join(choices[key])}；留空恢复自动。"]
        elif key not in variant.payload:
            errors[key] = [f"这个平台版本没有“{key}”这一部分。"]
        elif value is not None and type(value) is not type(variant.payload[key]):
            # A number where a text belongs would go out as one all the same.
            errors[key] = [f"应为{_KINDS.get(type(variant.payload[key]), '同类的值')}。"]
        elif (named := pictures_in(value) - pictures_in(variant.payload)) - hold(named):
            errors[key] = ["其中有图片不在素材库中，发出去会缺图。请从素材库选图，或先上传。"]
    if errors:
        raise Invalid(
            "没有保存。有的部分不能手工设定。请按提示改正。", errors={f"overrides.{k}": v for k, v in errors.items()}
        )


def _tidy(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


def _tell(
    actor: Actor, action: str, post: Post, now: datetime, words: str, after: Mapping[str, Any] | None = None
) -> None:
    record(
        actor,
        action,
        now=now,
        object_type="post",
        object_id=post.id,
        unit_id=post.unit_id,
        summary=f"{words}《{post.title or '未命名'}》",
        after={"version": post.version, "revision": current_revision(post).number, **(after or {})},
    )
