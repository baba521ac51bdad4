"""Comments of a mass-sent article, opened and closed from its readers' conversation."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from app.accounts import connections
from app.accounts.asking import outcome_facts, outcome_words
from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, NotFound
from app.inbox.access import find, find_owned
from app.inbox.acting import ask
from app.inbox.models import Conversation
from app.publishing.models import Publication
from app.publishing.values import receipt_of
from app.units.access import Actor


def switch_comments(actor: Actor, conversation_id: str, *, open_: bool, now: datetime) -> Conversation:
    """Open or close the comments of the article that the conversation is about."""
    conversation = find_owned(actor, conversation_id)
    publication = commented(conversation)
    if publication is None:
        raise Conflict("没有办成。这个会话所评的文章不能在这里开关留言。请登录公众平台操作。")
    publication_id, account = publication.id, conversation.account
    receipt = receipt_of(publication.receipt)
    if receipt is None:
        raise NotFound
    what = "打开留言" if open_ else "关闭留言"
    note = partial(_note_switch, actor, conversation_id, publication_id, what, open_, now)
    try:
        ask(account, lambda connector: connector.switch_comments(receipt, open_=open_), what=what, now=now)
    except Conflict as refusal:
        note(refusal)
        raise
    return note(None)


def _note_switch(
    actor: Actor,
    conversation_id: str,
    publication_id: str,
    what: str,
    open_: bool,
    now: datetime,
    refused: Conflict | None,
) -> Conversation:
    """What came of opening or closing: on the publication and in the audit log."""
    with atomic():
        row = db.session.get_one(Publication, publication_id, with_for_update=True)
        if refused is None:
            details = {**dict(row.receipt.get("details") or {}), "comments": "open" if open_ else "closed"}
            row.receipt = {**row.receipt, "details": details}
        conversation = find(actor, conversation_id)
        record(
            actor,
            "publication.comments",
            now=now,
            object_type="publication",
            object_id=publication_id,
            unit_id=conversation.account.unit_id,
            summary=f"{what}{outcome_words(refused)}：{row.post.title}",
            after={"open": open_, **outcome_facts(refused)},
        )
    return conversation


def commented(conversation: Conversation) -> Publication | None:
    """The publication whose comments may be opened and closed from here; None when there is none."""
    if "switch_comments" not in connections.capabilities(conversation.account).offers:
        return None
    if conversation.kind != "article_comment" or conversation.publication_id is None:
        return None
    found = db.session.get(Publication, conversation.publication_id)
    details = dict((found.receipt or {}).get("details") or {}) if found is not None else {}
    return found if found is not None and details.get("msg_data_id") else None


def comments_closed(publication: Publication | None) -> bool:
    """Whether we closed the comments last; the platform does not tell."""
    details = dict((publication.receipt or {}).get("details") or {}) if publication is not None else {}
    return details.get("comments") == "closed"
