"""A correction begins as the original: its text, pictures, unit and channels, under a title that says so."""

from __future__ import annotations

from typing import Any

from app.posts.choosing import media_by_id, writable_accounts, writable_units
from app.posts.fields import LENGTHS
from app.posts.holdings import attachments_of, cover_of
from app.posts.models import Post
from app.posts.reaching import reaches
from app.posts.revising import current_revision
from app.units.access import Actor

MARK = "【更正】"


def correction_of(actor: Actor, original: Post) -> dict[str, Any]:
    """The fields of a correction of `original` before it is first saved, as the composer takes them.

    Only what this person may use again is taken over: accounts and the unit they may write for, media they may see.
    """
    revision = current_revision(original)
    same_unit = original.unit_id in {unit.id for unit in writable_units(actor)}
    # Chosen anew where it is to be another unit's: its reach is not known yet.
    usable = {account.id for account in writable_accounts(actor) if not same_unit or reaches(original.unit, account)}
    title = revision.title if revision.title.startswith(MARK) else f"{MARK}{revision.title}"
    cover = cover_of(revision)
    fields: dict[str, Any] = {
        "corrects_id": original.id,
        "title": title[: LENGTHS["title"]],
        "summary": revision.summary,
        "body_html": revision.body_html,
        "source": revision.source,
        "author": revision.author,
        "ai_text": revision.ai_text,
        "ai_images": revision.ai_images,
        "tags": list(revision.tags),
        "cover_media_id": cover.id if cover is not None and media_by_id(actor, cover.id) else None,
        "attachments": [media.id for media in attachments_of(revision) if media_by_id(actor, media.id)],
        "account_ids": [item.account_id for item in revision.variants if item.account_id in usable],
    }
    if same_unit:
        fields["unit_id"] = original.unit_id
    return fields
