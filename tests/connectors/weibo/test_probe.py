"""What probing says of an account, right by right."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.errors import CredentialsRefused
from connectors.values import Health, Right
from connectors.weibo.connector import WeiboConnector
from tests.connectors.fakes import CountingMeter, MemoryTokens, Odd, SimulatorControl
from tests.connectors.weibo.conftest import UID, Clock, Make, register


def rights(health: Health) -> dict[str, Right]:
    return {right.key: right for right in health.rights}


def test_a_good_account(weibo: WeiboConnector, clock: Clock) -> None:
    health = weibo.probe()
    found = rights(health)
    assert {key: right.ok for key, right in found.items()} == {
        "token": True,
        "timeline": True,
        "comments": True,
        "mentions": True,
        "unread": True,
        "private": None,
        "publish": None,
        "expiry": True,
        "operator_ip": True,
        "safe_domain": None,
    }
    assert "首次发布时验证" in found["publish"].detail
    assert health.token_expires_at is not None
    assert health.token_expires_at > clock.now + timedelta(days=20)


def test_a_wrong_token(simulator: SimulatorControl, make: Make) -> None:
    register(simulator)
    health = make(simulator.url, tokens=MemoryTokens("wrong")).probe()
    token = rights(health)["token"]
    assert token.ok is False
    assert "重新连接" in token.remedy
    assert "timeline" not in rights(health)


def test_the_token_of_another_account(simulator: SimulatorControl, make: Make) -> None:
    register(simulator)
    token = rights(make(simulator.url, external_id="42").probe())["token"]
    assert token.ok is False
    assert "1902538057" in token.detail


def test_the_token_of_another_app(simulator: SimulatorControl, make: Make) -> None:
    register(simulator)
    token = rights(make(simulator.url, credentials={"app_key": "999", "safe_domain": "a.gov.cn"}).probe())["token"]
    assert token.ok is False
    assert "App Key" in token.remedy


def test_an_expired_token_is_told_by_the_platform(simulator: SimulatorControl, make: Make, clock: Clock) -> None:
    register(simulator, expires_at=(clock.now - timedelta(days=1)).isoformat())
    health = make(simulator.url, tokens=MemoryTokens("tok-1", clock.now - timedelta(days=1))).probe()
    assert rights(health)["token"].ok is False
    assert "过期" in rights(health)["token"].detail


def test_a_token_that_ends_soon_is_told(simulator: SimulatorControl, make: Make, clock: Clock) -> None:
    register(simulator, expires_at=(clock.now + timedelta(days=3)).isoformat())
    expiry = rights(make(simulator.url).probe())["expiry"]
    assert expiry.ok is True
    assert "尽快" in expiry.remedy


@pytest.mark.parametrize("call", ["user_timeline", "comments/to_me"])
def test_a_missing_right_is_named(simulator: SimulatorControl, make: Make, call: str) -> None:
    register(simulator, denied=[call])
    found = rights(make(simulator.url).probe())
    lacking = [right for right in found.values() if right.ok is False]
    assert len(lacking) == 1
    assert "缺少权限" in lacking[0].detail
    assert lacking[0].remedy


def test_a_platform_that_is_away_is_no_verdict(simulator: SimulatorControl, make: Make) -> None:
    register(simulator)
    simulator.fault("http_502", times=-1)
    token = rights(make(simulator.url).probe())["token"]
    assert token.ok is None


@pytest.mark.parametrize("code", [10004, 21321, 21324, 21337])
def test_whatever_the_platform_refuses_the_token_for_is_a_verdict(
    simulator: SimulatorControl, make: Make, code: int
) -> None:
    """Of the app or of this server: it was taken for a platform that could not be reached."""
    register(simulator)
    simulator.fault("refuse", path="/oauth2/get_token_info", code=code, times=1)
    health = make(simulator.url).probe()
    token = rights(health)["token"]
    assert (token.ok, token.asked) == (False, True)
    assert token.remedy
    assert token.who
    # An authorisation given anew would put none of these right; what is put right there is seen before tomorrow.
    assert token.elsewhere is (code != 21324)
    assert (health.again_at is not None) is token.elsewhere


def test_what_must_be_filled_in(simulator: SimulatorControl, make: Make) -> None:
    register(simulator)
    found = rights(make(simulator.url, credentials={}, environment="live").probe())
    assert found["safe_domain"].ok is False
    assert found["operator_ip"].ok is False
    assert "TANDEM_EGRESS_IP" in found["operator_ip"].remedy


def test_the_right_to_articles_shows_at_the_first_one(simulator: SimulatorControl, make: Make) -> None:
    register(simulator)
    found = rights(make(simulator.url, settings={"article": True}).probe())
    assert found["article"].ok is None
    assert "首次发布时验证" in found["article"].detail


@pytest.mark.parametrize("told", [{}, {"uid": ""}, {"uid": "2488518855"}, {"appkey": "100100"}])
def test_a_grant_of_nobody_in_particular_is_refused(make: Make, odd: Odd, told: dict[str, str]) -> None:
    odd.say({"access_token": "2.00x", "uid": UID, "expires_in": 1000})
    odd.say(told)
    with pytest.raises(CredentialsRefused):
        make(odd.url).exchange("code", redirect_uri="https://www.qinglan.gov.cn/accounts/authorization")


def test_a_grant_whose_owner_cannot_be_asked_is_taken(make: Make, odd: Odd) -> None:
    odd.say({"access_token": "2.00x", "uid": UID, "expires_in": 1000})
    odd.say(b"<html>502</html>", 502)
    grant = make(odd.url).exchange("code", redirect_uri="https://www.qinglan.gov.cn/accounts/authorization")
    assert grant.token.value == "2.00x"


def test_a_probe_makes_the_calls_it_says(weibo: WeiboConnector, meter: CountingMeter) -> None:
    weibo.probe()
    assert len(meter.calls) == weibo.capabilities().probe_calls


def test_a_mistyped_end_in_the_past_is_the_platforms_to_correct(
    simulator: SimulatorControl, make: Make, clock: Clock
) -> None:
    register(simulator)
    health = make(simulator.url, tokens=MemoryTokens("tok-1", clock() - timedelta(hours=1))).probe()
    found = rights(health)
    assert (found["token"].ok, found["timeline"].ok, found["comments"].ok) == (True, True, True)
    assert health.token_expires_at is not None
    assert health.token_expires_at > clock.now


def test_a_scope_that_was_not_agreed_to_asks_to_connect_again(simulator: SimulatorControl, make: Make) -> None:
    register(simulator)
    simulator.fault("refuse", path="/2/comments/to_me.json", code=10032, times=1)
    comments = rights(make(simulator.url).probe())["comments"]
    assert comments.ok is False
    assert "重新连接" in comments.remedy


@pytest.mark.parametrize(("code", "advises"), [(10014, True), (10004, False)])
def test_another_level_is_advised_only_where_it_would_help(
    simulator: SimulatorControl, make: Make, code: int, advises: bool
) -> None:
    """10004: the server's address is barred, at any level."""
    register(simulator, level="full")
    simulator.fault("refuse", path="/2/statuses/update.json", code=code, times=1)
    found = rights(make(simulator.url, mode="full").probe())["publish"]
    assert found.ok is False
    assert ("普通应用（分享）" in found.remedy) is advises


