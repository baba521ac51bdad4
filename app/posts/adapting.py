"""From a revision to what each account will get: payload, its hash, notes and problems. Every edit runs it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from app.accounts.advice import RIGHTS, authorised_by_hand, barred, missing_right, unconnected
from app.accounts.connections import public_address, writing
from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.checks.packs import compile_for, words_for
from app.checks.services import Attachment, check, check_content, check_html
from app.checks.words import Matcher
from app.config import current
from app.db import db
from app.media.models import Media
from app.media.services import LibraryStore, image_value
from app.posts.framing import frame_problems
from app.posts.holdings import alt_problems, attachments_of, cover_of, library_problems, note_uses
from app.posts.linking import dead_links, dead_links_of, note_links, with_fresh_links
from app.posts.models import Post, Revision, Variant
from app.posts.needing import pictures_in
from app.posts.reaching import reach_problems
from app.posts.templates_locking import lost_in, template_problems
from connectors.base import Connector
from connectors.values import Content, Problem

_NAMES_OF_PICTURES = ("sha256", "media_id")


def canonical(payload: Mapping[str, Any]) -> str:
    """The canonical JSON of a payload: sorted keys, no spaces, UTF-8 (no escapes)."""
    return json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(payload: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the canonical JSON."""
    return hashlib.sha256(canonical(payload).encode()).hexdigest()


def link_for(post: Post, variant: Variant, account: Account) -> str:
    """The permalink with this variant's unique parameter, on the account's safe domain where it has one and is live."""
    domain = account.known.get("safe_domain", "") if account.environment == "live" else ""
    base = f"https://{domain}" if domain else current().public_url
    return f"{base}/p/{post.slug}?w={variant.mark}"


def adapt_revision(post: Post, revision: Revision, origin: str = "") -> None:
    """Renew the problems of the content and every variant of an unfrozen revision, and tell the library what it uses.

    `origin` is the address of whoever works on it: where a platform wants to be told one, a public one will do.
    """
    renew(post, revision, origin)
    note_uses(post, revision)
    note_links(post, revision)


def renew(post: Post, revision: Revision, origin: str = "", media: LibraryStore | None = None) -> None:
    """The part of adapt_revision() that only changes the given rows; `media` in the place of the library."""
    words = words_for(post.unit_id)
    problems = content_problems(revision, words)
    revision.problems = as_told(revision, problems)
    for variant in revision.variants:
        connector = writing(variant.account, operator_ip=public_address(origin), media=media)
        _adapt(post, revision, variant, (problems, words), connector)


def compile_packs(post_id: str) -> None:
    """Before a transaction in which a post is checked: see compile_for()."""
    post = db.session.get(Post, post_id)
    if post is not None:
        compile_for(post.unit_id)


