"""No secret and no token in any log, exception or evidence: whole journeys, in good and bad weather, and then a search."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Connector
from connectors.errors import ConnectorError, Forged
from connectors.http import Http
from connectors.masking import describe, mask
from connectors.registry import CONNECTORS
from connectors.values import AccountConfig, Attempted, Callback, Content, Exchange, Prepared, Receipt
from tests.connectors.contract import prepare_all
from tests.connectors.fakes import CountingMeter, MemoryMedia, MemoryTokens, Odd, SimulatorControl
from tests.connectors.wechat import conftest as wechat
from tests.connectors.wechat.test_callback import push
from tests.connectors.weibo import conftest as weibo
from tests.connectors.weibo.test_callback import signed

NOWHERE = "http://127.0.0.1:9"
WEATHER: dict[str, dict[str, Any]] = {
    "fair": {},
    "refused": {"kind": "refuse", "code": 0},
    "bad gateway": {"kind": "http_502", "times": -1},
    "no answer": {"kind": "drop_answer", "times": -1},
    "reset": {"kind": "reset", "times": -1},
    "stale token": {"kind": "expire_token"},
    "used up": {"kind": "exhaust_quota", "times": -1},
}
REFUSALS = {"weibo": 21332, "wechat": 40001}


class Journey:
    """One account's whole day; everything that anybody could read of it is kept as text."""

    def __init__(self, platform: str, base_url: str, media: MemoryMedia) -> None:
        self.exchanges: list[Exchange] = []
        self.errors: list[str] = []
        self.worked: list[str] = []
        account: AccountConfig = {"weibo": weibo.account, "wechat": wechat.account}[platform](base_url)
        if platform == "weibo":
            account = replace(account, mode="full")
        now = datetime.now(UTC)
        self.tokens = MemoryTokens("tok-1", now + timedelta(days=30)) if platform == "weibo" else MemoryTokens()
        self.connector = CONNECTORS[platform](
            account,
            http=Http(base_url=base_url, on_exchange=self.exchanges.append),
            tokens=self.tokens,
            media=media,
            meter=CountingMeter(),
            clock=lambda: datetime.now(UTC),
        )

    def attempt(self, name: str, act: Callable[[], Any]) -> Any:
        try:
            result = act()
        except (ConnectorError, ValueError) as error:
            self.errors.append("".join(traceback.format_exception(error)))
            self.errors.append(repr(getattr(error, "__dict__", "")) + repr(error) + str(error))
            return None
        self.worked.append(name)
        self.errors.append(repr(result))
        return result

    def live(self, content: Content) -> None:
        connector, soon = self.connector, datetime.now(UTC) + timedelta(minutes=1)
        payload = connector.adapt(content).payload
        self.attempt("probe", connector.probe)
        prepared = self.attempt("prepare", lambda: prepare_all(connector, payload))
        if prepared is not None:
            sent_at = datetime.now(UTC)
            receipt = self.attempt("publish", lambda: connector.publish(payload, prepared, key="k-1", send_before=soon))
            attempted = Attempted(key="k-1", payload=payload, prepared=prepared, sent_at=sent_at, receipt=receipt)
            self.attempt("check", lambda: connector.check(attempted))
            self.attempt("recheck", lambda: connector.recheck(payload, prepared))
            self.attempt("recall", lambda: connector.recall(receipt or Receipt(external_id="1")))
            self.attempt("discard", lambda: connector.discard(prepared))
        self.preview(payload, soon)
        posts = [Receipt(external_id="1", details={"msg_data_id": "1"}, published_at=soon - timedelta(days=3))]
        self.attempt("history", lambda: connector.history(soon - timedelta(days=2)))
        self.attempt("messages", lambda: connector.fetch_messages({}, posts))
        self.attempt("figures", lambda: connector.figures(posts))
        for target in TARGETS[connector.platform]:
            self.attempt("reply", lambda target=target: connector.reply(target, "好的", key="r", send_before=soon))  # type: ignore[misc]
        for callback in _callbacks(connector):
            self.attempt("verify", lambda callback=callback: connector.verify_callback(callback))  # type: ignore[misc]
            self.attempt("parse", lambda callback=callback: connector.parse_callback(callback))  # type: ignore[misc]
        self.errors.append(repr(connector) + repr(vars(connector)) + repr(connector.account))

    def preview(self, payload: Any, soon: datetime) -> None:
        """On somebody's phone, where the platform has that; also with the draft's number lost."""
        connector, done = self.connector, Prepared()
        if connector.capabilities().preview is None:
            return
        for _ in range(30):
            step = self.attempt("preview", lambda done=done: connector.prepare_preview(payload, done, key="p-1"))  # type: ignore[misc]
            if step is None or step.ready:
                break
            done = step
        ready = step or done
        self.attempt("send preview", lambda: connector.send_preview(ready, to="wangmin_ql", send_before=soon))
        for left in (done, ready):
            lost = Prepared(steps={"cover": "m", **{k: v for k, v in left.steps.items() if k != "draft"}})
            self.attempt("discard preview", lambda lost=lost: connector.discard_preview(lost, key="p-1"))  # type: ignore[misc]
            self.attempt("discard preview", lambda left=left: connector.discard_preview(left, key="p-1"))  # type: ignore[misc]

    @property
    def secrets(self) -> set[str]:
        token = self.tokens.current()
        kept = {"app_secret", "access_token", "token", "encoding_aes_key"}
        return {v for k, v in self.connector.account.credentials.items() if k in kept} | (
            {token.value} if token else set()
        )

    def told(self) -> str:
        return "\n".join([*map(repr, self.exchanges), *self.errors])


