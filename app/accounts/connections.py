"""Account -> Connector: the only place that builds one."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import select

from app.accounts import quotas, sharing, tallies
from app.accounts.forms import EXPIRY_YEARS, PLATFORMS
from app.accounts.ledger import Ledger
from app.accounts.models import Account
from app.accounts.sealed import CredentialsSealed
from app.accounts.tokens import DatabaseTokens, Standing
from app.config import Config, current
from app.db import db, utcnow
from connectors.answers import class_of
from connectors.base import Connector, MediaStore, Purpose
from connectors.http import Http, new_session
from connectors.values import AccountConfig, Capabilities, Exchange, Quota, Token

# Bound by media.register: the library is the higher room.
media_store_factory: Callable[[], MediaStore] | None = None

_sessions: dict[str, Any] = {}
_SCOPES_KNOWN = 20_000
_scopes: dict[str, str] = {}
_sessions_lock = threading.Lock()


class Recorder:
    """Collects the exchanges of one piece of work, for the evidence: pass it as `on_exchange`."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def __call__(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def json(self) -> list[dict[str, Any]]:
        """The exchanges as JSON-able objects, times in ISO 8601."""
        return [exchange_json(exchange) for exchange in self.exchanges]


def exchange_json(exchange: Exchange) -> dict[str, Any]:
    return {
        "method": exchange.method,
        "url": exchange.url,
        "asked": exchange.asked or exchange.url,
        "request": dict(exchange.request),
        "status": exchange.status,
        "answer": exchange.answer,
        "sent_at": exchange.sent_at.isoformat(),
        "answered_at": exchange.answered_at.isoformat() if exchange.answered_at else None,
        "error": exchange.error,
    }


def connect(
    account: Account,
    *,
    purpose: Purpose = "publish",
    on_exchange: Callable[[Exchange], None] | None = None,
    operator_ip: str = "",
    clock: Callable[[], datetime] = utcnow,
    lately: Standing | None = None,
    media: MediaStore | None = None,
) -> Connector:
    """The connector that speaks for `account`; its calls are counted under `purpose`. `lately`: its token's row, if that was
    just read. `media`: another library than the one that is bound. Raises CredentialsSealed.

    All that is needed of the row is read here: afterwards the caller may release its transaction.
    """
    known = account_config(account, operator_ip=operator_ip)
    return _connector(known, purpose=purpose, on_exchange=on_exchange, clock=clock, lately=lately, media=media)


def _connector(
    known: AccountConfig,
    *,
    purpose: Purpose = "publish",
    on_exchange: Callable[[Exchange], None] | None = None,
    clock: Callable[[], datetime] = utcnow,
    lately: Standing | None = None,
    media: MediaStore | None = None,
) -> Connector:
    # Late, so that pages which never ask a platform do not load the connectors' libraries.
    from connectors.registry import CONNECTORS

    if media_store_factory is None:
        raise RuntimeError("media.register has not bound the library")
    ledger = Ledger(known.id, purpose=purpose, clock=clock)
    connector = CONNECTORS[known.platform](
        known,
        http=Http(
            base_url=known.base_url,
            clock=clock,
            on_exchange=_counted(known.id, on_exchange),
            session=_session(known.base_url or known.platform),
        ),
        tokens=DatabaseTokens(
            known.id, clock=clock, given=given_token(known.credentials), lately=lately, known=known.credentials
        ),
        media=media or media_store_factory(),
        meter=ledger,
        clock=clock,
    )
    ledger.quotas = quotas.overridden(connector.capabilities().quotas, known.settings)
    ledger.scope = _scopes[known.id] = _scope_of(known)
    return connector


def _counted(account_id: str, onward: Callable[[Exchange], None] | None) -> Callable[[Exchange], None]:
    def count(exchange: Exchange) -> None:
        tallies.note(account_id, tallies.CALL, class_of(exchange))
        if onward is not None:
            onward(exchange)

    return count


def app_of(account: Account) -> str:
    """The app at the platform in whose name the account speaks; where none is known, the account itself."""
    from connectors.registry import CONNECTORS

    return str(account.known.get(CONNECTORS[account.platform].app_credential) or account.id)


def _scope_of(known: AccountConfig) -> str:
    from connectors.registry import CONNECTORS

    app = known.credentials.get(CONNECTORS[known.platform].app_credential, "")
    return sharing.scope_of(known.platform, known.environment, app, current().egress_ip) if app else known.id


