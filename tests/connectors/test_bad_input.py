"""Whatever a platform answers: a sensible value or an error of the tree, never anything else."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest

from connectors.base import Connector
from connectors.errors import ConnectorError
from connectors.values import Content, InboundMedia, InboundMessage, Page, Prepared, Receipt
from tests.connectors import bad_input as bad
from tests.connectors.bench import LIVING, MEDIA, NOW, build, level
from tests.connectors.fakes import Odd, odd_server
from tests.connectors.wechat import conftest as wechat
from tests.connectors.weibo import conftest as weibo

# The calls that an interface's recorded answer is meant for; error bodies and the rest go to every call as they are.
MEANT: dict[str, dict[str, tuple[str, ...]]] = {
    "weibo": {
        "share_response_doc.json": ("publish", "check 0"),
        "status_destroy_doc.json": ("recall 0",),
        "user_timeline_doc.json": ("check", "history"),
        "home_timeline_doc.json": ("check", "history", "messages later"),
        "statuses_count_doc.json": ("figures",),
        "unread_count_shape.json": ("messages",),
        "comments_to_me_doc.json": ("messages", "messages later"),
        "comment_reply_doc.json": ("reply comment", "reply mention"),
        "messages_sendall_ok.json": ("reply private",),
        "oauth_get_token_info.json": ("probe",),
        "upload_pic_biz_shape.json": ("prepare 1", "prepare article"),
        "article_publish_ok_shape.json": ("publish article",),
        "article_publish_err_shape.json": ("publish article",),
        "oauth_access_token_ok.json": ("exchange",),
        "oauth_access_token_shape_2020.json": ("exchange",),
        "comments_destroy_batch_doc.json": ("take back",),
    },
    "wechat": {
        "resp_token.json": ("prepare 0", "probe"),
        "resp_stable_token_remaining.json": ("prepare 0",),
        "resp_uploadimg.json": ("prepare 1",),
        "resp_add_material_image.json": ("prepare 2",),
        "resp_draft_add.json": ("prepare 4",),
        "resp_draft_get.json": ("prepare 5", "prepare pictures", "restore", "recheck", "hand over", "check"),
        "resp_draft_batchget.json": ("prepare 4", "discard begun"),
        "resp_datacube_getbizsummary.json": ("days",),
        "resp_datacube_getusersummary.json": ("days",),
        "resp_datacube_getusercumulate.json": ("days",),
        "resp_user_info.json": ("person",),
        "resp_user_info_unsubscribed.json": ("person",),
        "resp_rid_get.json": ("explain",),
        "resp_freepublish_submit_with_msg_data_id.json": ("publish",),
        "resp_freepublish_get_ok.json": ("check 0",),
        "resp_freepublish_get_original_failed.json": ("check 0",),
        "resp_freepublish_get_publishing.json": ("check 0",),
        "resp_freepublish_batchget.json": ("check", "history"),
        "resp_freepublish_getarticle.json": ("check 1",),
        "resp_mass_get.json": ("check 2",),
        "resp_mass_sendall.json": ("publish mass",),
        "resp_mass_45065_dup.json": ("publish mass",),
        "resp_mass_speed_get.json": ("probe", "speed"),
        "resp_comment_list.json": ("messages",),
        "resp_callback_check.json": ("probe",),
        "resp_quota_get.json": ("probe", "quota"),
        "resp_datacube_getarticletotaldetail.json": ("figures", "history", "check 2"),
        "resp_ok.json": (
            "recall 0",
            "recall 1",
            "reply private",
            "reply article_comment",
            "discard",
            "elect",
            "delete reply",
            "comments",
            "remark",
            "tag",
            "block",
            "clear",
        ),
        "err_40164.json": ("prepare 0", "probe"),
    },
}
CASES = [(platform, name) for platform in MEANT for name in bad.fixtures(platform)]


@dataclass
class Bench:
    """One platform's connector against the odd server, and everything it may ask."""

    platform: str
    odd: Odd
    payload: dict[str, Any]
    asks: dict[str, bad.Ask]
    secrets: tuple[str, ...]

    def connector(self, ask: str) -> Connector:
        """A new one, without a token where the token itself is asked for."""
        made = build(self.platform, self.odd.url, level(self.platform, ask))
        if self.platform == "wechat" and ask in ("prepare 0", "probe"):
            made.tokens.token = None  # type: ignore[attr-defined]
        return made

    def feed(self, body: bytes, ask: str, status: int = 200) -> Any:
        self.odd.answers = [(status, "text/plain", body)]
        connector = self.connector(ask)
        return bad.outcome(lambda: self.asks[ask](connector), self.secrets)


