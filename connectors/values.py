"""Values that cross the boundary between the app and a connector: frozen, keyword-only, ids as strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypeVar

from connectors.inbound import AccountEvent as AccountEvent
from connectors.inbound import Callback as Callback
from connectors.inbound import InboundMedia as InboundMedia
from connectors.inbound import InboundMessage as InboundMessage
from connectors.inbound import MediaFile as MediaFile
from connectors.inbound import MessageKind as MessageKind
from connectors.known import Exchange as Exchange
from connectors.known import Figures as Figures
from connectors.known import Health as Health
from connectors.known import Json as Json
from connectors.known import LimitMet as LimitMet
from connectors.known import Right as Right
from connectors.known import Token as Token
from connectors.known import limits_met as limits_met
from connectors.rules import Allowance as Allowance
from connectors.rules import Choice as Choice
from connectors.rules import Form as Form
from connectors.rules import Limit as Limit
from connectors.rules import Missing as Missing
from connectors.rules import PeopleRule as PeopleRule
from connectors.rules import PreviewRule as PreviewRule
from connectors.rules import Quota as Quota
from connectors.rules import ReplyRule as ReplyRule

Environment = Literal["live", "simulator"]
Severity = Literal["block", "warn", "advise"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class AccountConfig:
    """What a connector must know of the account it speaks for. `credentials` are in clear: never log them."""

    id: str
    platform: str
    external_id: str
    name: str
    mode: str
    environment: Environment = "live"
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: Json = field(default_factory=dict)
    # Every host of the platform is replaced by this base when set, paths kept.
    base_url: str | None = None
    # The address Weibo wants as `rip`: of the person who scheduled, else the server's egress, else "".
    operator_ip: str = ""


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image of the library: its bytes are found by `sha256` (hex) in the MediaStore. Pixels and bytes."""

    sha256: str
    content_type: str
    width: int
    height: int
    size: int
    media_id: str = ""
    alt: str = ""

    @property
    def url(self) -> str:
        return f"/media/{self.sha256}"


@dataclass(frozen=True, kw_only=True)
class Content:
    """One platform-neutral post, ready to be adapted.

    `body_html` is sanitised; images in it are `<img src="/media/{sha256}">`. `link` is the permalink with the
    unique parameter of this account's variant. `overrides` are parts of the payload that the author set by hand.
    `ai_text`, `ai_images`: whether words and pictures were made with AI, as connectors.labels.MADE.
    """

    title: str
    summary: str = ""
    body_html: str = ""
    source: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    cover: Image | None = None
    link: str = ""
    urgent: bool = False
    ai_text: str = "none"
    ai_images: str = "none"
    overrides: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Note:
    """One change that adapting made, in Chinese. `kind` is a stable key such as "summary" or "links"."""

    kind: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something found in the content. `start`/`end` are character offsets in the plain text of `field`, or None.

    `suggestion` is what may stand there instead, or advice. `key` is what a dismissal of it is bound to; "" when a person
    cannot dismiss it.
    """

    rule: str
    severity: Severity
    message: str
    field: str = ""
    start: int | None = None
    end: int | None = None
    suggestion: str = ""
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Length:
    """`used` of `limit` in `unit` (a Chinese unit word such as 字)."""

    used: int
    limit: int
    unit: str


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """What one account will get: the payload of CONTRACT.md, notes of every change, problems, length."""

    payload: Json
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()
    length: Length


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The finished steps of preparing, JSON-able: {step name: result}. `ready` when nothing is left to do."""

    steps: Json = field(default_factory=dict)
    ready: bool = False


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What the platform answered to a publish or a reply.

    `external_id` is the platform's id ("" when it gave none yet), `live` whether the public can see it,
    `published_at` the platform's own time where it tells (aware UTC), `details` further ids as strings
    (publish_id, msg_id, msg_data_id, article_id).
    """

    external_id: str = ""
    url: str = ""
    live: bool = False
    published_at: datetime | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Attempted:
    """One irreversible call that was (or may have been) made, for check()."""

    key: str
    payload: Json
    prepared: Prepared
    sent_at: datetime
    receipt: Receipt | None = None
    # How often check() has been asked already.
    asked: int = 0


@dataclass(frozen=True, kw_only=True)
class Found:
    """It is there: `receipt.live` tells whether the public sees it already."""

    receipt: Receipt


@dataclass(frozen=True, kw_only=True)
class ProvenAbsent:
    """It certainly did not happen."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class CannotTell:
    """Neither found nor proven absent; ask again at `next_at` (aware UTC) or let a person decide.

    `by_person`: the platform does not let this account look; asked again all the same, but somebody should not wait.
    """

    reason: str
    next_at: datetime | None = None
    by_person: bool = False


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """The platform took it and its review then refused it: nothing is public."""

    cause: str
    remedy: str = ""
    who: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Removed:
    """It was public and is gone: deleted by a person at the platform or banned by it."""

    reason: str


