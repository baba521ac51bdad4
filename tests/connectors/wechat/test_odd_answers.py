"""Answers of the wrong shape: every reading method ends in a result or in an error of the tree, never in a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import ConnectorError, OutcomeUnknown, Unavailable
from connectors.values import CannotTell, Prepared, ProvenAbsent, Receipt
from connectors.wechat.connector import WeChatConnector
from tests.connectors.contract import chinese
from tests.connectors.fakes import MemoryTokens, Odd
from tests.connectors.wechat.conftest import Clock, Make, attempted, post

STANDING = Prepared(steps={"token": "ok", "cover": "c", "draft": "d", "fingerprint": "f"}, ready=True)
UNREAD = Prepared(steps={"token": "ok", "cover": "c", "draft": "d"})
SHAPES: list[Any] = [
    {},
    {"news_item": "x", "item": 5, "comment": "x", "list": "x", "dns": 1},
    {"news_item": [1, None], "item": [None, "x"], "comment": [1], "list": [[]]},
    {"item": [{"content": "x", "update_time": "soon", "article_id": 5}]},
    {"item": [{"content": {"news_item": {"title": 5, "content_source_url": 7}}, "update_time": None}]},
    {"comment": [{"user_comment_id": None, "create_time": {}}]},
    {"comment": [{"content": "没有编号"}]},
    {"list": [{"msgid": None, "detail_list": [{"read_user": "many"}]}]},
    {"publish_status": None, "article_detail": "x", "msg_status": None, "quota": "x"},
    {"publish_status": {"a": 1}, "article_detail": {"item": "x"}, "msg_status": 3.5},
    {"publish_status": 0, "article_id": None, "article_detail": {"item": [None]}},
]


@pytest.fixture
def tokens(clock: Clock) -> MemoryTokens:
    return MemoryTokens("TOKEN", clock() + timedelta(hours=2))


def mass(connector: WeChatConnector) -> dict[str, Any]:
    payload = dict(connector.adapt(post()).payload)
    return payload | {"delivery": {**payload["delivery"], "mode": "mass"}}


def attempts(connector: WeChatConnector, clock: Clock) -> list[Any]:
    publish = connector.adapt(post()).payload
    receipts = [None, Receipt(details={"publish_id": "1"}), Receipt(details={"article_id": "A"})]
    found = [attempted(publish, STANDING, clock(), receipt) for receipt in receipts]
    return [*found, attempted(mass(connector), STANDING, clock(), Receipt(details={"msg_id": "1"}))]


READERS: dict[str, Callable[[WeChatConnector, Clock], object]] = {
    "history": lambda c, clock: c.history(clock() - timedelta(days=3)),
    "comments": lambda c, clock: c.fetch_messages({}, [Receipt(details={"msg_data_id": "1"})]),
    "figures": lambda c, clock: c.figures(
        [Receipt(published_at=clock() - timedelta(days=4), details={"msg_data_id": "1"})]
    ),
    "probe": lambda c, clock: c.probe(),
    "recheck": lambda c, clock: c.recheck(c.adapt(post()).payload, STANDING),
    "hand over": lambda c, clock: c.hand_over_done(STANDING),
    "read back": lambda c, clock: c.prepare(c.adapt(post()).payload, UNREAD),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", READERS)
def test_a_wrong_shape_is_a_result_or_an_error_of_ours(
    make: Make, odd: Odd, clock: Clock, name: str, shape: Any
) -> None:
    odd.say(shape)
    causes = []
    try:
        READERS[name](make(odd.url), clock)
    except ConnectorError as error:
        causes.append(error.cause)
    assert all(chinese(cause) for cause in causes)


@pytest.mark.parametrize("shape", SHAPES[:-1])
def test_a_wrong_shape_never_proves_anything_about_a_publication(
    make: Make, odd: Odd, clock: Clock, shape: Any
) -> None:
    odd.say(shape)
    connector = make(odd.url)
    for attempt in attempts(connector, clock):
        clock.later(hours=2)
        answer = connector.check(attempt)
        assert not isinstance(answer, ProvenAbsent)
        if attempt.receipt and not attempt.receipt.details.get("article_id"):
            assert isinstance(answer, CannotTell)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_wrong_shape_after_a_submission_is_unknown(make: Make, odd: Odd, clock: Clock, shape: Any) -> None:
    odd.say(shape)
    connector = make(odd.url)
    with pytest.raises(OutcomeUnknown):
        connector.publish(connector.adapt(post()).payload, STANDING, key="k", send_before=clock.soon)


@pytest.mark.parametrize("shape", [{}, {"url": None}, {"media_id": []}])
def test_an_upload_without_its_result_is_asked_again_later(make: Make, odd: Odd, shape: Any) -> None:
    odd.say(shape if shape != {"media_id": []} else {"media_id": None})
    connector = make(odd.url)
    payload = connector.adapt(post()).payload
    for steps in ({"token": "ok"}, {"token": "ok", "cover": "c", "draft_begun": "1"}):
        with pytest.raises(Unavailable):
            connector.prepare(payload, Prepared(steps=steps))
