"""A preview on one phone: a draft of its own, found again when its id is lost, and refusals in words for who waits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.errors import ConnectorError, ContentRefused, NotEntitled, OutcomeUnknown, RateLimited, Refused
from connectors.values import Json, Prepared
from connectors.wechat.connector import WeChatConnector
from connectors.wechat.preview import marked
from tests.connectors.fakes import CountingMeter, MemoryMedia, MemoryTokens, SimulatorControl
from tests.connectors.wechat.conftest import GH, LINK, Clock, Make, post, prepared
from tests.connectors.wechat.test_prepare import illustrated
from tests.connectors.weibo.conftest import account as weibo_account

Register = Callable[..., str]
ME = "wangmin_ql"


def previewed(connector: WeChatConnector, payload: Json, key: str = "pv1", done: Prepared | None = None) -> Prepared:
    """Every step until ready, each result through JSON as it is stored."""
    done = done or Prepared()
    for _ in range(40):
        done = connector.prepare_preview(payload, done, key=key)
        done = Prepared(steps=json.loads(json.dumps(dict(done.steps))), ready=done.ready)
        if done.ready:
            return done
    raise AssertionError("never ready")


def phone(simulator: SimulatorControl, **more: Any) -> None:
    simulator.call("POST", "phones", {"external_id": GH, "wechat_id": ME, **more})


def arrived(simulator: SimulatorControl) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = simulator.call("GET", "previews")["items"]
    return items


def drafts(connector: WeChatConnector) -> list[str]:
    answer = connector.api.post("/cgi-bin/draft/batchget", {"offset": 0, "count": 20, "no_content": 1})
    return [item["media_id"] for item in answer["item"]]


def test_one_phone_sees_the_article_and_nobody_else(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock, meter: CountingMeter
) -> None:
    connector = make(registered())
    phone(simulator)
    payload = connector.adapt(post()).payload
    done = previewed(connector, payload)
    connector.send_preview(done, to=ME, send_before=clock.soon)
    [one] = arrived(simulator)
    assert (one["wechat_id"], one["title"], one["msgtype"]) == (ME, payload["title"], "mpnews")
    assert simulator.accepted("wechat", GH) == []
    assert meter.calls.count("message/mass/preview") == 1
    assert done.steps["losses"] == []
    assert connector.discard_preview(done, key="pv1")
    assert drafts(connector) == []
    # The draft being gone already is no error.
    assert connector.discard_preview(done, key="pv1")


def test_a_publication_uploads_nothing_again_and_keeps_its_own_draft(
    make: Make,
    registered: Register,
    simulator: SimulatorControl,
    clock: Clock,
    meter: CountingMeter,
    media: MemoryMedia,
) -> None:
    connector = make(registered())
    payload = connector.adapt(post(body_html=illustrated(media))).payload
    seen = previewed(connector, payload)
    meter.calls.clear()
    ours = prepared(connector, payload)
    assert meter.calls == ["draft/add", "draft/get"]
    assert ours.steps["draft"] != seen.steps["draft"]
    assert connector.discard_preview(seen, key="pv1")
    assert drafts(connector) == [ours.steps["draft"]]
    assert connector.recheck(payload, ours) is None


def test_a_draft_whose_id_was_lost_is_found_by_its_mark_and_no_other_is_touched(
    make: Make, registered: Register, simulator: SimulatorControl, meter: CountingMeter
) -> None:
    """The answer of draft/add was lost: what is known ends with the cover."""
    connector = make(registered())
    payload = connector.adapt(post()).payload
    ours = prepared(connector, payload)
    other = previewed(connector, payload, key="pv2")
    lost = previewed(connector, payload)
    steps = {name: value for name, value in lost.steps.items() if name not in ("draft", "losses")}
    assert connector.discard_preview(Prepared(steps=steps), key="pv1")
    assert sorted(drafts(connector)) == sorted([ours.steps["draft"], other.steps["draft"]])
    # Once more: nothing found now, and so it cannot be said that none will appear.
    assert not connector.discard_preview(Prepared(steps=steps), key="pv1")
    meter.calls.clear()
    assert connector.discard_preview(Prepared(steps={"token": "ok"}), key="pv1")
    assert meter.calls == []


def test_neither_draft_is_taken_for_the_other(make: Make, registered: Register, simulator: SimulatorControl) -> None:
    """A publication looks for its own lost draft by its permalink; the preview's stands beside it, soon to be deleted."""
    connector = make(registered())
    payload = connector.adapt(post()).payload
    shown = previewed(connector, payload).steps["draft"]
    begun = {"token": "ok", "cover": prepared(connector, payload).steps["cover"], "draft_begun": payload["source_url"]}
    for media_id in drafts(connector):
        if media_id != shown:
            connector.discard(Prepared(steps={"draft": media_id}))
    published = connector.prepare(payload, Prepared(steps=begun)).steps["draft"]
    assert published != shown
    again = previewed(connector, payload, key="pv2").steps["draft"]
    assert again not in (shown, published)


def test_a_lost_answer_of_the_draft_leaves_nothing_behind(
    make: Make, registered: Register, simulator: SimulatorControl
) -> None:
    connector = make(registered())
    payload = connector.adapt(post()).payload
    done = Prepared()
    while "draft_begun" not in done.steps:
        done = connector.prepare_preview(payload, done, key="pv1")
    simulator.fault("drop_answer", path="draft/add")
    with pytest.raises(ConnectorError):
        connector.prepare_preview(payload, done, key="pv1")
    assert len(drafts(connector)) == 1
    assert connector.discard_preview(done, key="pv1")
    assert drafts(connector) == []


