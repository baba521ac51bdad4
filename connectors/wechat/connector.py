"""WeChat Official Accounts: the connector. Each method hands over to the module that knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from connectors.base import Connector, MediaStore, Meter, TokenStore
from connectors.errors import ConnectorError, NotEntitled
from connectors.http import Http
from connectors.values import (
    AccountConfig,
    AccountEvent,
    Adaptation,
    Attempted,
    Callback,
    Capabilities,
    Content,
    Figures,
    Finding,
    Health,
    InboundMessage,
    Json,
    Page,
    Prepared,
    PublishedItem,
    PublishResult,
    Receipt,
)
from connectors.wechat import callback as callbacks
from connectors.wechat import (
    capabilities,
    commit,
    drafts,
    events,
    health,
    history,
    inbox,
    newspic,
    preview,
    statistics,
)
from connectors.wechat.api import Api
from connectors.wechat.article import adapt_content
from connectors.wechat.desk import WeChatDesk
from connectors.wechat.outcome import Checking
from connectors.wechat.prepare import Preparing


class WeChatConnector(WeChatDesk, Connector):
    """One WeChat Official Account, by mass sending, publishing, or drafts that a person publishes."""

    platform: ClassVar[str] = "wechat"
    app_credential: ClassVar[str] = "app_id"

    def __init__(
        self,
        account: AccountConfig,
        *,
        http: Http,
        tokens: TokenStore,
        media: MediaStore,
        meter: Meter,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(account, http=http, tokens=tokens, media=media, meter=meter, clock=clock)
        self.api = Api(account, http=http, tokens=tokens, meter=meter, clock=clock)
        self.gate = callbacks.Gate(account, clock)
        self.preparing = Preparing(self.api, media, account.id)

    # Pure.

    def capabilities(self) -> Capabilities:
        return capabilities.capabilities(self.account)

    def adapt(self, content: Content) -> Adaptation:
        if content.overrides.get("form") == newspic.NEWSPIC:
            return newspic.adapt_newspic(self.account, self.media, content)
        return adapt_content(self.account, self.media, content)

    def verify_callback(self, callback: Callback) -> str:
        return self.gate.check(callback)

    def shows_keys(self, callback: Callback) -> bool:
        """A check of the address is not encrypted: of EncodingAESKey it says nothing. Nor does what the previous one opens."""
        return callback.method == "POST" and self.gate.open(callback).by_present

    def parse_callback(self, callback: Callback) -> list[InboundMessage | PublishResult | AccountEvent]:
        return events.read(self.gate.open(callback).message)

    def passive_reply(self, callback: Callback, text: str) -> bytes:
        return callbacks.answer(self.gate, self.gate.open(callback), text) if text else callbacks.SUCCESS

    # Network.

    def prepare(self, payload: Json, done: Prepared) -> Prepared:
        return self.preparing.next_step(payload, done)

    def recheck(self, payload: Json, prepared: Prepared) -> str | None:
        return drafts.changed_since(self.api, payload, prepared)

    def publish(self, payload: Json, prepared: Prepared, *, key: str, send_before: datetime) -> Receipt:
        return commit.publish(self.api, payload, prepared, key=key, send_before=send_before)

    def sends(self, payload: Json) -> str:
        return commit.CALLS.get(str(payload["delivery"]["mode"]), "")

    def check(self, attempted: Attempted) -> Finding:
        return Checking(self.api, self.clock).check(attempted)

    def discard(self, prepared: Prepared) -> None:
        drafts.discard(self.api, prepared)

    def restoring(self, prepared: Prepared) -> Prepared:
        return drafts.restoring(prepared)

    def hand_over_done(self, prepared: Prepared) -> bool | None:
        """Whether the draft has left the draft box (published or deleted by a person); None when that cannot be told."""
        if not prepared.steps.get("draft"):
            return None
        try:
            return drafts.read_draft(self.api, str(prepared.steps["draft"])) is None
        except ConnectorError:
            return None

    def prepare_preview(self, payload: Json, done: Prepared, *, key: str) -> Prepared:
        self._can_preview()
        return preview.prepare(self.preparing, payload, done, key=key)

    def send_preview(self, prepared: Prepared, *, to: str, send_before: datetime) -> None:
        self._can_preview()
        preview.send(self.api, self.account.name, prepared, to=to, send_before=send_before)

    def _can_preview(self) -> None:
        if preview.rule(self.account.mode) is None:
            raise NotEntitled("这个账号不能发手机预览。", remedy=preview.WHY_NOT, who="拟稿人", code="not_offered")

    def discard_preview(self, prepared: Prepared, *, key: str) -> bool:
        return preview.discard(self.api, prepared, key=key)

    def recall(self, receipt: Receipt) -> None:
        commit.recall(self.api, receipt)

    def history(self, since: datetime) -> Page[PublishedItem]:
        return history.history(self.api, since, self.clock())

    def fetch_messages(self, cursor: Mapping[str, str], posts: Sequence[Receipt]) -> Page[InboundMessage]:
        return inbox.fetch_comments(self.api, cursor, posts)

    def reply(self, target: Mapping[str, str], text: str, *, key: str, send_before: datetime) -> Receipt:
        return inbox.reply(self.api, target, text, send_before=send_before)

    def figures(self, receipts: Sequence[Receipt]) -> tuple[Figures, ...]:
        return statistics.figures(self.api, receipts, self.clock())

    def probe(self) -> Health:
        return health.probe(self.api, self.account, self.media, self.tokens)