def scopes_of(account_ids: Iterable[str]) -> dict[str, str]:
    """{account: with whom it shares its app's limits}; with nobody, where its app is not known. Remembered, since apps are read
    from encrypted credentials."""
    wanted = set(account_ids)
    if len(_scopes) > _SCOPES_KNOWN:
        _scopes.clear()
    unseen = wanted - _scopes.keys()
    if unseen:
        for account in db.session.scalars(select(Account).where(Account.id.in_(unseen))):
            _scopes[account.id] = _scope_of(_config(account, account.known))
    return {account_id: _scopes.get(account_id, account_id) for account_id in wanted}


def writing(account: Account, *, operator_ip: str = "", media: MediaStore | None = None) -> Connector:
    """The connector for what asks nobody, such as adapting; of a sealed account, too."""
    return _connector(_config(account, account.known, operator_ip=operator_ip), media=media)


def capabilities(account: Account) -> Capabilities:
    """What the account may do, without asking anybody; known of a sealed one, too."""
    return writing(account).capabilities()


def callback_warning(platform: str) -> str:
    """What connecting this platform's callback switches off, in Chinese; "" for nothing."""
    return capabilities(
        Account(
            id="",
            platform=platform,
            external_id="",
            name="",
            environment="live",
            mode=PLATFORMS[platform].modes[0].key,
            credentials={},
            settings={},
        )
    ).callback_warning


def quotas_of(account: Account) -> tuple[Quota, ...]:
    """The account's quotas with what its settings override."""
    return quotas.overridden(capabilities(account).quotas, account.settings)


def account_config(account: Account, *, operator_ip: str = "") -> AccountConfig:
    """The row as the connector's value; for live accounts the sender's address falls back to TANDEM_EGRESS_IP. Raises
    CredentialsSealed."""
    if account.sealed:
        raise CredentialsSealed(account.name)
    return _config(account, account.credentials, operator_ip=operator_ip)


def _config(account: Account, credentials: Mapping[str, str], *, operator_ip: str = "") -> AccountConfig:
    config = current()
    return AccountConfig(
        id=account.id,
        platform=account.platform,
        external_id=account.external_id,
        name=account.name,
        mode=account.mode,
        environment="simulator" if account.environment == "simulator" else "live",
        credentials=dict(credentials),
        settings=dict(account.settings),
        base_url=base_url(account, config),
        operator_ip=operator_ip or config.egress_ip,
    )


def base_url(account: Account, config: Config) -> str | None:
    """Where the account's calls go instead of the platform's hosts; None: to the platform's hosts."""
    if account.environment == "simulator":
        return config.simulator_url
    return {"weibo": config.weibo_base_url, "wechat": config.wechat_base_url}.get(account.platform)


def screen_url(url: str, account: Account) -> str:
    """`url` of something published, as people may follow it: for accounts on the simulator its page there, since the
    address the simulator gives is the real platform's and would lead to nothing. Evidence and API keep the platform's.
    """
    parts = urlsplit(url)
    if account.environment != "simulator" or not parts.netloc:
        return url
    rest = urlunsplit(("", "", parts.path, parts.query, parts.fragment))
    return f"{current().simulator_url}{rest}"


def home_url(account: Account) -> str:
    """Where people see what the account published: its page at the platform, in a drill the simulator's front page."""
    if account.environment == "simulator":
        return f"{current().simulator_url}/"
    return capabilities(account).home


def given_token(credentials: Any) -> Token | None:
    """The token that a person pasted with the credentials, where the platform works that way."""
    value = credentials.get("access_token", "")
    if not value:
        return None
    return Token(value=value, expires_at=_moment(credentials.get("expires_at", "")))


def _moment(text: str) -> datetime | None:
    """The end of an authorisation as it was stored; None for none, and for what stands at the end of the calendar since it was
    taken without a look."""
    found = datetime.fromisoformat(text) if text else None
    return found.astimezone(UTC) if found and EXPIRY_YEARS[0] <= found.year <= EXPIRY_YEARS[1] else None


def _session(where: str) -> Any:
    """The HTTP session of this process for one platform or base address: its connections are kept alive between pieces of
    work, for all accounts there."""
    with _sessions_lock:
        if where not in _sessions:
            _sessions[where] = new_session()
        return _sessions[where]


def public_address(origin: str) -> str:
    """`origin` when it is an address of the public internet, else "": Weibo's rip takes no other."""
    try:
        address = ipaddress.ip_address(origin)
    except ValueError:
        return ""
    return str(address) if address.is_global and not address.is_multicast else ""
