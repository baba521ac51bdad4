"""History, figures, probing and capabilities."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from connectors.values import Receipt
from connectors.wechat.connector import WeChatConnector
from connectors.wechat.statistics import split_msgid
from tests.connectors.fakes import CountingMeter, MemoryMedia, Odd, SimulatorControl
from tests.connectors.wechat.conftest import Clock, Make, post, prepared
from tests.patience import wait_for

Register = Callable[..., str]


def listed_by(connector: WeChatConnector, since: datetime, count: int) -> None:
    """Waits until the simulator's review has let `count` articles through."""
    wait_for("the publications", lambda: len(connector.history(since).items) >= count, every=0.05)


def test_history_lists_publications_newest_first(make: Make, registered: Register, clock: Clock) -> None:
    connector = make(registered())
    since = clock() - timedelta(hours=1)
    for number in (1, 2):
        payload = connector.adapt(
            post(title=f"通告{number}", link=f"https://www.qinglan.gov.cn/p/x?w={number}")
        ).payload
        connector.publish(payload, prepared(connector, payload), key=f"k{number}", send_before=clock.soon)
        listed_by(connector, since, number)
        clock.later(minutes=5)
    page = connector.history(since)
    assert [item.title for item in page.items] == ["通告2", "通告1"]
    assert page.unavailable == ""
    assert [item.title for item in connector.history(clock() - timedelta(minutes=7)).items] == ["通告2"]


def test_mass_sent_articles_come_from_the_statistics_of_the_next_day(
    make: Make, registered: Register, clock: Clock
) -> None:
    connector = make(registered(), mode="mass")
    payload = connector.adapt(post(title="群发通告")).payload
    connector.publish(payload, prepared(connector, payload), key="k", send_before=clock.soon)
    clock.later(minutes=5)
    assert connector.history(clock() - timedelta(days=2)).items == ()
    clock.later(hours=36)
    (item,) = connector.history(clock() - timedelta(days=3)).items
    assert item.title == "群发通告"
    assert "mp.weixin.qq.com" in item.url


def test_statistics_that_are_not_ready_do_not_hide_the_list(make: Make, odd: Odd, clock: Clock) -> None:
    article = {"title": "通告", "url": "https://mp.weixin.qq.com/s/a"}
    listed = {"article_id": "A", "update_time": int(clock().timestamp()), "content": {"news_item": [article]}}
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"total_count": 1, "item_count": 1, "item": [listed]})
    odd.say({"errcode": 61503, "errmsg": "data not ready, please try later"})
    page = make(odd.url).history(clock() - timedelta(days=3))
    assert [item.external_id for item in page.items] == ["A"]
    assert "暂时取不到" in page.unavailable


def test_an_account_without_the_right_is_told_so_not_shown_as_silent(make: Make, registered: Register) -> None:
    page = make(registered(rights=[]), mode="draft").history(make().clock() - timedelta(days=3))
    assert page.items == ()
    assert "发布列表取不到" in page.unavailable
    assert "群发文章取不到" in page.unavailable


def test_figures_are_people_counted_per_article(make: Make, odd: Odd, clock: Clock) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.fixture("wechat", "resp_datacube_getarticletotaldetail.json")
    when = clock() - timedelta(days=3)
    known = Receipt(external_id="A", published_at=when, details={"msg_data_id": "2247490098"})
    by_url = Receipt(external_id="B", published_at=when, url="https://mp.weixin.qq.com/s/abc")
    today = Receipt(external_id="C", published_at=clock(), details={"msg_data_id": "2247490098"})
    first, second, third = make(odd.url).figures([known, by_url, today])
    assert (first.reads, first.likes, first.comments, first.reposts) == (4123, 386, 33, 366)
    assert second.reads == 4123
    assert third.reads is None
    assert len(odd.seen) == 2


@pytest.mark.parametrize(("msgid", "split"), [("2247490098_1", ("2247490098", "0")), ("23423525", ("23423525", "0"))])
def test_the_index_of_statistics_counts_from_one(msgid: str, split: tuple[str, str]) -> None:
    assert split_msgid(msgid) == split


def test_a_living_token_hides_neither_a_changed_secret_nor_a_lost_whitelist_entry(
    make: Make, registered: Callable[..., str]
) -> None:
    connector = make(registered())
    kept = connector.api.token().value
    assert connector.probe().rights[0].ok
    assert connector.api.token().value == kept
    registered(app_secret="another-secret")
    [token] = connector.probe().rights
    assert (token.key, token.ok, "AppSecret" in token.detail) == ("token", False, True)
    registered(ip_whitelist=["203.0.113.9"])
    health = connector.probe()
    assert (len(health.rights), health.egress_ip) == (1, "127.0.0.1")


