"""Weibo behind the one interface: what each method does stands in the module it calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors import urgent
from connectors.base import Connector
from connectors.desk import Act
from connectors.granting import Grant
from connectors.values import (
    AccountEvent,
    Adaptation,
    Attempted,
    Callback,
    Capabilities,
    Content,
    Figures,
    Finding,
    Health,
    InboundMedia,
    InboundMessage,
    Json,
    Limit,
    MediaFile,
    Page,
    Prepared,
    PublishedItem,
    PublishResult,
    Receipt,
)
from connectors.weibo import article, articles, checking, granting, inbox, levels, links, probe, publishing, replies
from connectors.weibo import callback as push
from connectors.weibo.adapt import adapt, operator_ip
from connectors.weibo.api import Api
from connectors.weibo.levels import Level
from connectors.words import N_

CALLBACK_WARNING = N_(
    "开通粉丝服务的开发模式后，微博后台的自动回复和自定义菜单会停用。关注后的自动回复可以在本系统的账号设置中填写；关键词回复、"
    "收到私信后的自动回复和自定义菜单，本系统暂不能代替。离不开这些功能的账号请先不要开通；要开通的，请先记下现有的回复和菜单。"
)


class WeiboConnector(Connector):
    platform = "weibo"
    app_credential = "app_key"

    @property
    def _level(self) -> Level:
        return levels.level_of(self.account)

    @property
    def _api(self) -> Api:
        return Api(http=self.http, tokens=self.tokens, meter=self.meter, clock=self.clock, uid=self.account.external_id)

    def capabilities(self) -> Capabilities:
        level = self._level
        return Capabilities(
            asynchronous=False,
            max_images=level.max_images,
            image_types=levels.IMAGE_TYPES,
            image_max_bytes=levels.MAX_IMAGE_BYTES,
            topics=level.topics,
            limits=(Limit(field="text", limit=level.limit, unit="字"),),
            forms=article.FORMS if levels.article_right(self.account) else (),
            choices=(urgent.choice("text"),),
            recall="manual" if level.key == "share" else "api",
            polls=("comment", "mention"),
            pushes=("private", "mention"),
            replies=levels.REPLY_RULES,
            privately=levels.PRIVATELY,
            probe_calls=probe.calls_of(self._level),
            quotas=levels.quotas(self.account, level),
            publish_quota=level.calls[0],
            acts={"comment": ("delete_reply",), "mention": ("delete_reply",)},
            offers=("authorize", "figures"),
            missing=levels.missing(self.account, level),
            link_hosts=links.PUBLIC_HOSTS,
            home=f"https://weibo.com/u/{self.account.external_id}",
            needs_link=level.needs_link,
            callback_warning=CALLBACK_WARNING,
        )

    def adapt(self, content: Content) -> Adaptation:
        level = self._level
        if article.chosen(self.account, level, content):
            return article.adapt_article(self.account, level, self.media, content)
        return adapt(self.account, self.media, content)

    def verify_callback(self, callback: Callback) -> str:
        return push.verify(callback, self.account.credentials.get("app_secret", ""), self.clock())

    def parse_callback(self, callback: Callback) -> list[InboundMessage | PublishResult | AccountEvent]:
        return list(push.messages(push.read(callback.body), self.account.external_id))

    def passive_reply(self, callback: Callback, text: str) -> bytes:
        return push.passive_reply(push.read(callback.body), text) if text else b""

    def authorize_url(self, *, redirect_uri: str, state: str, switch: bool = False) -> str:
        return granting.authorize_url(self.account, self.http, redirect_uri, state, switch)

    def exchange(self, code: str, *, redirect_uri: str) -> Grant:
        return granting.exchange(self.account, self._api, code, redirect_uri, self.clock())

    def read_revocation(self, callback: Callback) -> AccountEvent:
        return granting.read_revocation(self.account, callback, self.clock())

    def prepare(self, payload: Json, done: Prepared) -> Prepared:
        if article.is_article(payload):
            return articles.prepare(self.account, self._level, self._api, self.media, payload, done)
        return publishing.prepare(self.account, self._level, self._api, self.media, payload, done)

    def recheck(self, payload: Json, prepared: Prepared) -> str | None:
        """Nothing stands at Weibo before the one call, so nothing there can have changed."""
        return None

    def publish(self, payload: Json, prepared: Prepared, *, key: str, send_before: datetime) -> Receipt:
        if article.is_article(payload):
            return articles.publish(self.account, self._api, payload, prepared, send_before=send_before)
        return publishing.publish(
            self.account, self._level, self._api, self.media, payload, prepared, key=key, send_before=send_before
        )

    def check(self, attempted: Attempted) -> Finding:
        return checking.check(self.account, self._level, self._api, attempted, self.clock())

    def sends(self, payload: Json) -> str:
        return levels.ARTICLE if article.is_article(payload) else str(payload["delivery"]["mode"])

    def link_owner(self, url: str) -> str:
        return links.owner_of(url)

    def discard(self, prepared: Prepared) -> None:
        """prepare() leaves nothing that anybody could see."""

    def recall(self, receipt: Receipt) -> None:
        publishing.recall(self._level, self._api, receipt)

    def history(self, since: datetime) -> Page[PublishedItem]:
        items = checking.history(self.account, self._level, self._api, since)
        return Page(items=items, complete_since=items[-1].published_at if items else None)

    def fetch_messages(self, cursor: Mapping[str, str], posts: Sequence[Receipt]) -> Page[InboundMessage]:
        return inbox.fetch(self._api, self._level, self.account.external_id, cursor, posts, self.clock())

    def fetch_media(self, reference: InboundMedia) -> MediaFile:
        return self._api.private_media(reference.media_id)

    def reply(self, target: Mapping[str, str], text: str, *, key: str, send_before: datetime) -> Receipt:
        return replies.reply(
            self._api,
            target,
            text,
            rip=operator_ip(self.account),
            business=self._level.key == "business",
            send_before=send_before,
        )

    def moderate(self, target: Mapping[str, str], act: Act, *, reply_id: str = "") -> None:
        """Only our own comments can be deleted by an app; others' are the platform's business."""
        if act != "delete_reply" or target.get("kind") not in ("comment", "mention"):
            super().moderate(target, act, reply_id=reply_id)
        replies.take_back(self._api, reply_id)

    def figures(self, receipts: Sequence[Receipt]) -> tuple[Figures, ...]:
        return publishing.figures(self._api, receipts)

    def probe(self) -> Health:
        return probe.probe(self.account, self._level, self._api, self.clock())
