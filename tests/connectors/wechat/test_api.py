"""The wire: tokens, odd bodies, encodings, file names, secrets; against a server that answers what it is told."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.errors import (
    ConnectorError,
    ContentRefused,
    CredentialsRefused,
    NotEntitled,
    OutcomeUnknown,
    RateLimited,
    ReplyWindowClosed,
    Unavailable,
)
from connectors.values import Exchange
from connectors.wechat.api import error_code, meter_key
from tests.connectors.fakes import FIXTURES, CountingMeter, MemoryTokens, Odd
from tests.connectors.wechat.conftest import SECRET, Clock, Make

FRESH = {"access_token": "TOKEN-2", "expires_in": 7200}
ODD_BODIES = [
    b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    b"",
    b'{"publish_id": "1000',
    b"[]",
    b'"ok"',
    b"null",
    b"\xff\xfe{}",
]


@pytest.fixture
def tokens(clock: Clock) -> MemoryTokens:
    return MemoryTokens("TOKEN-1", clock() + timedelta(hours=2))


def asked(odd: Odd) -> list[str]:
    return [urlsplit(path).path.removeprefix("/cgi-bin/") for _, path, _, _ in odd.seen]


def test_the_token_is_asked_by_post_and_the_secret_is_never_in_a_url(
    make: Make, odd: Odd, exchanges: list[Exchange], tokens: MemoryTokens
) -> None:
    tokens.token = None
    odd.say(FRESH)
    make(odd.url).api.token()
    ((method, path, _, body),) = odd.seen
    assert (method, path) == ("POST", "/cgi-bin/stable_token")
    assert json.loads(body)["secret"] == SECRET
    assert "force_refresh" not in json.loads(body)
    assert SECRET not in repr(exchanges)
    assert "TOKEN-2" not in repr(exchanges)


def test_a_token_about_to_die_is_renewed_before_the_call(
    make: Make, odd: Odd, clock: Clock, tokens: MemoryTokens
) -> None:
    odd.say(FRESH)
    odd.say({"errcode": 0})
    clock.later(minutes=117)
    make(odd.url).api.post("/cgi-bin/draft/delete", {"media_id": "m"})
    assert asked(odd) == ["stable_token", "draft/delete"]
    assert parse_qs(urlsplit(odd.seen[1][1]).query)["access_token"] == ["TOKEN-2"]


def test_a_remaining_life_of_345_seconds_is_believed(make: Make, odd: Odd, clock: Clock, tokens: MemoryTokens) -> None:
    tokens.token = None
    odd.fixture("wechat", "resp_stable_token_remaining.json")
    assert make(odd.url).api.token().expires_at == clock() + timedelta(seconds=345)


@pytest.mark.parametrize("stale", ["err_40001.json", "err_42001.json"])
def test_a_stale_token_is_renewed_once_and_the_call_repeated(
    make: Make, odd: Odd, tokens: MemoryTokens, stale: str, meter: CountingMeter
) -> None:
    odd.fixture("wechat", stale)
    odd.say(FRESH)
    odd.fixture("wechat", "resp_draft_count.json")
    make(odd.url).api.get("/cgi-bin/draft/count")
    assert asked(odd) == ["draft/count", "stable_token", "draft/count"]
    assert meter.calls == ["draft/count", "stable_token", "draft/count"]
    assert tokens.fetched == 1


def test_an_endless_40001_never_storms(make: Make, odd: Odd, tokens: MemoryTokens) -> None:
    odd.fixture("wechat", "err_40001.json")
    odd.say(FRESH)
    odd.fixture("wechat", "err_40001.json")
    with pytest.raises(CredentialsRefused) as caught:
        make(odd.url).api.post("/cgi-bin/freepublish/submit", {"media_id": "m"}, write=True)
    assert asked(odd) == ["freepublish/submit", "stable_token", "freepublish/submit"]
    assert caught.value.rid == "66bdb248-1fa23ff9-58483015"


def test_a_repeated_upload_carries_the_whole_file_again(make: Make, odd: Odd) -> None:
    odd.fixture("wechat", "err_42001.json")
    odd.say(FRESH)
    odd.fixture("wechat", "resp_uploadimg.json")
    content = b"\xff\xd8" + b"picture" * 700
    make(odd.url).api.upload("/cgi-bin/media/uploadimg", content, "image/jpeg")
    first, _, second = (body for _, _, _, body in odd.seen)
    assert content in first
    assert content in second


def test_uploads_have_an_ascii_file_name_with_extension_under_media(make: Make, odd: Odd) -> None:
    odd.fixture("wechat", "resp_uploadimg.json")
    make(odd.url).api.upload("/cgi-bin/media/uploadimg", b"\x89PNG", "image/png")
    assert b'name="media"; filename="image.png"' in odd.seen[0][3]


def test_bodies_are_raw_utf8_never_escaped(make: Make, odd: Odd) -> None:
    odd.say({"errcode": 0})
    make(odd.url).api.post("/cgi-bin/draft/add", {"title": "暴雨预警👨‍👩‍👧"})
    assert "暴雨预警👨‍👩‍👧".encode() in odd.seen[0][3]
    assert b"\\u" not in odd.seen[0][3]


def test_answers_without_charset_are_read_as_utf8_not_latin1(make: Make, odd: Odd) -> None:
    odd.say({"news_item": [{"title": "暴雨预警"}]}, content_type="text/plain")
    assert make(odd.url).api.post("/cgi-bin/draft/get", {})["news_item"][0]["title"] == "暴雨预警"


@pytest.mark.parametrize("body", ODD_BODIES)
@pytest.mark.parametrize("status", [200, 502])
def test_unreadable_answers_are_unknown_on_a_write_and_unavailable_on_a_read(
    make: Make, odd: Odd, body: bytes, status: int
) -> None:
    odd.say(body, status)
    with pytest.raises(OutcomeUnknown):
        make(odd.url).api.post("/cgi-bin/freepublish/submit", {}, write=True)
    with pytest.raises(Unavailable):
        make(odd.url).api.post("/cgi-bin/draft/get", {})


def test_the_body_counts_whatever_the_http_status(make: Make, odd: Odd) -> None:
    odd.say({"errcode": 45166, "errmsg": "invalid content"}, 500)
    with pytest.raises(ContentRefused):
        make(odd.url).api.post("/cgi-bin/freepublish/submit", {}, write=True)


def test_success_often_has_no_errcode(make: Make, odd: Odd) -> None:
    odd.fixture("wechat", "resp_draft_add.json")
    assert "media_id" in make(odd.url).api.post("/cgi-bin/draft/add", {})


@pytest.mark.parametrize(("given", "seen"), [({}, 0), ({"errcode": "40001"}, 40001), ({"errcode": "x"}, None)])
def test_codes_are_read_as_numbers_or_text(given: dict[str, object], seen: int | None) -> None:
    assert error_code(given) == seen


@pytest.mark.parametrize(
    ("fixture", "kind", "field"),
    [
        ("err_45003.json", ContentRefused, "title"),
        ("err_45110.json", ContentRefused, "author"),
        ("err_45166.json", ContentRefused, "content_html"),
        ("err_40007.json", ContentRefused, "cover"),
        ("err_40013.json", CredentialsRefused, None),
        ("err_48001.json", NotEntitled, None),
        ("err_47009.json", NotEntitled, None),
        ("err_88000.json", NotEntitled, None),
        ("err_45009.json", RateLimited, None),
        ("err_45015.json", ReplyWindowClosed, None),
        ("err_45047.json", ReplyWindowClosed, None),
        ("resp_mass_45028_quota.json", RateLimited, None),
    ],
)
def test_recorded_errors_become_their_class(
    make: Make, odd: Odd, fixture: str, kind: type[ConnectorError], field: str | None
) -> None:
    odd.fixture("wechat", fixture)
    with pytest.raises(kind) as caught:
        make(odd.url).api.post("/cgi-bin/anything", {}, write=True)
    assert caught.value.code == str(json.loads((FIXTURES / "wechat" / fixture).read_text(encoding="utf-8"))["errcode"])
    if field is not None:
        assert getattr(caught.value, "field", None) == field


def test_40164_tells_the_address_to_put_on_the_whitelist(make: Make, odd: Odd, tokens: MemoryTokens) -> None:
    tokens.token = None
    odd.fixture("wechat", "err_40164.json")
    health = make(odd.url).probe()
    assert health.egress_ip == "101.71.206.109"
    assert "101.71.206.109" in health.rights[0].detail
    assert [(right.ok, right.unlisted) for right in health.rights] == [(False, True)]


def test_61004_has_the_same_cause_but_tells_no_address(make: Make, odd: Odd, tokens: MemoryTokens) -> None:
    tokens.token = None
    odd.say({"errcode": 61004, "errmsg": "access clientip is not registered"})
    health = make(odd.url).probe()
    assert health.egress_ip == ""
    assert [(right.ok, right.unlisted) for right in health.rights] == [(False, True)]
    assert "白名单" in health.rights[0].remedy


def test_a_wrong_secret_is_refused_and_not_asked_again(make: Make, odd: Odd, tokens: MemoryTokens) -> None:
    tokens.token = None
    odd.fixture("wechat", "err_40001.json")
    with pytest.raises(CredentialsRefused):
        make(odd.url).api.token()
    assert len(odd.seen) == 1


def test_calls_are_named_without_their_prefix() -> None:
    assert meter_key("/cgi-bin/draft/add") == "draft/add"
    assert meter_key("/datacube/getarticletotaldetail") == "datacube/getarticletotaldetail"


def test_a_used_up_budget_stops_the_call_before_it_is_made(
    make: Make, odd: Odd, meter: CountingMeter, clock: Clock
) -> None:
    meter.closed_until["freepublish/get"] = clock.soon
    odd.say({})
    with pytest.raises(RateLimited):
        make(odd.url).api.post("/cgi-bin/freepublish/get", {"publish_id": "1"})
    assert odd.seen == []
