"""Files that people send: kept as what they are, shown to those who may read, gone when the person is erased."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import current_app
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import Account
from app.db import atomic, db
from app.errors import NotFound
from app.inbox import media
from app.inbox.models import Message, MessageMedia
from app.inbox.services import account_event, ingest
from app.units.access import Actor
from connectors.errors import ConnectorError, CredentialsRefused, NotEntitled, RateLimited, Refused, Unavailable
from connectors.values import AccountEvent, InboundMedia, InboundMessage, MediaFile
from tests.app.inbox.conftest import City

IMAGES = Path(__file__).parents[2] / "samples" / "images"
PICTURE = (IMAGES / "cover-rain.jpg").read_bytes()
Letter = Callable[..., InboundMessage]
Browse = Callable[[Actor], FlaskClient]
Bearer = Callable[[Actor], dict[str, str]]


@pytest.fixture
def message(city: City, letter: Letter, now: datetime) -> Message:
    sent = letter(1, text="[图片]", media=(InboundMedia(kind="image", url="http://mmbiz/1", media_id="m-1"),))
    return ingest(city.wechat, [sent], now=now)[0]


def file_of(message: Message) -> MessageMedia:
    db.session.expire_all()
    return media.media_of([message.id])[message.id][0]


def keep(content: bytes, now: datetime, content_type: str = "text/html") -> None:
    [fetch] = media.claim(10, now)
    media.record_file(fetch, MediaFile(content=content, content_type=content_type), now)


def test_a_message_with_a_file_asks_for_it_once(message: Message, now: datetime) -> None:
    [fetch] = media.claim(10, now)
    assert (fetch.reference.kind, fetch.reference.media_id, fetch.tries) == ("image", "m-1", 1)
    assert media.claim(10, now) == []
    # Whoever claimed it died: somebody else gets it when the lease is over.
    [again] = media.claim(10, now + media.LEASE)
    assert (again.id, again.tries) == (fetch.id, 2)


def test_a_repeat_of_the_message_asks_for_nothing_more(
    city: City, letter: Letter, message: Message, now: datetime
) -> None:
    ingest(city.wechat, [letter(1, media=(InboundMedia(kind="image", media_id="m-1"),))], now=now)
    assert db.session.scalar(select(func.count(MessageMedia.id))) == 1


def test_the_picture_is_shown_to_the_desk_and_to_nobody_else(
    city: City, message: Message, browse: Browse, now: datetime
) -> None:
    keep(PICTURE, now)
    address = f"/inbox/media/{file_of(message).id}"
    client = browse(city.wang)
    answer = client.get(address)
    assert answer.data == PICTURE
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    page = client.get(f"/inbox/{message.conversation_id}").get_data(as_text=True)
    assert f'<img src="{address}"' in page
    assert browse(city.stranger).get(address).status_code == 404
    fresh = browse(city.wang)
    fresh.post("/sign-out")
    assert fresh.get(address).status_code == 302


def test_the_api_tells_of_the_file_and_gives_it(city: City, message: Message, bearer: Bearer, now: datetime) -> None:
    http = current_app.test_client()
    path = f"/api/v1/conversations/{message.conversation_id}/messages"
    [waiting] = http.get(path, headers=bearer(city.wang)).get_json()["items"][0]["media"]
    assert (waiting["status"], waiting["url"]) == ("waiting", None)
    keep(PICTURE, now)
    [kept] = http.get(path, headers=bearer(city.wang)).get_json()["items"][0]["media"]
    assert (kept["status"], kept["content_type"], kept["size"]) == ("kept", "image/jpeg", len(PICTURE))
    given = http.get(kept["url"], headers=bearer(city.wang))
    assert given.data == PICTURE
    assert given.headers["Cache-Control"] == "private, no-store"
    assert given.headers["Content-Disposition"] == f"attachment; filename={kept['id']}.jpg"
    assert http.get(kept["url"], headers=bearer(city.stranger)).status_code == 404


@pytest.mark.parametrize(
    ("content", "kind", "inline"),
    [
        (b"<html><script>alert(1)</script></html>", "application/octet-stream", False),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", "application/octet-stream", False),
        (b"MZ\x90\x00 a program", "application/octet-stream", False),
        (b"#!AMR\n\x3c\x91", "audio/amr", False),
        (b"ID3\x03\x00\x00", "audio/mpeg", True),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4", True),
        (b"\x00\x00\x00\x18ftypM4A \x00", "audio/mp4", True),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav", True),
    ],
)
def test_the_bytes_say_what_it_is_not_the_platform(
    city: City, message: Message, browse: Browse, now: datetime, content: bytes, kind: str, inline: bool
) -> None:
    keep(content, now, content_type="image/png")
    answer = browse(city.wang).get(f"/inbox/media/{file_of(message).id}")
    assert answer.mimetype == kind
    assert answer.headers.get("Content-Disposition", "").startswith("attachment") is not inline
    page = browse(city.wang).get(f"/inbox/{message.conversation_id}").get_data(as_text=True)
    assert ("<audio" in page or "<video" in page) is inline


def test_too_much_and_nothing_are_not_kept(message: Message, now: datetime) -> None:
    keep(b"\xff\xfb" + b"\x00" * media.MOST_BYTES, now)
    assert (file_of(message).status, "10 MB" in file_of(message).why) == ("lost", True)


def test_it_is_tried_some_times_and_then_lost(city: City, message: Message, browse: Browse, now: datetime) -> None:
    at = now
    for number in range(1, media.MOST_TRIES + 1):
        [fetch] = media.claim(10, at)
        assert fetch.tries == number
        media.record_failure(fetch, Unavailable("微博暂时没有应答。"), at)
        at += timedelta(hours=3)
    found = file_of(message)
    assert (found.status, found.why) == ("lost", "微博暂时没有应答。")
    assert media.claim(10, at) == []
    page = browse(city.wang).get(f"/inbox/{message.conversation_id}").get_data(as_text=True)
    assert "没有取到。微博暂时没有应答。" in page


def test_what_never_comes_to_an_end_is_given_up(message: Message, now: datetime) -> None:
    """It may be the file itself that ends whoever fetches it."""
    at, taken = now, 0
    for _ in range(20):
        taken += len(media.claim(10, at))
        at += media.LEASE
    assert taken == media.MOST_TRIES
    assert (file_of(message).status, "请登录平台查看" in file_of(message).why) == ("lost", True)


def _limited(until: datetime) -> RateLimited:
    error = RateLimited("今天的次数已用完。")
    error.until = until
    return error


def test_what_a_person_can_mend_waits_for_them_until_the_platform_forgets(message: Message, now: datetime) -> None:
    for error in (CredentialsRefused("授权已过期。"), NotEntitled("没有权限。"), _limited(now + timedelta(hours=9))):
        [fetch] = media.claim(10, file_of(message).next_try_at)
        media.record_failure(fetch, error, now)
        found = file_of(message)
        assert found.status == "waiting"
        assert found.next_try_at >= now + timedelta(hours=1)
    late = now + media.KEPT_BY_PLATFORM
    [fetch] = media.claim(10, late)
    media.record_failure(fetch, CredentialsRefused("授权已过期。"), late)
    assert (file_of(message).status, file_of(message).why) == ("lost", "已过期，未取到。授权已过期。")


def test_a_lost_right_is_asked_about_once_an_hour_for_all_files(city: City, letter: Letter, now: datetime) -> None:
    pictures = [letter(n, media=(InboundMedia(kind="image", media_id=f"m-{n}"),)) for n in range(3)]
    ingest(city.wechat, pictures, now=now)
    at, asked = now, 0
    while at < now + timedelta(days=1):
        for fetch in media.claim(1, at):
            asked += 1
            media.record_failure(fetch, NotEntitled("没有权限。"), at)
        at += timedelta(minutes=5)
    assert asked <= 25
    # Waiting for the account is no fault of the file.
    assert db.session.scalars(select(func.max(MessageMedia.tries))).one() == 0
    # The right is back: one is had, and the others follow.
    [fetch] = media.claim(1, at + timedelta(hours=1))
    media.record_file(fetch, MediaFile(content=PICTURE), at)
    assert len(media.claim(10, at + timedelta(hours=1, minutes=3))) == 2


def test_nothing_is_asked_for_an_account_that_is_switched_off(city: City, message: Message, now: datetime) -> None:
    with atomic():
        db.session.get_one(Account, city.wechat.id).active = False
    assert media.claim(10, now) == []
    with atomic():
        db.session.get_one(Account, city.wechat.id).active = True
    assert len(media.claim(10, now)) == 1


@pytest.mark.parametrize("error", [Refused("文件已不存在。")])
def test_what_is_gone_is_lost_at_once(message: Message, now: datetime, error: ConnectorError) -> None:
    [fetch] = media.claim(10, now)
    media.record_failure(fetch, error, now)
    assert (file_of(message).status, file_of(message).why) == ("lost", "文件已不存在。")


def test_whoever_leaves_takes_their_files_along(city: City, message: Message, now: datetime) -> None:
    keep(PICTURE, now)
    media_id = file_of(message).id
    left = AccountEvent(external_id="ev:1", kind="unsubscribe", sender_id="oCitizen0001", at=now)
    account_event(city.wechat, left, now)
    assert db.session.scalar(select(func.count(MessageMedia.id))) == 0
    with pytest.raises(NotFound):
        media.open_media(city.wang, media_id)


def test_an_answer_that_comes_after_they_left_is_not_kept(city: City, message: Message, now: datetime) -> None:
    [fetch] = media.claim(10, now)
    left = AccountEvent(external_id="ev:1", kind="unsubscribe", sender_id="oCitizen0001", at=now)
    account_event(city.wechat, left, now)
    media.record_file(fetch, MediaFile(content=PICTURE), now)
    media.record_failure(fetch, Refused("没有。"), now)
    assert db.session.scalar(select(func.count(MessageMedia.id))) == 0
