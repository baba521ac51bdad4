"""Finding a status again: what became of a call, and what the account published by whatever means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import ConnectorError, CredentialsRefused, NotEntitled, RateLimited, Refused
from connectors.values import AccountConfig, Attempted, CannotTell, Finding, Found, PublishedItem, Receipt, Removed
from connectors.weibo import codes, limits, links
from connectors.weibo.api import Api
from connectors.weibo.ids import id_of
from connectors.weibo.levels import Level
from connectors.weibo.payloads import is_deleted, plain_text, receipt_of, same_text, why_hidden

# A status may take a minute or two to be seen everywhere ("please wait 1-2 minutes").
_SETTLING = timedelta(minutes=3)
_CLOCKS_APART = timedelta(minutes=2)


def check(account: AccountConfig, level: Level, api: Api, attempted: Attempted, now: datetime) -> Finding:
    """What became of it, read-back included. Not finding it proves nothing: an ordinary app sees five statuses, and those
    late. Raises RateLimited and CredentialsRefused."""
    found = _found(account, level, api, attempted, now)
    if not isinstance(found, Found) or attempted.receipt is None:
        return found
    # What only the answer to the call told (the article beside its status) stays known.
    details = {**attempted.receipt.details, **found.receipt.details}
    return Found(receipt=replace(found.receipt, details=details))


def _found(account: AccountConfig, level: Level, api: Api, attempted: Attempted, now: datetime) -> Finding:
    again = limits.ask_again(attempted.asked, now)
    try:
        if attempted.receipt is not None and attempted.receipt.external_id:
            return _read_back(account, level, api, attempted, attempted.receipt, now, again)
        return _look_for(account, level, api, attempted, again)
    except (RateLimited, CredentialsRefused):
        # What the platform says of the account is for whoever asked: the ledger and the account's health need it.
        raise
    except NotEntitled as error:
        return CannotTell(reason=f"无法核实：{error}", next_at=again, by_person=True)
    except ConnectorError as error:
        return CannotTell(reason=f"暂时无法核实：{error}", next_at=again)


def _read_back(
    account: AccountConfig,
    level: Level,
    api: Api,
    attempted: Attempted,
    receipt: Receipt,
    now: datetime,
    again: datetime,
) -> Finding:
    try:
        status = _status(level, api, receipt.external_id)
    except NotEntitled:
        # An app without statuses/show may still list its newest.
        return _look_for(account, level, api, attempted, again)
    except Refused as error:
        if error.code not in codes.GONE:
            raise
        if now - attempted.sent_at < _SETTLING:
            return CannotTell(reason="微博刚发出，暂时还查不到，稍后再核实。", next_at=again)
        return Removed(reason=f"微博上已看不到这条微博：{error.cause}")
    if not id_of(status):
        return CannotTell(reason="微博的答复里没有这条微博，稍后再核实。", next_at=again)
    return _finding(status, account)


def _status(level: Level, api: Api, status_id: str) -> Mapping[str, Any]:
    """The status. That a batch lacks it proves nothing: gone it is only when statuses/show says so too, by its code."""
    found = api.status_of_batch(status_id) if level.key == "business" else {}
    return found or api.status(status_id)


def _look_for(account: AccountConfig, level: Level, api: Api, attempted: Attempted, again: datetime) -> Finding:
    link, text = str(attempted.payload.get("link") or ""), str(attempted.payload.get("text") or "")
    since = attempted.sent_at - _CLOCKS_APART
    for status in api.user_timeline(business=level.key == "business", count=50 if level.key == "business" else 5):
        if _is_ours(status, attempted.key, link, text, since):
            return _finding(status, account)
    reason = "在本账号最新的微博中没有找到；找不到不能证明没有发出。"
    return CannotTell(reason=reason, next_at=again)


def _is_ours(status: Mapping[str, Any], key: str, link: str, text: str, since: datetime) -> bool:
    if is_deleted(status):
        return False
    if _annotated(status, key) or (link and links.carries(status, link)):
        return True
    published = receipt_of(status, "").published_at
    # Without its addresses a status can only be known by its words, and only one of after our call.
    known = any(links.addresses(status))
    return not known and published is not None and published >= since and same_text(status, text)


def _annotated(status: Mapping[str, Any], key: str) -> bool:
    notes = status.get("annotations")
    return isinstance(notes, list) and any(
        isinstance(note, dict) and note.get("client_mblogid") == key for note in notes
    )


def _finding(status: Mapping[str, Any], account: AccountConfig) -> Finding:
    if why := why_hidden(status):
        return Removed(reason=why)
    return Found(receipt=receipt_of(status, account.external_id))


def history(account: AccountConfig, level: Level, api: Api, since: datetime) -> tuple[PublishedItem, ...]:
    """What the account published since, newest first; an ordinary app sees its newest five only."""
    business = level.key == "business"
    items = []
    for status in api.user_timeline(business=business, count=100 if business else 5):
        receipt = receipt_of(status, account.external_id)
        if receipt.external_id and receipt.published_at is not None and receipt.published_at >= since:
            items.append(
                PublishedItem(
                    external_id=receipt.external_id,
                    url=receipt.url,
                    title=plain_text(status),
                    published_at=receipt.published_at,
                    deleted=bool(why_hidden(status)),
                    addresses=tuple(links.all_addresses(status)),
                )
            )
    return tuple(sorted(items, key=lambda item: item.published_at, reverse=True))
