"""The inbox's services, under one name."""

from __future__ import annotations

from app.inbox.account_events import COMES, account_event
from app.inbox.acting import acts_elsewhere, acts_of, moderate, typing
from app.inbox.amending import retry_reply, settle_reply
from app.inbox.answering import add_note, reply
from app.inbox.approvers import needs_approval
from app.inbox.article_comments import commented, comments_closed, switch_comments
from app.inbox.contacts import display_name
from app.inbox.figures import FIRST_ANSWER_STEPS, Arrived, FirstAnswers, answers_per_day, arrived, first_answers
from app.inbox.holding import (
    approve_reply,
    change_reply,
    decidable,
    held_of,
    return_reply,
    withdraw_reply,
)
from app.inbox.ingesting import ingest
from app.inbox.outcomes import (
    doubt_queued,
    record_reply_failed,
    record_reply_postponed,
    record_reply_sent,
    record_reply_unknown,
)
from app.inbox.people import look_up, offers, rename, set_blocked, set_tags
from app.inbox.reading import (
    Filter,
    conversations_of,
    count,
    earlier_threads,
    get_conversation,
    messages_of,
    rows_of,
    thread_of,
    undelivered,
    waiting,
    waiting_times,
)
from app.inbox.sending import begin_attempt, claim_replies, recover_replies
from app.inbox.windows import Window, window_of, windows_of
from app.inbox.working import STATUSES, answerers, assign, desks, set_labels, set_remark, set_status, wake_snoozed

__all__ = [
    "COMES",
    "FIRST_ANSWER_STEPS",
    "STATUSES",
    "Arrived",
    "Filter",
    "FirstAnswers",
    "Window",
    "account_event",
    "acts_elsewhere",
    "acts_of",
    "add_note",
    "answerers",
    "answers_per_day",
    "approve_reply",
    "arrived",
    "assign",
    "begin_attempt",
    "change_reply",
    "claim_replies",
    "commented",
    "comments_closed",
    "conversations_of",
    "count",
    "decidable",
    "desks",
    "display_name",
    "doubt_queued",
    "earlier_threads",
    "first_answers",
    "get_conversation",
    "held_of",
    "ingest",
    "look_up",
    "messages_of",
    "moderate",
    "needs_approval",
    "offers",
    "record_reply_failed",
    "record_reply_postponed",
    "record_reply_sent",
    "record_reply_unknown",
    "recover_replies",
    "rename",
    "reply",
    "retry_reply",
    "return_reply",
    "rows_of",
    "set_blocked",
    "set_labels",
    "set_remark",
    "set_status",
    "set_tags",
    "settle_reply",
    "switch_comments",
    "thread_of",
    "typing",
    "undelivered",
    "waiting",
    "waiting_times",
    "wake_snoozed",
    "window_of",
    "windows_of",
    "withdraw_reply",
]
