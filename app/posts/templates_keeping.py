"""Making, changing and removing the templates of a unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.media.services import hold
from app.media.uses import record_holds
from app.posts.comparing import parts_of
from app.posts.history import state_of
from app.posts.holdings import alt_problems
from app.posts.models import Post, Template
from app.posts.needing import pictures_in
from app.posts.pictures import Pictures
from app.posts.sanitising import clean, printable
from app.posts.templates import shipped
from app.posts.templates_filling import BLANK, KINDS, blanks_in
from app.units.access import Actor, unit_for

_LENGTHS = {"name": 60, "about": 200, "title": 200, "summary": 2000, "source": 200}
_LABELS = {"name": "模板名称", "about": "说明", "title": "标题", "summary": "摘要", "source": "信息来源"}
_MOST_FIELDS, _MOST_CHOICES = 20, 40


def save_template(actor: Actor, template_id: str | None, given: Mapping[str, Any], now: datetime) -> Template:
    """A new template of `unit_id`, or `template_id` changed. `given`: unit_id, name, about, title, summary, source,
    tags, body_html (fixed blocks carry the attribute data-locked), fields. Posts made before stay as they are.

    Raises Invalid naming the fields, NotFound, Forbidden, Conflict (a picture was deleted at this very moment).
    """
    unit_id = given.get("unit_id") if template_id is None else _kept(actor, template_id).unit_id
    unit = unit_for(actor, "template.manage", unit_id, see="post.read")
    values = _checked(given)
    pictures = Pictures(actor, unit.id, now)
    values["blocks"] = _blocks(str(given.get("body_html") or ""), pictures)
    _refuse_unfillable(values)
    with atomic():
        _hold(values["blocks"])
        template = _kept(actor, template_id) if template_id is not None else None
        if template is None:
            template = Template(unit_id=unit.id, created_by=actor.user_id, created_at=now)
            db.session.add(template)
        for name, value in values.items():
            setattr(template, name, value)
        template.updated_at = now
        db.session.flush()
        record_holds("template", template.id, pictures_in([block["html"] for block in template.blocks]))
        _tell(actor, template, now, "create" if template_id is None else "update")
    return template


def remove_template(actor: Actor, template_id: str, now: datetime) -> None:
    """Posts made from it keep their text and their fixed parts. Raises NotFound, Forbidden."""
    with atomic():
        template = _kept(actor, template_id)
        _tell(actor, template, now, "remove")
        record_holds("template", template.id, ())
        db.session.delete(template)


def begin_from_post(actor: Actor, post_id: str) -> dict[str, Any]:
    """What a template made from this post begins with. Raises NotFound."""
    post = db.session.get(Post, post_id)
    if post is None:
        raise NotFound
    actor.require("post.read", post.unit, see="post.read")
    content = state_of(post).content
    return {
        "unit_id": post.unit_id,
        "name": content["title"][:60],
        "about": "",
        **{name: content[name] for name in ("title", "summary", "source", "tags")},
        "blocks": [{"html": part.html, "locked": False} for part in parts_of(content["body_html"])],
        "fields": [],
    }


def body_of(blocks: Sequence[Mapping[str, Any]]) -> str:
    """The blocks as one body; fixed ones carry data-locked, as the editor of templates knows them."""
    return "".join(_marked(block["html"]) if block["locked"] else block["html"] for block in blocks)


def _kept(actor: Actor, template_id: str) -> Template:
    template = db.session.get(Template, template_id)
    if template is None and any(one.id == template_id for one in shipped()):
        raise Forbidden("没有改动。随产品提供的模板不能修改或删除。请复制一份，成为本单位的模板后再改。")
    if template is None:
        raise NotFound
    actor.require("template.manage", template.unit, see="post.read")
    return template


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for name, limit in _LENGTHS.items():
        values[name] = " ".join(printable(str(given.get(name) or "")).split())
        if len(values[name]) > limit:
            errors[name] = [f"{_LABELS[name]}不能超过 {limit} 字，现有 {len(values[name])} 字。请缩短。"]
    if not values["name"]:
        errors["name"] = ["请给模板起个名称。"]
    values["tags"] = list(dict.fromkeys(str(tag).strip("#＃ ") for tag in given.get("tags") or [] if str(tag).strip()))
    values["fields"] = [_field(field, errors) for field in given.get("fields") or []]
    names = [field["name"] for field in values["fields"]]
    if len(set(names)) < len(names):
        errors["fields"] = ["有两个空的名称相同。请改掉一个。"]
    if len(names) > _MOST_FIELDS:
        errors["fields"] = [f"空最多 {_MOST_FIELDS} 个。请删减。"]
    if errors:
        raise Invalid("模板没有保存。有的内容不符合要求。请按各项的提示改正。", errors=errors)
    return values


def _field(given: Mapping[str, Any], errors: dict[str, list[str]]) -> dict[str, Any]:
    name = " ".join(printable(str(given.get("name") or "")).split()).strip("{} ")
    kind = str(given.get("kind") or "text")
    choices = list(dict.fromkeys(str(choice).strip() for choice in given.get("choices") or [] if str(choice).strip()))
    if not BLANK.fullmatch("{{" + name + "}}"):
        errors["fields"] = [f"空的名称“{name[:30]}”不能用。名称为 1 到 30 字，不含括号和尖括号。请改正。"]
    elif kind not in KINDS:
        errors["fields"] = [f"“{name}”的类型不对。请从列出的类型中选择。"]
    elif kind == "choice" and not 2 <= len(choices) <= _MOST_CHOICES:
        errors["fields"] = [f"“{name}”要从几项中选一项，请列出 2 到 {_MOST_CHOICES} 项，用顿号分开。"]
    return {
        "name": name,
        "kind": kind,
        "required": bool(given.get("required")),
        "choices": choices if kind == "choice" else [],
        "hint": " ".join(printable(str(given.get("hint") or "")).split())[:100],
    }


def _blocks(body_html: str, pictures: Pictures) -> list[dict[str, Any]]:
    """The blocks of the editor's HTML, each cleaned by itself, with whether it is fixed."""
    if not body_html.strip():
        return []
    root = lxml_html.fragment_fromstring(printable(body_html), create_parent="div")
    if (root.text or "").strip():
        root.insert(0, lxml_html.fragment_fromstring(root.text, create_parent="p"))
    found = []
    for node in root:
        locked = node.get("data-locked") is not None
        html = etree.tostring(node, encoding="unicode", method="html")
        found += [{"html": part.html, "locked": locked} for part in parts_of(clean(html, pictures.place).html)]
    return found