def warm(
    account_ids: Iterable[str],
    *,
    title: str,
    body_html: str,
    cover_media_id: str | None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Have the pictures of a text, and of the parts that accounts (by id) have by hand, re-encoded and remembered before a
    transaction is opened: that takes its time."""
    cover = db.session.get(Media, cover_media_id) if cover_media_id else None
    by_hand = overrides or {}
    if cover is None and "/media/" not in body_html and not pictures_in(list(by_hand.values())):
        return
    content = Content(title=title, body_html=body_html, cover=image_value(cover) if cover else None)
    for account_id in account_ids:
        account = db.session.get(Account, account_id)
        if account is not None:
            writing(account).adapt(replace(content, overrides=dict(by_hand.get(account_id, {}))))


def as_told(revision: Revision, problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """The fields of problems; those that the author explained carry `dismissed`: {reason, by_name, at}."""
    said = {one["key"]: {name: one[name] for name in ("reason", "by_name", "at")} for one in revision.dismissals}
    return [
        {**asdict(problem), **({"dismissed": said[problem.key]} if problem.key in said else {})} for problem in problems
    ]


def all_problems(revision: Revision) -> list[Problem]:
    """What the checks find in a revision now: its text, its attachments, and the parts set by hand."""
    words = words_for(revision.post.unit_id)
    found = content_problems(revision, words)
    for variant in revision.variants:
        found += override_problems(variant, words) + frame_problems(variant, words)
    return found


def content_problems(revision: Revision, words: Sequence[Matcher]) -> list[Problem]:
    """What the checks find in the revision's text and attachments, and what is missing."""
    problems = check_content(
        title=revision.title,
        summary=revision.summary,
        body_html=revision.body_html,
        source=revision.source,
        author=revision.author,
        tags=revision.tags,
        attachments=[
            Attachment(name=media.name, text=media.text, sha256=media.sha256, picture=media.is_image)
            for media in attachments_of(revision)
        ],
        words=words,
    )
    if not revision.title:
        problems.append(_missing("title", "标题为空。没有标题的稿件不能送审。请填写标题。"))
    if not revision.body_html:
        problems.append(_missing("body", "正文为空。没有正文的稿件不能送审。请撰写正文。"))
    return problems + dead_links(revision) + library_problems(revision) + template_problems(revision)


def override_problems(variant: Variant, words: Sequence[Matcher]) -> list[Problem]:
    """What the checks find in the parts that the author wrote by hand for this account."""
    found: list[Problem] = []
    for name, value in variant.overrides.items():
        if isinstance(value, str):
            found += check_html(value, name, words) if name.endswith("_html") else check(value, name, words)
            if name.endswith("_html"):
                found += lost_in(value, variant.revision.post.template, name) + alt_problems(value, name)
        else:
            # What stands inside a list or an object has no place in a text.
            inside = [problem for text in texts_in(value) for problem in check(text, name, words)]
            found += [replace(problem, start=None, end=None) for problem in inside]
    return found + dead_links_of(variant)


def problems_now(revision: Revision) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """The problems as they were kept, of the text and by variant, but of links what is known by now: they were looked at
    after the text was saved."""
    own = as_told(revision, dead_links(revision))
    return with_fresh_links(revision.problems, own), {
        variant.id: with_fresh_links(variant.problems, [*own, *as_told(revision, dead_links_of(variant))])
        for variant in revision.variants
    }


def texts_in(value: object) -> Iterator[str]:
    """The words and numbers inside a part of a payload, but for those that name pictures."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _NAMES_OF_PICTURES:
                yield from texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_in(inner)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def connection_problems(account: Account) -> list[Problem]:
    """An account from which nothing can go out is told while writing, not at the hour of publication."""
    name = f"{PLATFORMS[account.platform].label}账号“{account.name}”"
    if account.sealed:
        message = f"{name}保存的凭据打不开。本系统缺少当时的密钥，到点会发不出。请系统管理员在发布前补上密钥，或请账号管理员重新填写凭据。"
        return [Problem(rule="account.connection", severity="warn", field="account_ids", message=message)]
    if unconnected(account) and not account.known.get("access_token") and authorised_by_hand(account):
        message = f"{name}还没有授权。现在发不出任何内容。请账号管理员连接后再送审，或从稿件中去掉它。"
        return [Problem(rule="account.connection", severity="block", field="account_ids", message=message)]
    if unconnected(account):
        # What the platform refused at the last test may be put right before the hour; reviewing need not wait for it.
        why = (
            "未放行本服务器。本服务器的地址不在平台的 IP 白名单中，到点会发不出。请账号管理员在发布前加入。"
            if barred(account)
            else "须重新连接。上次测试时平台不接受它的凭据，到点会发不出。请账号管理员在发布前重新连接。"
        )
        message = f"{name}{why}"
        return [Problem(rule="account.connection", severity="warn", field="account_ids", message=message)]
    needed = missing_right(account)
    if needed:
        right = RIGHTS.get(needed, needed)
        message = f"{name}缺少“{right}”权限。上次测试时平台不接受。请账号管理员补齐后再排期。"
        return [Problem(rule="account.right", severity="warn", field="account_ids", message=message)]
    return []


def _missing(field: str, message: str) -> Problem:
    return Problem(rule=f"post.{field}", severity="block", field=field, message=message)


def _adapt(
    post: Post,
    revision: Revision,
    variant: Variant,
    checked: tuple[Sequence[Problem], Sequence[Matcher]],
    connector: Connector,
) -> None:
    problems, words = checked
    adapted = connector.adapt(_content(post, revision, variant))
    payload = json.loads(canonical(adapted.payload))
    variant.payload = payload
    variant.sha256 = digest(payload)
    variant.notes = [asdict(note) for note in adapted.notes]
    own = [*override_problems(variant, words), *frame_problems(variant, words), *connection_problems(variant.account)]
    own += reach_problems(post.unit, variant.account)
    variant.problems = as_told(revision, (*problems, *adapted.problems, *own))
    variant.length = asdict(adapted.length)


def _content(post: Post, revision: Revision, variant: Variant) -> Content:
    cover = cover_of(revision)
    return Content(
        title=revision.title,
        summary=revision.summary,
        body_html=revision.body_html,
        source=revision.source,
        author=revision.author,
        tags=tuple(revision.tags),
        cover=image_value(cover) if cover is not None else None,
        link=link_for(post, variant, variant.account),
        urgent=post.urgent,
        ai_text=revision.ai_text,
        ai_images=revision.ai_images,
        overrides=dict(variant.overrides),
    )