Finding = Found | ProvenAbsent | CannotTell | Rejected | Removed


@dataclass(frozen=True, kw_only=True)
class PublishedItem:
    """One thing the account published, by whatever means."""

    external_id: str
    url: str = ""
    title: str = ""
    published_at: datetime
    deleted: bool = False
    # The addresses that it carries, as far as the platform tells them: by these ours is known again.
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """A callback that tells how an asynchronous publication ended. `ref` as in Receipt.details, e.g. publish_id."""

    ref_name: str
    ref: str
    finding: Finding


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """Items and where to go on. `unavailable` says in Chinese why nothing can be had (never a silent empty list).

    `complete_since`: whatever is public and newer than this is among the items, so what is missing is gone; None when
    that cannot be said.
    """

    items: tuple[T, ...] = ()
    cursor: Mapping[str, str] = field(default_factory=dict)
    unavailable: str = ""
    complete_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What this account's app may do, as data: counters, forms, validation, previews and quotas all read it."""

    asynchronous: bool
    hand_over: bool = False
    max_images: int
    image_types: tuple[str, ...]
    image_max_bytes: int
    topics: bool = False
    limits: tuple[Limit, ...] = ()
    # Shapes an author may choose between (override "form"); fewer than two: nothing to choose.
    forms: tuple[Form, ...] = ()
    # Ways of adapting that an author may choose between.
    choices: tuple[Choice, ...] = ()
    recall: Literal["api", "manual", "partial"] = "manual"
    # Messages that can be had: kinds that come by polling, and kinds that come by callback.
    polls: tuple[MessageKind, ...] = ()
    pushes: tuple[MessageKind, ...] = ()
    replies: Mapping[MessageKind, ReplyRule] = field(default_factory=dict)
    # How a message of another kind is answered whose `target` says {"kind": "private"}: nothing else reaches its writer.
    privately: ReplyRule | None = None
    # Events after which the platform obliges to erase what the person wrote.
    erases_on: tuple[str, ...] = ()
    # Limits of what the platform keeps of a person; None: it keeps no such thing, or tells no limit.
    people: PeopleRule | None = None
    # Calls that one probe() makes at most, where calls are rationed.
    probe_calls: int = 1
    quotas: tuple[Quota, ...] = ()
    # The quota that one publication spends when it is committed ("mass", "freepublish/submit", …).
    publish_quota: str = ""
    # None: no preview on a phone; `missing` then says why under "preview".
    preview: PreviewRule | None = None
    missing: tuple[Missing, ...] = ()
    # Where published items are found; and the page on which people see what the account published.
    link_hosts: tuple[str, ...] = ()
    home: str = ""
    # What may be done to messages of a kind (Act of connectors.desk: "elect", "delete", "delete_reply", …), and what
    # else of connectors.desk works: "typing", "people", "tags", "block", "quota", "clear_quota", "explain", "day_figures",
    # "speed", "switch_comments"; "audience": what is sent to everybody may be sent to one tag's people only; and whether
    # figures() may be asked: "figures".
    acts: Mapping[MessageKind, tuple[str, ...]] = field(default_factory=dict)
    offers: tuple[str, ...] = ()
    # Calls whose allowance the platform tells ("quota" is offered then), as the ledger names them.
    readable_quotas: tuple[str, ...] = ()
    # Speeds of mass sending that may be set ("speed" is offered then): {level: ten thousand messages a minute}.
    speeds: Mapping[int, int] = field(default_factory=dict)
    # Accounts whose texts must carry the permalink, and the callback warning shown before connecting.
    needs_link: bool = False
    callback_warning: str = ""