def _bench(platform: str, odd: Odd) -> Bench:
    image = next(iter(MEDIA.images.values()))
    post = wechat.post(cover=image, body_html=f'<p>请减少外出。</p><img src="/media/{image.sha256}">', link=weibo.LINK)
    assert isinstance(post, Content)
    connector = build(platform, odd.url, level(platform, ""))
    payload = dict(connector.adapt(post).payload)
    if platform == "wechat":
        images = dict.fromkeys(payload["content_html"].split("/media/")[1:2], "https://mmbiz.qpic.cn/1")
        uploaded = {sha[:64]: address for sha, address in images.items()}
        done = {"token": "ok", "images": uploaded, "cover": "c", "draft_begun": "l", "draft": "d", "fingerprint": "f"}
        steps = tuple(Prepared(steps=dict(list(done.items())[:count])) for count in range(6))
        asks = bad.asks(platform, payload, Prepared(steps=done, ready=True), steps)
        mass = {**payload, "delivery": {**payload["delivery"], "mode": "mass"}}
        ready, soon = Prepared(steps=done, ready=True), NOW + timedelta(minutes=1)
        asks["publish mass"] = lambda c: c.publish(mass, ready, key="k", send_before=soon)
        asks |= _wechat_only(payload, dict(_pictures_of(post)), steps[5])
    else:
        asks = bad.asks(platform, payload, Prepared(steps={"checked": True}, ready=True), (Prepared(), Prepared()))
        asks |= _weibo_only(dict(article_of(post)))
    secrets = (LIVING, *(value for name, value in connector.account.credentials.items() if "secret" in name))
    return Bench(platform, odd, payload, asks, secrets)


def article_of(post: Content) -> Mapping[str, Any]:
    """The payload of a 头条文章 with a cover and a picture."""
    writer = build("weibo", "http://127.0.0.1:9", "business")
    writer.account = replace(writer.account, settings={"article": True})
    return writer.adapt(replace(post, overrides={"form": "article"})).payload


def _pictures_of(post: Content) -> Mapping[str, Any]:
    """The payload of a 贴图."""
    writer = build("wechat", "http://127.0.0.1:9", "publish")
    return writer.adapt(replace(post, overrides={"form": "newspic"})).payload


def _wechat_only(payload: dict[str, Any], pictures: dict[str, Any], drafted: Prepared) -> dict[str, bad.Ask]:
    """What only WeChat has: picture posts, drafts put back, comments moderated, followers, allowances, days."""
    materials = {image["sha256"]: "m" for image in pictures["images"]}
    shown = Prepared(steps={"token": "ok", "pictures": materials, "draft": "d"})
    place = {"kind": "article_comment", "msg_data_id": "1", "index": "0", "user_comment_id": "2"}
    commented = Receipt(external_id="1", details={"msg_data_id": "1"})
    return {
        "prepare pictures": lambda c: c.prepare(pictures, shown),
        "restore": lambda c: c.prepare(payload, Prepared(steps={**drafted.steps, "restore": "1"})),
        "discard begun": lambda c: c.discard(Prepared(steps={"draft_begun": str(payload["source_url"])})),
        "elect": lambda c: c.moderate(place, "elect"),
        "delete comment": lambda c: c.moderate(place, "delete"),
        "delete reply": lambda c: c.moderate(place, "delete_reply", reply_id="reply:1:0:2"),
        "comments": lambda c: c.switch_comments(commented, open_=False),
        "typing": lambda c: c.typing({"openid": "o1"}),
        "media": lambda c: c.fetch_media(InboundMedia(kind="image", media_id="1")),
        "person": lambda c: c.person("o1"),
        "remark": lambda c: c.rename("o1", "王"),
        "tags": lambda c: c.tags(),
        "new tag": lambda c: c.make_tag("热心市民"),
        "tag": lambda c: c.tag("o1", ["100"], add=True),
        "block": lambda c: c.block(["o1"], blocked=True),
        "blacklist": lambda c: c.blocked("o1"),
        "quota": lambda c: c.read_quota("draft/add"),
        "clear": lambda c: c.clear_quota(),
        "explain": lambda c: c.explain("617682e0-09059ac5-34a8e2ea"),
        "days": lambda c: c.day_figures(date(2025, 11, 1), date(2025, 11, 1)),
        "speed": lambda c: c.speed(),
    }


