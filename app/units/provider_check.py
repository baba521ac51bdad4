"""Whether the identity platform works as it is set up: asked for real, told in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from app.db import release
from app.errors import NotFound
from app.units.access import Actor
from app.units.provider import Settings, provider, registration, registration_of, require_manager
from app.words import N_
from connectors.errors import ConnectorError
from connectors.http import Answer
from connectors.openid.asking import Directory, describe
from connectors.openid.client import LEEWAY, ProviderClient
from connectors.openid.values import Description, Registration


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of a test: whether it is good (None: it cannot be told), in Chinese; `detail`: what was found."""

    good: bool | None
    words: str
    detail: str = ""


def check(actor: Actor, given: Settings | None = None, *, now: datetime) -> list[Finding]:
    """Ask the platform what it is and whether it knows us; in the order of asking, up to the first thing that stops it.

    `given`: what was typed and is not saved; None: what is stored. Raises Forbidden, NotFound, Invalid. No transaction is open while it is asked.
    """
    require_manager(actor)
    if given is None:
        row = provider()
        if row is None:
            raise NotFound
        how, claim = registration(row), row.claim
    else:
        how, claim = registration_of(given), given.claim.strip()
    release()
    found: list[Finding] = []
    try:
        description, answer = describe(how.issuer)
        found.append(Finding(good=True, words=N_("找到了身份平台的说明，Issuer 一致。"), detail=how.issuer))
        Directory().find(how.issuer)
        found.append(Finding(good=True, words=N_("公钥可用。"), detail="、".join(description.algorithms)))
        found += _offered(description, how, claim)
        found += _clock(answer, now)
        found.append(_known(ProviderClient(how).knows_us(description)))
    except ConnectorError as error:
        found.append(Finding(good=False, words=error.cause, detail=error.raw))
    return found


def _offered(description: Description, how: Registration, claim: str) -> list[Finding]:
    """What it says that it can do, where that is not what is set up here."""
    found = []
    says: Mapping[str, object] = description.document
    scopes, claims = says.get("scopes_supported"), says.get("claims_supported")
    missing = [one for one in how.scopes.split() if isinstance(scopes, list) and one not in scopes]
    if missing:
        words = N_("身份平台没有列出这些授权范围，登录可能被拒。请核对。")
        found.append(Finding(good=None, words=words, detail="、".join(missing)))
    if isinstance(claims, list) and claim not in claims:
        words = N_("身份平台没有列出用来识别人的字段，可能拿不到。请核对，或向它的管理员申请。")
        found.append(Finding(good=None, words=words, detail=claim))
    challenges = says.get("code_challenge_methods_supported")
    if isinstance(challenges, list) and "S256" not in challenges:
        words = N_("身份平台没有声明支持 PKCE（S256）。登录一般仍能成功，但少一层防护，请建议它的管理员开通。")
        found.append(Finding(good=None, words=words))
    return found


def _clock(answer: Answer, now: datetime) -> list[Finding]:
    """How far its clock is from ours."""
    said = next((value for name, value in answer.headers.items() if name.lower() == "date"), "")
    try:
        apart = abs((parsedate_to_datetime(said) - now).total_seconds())
    except (ValueError, TypeError):
        return []
    if apart <= LEEWAY / 2:
        return []
    words = N_("本系统与身份平台的时钟相差较大，超过 2 分钟就不能登录。请系统管理员校准时间。")
    return [Finding(good=None if apart <= LEEWAY else False, words=words, detail=f"{apart:.0f} s")]


def _known(knows: bool | None) -> Finding:
    if knows is None:
        words = N_("客户端编号和密钥是否正确，要到第一次登录才知道：身份平台不肯单独核对。")
    elif knows:
        words = N_("身份平台认得本系统的客户端编号和密钥。")
    else:
        words = N_("身份平台不认本系统的客户端编号或密钥。请核对，必要时请身份平台的管理员重发。")
    return Finding(good=knows, words=words)