def test_resuming_repeats_no_step(make: Make, registered: Register, meter: CountingMeter) -> None:
    connector = make(registered())
    payload = connector.adapt(post()).payload
    done = previewed(connector, payload)
    meter.calls.clear()
    assert previewed(connector, payload, done=done) == done
    assert meter.calls == []


@pytest.mark.parametrize(
    ("known", "kind", "words"),
    [
        (None, ContentRefused, ("微信号不正确", "不是昵称")),
        ({"following": False}, Refused, ("没有关注公众号“青岚发布”", "先用它关注")),
    ],
)
def test_who_cannot_be_reached_is_said_with_the_remedy(
    make: Make,
    registered: Register,
    simulator: SimulatorControl,
    clock: Clock,
    known: dict[str, Any] | None,
    kind: type[ConnectorError],
    words: tuple[str, ...],
) -> None:
    connector = make(registered())
    if known is not None:
        phone(simulator, **known)
    done = previewed(connector, connector.adapt(post()).payload)
    with pytest.raises(kind) as caught:
        connector.send_preview(done, to=ME, send_before=clock.soon)
    assert all(word in str(caught.value) for word in words)
    assert caught.value.who == "您本人"
    assert arrived(simulator) == []


def test_without_the_right_and_after_the_hundredth(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock
) -> None:
    connector = make(registered(quotas={"message/mass/preview": 1}))
    phone(simulator)
    done = previewed(connector, connector.adapt(post()).payload)
    connector.send_preview(done, to=ME, send_before=clock.soon)
    with pytest.raises(RateLimited) as used_up:
        connector.send_preview(done, to=ME, send_before=clock.soon)
    assert used_up.value.until is not None
    assert used_up.value.until > clock()
    assert "100 次" in used_up.value.cause
    registered(rights=["freepublish"], quotas={})
    with pytest.raises(NotEntitled) as refused:
        connector.send_preview(done, to=ME, send_before=clock.soon)
    assert "微信认证" in refused.value.remedy


def test_a_lost_answer_may_have_arrived(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock
) -> None:
    connector = make(registered())
    phone(simulator)
    done = previewed(connector, connector.adapt(post()).payload)
    simulator.fault("drop_answer", path="message/mass/preview")
    with pytest.raises(OutcomeUnknown) as caught:
        connector.send_preview(done, to=ME, send_before=clock.soon)
    assert "可能已收到" in caught.value.cause
    assert "请看手机" in caught.value.remedy
    assert len(arrived(simulator)) == 1


def test_a_draft_that_somebody_deleted_is_said(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock
) -> None:
    connector = make(registered())
    phone(simulator)
    done = previewed(connector, connector.adapt(post()).payload)
    connector.discard_preview(done, key="pv1")
    with pytest.raises(Refused, match="草稿在公众平台已被删除"):
        connector.send_preview(done, to=ME, send_before=clock.soon)


def test_too_late_is_not_sent(make: Make, registered: Register, simulator: SimulatorControl, clock: Clock) -> None:
    connector = make(registered())
    phone(simulator)
    done = previewed(connector, connector.adapt(post()).payload)
    with pytest.raises(ConnectorError, match="没有发出"):
        connector.send_preview(done, to=ME, send_before=clock())
    assert arrived(simulator) == []


def test_which_accounts_may(make: Make) -> None:
    for mode in ("mass", "publish"):
        able = make(mode=mode).capabilities()
        assert able.preview is not None
        assert able.preview.quota in {quota.key for quota in able.quotas}
        assert not [one for one in able.missing if one.key == "preview"]
    able = make(mode="draft").capabilities()
    assert able.preview is None
    assert "草稿箱" in next(one.why for one in able.missing if one.key == "preview")


def test_weibo_says_that_it_has_none() -> None:
    from connectors.weibo.levels import LEVELS, missing

    for level in LEVELS.values():
        assert "手机" in next(one.why for one in missing(weibo_account(), level) if one.key == "preview")


def test_the_marked_link_leads_where_it_led() -> None:
    assert marked(LINK, "abc") == "https://www.qinglan.gov.cn/p/k3v9x2?preview=abc"
    assert marked("https://a.gov.cn/p/x", "abc") == "https://a.gov.cn/p/x?preview=abc"


def test_a_tokens_allowance_is_not_told_as_that_of_previews(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock, tokens: MemoryTokens
) -> None:
    connector = make(registered())
    phone(simulator)
    done = previewed(connector, connector.adapt(post()).payload)
    tokens.token = None
    simulator.fault("exhaust_quota", path="stable_token")
    with pytest.raises(RateLimited) as caught:
        connector.send_preview(done, to=ME, send_before=clock.soon)
    assert "预览次数" not in caught.value.cause
    assert "没有发出" in caught.value.remedy


def test_a_preview_in_one_go_looks_for_no_lost_draft(make: Make, registered: Register, meter: CountingMeter) -> None:
    """Who has just noted the beginning need not look whether somebody made the draft already; who resumes must."""
    url = registered()
    connector = make(url)
    payload = connector.adapt(post()).payload
    previewed(connector, payload)
    assert meter.calls.count("draft/batchget") == 0
    steps: dict[str, Any] = {}
    while "draft_begun" not in steps:
        steps = dict(connector.prepare_preview(payload, Prepared(steps=steps), key="pv2").steps)
    previewed(make(url), payload, key="pv2", done=Prepared(steps=steps))
    assert meter.calls.count("draft/batchget") == 1