def _weibo_only(payload: dict[str, Any]) -> dict[str, bad.Ask]:
    """What only Weibo has: articles, signing in there, files of messages, taking an answer back."""
    addresses = dict.fromkeys([image["sha256"] for image in payload["images"]], "https://wx1.sinaimg.cn/large/1.jpg")
    ready, soon = Prepared(steps={"addresses": addresses}, ready=True), NOW + timedelta(minutes=1)

    def entitled(connector: Connector) -> Connector:
        connector.account = replace(connector.account, settings={"article": True})
        return connector

    return {
        "publish article": lambda c: entitled(c).publish(payload, ready, key="k", send_before=soon),
        "prepare article": lambda c: entitled(c).prepare(payload, Prepared()),
        "exchange": lambda c: c.exchange("code-1", redirect_uri="https://www.qinglan.gov.cn/accounts/authorization"),
        "media": lambda c: c.fetch_media(InboundMedia(kind="image", media_id="1")),
        "take back": lambda c: c.moderate({"kind": "comment", "cid": "1", "id": "2"}, "delete_reply", reply_id="3"),
    }


@pytest.fixture(scope="module")
def server() -> Iterator[Odd]:
    with odd_server() as odd:
        yield odd


@pytest.fixture(scope="module")
def benches(server: Odd) -> dict[str, Bench]:
    return {platform: _bench(platform, server) for platform in MEANT}


# Answers.


@pytest.mark.parametrize(("platform", "name"), CASES)
def test_any_recorded_body_in_answer_to_any_call(benches: dict[str, Bench], platform: str, name: str) -> None:
    body = bad.fixtures(platform)[name]
    for ask in benches[platform].asks:
        benches[platform].feed(body, ask)


@pytest.mark.parametrize("name", bad.no_answers())
@pytest.mark.parametrize("platform", MEANT)
def test_what_is_no_answer(benches: dict[str, Bench], platform: str, name: str) -> None:
    body = bad.no_answers()[name]
    for number, ask in enumerate(benches[platform].asks):
        told = benches[platform].feed(body, ask, (200, 502)[number % 2])
        if ask.startswith("publish"):
            assert isinstance(told, ConnectorError), f"{ask}: {told!r}"


@pytest.mark.parametrize(("platform", "name"), [(platform, name) for platform in MEANT for name in MEANT[platform]])
def test_a_spoilt_answer_to_the_call_it_is_meant_for(benches: dict[str, Bench], platform: str, name: str) -> None:
    bench, body = benches[platform], bad.fixtures(platform)[name]
    spoilt = [*bad.cut(body), *(bad.body_of(value) for value in bad.spoilt(bad.parsed(body)))]
    assert len(spoilt) > 10
    for ask in MEANT[platform][name]:
        for each in spoilt:
            told = bench.feed(each, ask)
            if isinstance(told, Receipt):
                _go_on_with(bench, told)
            for message in told.items if isinstance(told, Page) else ():
                if isinstance(message, InboundMessage):
                    _answer(bench, message)


def _go_on_with(bench: Bench, receipt: Receipt) -> None:
    """What was taken for a receipt is used for weeks: it must not break what comes after."""
    dated = dataclasses.replace(receipt, published_at=receipt.published_at or NOW - timedelta(days=4))
    connector = bench.connector("")
    bad.outcome(lambda: connector.fetch_messages({}, [receipt]), bench.secrets)
    bad.outcome(lambda: connector.figures([dated]), bench.secrets)
    bad.outcome(lambda: connector.recall(receipt), bench.secrets)


def _answer(bench: Bench, message: InboundMessage) -> None:
    """What came into the inbox can be answered, or it is told why not."""
    connector, soon = bench.connector(""), NOW + timedelta(minutes=1)
    bad.outcome(lambda: connector.reply(message.target, "已受理。", key="k", send_before=soon), bench.secrets)


def test_the_checker_of_values_can_refuse() -> None:
    good = Receipt(external_id="1", published_at=NOW, details={"mid": "1"})
    bad.check_value([good])
    for wrong in ({"external_id": 1}, {"published_at": NOW.replace(tzinfo=None)}, {"details": {"mid": 1}}, {"live": 1}):
        with pytest.raises(AssertionError):
            bad.check_value([dataclasses.replace(good, **wrong)])
    with pytest.raises(AssertionError):
        bad.outcome(lambda: (_ for _ in ()).throw(ConnectorError("english")))
    assert json.loads(bad.body_of(float("inf"))) == float("inf")
