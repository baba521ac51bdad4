"""Odd answers on a write and on a read: nothing is taken for a success or a failure that is not one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import (
    ConnectorError,
    ContentRefused,
    CredentialsRefused,
    NotEntitled,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from connectors.http import Answer
from connectors.values import Content, Prepared, Receipt
from connectors.weibo.answers import code_of, interpret
from connectors.weibo.connector import WeiboConnector
from connectors.weibo.limits import until
from connectors.weibo.times import BEIJING
from tests.connectors.fakes import FIXTURES, CountingMeter, MemoryTokens, Odd
from tests.connectors.weibo.conftest import Clock, Make

HTML = b"<html><head><title>502 Bad Gateway</title></head></html>"


@pytest.fixture
def publish(odd: Odd, make: Make, content: Content, clock: Clock) -> Callable[[], Receipt]:
    connector = make(odd.url)
    payload = connector.adapt(content).payload
    return lambda: connector.publish(payload, Prepared(ready=True), key="k-1", send_before=clock.soon)


@pytest.fixture
def reader(odd: Odd, make: Make) -> WeiboConnector:
    return make(odd.url)


ODD_BODIES: list[tuple[str, int, bytes]] = [
    ("html_502", 502, HTML),
    ("html_200", 200, HTML),
    ("web_throttle_414", 414, b"<html>Request-URI Too Large</html>"),
    ("empty", 200, b""),
    ("truncated", 200, b'{"id": 12'),
    ("list", 200, b"[]"),
    ("text", 200, b'"ok"'),
    ("null", 200, b"null"),
    ("no_id", 200, b"{}"),
    ("number_id_null", 200, b'{"id": null}'),
    ("not_utf8", 200, b'{"id": 1, "text": "\xff\xfe"}'),
    ("error_status_without_code", 500, b'{"id": 1}'),
    ("words_only", 400, b'{"error": "something"}'),
    ("unknown_code", 400, b'{"error_code": 29999, "error": "?"}'),
    ("deep", 200, b"[" * 100000),
]


@pytest.mark.parametrize(("status", "body"), [row[1:] for row in ODD_BODIES], ids=[row[0] for row in ODD_BODIES])
def test_an_unreadable_answer_to_a_write_is_unknown(
    odd: Odd, publish: Callable[[], Receipt], status: int, body: bytes
) -> None:
    odd.say(body, status)
    with pytest.raises(OutcomeUnknown):
        publish()
    assert len(odd.seen) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [row[1:] for row in ODD_BODIES if row[0] not in ("list", "no_id", "number_id_null")],
    ids=[row[0] for row in ODD_BODIES if row[0] not in ("list", "no_id", "number_id_null")],
)
def test_an_unreadable_answer_to_a_read_is_unavailable(
    odd: Odd, reader: WeiboConnector, status: int, body: bytes
) -> None:
    odd.say(body, status)
    with pytest.raises(Unavailable):
        reader.history(datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("err_10014_permissions", 403, NotEntitled),
        ("err_10017_no_domain_in_text", 400, ContentRefused),
        ("err_10017_domain_unbound", 400, NotEntitled),
        ("err_10023_user_rate", 403, RateLimited),
        ("err_20012_too_long", 400, ContentRefused),
        ("err_20016_too_fast", 400, RateLimited),
        ("err_20019_repeat", 400, OutcomeUnknown),
        ("err_21321_unaudited", 400, NotEntitled),
        ("err_21327_expired", 401, CredentialsRefused),
        ("err_21327_expired", 200, CredentialsRefused),
        ("err_21332_invalid_token", 403, CredentialsRefused),
    ],
)
def test_the_body_speaks_whatever_the_status(
    odd: Odd, publish: Callable[[], Receipt], name: str, status: int, kind: type[ConnectorError]
) -> None:
    odd.fixture("weibo", f"{name}.json", status)
    with pytest.raises(ConnectorError) as caught:
        publish()
    assert type(caught.value) is kind
    assert caught.value.cause
    assert caught.value.remedy


def test_20032_is_a_success_without_an_id(odd: Odd, publish: Callable[[], Receipt]) -> None:
    odd.fixture("weibo", "err_20032_success_but_slow.json", 400)
    assert publish() == Receipt(external_id="", live=False, details={"slow": "1"})


def test_a_code_as_text_is_the_same_code(odd: Odd, publish: Callable[[], Receipt]) -> None:
    odd.say({"request": "/2/x", "error_code": "20021", "error": "illegal"}, 400)
    with pytest.raises(ContentRefused) as caught:
        publish()
    assert (caught.value.code, caught.value.field) == ("20021", "text")


@pytest.mark.parametrize("code", [10001, 10002, 10003, 10010, 10011])
def test_busy_on_a_write_is_unknown_and_on_a_read_unavailable(
    odd: Odd, publish: Callable[[], Receipt], reader: WeiboConnector, code: int
) -> None:
    odd.say({"error_code": code, "error": "busy", "request": "/2/x"}, 503)
    with pytest.raises(OutcomeUnknown):
        publish()
    with pytest.raises(Unavailable):
        reader.history(datetime(2020, 1, 1, tzinfo=UTC))


def test_answers_without_a_charset_are_utf8(odd: Odd, reader: WeiboConnector) -> None:
    """requests would read text/html without a charset as latin-1."""
    odd.say((FIXTURES / "weibo" / "user_timeline_doc.json").read_bytes(), 200, "text/html")
    assert reader.history(datetime(2010, 1, 1, tzinfo=UTC)).items[0].title == "求关注。"


def test_four_error_shapes() -> None:
    assert code_of({"error_code": "20502", "error": "x"}) == ("20502", "x")
    assert code_of({"errcode": 21301, "errmsg": "auth"}) == ("21301", "auth")
    assert code_of({"code": "11001", "msg": "sass check error", "data": ""}) == ("11001", "sass check error")
    assert code_of({"code": 40100, "message": "no"}) == ("40100", "no")
    assert code_of({"idstr": "1"}) == ("", "")


def test_the_article_interface_has_two_envelopes() -> None:
    def read(name: str) -> Any:
        body = (FIXTURES / "weibo" / name).read_bytes()
        answer = Answer(status=200, body=body, headers={})
        return interpret(answer, write=True, until=lambda code: datetime(2026, 1, 1, tzinfo=UTC), article=True)

    assert read("article_publish_ok_shape.json")["data"]["mid"] == "4574312345678901"
    with pytest.raises(RateLimited):
        read("article_publish_err_shape.json")
    with pytest.raises(NotEntitled):
        read("err_10014_article.json")


NOW = datetime(2026, 7, 12, 9, 20, tzinfo=UTC)
MIDNIGHT = datetime(2026, 7, 12, 16, 0, tzinfo=UTC)


def status_answer(**fields: Any) -> Callable[[], Answer]:
    import json

    return lambda: Answer(status=200, body=json.dumps(fields).encode(), headers={})


def test_10023_waits_until_midnight_of_beijing_when_the_status_lies() -> None:
    assert until("10023", NOW, status_answer(remaining_user_hits=150, reset_time_in_seconds=60)) == MIDNIGHT
    assert until("10023", NOW, lambda: Answer(status=502, body=HTML, headers={})) == MIDNIGHT


def test_10023_waits_until_the_reset_when_that_is_sooner() -> None:
    assert until("10023", NOW, status_answer(remaining_user_hits=0, reset_time_in_seconds=600)) == NOW + timedelta(
        minutes=10
    )
    local = "2026-07-12 18:00:00"
    expected = datetime(2026, 7, 12, 18, 0, tzinfo=BEIJING)
    assert until("10023", NOW, status_answer(remaining_user_hits=0, reset_time=local)) == expected


def test_other_limits_wait_for_their_windows() -> None:
    def never() -> Answer:
        raise AssertionError("not asked")

    assert until("10022", NOW, never) == datetime(2026, 7, 12, 10, 0, tzinfo=UTC)
    assert until("10024", NOW, never) == datetime(2026, 7, 12, 10, 0, tzinfo=UTC)
    assert until("20016", NOW, never) == NOW + timedelta(minutes=10)


def test_the_token_goes_in_the_header_by_the_scheme_oauth2(odd: Odd, publish: Callable[[], Receipt]) -> None:
    odd.fixture("weibo", "share_response_doc.json")
    publish()
    method, path, headers, body = odd.seen[0]
    assert (method, path, headers["authorization"]) == ("POST", "/2/statuses/share.json", "OAuth2 tok-1")
    assert b"tok-1" not in body


def test_an_expired_token_is_said_with_its_time_before_any_call(
    odd: Odd, make: Make, content: Content, clock: Clock, meter: CountingMeter
) -> None:
    expired = datetime(2026, 7, 11, 16, 30, tzinfo=UTC)
    connector = make(odd.url, tokens=MemoryTokens("tok-1", expired))
    payload = connector.adapt(content).payload
    with pytest.raises(CredentialsRefused, match="2026年7月12日 00:30"):
        connector.prepare(payload, Prepared())
    with pytest.raises(CredentialsRefused):
        connector.publish(payload, Prepared(ready=True), key="k", send_before=clock.soon)
    assert (odd.seen, meter.calls) == ([], [])


def test_no_token_is_said_too(odd: Odd, make: Make, content: Content) -> None:
    connector = make(odd.url, tokens=MemoryTokens())
    with pytest.raises(CredentialsRefused):
        connector.prepare(connector.adapt(content).payload, Prepared())


def test_a_platform_that_is_not_there_did_nothing(make: Make, content: Content, clock: Clock) -> None:
    connector = make("http://127.0.0.1:9")
    with pytest.raises(Unavailable):
        connector.publish(connector.adapt(content).payload, Prepared(ready=True), key="k", send_before=clock.soon)


def test_a_refusal_names_no_secret(odd: Odd, publish: Callable[[], Receipt]) -> None:
    odd.say({"error_code": 21332, "error": "invalid access_token=tok-1"}, 400)
    with pytest.raises(Refused) as caught:
        publish()
    assert "tok-1" not in caught.value.raw
