"""What citizens send beside words is fetched by its media_id before it expires."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConnectorError, CredentialsRefused, NotEntitled, RateLimited, Refused, Unavailable
from connectors.values import Callback, InboundMedia, InboundMessage
from tests.connectors.fakes import CountingMeter, Odd, SimulatorControl
from tests.connectors.wechat.conftest import GH, Clock, Make

Register = Callable[..., str]
PICTURE = (Path(__file__).parents[2] / "samples" / "images" / "cover-rain.jpg").read_bytes()
SENT = InboundMedia(kind="image", media_id="m-1")


def sent(simulator: SimulatorControl, make: Make, registered: Register, odd: Odd, **what: Any) -> Any:
    """A connector and the reference that came with a pushed picture, voice or film."""
    odd.say(b"success")
    url = registered(callback_url=odd.url)
    connector = make(url)
    simulator.message("wechat", GH, **{"from": "citizen-1", **what})
    method, path, _, body = odd.seen[-1]
    from urllib.parse import parse_qsl, urlsplit

    query = dict(parse_qsl(urlsplit(path).query))
    [message] = connector.parse_callback(Callback(method=method, query=query, body=body))
    assert isinstance(message, InboundMessage)
    return connector, message.media[0]


def test_a_picture_is_had_as_it_was_sent(
    simulator: SimulatorControl, make: Make, registered: Register, odd: Odd, meter: CountingMeter
) -> None:
    connector, reference = sent(simulator, make, registered, odd, image=base64.b64encode(PICTURE).decode())
    file = connector.fetch_media(reference)
    assert file.content == PICTURE
    assert file.content_type == "image/jpeg"
    assert "media/get" in meter.calls


def test_after_three_days_it_is_gone_for_good(
    simulator: SimulatorControl, make: Make, registered: Register, odd: Odd, clock: Clock
) -> None:
    connector, reference = sent(simulator, make, registered, odd, image=base64.b64encode(PICTURE).decode())
    clock.later(days=3, hours=1)
    with pytest.raises(Refused) as caught:
        connector.fetch_media(reference)
    assert "已过期" in caught.value.cause


def say_token(odd: Odd) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"errcode": 40007, "errmsg": "invalid media_id"}, Refused),
        ({"errcode": 48001, "errmsg": "api unauthorized"}, NotEntitled),
        ({"errcode": 45009, "errmsg": "reach max"}, RateLimited),
        ({"errcode": -1, "errmsg": "busy"}, Unavailable),
        (b"<html>502</html>", Unavailable),
        (b"", Unavailable),
        ({"video_url": "http://evil.example/film.mp4"}, Refused),
        ({"video_url": "file:///etc/passwd"}, Refused),
        ({"video_url": "http://qq.com.evil.example/"}, Refused),
        ({"video_url": "http://evil.example\\.qq.com/film.mp4"}, Refused),
        ({"video_url": "http://evil.example\\@mpvideo.qq.com/film.mp4"}, Refused),
        ({"video_url": "http://user:secret@mpvideo.qq.com/film.mp4"}, Refused),
        ({"video_url": "http://mpvideo.qq.com:22/film.mp4"}, Refused),
        ({"video_url": "http://evil.example/#.qq.com/"}, Refused),
        ({"video_url": "http://mpvideo.qq.com/a film.mp4"}, Refused),
        ({}, Refused),
    ],
)
def test_errors_come_under_http_200(make: Make, odd: Odd, body: Any, error: type[ConnectorError]) -> None:
    say_token(odd)
    odd.say(body)
    with pytest.raises(error) as caught:
        make(odd.url).fetch_media(SENT)
    assert not isinstance(caught.value, CredentialsRefused)


def test_a_stale_token_is_renewed_once(make: Make, odd: Odd, meter: CountingMeter) -> None:
    say_token(odd)
    odd.say({"errcode": 40001, "errmsg": "invalid credential"})
    say_token(odd)
    odd.say(PICTURE, 200, "image/jpeg")
    assert make(odd.url).fetch_media(SENT).content == PICTURE
    assert meter.calls.count("media/get") == 2


def test_a_film_is_fetched_from_the_address_it_names_without_our_token(make: Make, odd: Odd) -> None:
    say_token(odd)
    odd.say({"video_url": "http://vweixinp.tc.qq.com/1007_x.f10.mp4"})
    odd.say(b"\x00\x00\x00\x18ftypmp42film", 200, "video/mp4")
    file = make(odd.url).fetch_media(InboundMedia(kind="video", media_id="m-2"))
    assert file.content.endswith(b"film")
    assert "access_token" not in str(odd.seen[-1][1])


def test_nothing_to_fetch_it_by(make: Make) -> None:
    with pytest.raises(Refused):
        make().fetch_media(InboundMedia(kind="image", url="http://mmbiz.qpic.cn/x"))
