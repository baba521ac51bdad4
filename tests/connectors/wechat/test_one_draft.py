"""One draft for one publication: whatever got lost on the way, none arises beside it, and changes go into it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.errors import Refused, Unavailable
from connectors.values import Prepared
from connectors.wechat.connector import WeChatConnector
from tests.connectors.fakes import CountingMeter, MemoryMedia, SimulatorControl
from tests.connectors.wechat.conftest import Make, post, prepared
from tests.connectors.wechat.test_newspic import shown

Register = Callable[..., str]


def drafts(connector: WeChatConnector) -> int:
    return int(connector.api.get("/cgi-bin/draft/count")["total_count"])


def until_draft(connector: WeChatConnector, payload: object) -> Prepared:
    done = Prepared()
    while "draft_begun" not in done.steps:
        done = connector.prepare(payload, done)  # type: ignore[arg-type]
    return done


def test_a_draft_whose_answer_was_lost_is_adopted(
    make: Make, registered: Register, simulator: SimulatorControl, meter: CountingMeter
) -> None:
    url = registered()
    connector = make(url)
    payload = connector.adapt(post()).payload
    done = until_draft(connector, payload)
    simulator.fault("drop_answer", path="draft/add")
    with pytest.raises(Unavailable):
        connector.prepare(payload, done)
    assert drafts(connector) == 1
    # Another process takes over with the steps that were saved.
    finished = done
    other = make(url)
    while not finished.ready:
        finished = other.prepare(payload, finished)
    assert drafts(connector) == 1
    assert meter.calls.count("draft/add") == 1
    assert meter.calls.count("draft/update") == 1
    assert other.recheck(payload, finished) is None


def test_a_begun_draft_that_never_arrived_is_made(
    make: Make, registered: Register, simulator: SimulatorControl
) -> None:
    url = registered()
    connector = make(url)
    # Somebody else's draft stands there and must not be taken for ours.
    prepared(connector, connector.adapt(post(link="https://www.qinglan.gov.cn/p/other?w=zzz")).payload)
    payload = connector.adapt(post()).payload
    done = until_draft(connector, payload)
    simulator.fault("http_502", path="draft/add")
    with pytest.raises(Unavailable):
        connector.prepare(payload, done)
    finished = done
    while not finished.ready:
        finished = connector.prepare(payload, finished)
    assert drafts(connector) == 2
    assert connector.recheck(payload, finished) is None


@pytest.mark.parametrize("form", ["news", "newspic"])
def test_a_draft_changed_by_hand_is_restored_in_place(
    make: Make, registered: Register, media: MemoryMedia, meter: CountingMeter, form: str
) -> None:
    connector = make(registered())
    payload = connector.adapt(shown(media, "housing.png", form=form)).payload
    done = prepared(connector, payload)
    draft = done.steps["draft"]
    edited = dict(connector.api.post("/cgi-bin/draft/get", {"media_id": draft})["news_item"][0])
    edited["title"] = "被人改过的标题"
    connector.api.post("/cgi-bin/draft/update", {"media_id": draft, "index": 0, "articles": edited})
    assert connector.recheck(payload, done) is not None
    finished = connector.restoring(done)
    assert not finished.ready
    while not finished.ready:
        finished = connector.prepare(payload, finished)
    assert finished.steps["draft"] == draft
    assert drafts(connector) == 1
    assert meter.calls.count("draft/add") == 1
    assert connector.recheck(payload, finished) is None


def test_a_draft_that_is_gone_is_not_restored_into_a_second_one(make: Make, registered: Register) -> None:
    connector = make(registered())
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    connector.discard(done)
    with pytest.raises(Refused) as caught:
        connector.prepare(payload, connector.restoring(done))
    assert "已被人工发布或删除" in caught.value.cause
    assert drafts(connector) == 0


def test_only_what_left_a_draft_can_be_restored(make: Make) -> None:
    assert make().restoring(Prepared(steps={"token": "ok"})) == Prepared()


def test_discarding_finds_the_draft_whose_answer_was_lost(
    make: Make, registered: Register, simulator: SimulatorControl
) -> None:
    connector = make(registered())
    payload = connector.adapt(post()).payload
    done = until_draft(connector, payload)
    simulator.fault("drop_answer", path="draft/add")
    with pytest.raises(Unavailable):
        connector.prepare(payload, done)
    connector.discard(done)
    assert drafts(connector) == 0
    connector.discard(done)


def edit(connector: WeChatConnector, draft: str, **values: str) -> None:
    article = dict(connector.api.post("/cgi-bin/draft/get", {"media_id": draft})["news_item"][0])
    connector.api.post("/cgi-bin/draft/update", {"media_id": draft, "index": 0, "articles": article | values})


@pytest.mark.parametrize("held", [False, True])
def test_what_people_wrote_in_our_draft_is_not_deleted(make: Make, registered: Register, held: bool) -> None:
    """Held, its steps are kept for a release: cancelled then, the colleague's text still stands under our number."""
    connector = make(registered())
    done = prepared(connector, connector.adapt(post()).payload)
    title = connector.api.post("/cgi-bin/draft/get", {"media_id": done.steps["draft"]})["news_item"][0]["title"]
    edit(connector, done.steps["draft"], title="同事写的新标题")
    left = connector.restoring(done) if held else done
    with pytest.raises(Refused) as caught:
        connector.discard(left)
    assert "没有删除" in caught.value.cause
    assert drafts(connector) == 1
    # Put back as it was by hand, nothing of theirs is in it.
    edit(connector, done.steps["draft"], title=title)
    connector.discard(connector.restoring(left) if held else left)
    assert drafts(connector) == 0


def test_before_it_was_read_back_a_draft_is_known_by_its_link(make: Make, registered: Register) -> None:
    connector = make(registered())
    done = prepared(connector, connector.adapt(post()).payload)
    early = Prepared(steps={k: v for k, v in done.steps.items() if k != "fingerprint"})
    edit(connector, done.steps["draft"], content_source_url="https://www.qinglan.gov.cn/p/other?w=zzz")
    with pytest.raises(Refused):
        connector.discard(early)
    edit(connector, done.steps["draft"], content_source_url=str(done.steps["draft_begun"]))
    connector.discard(early)
    assert drafts(connector) == 0