def test_a_verified_account_probes_well_and_publishing_stays_open(
    make: Make, registered: Register, simulator: SimulatorControl, media: MemoryMedia
) -> None:
    connector = make(registered())
    rights = {right.key: right for right in connector.probe().rights}
    assert {key: right.ok for key, right in rights.items()} == {
        "token": True, "draft": True, "publish": None, "mass": None, "comments": True, "private": True, "callback": None,
    }  # fmt: skip
    assert "首次发布时验证" in rights["publish"].detail
    assert connector.api.get("/cgi-bin/draft/count")["total_count"] == 0
    uploads = len([call for call in simulator.requests() if "add_material" in call["path"]])
    connector.probe()
    assert len([call for call in simulator.requests() if "add_material" in call["path"]]) == uploads == 1


def test_a_probe_whose_cover_was_deleted_at_the_platform_uploads_it_once_more(
    make: Make, registered: Register, media: MemoryMedia, meter: CountingMeter
) -> None:
    connector = make(registered())
    connector.probe()
    (cover,) = [kept for (_, _, purpose), kept in media.memory.items() if purpose == "wechat.cover"]
    connector.api.post("/cgi-bin/material/del_material", {"media_id": cover})
    rights = {right.key: right for right in connector.probe().rights}
    assert rights["draft"].ok is True
    assert meter.calls.count("material/add_material") == 2


def test_a_probe_whose_cover_is_refused_again_says_so(make: Make, odd: Odd, media: MemoryMedia) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"media_id": "m", "url": "u"})
    odd.say({"errcode": 40007, "errmsg": "invalid media_id"})
    rights = {right.key: right for right in make(odd.url).probe().rights}
    assert rights["draft"].ok is False


def test_missing_rights_are_named_with_a_remedy(make: Make, registered: Register) -> None:
    rights = {right.key: right for right in make(registered(rights=[])).probe().rights}
    for key in ("publish", "mass", "comments", "private"):
        assert rights[key].ok is False, key
        assert rights[key].remedy
    assert rights["draft"].ok is True


def test_an_address_outside_the_whitelist_is_shown(make: Make, registered: Register) -> None:
    health = make(registered(ip_whitelist=["203.0.113.9"])).probe()
    assert health.egress_ip == "127.0.0.1"
    assert health.rights[0].ok is False


def test_a_callback_that_cannot_be_pinged_is_not_called_reachable(make: Make, odd: Odd) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"dns": [{"ip": "203.0.113.9"}], "ping": [{"ip": "203.0.113.9", "package_loss": "100%"}]})
    rights = {right.key: right for right in make(odd.url).probe().rights}
    assert rights["callback"].ok is None
    assert "ping 不通" in rights["callback"].detail


@pytest.mark.parametrize(("code", "ok"), [(45080, True), (42007, False)])
def test_a_dead_credential_is_no_working_right(make: Make, odd: Odd, code: int, ok: bool) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"errcode": code, "errmsg": "no"})
    rights = {right.key: right.ok for right in make(odd.url).probe().rights}
    assert rights["private"] is ok


def test_a_platform_that_is_away_is_not_called_a_missing_right(make: Make, odd: Odd) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say(b"<html>502</html>", 502)
    health = make(odd.url).probe()
    assert {right.ok for right in health.rights[1:]} == {None}


def test_capabilities_by_mode(make: Make) -> None:
    publish, mass, draft = (make(mode=mode).capabilities() for mode in ("publish", "mass", "draft"))
    assert [c.recall for c in (publish, mass, draft)] == ["api", "partial", "manual"]
    assert [c.publish_quota for c in (publish, mass, draft)] == ["freepublish/submit", "mass", ""]
    assert [c.hand_over for c in (publish, mass, draft)] == [False, False, True]
    closed = make(mode="mass", settings={"comments": False}).capabilities()
    assert [c.polls for c in (publish, mass, closed)] == [("article_comment",), ("article_comment",), ()]
    assert [{"comments"} <= {m.key for m in c.missing} for c in (publish, mass, closed)] == [True, False, True]
    assert "article_comment" not in closed.replies
    assert mass.replies["private"].window == timedelta(hours=48)
    assert mass.replies["private"].per_window == 5
    assert mass.replies["article_comment"].per_message == 1
    assert {"publish", "comments"} <= {missing.key for missing in draft.missing}
    assert "自动回复和自定义菜单会停用" in publish.callback_warning
    # What this product does not have it does not promise.
    assert "自定义菜单，本系统暂不能代替" in publish.callback_warning


def test_every_publish_quota_is_among_the_quotas(make: Make) -> None:
    for mode in ("publish", "mass"):
        for kind, period in (("subscription", "day"), ("service", "month")):
            able = make(mode=mode, settings={"kind": kind}).capabilities()
            quotas = {quota.key: quota for quota in able.quotas}
            assert able.publish_quota in quotas
            assert quotas["mass"].period == period


def test_the_accounts_own_quotas_go_first(make: Make) -> None:
    able = make(settings={"quotas": {"freepublish/submit": 7}}).capabilities()
    assert [quota.limit for quota in able.quotas if quota.key == "freepublish/submit"] == [7]