def test_a_right_to_publish_that_could_not_be_asked_keeps_its_verdict(simulator: SimulatorControl, make: Make) -> None:
    register(simulator, level="full")
    simulator.fault("exhaust_quota", path="/2/statuses/update.json", times=1)
    health = make(simulator.url, mode="full").probe()
    found = rights(health)["publish"]
    assert (found.ok, found.asked) == (None, False)
    assert [(met.call, met.error.code) for met in health.limits] == [("try/statuses/update", "10023")]


@pytest.mark.parametrize(
    ("code", "words"), [(20015, "判为异常"), (20031, "验证码"), (10013, "不合法"), (21327, "过期"), (20179, "封禁")]
)
def test_what_bars_the_account_from_publishing_is_a_verdict(
    simulator: SimulatorControl, make: Make, code: int, words: str
) -> None:
    register(simulator, level="full")
    simulator.fault("refuse", path="/2/statuses/update.json", code=code, times=1)
    found = rights(make(simulator.url, mode="full").probe())["publish"]
    assert found.ok is False
    assert words in found.detail
    assert found.remedy


def test_lists_that_are_open_are_named(simulator: SimulatorControl, make: Make) -> None:
    register(simulator, denied=["comments/to_me"])
    assert make(simulator.url).probe().opened == ("statuses/mentions", "remind/unread_count")


def test_what_could_not_be_asked_says_so(simulator: SimulatorControl, make: Make) -> None:
    register(simulator)
    simulator.fault("exhaust_quota", path="/2/comments/to_me.json", times=1)
    found = rights(make(simulator.url).probe())
    assert (found["comments"].ok, found["comments"].asked) == (None, False)
    assert found["timeline"].asked
    assert found["private"].asked


def test_a_token_of_one_day_is_not_near_its_end_at_once(simulator: SimulatorControl, make: Make, clock: Clock) -> None:
    register(simulator, audited=False, owns_app=False, tester=True)
    health = make(simulator.url).probe()
    assert health.token_granted_at is not None
    assert rights(health)["expiry"].remedy == ""
    clock.now += timedelta(hours=19)
    simulator.call("POST", "clock", {"offset_seconds": 19 * 3600})
    try:
        assert "尽快" in rights(make(simulator.url, tokens=MemoryTokens("tok-1")).probe())["expiry"].remedy
    finally:
        simulator.call("POST", "clock", {"offset_seconds": 0})


@pytest.mark.parametrize("mode", ["full", "business"])
def test_a_level_that_the_app_lacks_is_named_before_anything_is_published(
    simulator: SimulatorControl, make: Make, mode: str
) -> None:
    register(simulator, level="share")
    found = rights(make(simulator.url, mode=mode).probe())["publish"]
    assert found.ok is False
    assert "statuses/update" in found.detail
    assert "普通应用" in found.remedy
    assert simulator.accepted("weibo", UID) == []


@pytest.mark.parametrize("mode", ["full", "business"])
def test_a_level_that_the_app_has_shows_at_the_first_publication(
    simulator: SimulatorControl, make: Make, meter: CountingMeter, mode: str
) -> None:
    register(simulator, level=mode)
    connector = make(simulator.url, mode=mode)
    found = rights(connector.probe())["publish"]
    assert found.ok is None
    assert "首次发布时验证" in found.detail
    assert simulator.accepted("weibo", UID) == []
    able = connector.capabilities()
    assert len(meter.calls) == able.probe_calls
    # It is none of the posts of this hour.
    [posts] = [quota for quota in able.quotas if quota.period == "hour" and not quota.family]
    assert not [call for call in meter.calls if posts.covers(call)]