TARGETS: dict[str, list[dict[str, str]]] = {
    "weibo": [{"kind": "comment", "cid": "1", "id": "2"}, {"kind": "private", "receiver_id": "3"}],
    "wechat": [
        {"kind": "article_comment", "msg_data_id": "1", "index": "0", "user_comment_id": "1"},
        {"kind": "private", "openid": "o1"},
    ],
}


def _callbacks(connector: Connector) -> list[Callback]:
    forged = Callback(method="POST", query={"signature": "0" * 40, "timestamp": "1", "nonce": "n"}, body=b"{}")
    if connector.platform == "weibo":
        return [forged, signed(datetime.now(UTC), body=b"{}"), signed(datetime.now(UTC), body=b"<xml>")]
    other = "ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkj"
    return [forged, push("<xml/>", wechat.Clock()), push("<xml/>", wechat.Clock(), key=other)]


def content_of(media: MemoryMedia) -> Content:
    cover = next(image for image in media.images.values() if image.media_id == "cover-rain.jpg")
    return wechat.post(cover=cover, body_html=f'<p>预警。</p><img src="/media/{cover.sha256}">', link=weibo.LINK)


def registered(simulator: SimulatorControl, platform: str) -> str:
    if platform == "weibo":
        weibo.register(simulator, "full")
        return weibo.UID
    known = {"name": "青岚发布", "app_id": wechat.APP_ID, "app_secret": wechat.SECRET, "token": wechat.TOKEN}
    simulator.account("wechat", wechat.GH, **known, encoding_aes_key=wechat.AES_KEY, review_seconds=0)
    return wechat.GH


def _check(journey: Journey, logged: str) -> None:
    assert journey.secrets
    for what, text in (("evidence or exception", journey.told()), ("log", logged)):
        for secret in journey.secrets:
            at = text.find(secret)
            assert at < 0, f"in {what}: …{text[max(0, at - 120) : at + 20]}"


@pytest.mark.parametrize("weather", WEATHER)
@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_a_whole_day_tells_no_secret(
    simulator: SimulatorControl, media: MemoryMedia, caplog: pytest.LogCaptureFixture, platform: str, weather: str
) -> None:
    external_id = registered(simulator, platform)
    fault = dict(WEATHER[weather])
    if fault.get("kind") == "refuse":
        fault |= {"code": REFUSALS[platform], "times": -1}
    if fault:
        simulator.fault(**fault, platform=platform, external_id=external_id)
    journey = Journey(platform, simulator.url, media)
    with caplog.at_level(logging.DEBUG):
        journey.live(content_of(media))
    if weather == "fair":
        assert {"probe", "prepare", "publish", "check", "history"} <= set(journey.worked)
    assert journey.exchanges
    _check(journey, caplog.text)


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_a_platform_that_cannot_be_reached_tells_no_secret(
    media: MemoryMedia, caplog: pytest.LogCaptureFixture, platform: str
) -> None:
    journey = Journey(platform, NOWHERE, media)
    journey.tokens.token = journey.tokens.token or MemoryTokens("tok-9").token
    with caplog.at_level(logging.DEBUG):
        journey.live(content_of(media))
    _check(journey, caplog.text)


