"""The one interface between Tandem and a platform, and what a connector is given to do its work with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal, Protocol

from connectors.desk import Desk
from connectors.errors import NotEntitled
from connectors.granting import Granting
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
    Image,
    InboundMedia,
    InboundMessage,
    Json,
    MediaFile,
    Page,
    Prepared,
    PublishedItem,
    PublishResult,
    Receipt,
    Token,
)

Purpose = Literal["publish", "reply", "unread", "fetch", "media", "history"]


class TokenStore(Protocol):
    """Where an account's access token lives. One refresh across processes and machines."""

    def current(self) -> Token | None:
        """The stored token, or None when there is none; it may have expired."""

    def renew(self, stale: str | None, fetch: Callable[[], Token]) -> Token:
        """A token other than `stale`: the stored one if somebody renewed it meanwhile, else fetch() under a lease."""


class MediaStore(Protocol):
    """The library's bytes, by the SHA-256 (hex) of exactly those bytes."""

    def get(self, sha256: str) -> Image | None: ...

    def read(self, sha256: str) -> bytes: ...

    def derive(self, sha256: str, recipe: str, make: Callable[[bytes], tuple[bytes, str]]) -> Image:
        """The image that `make` (bytes -> bytes, content type) makes of `sha256`; remembered by `recipe`.

        With "" for `sha256` it is made of nothing: make(b""), for a cover that is drawn by machine.
        """

    def remembered(self, sha256: str, account_id: str, use: str) -> str | None:
        """The platform's id or URL of these bytes already uploaded for this account and use, if any."""

    def remember(self, sha256: str, account_id: str, use: str, value: str) -> None: ...


class Meter(Protocol):
    """The ledger of calls. Connectors announce every call just before it is made."""

    def spend(self, call: str) -> None:
        """Count one call ("statuses/share"). Raises RateLimited when this purpose's budget is used up."""


class Connector(Desk, Granting, ABC):
    """One platform, for one account; what only some platforms offer stands in Desk."""

    platform: ClassVar[str]
    # The credential that names the app in whose name the account speaks: several accounts may share one.
    app_credential: ClassVar[str]

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
        self.account = account
        self.http = http
        self.tokens = tokens
        self.media = media
        self.meter = meter
        self.clock = clock

    # Pure: no network.

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this account may do at its level, as data."""

    @abstractmethod
    def adapt(self, content: Content) -> Adaptation:
        """The payload for this account with notes, problems and length. Same content, same payload, byte for byte."""

    @abstractmethod
    def verify_callback(self, callback: Callback) -> str:
        """What to answer to a GET check ("" for a POST). Raises Forged."""

    def shows_keys(self, callback: Callback) -> bool:
        """Whether a callback that was verified and read shows all keys of the account's callbacks to be right, not only some."""
        return True

    @abstractmethod
    def parse_callback(self, callback: Callback) -> list[InboundMessage | PublishResult | AccountEvent]:
        """What a verified POST tells. Raises Forged, Unopened, or ValueError for correctly signed nonsense."""

    @abstractmethod
    def passive_reply(self, callback: Callback, text: str) -> bytes:
        """The callback's own answer; the platform's plain acknowledgement when `text` is empty."""

    def sends(self, payload: Json) -> str:
        """The call, as the meter names it, that publish() makes for this payload; "" when it makes none."""
        return ""

    def link_owner(self, url: str) -> str:
        """The external id of the account whose item `url` is, where the platform's addresses tell; else ""."""
        return ""

    # Network: only the scheduler calls these (and the connecting wizard, probe).

    @abstractmethod
    def prepare(self, payload: Json, done: Prepared) -> Prepared:
        """Do the next unfinished step and return what is done now; call again until `ready`. Safe to resume."""

    @abstractmethod
    def recheck(self, payload: Json, prepared: Prepared) -> str | None:
        """Why what stands at the platform is no longer what was prepared (Chinese), or None when it is."""

    @abstractmethod
    def publish(self, payload: Json, prepared: Prepared, *, key: str, send_before: datetime) -> Receipt:
        """The one call that cannot be taken back; refuses to send after `send_before`."""

    @abstractmethod
    def check(self, attempted: Attempted) -> Finding:
        """What became of it; also the read-back of something published. Raises what concerns the account as a whole:
        RateLimited, CredentialsRefused and others that are `whole`."""

    @abstractmethod
    def discard(self, prepared: Prepared) -> None:
        """Undo what prepare() left at the platform (a draft). Not an error when it is gone.

        Refused when it is not (only) ours any more: what people wrote there is theirs.
        """

    def restoring(self, prepared: Prepared) -> Prepared:
        """`prepared` such that prepare() makes what stands at the platform again what was approved, in its place.

        Pure. Where nothing stands before publishing, preparing begins anew.
        """
        return Prepared()

    def hand_over_done(self, prepared: Prepared) -> bool | None:
        """Whether the draft that a person was to publish has left the draft box (published or deleted by hand).

        None when that cannot be told, as on platforms without drafts. Network; raises nothing for an answer.
        """
        return None

    # A preview on somebody's phone, where capabilities().preview says how. Nothing becomes public by it.

    def prepare_preview(self, payload: Json, done: Prepared, *, key: str) -> Prepared:
        """Do the next step of making what send_preview() sends; call again until `ready`. Safe to resume.

        It is a thing of its own, marked with `key`, and never what prepare() made for a publication.
        """
        raise _no_preview()

    def send_preview(self, prepared: Prepared, *, to: str, send_before: datetime) -> None:
        """Show it on the phone of `to`. OutcomeUnknown: it may have arrived; a person looks and may send again."""
        raise _no_preview()

    def discard_preview(self, prepared: Prepared, *, key: str) -> bool:
        """Undo what prepare_preview() left, found by `key` when its id was lost. Not an error when it is gone.

        False when its id was lost and nothing was found: it may still appear, look once more later.
        """
        raise _no_preview()

    @abstractmethod
    def recall(self, receipt: Receipt) -> None:
        """Take it back as far as capabilities().recall says."""

    @abstractmethod
    def history(self, since: datetime) -> Page[PublishedItem]:
        """What the account published since, by whatever means, newest first."""

    @abstractmethod
    def fetch_messages(self, cursor: Mapping[str, str], posts: Sequence[Receipt]) -> Page[InboundMessage]:
        """New messages since `cursor`; `posts` are the recent publications whose comments may be asked.

        Keys of the cursor that begin with `denied:` remember what the platform refused: new credentials void them.
        """

    def fetch_media(self, reference: InboundMedia) -> MediaFile:
        """The bytes behind an InboundMedia of a message. Network, and to be asked soon: platforms keep them for days.

        Raises Refused when they are gone for good, NotEntitled where the platform gives none.
        """
        raise NotEntitled("平台不提供对方发来的文件。", remedy="请登录平台查看。", who="回复人")

    @abstractmethod
    def reply(self, target: Mapping[str, str], text: str, *, key: str, send_before: datetime) -> Receipt:
        """Answer an InboundMessage by its `target`."""

    @abstractmethod
    def figures(self, receipts: Sequence[Receipt]) -> tuple[Figures, ...]:
        """Reads, likes, comments, reposts of published items."""

    @abstractmethod
    def probe(self) -> Health:
        """Exercise the real rights; a right that only publishing can test is None (首次发布时验证)."""


def _no_preview() -> NotEntitled:
    return NotEntitled("这个账号不能发手机预览。", remedy="请在本系统的预览中查看。", who="拟稿人")
