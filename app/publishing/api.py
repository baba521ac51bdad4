"""/api/v1: schedules, publications with their ways out, the stop switch."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.db import db, utcnow
from app.posts.models import Post
from app.publishing import conflicts, resolving, scopes, services, slots, stops
from app.publishing.counting import figures_json
from app.publishing.models import Publication, Schedule, Stop
from app.publishing.outlook import outlook
from app.publishing.schemas import (
    Evidence,
    PublicationList,
    PublicationOut,
    PublicationQuery,
    Publications,
    Reason,
    Resolution,
    ScheduleIn,
    ScheduleOut,
    StopIn,
    StopList,
    StopOut,
)
from app.publishing.situation import Situation
from app.schemas import PageQuery
from app.units.permissions import SIGNED_IN, current_actor, requires

blp = Blueprint("publishing_api", __name__, url_prefix="/api/v1", description="发布")


def publication_json(row: Publication, situation: Situation | None = None) -> dict[str, Any]:
    """As in the contract; `error` null and ids null where there is nothing. `situation`: read once for many rows."""
    situation = situation or Situation(utcnow())
    error = None
    if row.error_cause:
        error = {"code": row.error_code, "cause": row.error_cause, "remedy": row.error_remedy, "who": row.error_who}
    return {
        "id": row.id,
        "post_id": row.post_id,
        "account_id": row.account_id,
        "status": row.status,
        "due_at": row.due_at,
        "committed_at": row.committed_at,
        "published_at": row.published_at,
        "live_at": row.live_at,
        "external_id": row.external_id or None,
        "url": row.url or None,
        "error": error,
        "why": outlook(row, situation.now, situation).said,
        "next_attempt_at": row.next_attempt_at,
        "figures": figures_json(row.figures),
    }


def schedule_json(found: Schedule) -> dict[str, Any]:
    post = db.session.get_one(Post, found.post_id)
    situation = Situation(utcnow())
    return {
        "id": found.id,
        "post_id": found.post_id,
        "revision_id": found.revision_id,
        "publish_at": found.publish_at,
        "order": found.order,
        "on_partner_failure": found.on_partner_failure,
        "publications": [publication_json(row, situation) for row in found.publications],
        "conflicts": [conflicts.json_of(clash) for clash in conflicts.of_post(current_actor(), post, found.publish_at)],
    }


def stop_json(stop: Stop) -> dict[str, Any]:
    return {
        "id": stop.id,
        "scope": stop.scope,
        "scope_id": stop.scope_id,
        "name": scopes.name_of(stop),
        "reason": stop.reason,
        "created_by": stop.created_by,
        "created_at": stop.created_at,
    }


@blp.put("/posts/<post_id>/schedule")
@requires("post.read")
@blp.arguments(ScheduleIn)
@blp.response(200, ScheduleOut)
def schedule(fields: dict[str, Any], post_id: str) -> dict[str, Any]:
    """Schedule the approved post, or move what has not gone yet. 409: not approved, or quota taken (naming by what, and
    the next free days); for "next_slot" also when there is none. `conflicts`: what speaks against the hour all the same."""
    if fields["publish_at"] == "next_slot":
        del fields["publish_at"]
        return schedule_json(slots.schedule_next(current_actor(), post_id, now=utcnow(), **fields))
    return schedule_json(services.schedule(current_actor(), post_id, now=utcnow(), **fields))


@blp.delete("/posts/<post_id>/schedule")
@requires("post.read")
@blp.response(204)
def unschedule(post_id: str) -> None:
    """Take it off the schedule. 409 when anything of it has gone or may have gone."""
    services.unschedule(current_actor(), post_id, now=utcnow())


@blp.get("/publications")
@requires("post.read")
@blp.arguments(PublicationQuery, location="query")
@blp.response(200, PublicationList)
def list_publications(query: dict[str, Any]) -> dict[str, Any]:
    """Newest first; cancelled ones included."""
    page = services.publications_of(current_actor(), **query)
    situation = Situation(utcnow())
    return {"items": [publication_json(row, situation) for row in page.items], "next_cursor": page.next_cursor}


@blp.get("/publications/<publication_id>")
@requires("post.read")
@blp.response(200, PublicationOut)
def show(publication_id: str) -> dict[str, Any]:
    """One publication, with why it has not gone yet."""
    return publication_json(services.get_publication(current_actor(), publication_id))


@blp.get("/publications/<publication_id>/evidence")
@requires("post.read")
@blp.response(200, Evidence)
def evidence(publication_id: str) -> dict[str, Any]:
    """What was approved, sent, answered and read back."""
    return services.evidence(current_actor(), publication_id)


@blp.post("/publications/<publication_id>/resolution")
@requires("post.read")
@blp.arguments(Resolution)
@blp.response(200, PublicationOut)
def resolve(fields: dict[str, Any], publication_id: str) -> dict[str, Any]:
    """Say what became of an unknown one, or give the link of one handed over."""
    row = services.resolve(
        current_actor(),
        publication_id,
        outcome=fields["outcome"],
        url=fields["url"] or "",
        reason=fields["reason"],
        now=utcnow(),
    )
    return publication_json(row)


@blp.post("/publications/<publication_id>/retry")
@requires("post.read")
@blp.arguments(Reason)
@blp.response(200, PublicationOut)
def retry(fields: dict[str, Any], publication_id: str) -> dict[str, Any]:
    """A new attempt of exactly this failed part."""
    row = resolving.retry(current_actor(), publication_id, reason=fields["reason"], now=utcnow())
    return publication_json(row)


@blp.post("/publications/<publication_id>/release")
@requires("post.read")
@blp.arguments(Reason)
@blp.response(200, PublicationOut)
def release(fields: dict[str, Any], publication_id: str) -> dict[str, Any]:
    """Let a held or missed one go now, whatever its partners do."""
    row = resolving.release(current_actor(), publication_id, reason=fields["reason"], now=utcnow())
    return publication_json(row)


@blp.post("/publications/<publication_id>/cancel")
@requires("post.read")
@blp.arguments(Reason)
@blp.response(200, PublicationOut)
def cancel(fields: dict[str, Any], publication_id: str) -> dict[str, Any]:
    """It will not go out; its draft is deleted."""
    row = resolving.cancel(current_actor(), publication_id, reason=fields["reason"], now=utcnow())
    return publication_json(row)


@blp.post("/publications/<publication_id>/recall")
@requires("post.read")
@blp.arguments(Reason)
@blp.response(200, PublicationOut)
def recall(fields: dict[str, Any], publication_id: str) -> dict[str, Any]:
    """Ask for a public one to be taken back as far as the platform can; `why` says how it goes."""
    row = resolving.recall(current_actor(), publication_id, reason=fields["reason"], now=utcnow())
    return publication_json(row)


@blp.post("/publications/<publication_id>/deletion")
@requires("post.read")
@blp.arguments(Reason)
@blp.response(200, PublicationOut)
def note_deleted(fields: dict[str, Any], publication_id: str) -> dict[str, Any]:
    """Say that a public one was deleted at the platform by hand. 409 where the system can take it back itself."""
    row = resolving.note_deleted(current_actor(), publication_id, reason=fields["reason"], now=utcnow())
    return publication_json(row)


@blp.post("/posts/<post_id>/release")
@requires("post.read")
@blp.arguments(Reason)
@blp.response(200, Publications)
def release_all(fields: dict[str, Any], post_id: str) -> dict[str, Any]:
    """Let all held and missed ones of the post go together, none before the other is ready. All or none."""
    rows = services.release_all(current_actor(), post_id, reason=fields["reason"], now=utcnow())
    return {"items": [publication_json(row) for row in rows]}


@blp.post("/posts/<post_id>/recall")
@requires("post.read")
@blp.arguments(Reason)
@blp.response(200, Publications)
def recall_all(fields: dict[str, Any], post_id: str) -> dict[str, Any]:
    """Ask for all public ones to be taken back that the platforms let us take back: those are the answer."""
    rows = services.recall_all(current_actor(), post_id, reason=fields["reason"], now=utcnow())
    return {"items": [publication_json(row) for row in rows]}


@blp.get("/stops")
@requires(SIGNED_IN)
@blp.arguments(PageQuery, location="query")
@blp.response(200, StopList)
def list_stops(query: dict[str, Any]) -> dict[str, Any]:
    """Stops now standing that concern the caller, newest first."""
    page = stops.page_of_stops(current_actor(), **query)
    return {"items": [stop_json(stop) for stop in page.items], "next_cursor": page.next_cursor}


@blp.post("/stops")
@requires("stop.manage")
@blp.arguments(StopIn)
@blp.response(201, StopOut)
def start_stop(fields: dict[str, Any]) -> dict[str, Any]:
    """Nothing of the scope is committed until the stop is ended."""
    return stop_json(
        services.start_stop(
            current_actor(), scope=fields["scope"], scope_id=fields["id"], reason=fields["reason"], now=utcnow()
        )
    )


@blp.delete("/stops/<stop_id>")
@requires("stop.manage")
@blp.response(204)
def end_stop(stop_id: str) -> None:
    """What was held meanwhile waits for a person."""
    services.end_stop(current_actor(), stop_id, now=utcnow())