@pytest.mark.parametrize("dress", ["json", "nested", "html", "headers"])
@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_a_platform_that_says_our_own_request_back_tells_no_secret(
    odd: Odd, media: MemoryMedia, platform: str, dress: str
) -> None:
    """Gateways put the address, the form or the headers of a failed request into their error pages."""
    journey = Journey(platform, odd.url, media)
    credentials = journey.connector.account.credentials
    journey.tokens.token = MemoryTokens("tok-echoed-77").token
    query = f"access_token=tok-echoed-77&secret={credentials['app_secret']}&appsecret={credentials['app_secret']}"
    request = {"access_token": "tok-echoed-77", "secret": credentials["app_secret"]}
    said: Any = {
        "json": {
            "errcode": 40035,
            "errmsg": f"bad GET /x?{query}",
            "error_code": 10008,
            "error": query,
            "request": query,
        },
        "nested": {"errcode": 40035, "errmsg": json.dumps(request), "error_code": 10008, "error": json.dumps(request)},
        "html": f"<html><body>400 Bad Request: GET /x?{query.replace('&', '&amp;')}</body></html>".encode(),
        "headers": b"<pre>POST /x HTTP/1.1\nAuthorization: OAuth2 tok-echoed-77\nHost: x</pre>",
    }[dress]
    odd.say(said, status=400 if isinstance(said, bytes) else 200)
    journey.live(content_of(media))
    _check(journey, "")


def test_the_search_can_find_something() -> None:
    journey = Journey("wechat", NOWHERE, MemoryMedia())
    journey.errors.append(f"x {wechat.SECRET} y")
    with pytest.raises(AssertionError, match="evidence or exception"):
        _check(journey, "")


@pytest.mark.parametrize(
    "text",
    [
        "access_token=SECRET",
        "https://x/y?a=1&access_token=SECRET&b=2",
        '{"access_token": "SECRET"}',
        '"{\\"access_token\\": \\"SECRET\\"}"',
        "Authorization: OAuth2 SECRET",
        "{'app_secret': 'SECRET'}",
        "client_secret = SECRET",
        "secret=SECRET",
        '{"encoding_aes_key": "SECRET"}',
        "EncodingAESKey=SECRET",
        "previous_aes_key: SECRET",
        # A backslash inside, as JSON writes a slash, and JSON inside JSON with it.
        '{"app_secret": "ab\\/SECRET"}',
        '"{\\"app_secret\\": \\"ab\\\\/SECRET\\"}"',
        "secret=ab\\SECRET",
    ],
)
def test_secrets_are_masked_in_any_dress(text: str) -> None:
    assert "SECRET" not in mask(text)
    assert mask("今天的接口调用次数已用完") == "今天的接口调用次数已用完"


def test_masking_stops_where_the_value_ends() -> None:
    assert (
        mask('"{\\"access_token\\":\\"S\\",\\"expires_in\\":7200}"')
        == '"{\\"access_token\\":\\"***\\",\\"expires_in\\":7200}"'
    )
    described = describe(None, {"encoding_aes_key": "S", "previous_aes_key": "S", "name": "青岚"}, None, None, ())
    assert described == {"form": {"encoding_aes_key": "***", "previous_aes_key": "***", "name": "青岚"}}


def test_a_forged_callback_says_nothing_of_the_key() -> None:
    connector = Journey("wechat", NOWHERE, MemoryMedia()).connector
    with pytest.raises(Forged) as caught:
        connector.verify_callback(Callback(method="GET", query={"signature": "x", "timestamp": "1", "nonce": "1"}))
    assert wechat.TOKEN not in repr(caught.value.__dict__)
