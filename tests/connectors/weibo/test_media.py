"""Pictures and voices that people send: their bytes, or why there are none."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from connectors.errors import ConnectorError, CredentialsRefused, RateLimited, Refused, Unavailable
from connectors.values import Callback, InboundMedia, InboundMessage
from connectors.weibo import callback as push
from connectors.weibo.connector import WeiboConnector
from tests.connectors.fakes import FIXTURES, CountingMeter, Odd, SimulatorControl
from tests.connectors.weibo.conftest import UID, Make, register

PICTURE = (Path(__file__).parents[2] / "samples" / "images" / "cover-rain.jpg").read_bytes()
SENT = InboundMedia(kind="image", url="https://upload.api.weibo.com/2/mss/msget", media_id="821804469")


def test_a_picture_that_a_citizen_sent_is_had_by_its_tovfid(
    weibo: WeiboConnector, simulator: SimulatorControl, odd: Odd, meter: CountingMeter
) -> None:
    odd.say(b"")
    register(simulator, callback_url=odd.url)
    simulator.message("weibo", UID, **{"from": "citizen-1", "image": base64.b64encode(PICTURE).decode()})
    [message] = push.messages(push.read(odd.seen[-1][3]), UID)
    assert isinstance(message, InboundMessage)
    file = weibo.fetch_media(message.media[0])
    assert file.content == PICTURE
    assert file.content_type == "image/jpeg"
    assert meter.calls == ["mss/msget"]
    assert all("access_token" not in item["path"] for item in simulator.requests())


def test_a_file_that_is_gone_is_refused_for_good(weibo: WeiboConnector) -> None:
    with pytest.raises(Refused) as caught:
        weibo.fetch_media(InboundMedia(kind="image", media_id="1"))
    assert not isinstance(caught.value, CredentialsRefused)
    assert caught.value.cause == "已过期，未取到：微博上没有这个文件了。"


@pytest.mark.parametrize(
    ("fixture", "error"),
    [("err_21327_expired.json", CredentialsRefused), ("err_10023_user_rate.json", RateLimited)],
)
def test_errors_are_read_whatever_the_status(make: Make, odd: Odd, fixture: str, error: type[ConnectorError]) -> None:
    odd.say((FIXTURES / "weibo" / fixture).read_bytes(), 200, "image/jpeg")
    with pytest.raises(error):
        make(odd.url).fetch_media(SENT)


@pytest.mark.parametrize("body", [b"", b"<html>502 Bad Gateway</html>", b"{}", b"[]"])
def test_what_is_no_file_is_asked_for_again(make: Make, odd: Odd, body: bytes) -> None:
    odd.say(body, 200, "text/html")
    with pytest.raises(Unavailable):
        make(odd.url).fetch_media(SENT)


@pytest.mark.parametrize("name", ["push_image.json", "push_voice.json"])
def test_a_push_names_its_file(name: str) -> None:
    body = (FIXTURES / "weibo" / name).read_bytes()
    found = push.read(Callback(method="POST", query={}, body=body).body)
    [message] = push.messages(found, found.receiver_id)
    assert isinstance(message, InboundMessage)
    [item] = message.media
    assert item.kind == name.removeprefix("push_").removesuffix(".json")
    assert item.media_id == str(found.data["tovfid"]) != str(found.data["vfid"])
