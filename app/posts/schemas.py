"""The API's forms of posts."""

from __future__ import annotations

from marshmallow import fields

from app.schemas import BaseSchema, PageQuery


class PostFields(BaseSchema):
    """What a person may set; all optional, see POST /posts for what a new post needs."""

    title = fields.String()
    summary = fields.String(allow_none=True)
    body_html = fields.String()
    body_markdown = fields.String()
    source = fields.String(allow_none=True)
    author = fields.String(allow_none=True)
    cover_media_id = fields.String(allow_none=True)
    tags = fields.List(fields.String())
    account_ids = fields.List(fields.String())
    urgent = fields.Boolean()
    attachments = fields.List(fields.String())
    corrects_id = fields.String(allow_none=True)
    # none, assisted or generated: whether the words, and the pictures, were made with AI.
    ai_text = fields.String()
    ai_images = fields.String()


class NewPost(PostFields):
    unit_id = fields.String(required=True)
    title = fields.String(required=True)


class PostChange(PostFields):
    unit_id = fields.String()
    version = fields.Integer(required=True, strict=True)


class WordsIn(BaseSchema):
    """The fields of words alone, as they stand on a page."""

    title = fields.String()
    summary = fields.String(allow_none=True)
    body_html = fields.String()
    source = fields.String(allow_none=True)
    author = fields.String(allow_none=True)
    tags = fields.List(fields.String())
    urgent = fields.Boolean()


class VersionQuery(BaseSchema):
    version = fields.Integer(load_default=None, metadata={"description": "409 when it is stale"})


class Overrides(BaseSchema):
    """{field of the payload: value or null}; null resets. With `version`, 409 when it is stale."""

    overrides = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True), required=True)
    version = fields.Integer(strict=True, load_default=None, allow_none=True)


class PostQuery(PageQuery):
    status = fields.String(load_default=None)
    needs_attention = fields.Boolean(load_default=None, allow_none=True)
    unit_id = fields.String(load_default=None)
    q = fields.String(load_default="")


class ProblemOut(BaseSchema):
    rule = fields.String()
    severity = fields.String()
    field = fields.String()
    start = fields.Integer(allow_none=True)
    end = fields.Integer(allow_none=True)
    message = fields.String()
    suggestion = fields.String()
    # To be given back when a person explains why it stays; "" where nobody can.
    key = fields.String()
    dismissed = fields.Dict(allow_none=True)


class DismissalIn(BaseSchema):
    key = fields.String(required=True)
    reason = fields.String(required=True)
    version = fields.Integer(allow_none=True)


class VariantOut(BaseSchema):
    id = fields.String()
    account_id = fields.String()
    account_name = fields.String()
    platform = fields.String()
    payload = fields.Dict()
    sha256 = fields.String()
    overrides = fields.Dict()
    notes = fields.List(fields.Dict())
    problems = fields.List(fields.Nested(ProblemOut))
    length = fields.Dict()


class RevisionHead(BaseSchema):
    id = fields.String()
    number = fields.Integer()
    frozen_at = fields.String(allow_none=True)
    created_at = fields.String()
    editors = fields.List(fields.String())
    notes = fields.List(fields.String())
    problems = fields.List(fields.Nested(ProblemOut))


class ContentOut(BaseSchema):
    title = fields.String()
    summary = fields.String()
    body_html = fields.String()
    source = fields.String()
    author = fields.String()
    cover_media_id = fields.String(allow_none=True)
    tags = fields.List(fields.String())
    attachments = fields.List(fields.String())
    ai_text = fields.String()
    ai_images = fields.String()


class RevisionOut(ContentOut, RevisionHead):
    variants = fields.List(fields.Nested(VariantOut))


class PostOut(ContentOut):
    id = fields.String()
    unit_id = fields.String()
    version = fields.Integer()
    status = fields.String()
    needs_attention = fields.Boolean()
    skew_seconds = fields.Float(allow_none=True)
    publish_at = fields.String(allow_none=True)
    account_ids = fields.List(fields.String())
    urgent = fields.Boolean()
    corrects_id = fields.String(allow_none=True)
    revision = fields.Nested(RevisionHead)
    variants = fields.List(fields.Nested(VariantOut))
    created_by = fields.String()
    created_at = fields.String()
    updated_at = fields.String()


class PostList(BaseSchema):
    items = fields.List(fields.Nested(PostOut))
    next_cursor = fields.String(allow_none=True)


class RevisionList(BaseSchema):
    items = fields.List(fields.Nested(RevisionOut))
    next_cursor = fields.String(allow_none=True)


class StateHead(BaseSchema):
    """A state of a post: `kind` is created, edited, submitted, returned, approved, withdrawn or restored; `changed`
    names the fields that differ from the state before."""

    id = fields.String()
    number = fields.Integer()
    kind = fields.String()
    revision_number = fields.Integer()
    restored_number = fields.Integer(allow_none=True)
    actor = fields.Dict()
    changed = fields.List(fields.String())
    started_at = fields.String()
    at = fields.String()


class StateOut(StateHead):
    content = fields.Dict()
    channels = fields.List(fields.Dict())


class StateList(BaseSchema):
    items = fields.List(fields.Nested(StateHead))
    next_cursor = fields.String(allow_none=True)


class Restoration(BaseSchema):
    """`version` of the post as last read. With `account_id` only what this account had set by hand comes back."""

    version = fields.Integer(required=True, strict=True)
    account_id = fields.String(load_default=None, allow_none=True)