def _hold(blocks: Sequence[Mapping[str, Any]]) -> None:
    """Whoever deletes one of the pictures waits for the end of this, and finds the template."""
    shown = pictures_in([block["html"] for block in blocks])
    if shown - hold(shown):
        raise Conflict("模板没有保存。其中有图片刚刚被人从素材库删除。请去掉或换掉已看不到的图片，再保存一次。")


def _refuse_unfillable(values: Mapping[str, Any]) -> None:
    """A blank that is no field stays in the text for the author to write over, which a fixed part does not allow."""
    errors = {}
    if not values["blocks"]:
        errors["body_html"] = ["正文为空。请写上模板的内容。"]
    names = {field["name"] for field in values["fields"]}
    fixed = blanks_in(block["html"] for block in values["blocks"] if block["locked"])
    if lost := [name for name in fixed if name not in names]:
        errors["fields"] = [f"固定内容里的空“{'、'.join(lost)}”没有列在下面，拟稿人无从填写。请加上，或不固定那一段。"]
    if any(alt_problems(block["html"], "body") for block in values["blocks"] if block["locked"]):
        errors["body_html"] = ["固定内容里有图片没有替代文字，拟稿人补不了。请双击图片写好，或勾选“只作装饰”。"]
    every = set(
        blanks_in([values["title"], values["summary"], values["source"], *(b["html"] for b in values["blocks"])])
    )
    if idle := [name for name in sorted(names) if name not in every]:
        errors["fields"] = [f"文中没有用到“{'、'.join(idle)}”。请在文中写上双花括号括起的名称，或删去这一项。"]
    if errors:
        raise Invalid("模板没有保存。有的内容不符合要求。请按各项的提示改正。", errors=errors)


def _marked(html: str) -> str:
    node = lxml_html.fragment_fromstring(html)
    node.set("data-locked", "1")
    marked: str = etree.tostring(node, encoding="unicode", method="html")
    return marked


def _tell(actor: Actor, template: Template, now: datetime, verb: str) -> None:
    words = {"create": "新建", "update": "修改", "remove": "删除"}
    record(
        actor,
        f"template.{verb}",
        now=now,
        object_type="template",
        object_id=template.id,
        unit_id=template.unit_id,
        summary=f"{words[verb]}写稿模板“{template.name}”",
        after={"locked": sum(block["locked"] for block in template.blocks), "fields": len(template.fields)},
    )
