"""Templates of posts (写稿模板): those shipped as data, those of units, and a draft made from one.

A template serves its unit and all below it; the shipped ones serve everybody and are changed by copying them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.config import current
from app.db import db
from app.errors import NotFound
from app.posts.authoring import create_post
from app.posts.choosing import writable_units
from app.posts.models import Post, Template
from app.posts.templates_filling import fill
from app.posts.templates_locking import locked_part
from app.units.access import Actor, unit_for
from app.units.models import Unit

_SHIPPED = Path(__file__).with_name("templates_shipped.json")


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A template as people choose it; `unit` None for a shipped one. The rest as in models.Template."""

    id: str
    unit: Unit | None
    name: str
    about: str
    title: str
    summary: str
    source: str
    tags: Sequence[str]
    blocks: Sequence[Mapping[str, Any]]
    fields: Sequence[Mapping[str, Any]]

    @property
    def locked(self) -> int:
        """How many parts are fixed."""
        return sum(bool(block["locked"]) for block in self.blocks)


@cache
def shipped() -> tuple[Offered, ...]:
    return tuple(Offered(unit=None, **given) for given in json.loads(_SHIPPED.read_text(encoding="utf-8")))


def templates_for(actor: Actor) -> list[Offered]:
    """Those of units above (or in) which the actor writes or keeps templates, by name; then the shipped ones."""
    paths = [*actor.paths("post.write"), *actor.paths("template.manage")]
    query = select(Template).options(joinedload(Template.unit)).order_by(Template.name, Template.id)
    own = [
        _offered(row)
        for row in db.session.scalars(query)
        if any(path.startswith(row.unit.path) or row.unit.path.startswith(path) for path in paths)
    ]
    return [*own, *shipped()]


def template_of(actor: Actor, template_id: str) -> Offered:
    """Raises NotFound."""
    found = next((offered for offered in templates_for(actor) if offered.id == template_id), None)
    if found is None:
        raise NotFound
    return found


def units_for(actor: Actor, offered: Offered) -> list[Unit]:
    """Units in which the actor may write with this template."""
    units = writable_units(actor)
    path = offered.unit.path if offered.unit is not None else "/"
    return [unit for unit in units if unit.path.startswith(path)]


def write_from(
    actor: Actor,
    template_id: str,
    *,
    unit_id: str,
    values: Mapping[str, str],
    account_ids: Sequence[str] = (),
    now: datetime,
) -> Post:
    """A new draft with the blanks filled in. Raises Invalid naming the fields, NotFound, Forbidden."""
    offered = template_of(actor, template_id)
    unit = unit_for(actor, "post.write", unit_id, see="post.read")
    if unit.id not in {item.id for item in units_for(actor, offered)}:
        raise NotFound
    filled = fill(
        offered.fields,
        values,
        title=offered.title,
        summary=offered.summary,
        source=offered.source,
        blocks=offered.blocks,
        today=now.astimezone(ZoneInfo(current().timezone)).date(),
    )
    locked = [locked_part(block["html"]) for block in filled.blocks if block["locked"]]
    fields = {
        "unit_id": unit.id,
        "title": filled.title,
        "summary": filled.summary,
        "source": filled.source,
        "tags": list(offered.tags),
        "body_html": filled.body_html,
        "account_ids": list(account_ids),
    }
    made_from = {"id": offered.id, "name": offered.name, "locked": locked}
    return create_post(actor, fields, now, template=made_from)


def _offered(row: Template) -> Offered:
    names = ("id", "unit", "name", "about", "title", "summary", "source", "tags", "blocks", "fields")
    return Offered(**{name: getattr(row, name) for name in names})
