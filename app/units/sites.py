"""The domains of a unit's own websites: only from there may pages be fetched into posts. Lower units share the list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select

from app.audit.services import record
from app.db import atomic, db
from app.errors import Invalid
from app.units.access import Actor, unit_for
from app.units.models import Unit, UnitSettings

_KEY = "site_domains"
_MOST = 20
_PARTING = re.compile(r"[\s,，;；、]+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Under these anybody may have a name of their own: none of them is one body's domain.
_SHARED = frozenset({"gov", "com", "net", "org", "edu", "ac", "mil", "co"})
_PROVINCES = frozenset(
    [
        "bj",
        "sh",
        "tj",
        "cq",
        "he",
        "sx",
        "nm",
        "ln",
        "jl",
        "hl",
        "js",
        "zj",
        "ah",
        "fj",
        "jx",
        "sd",
        "ha",
        "hb",
        "hn",
        "gd",
        "gx",
        "hi",
        "sc",
        "gz",
        "yn",
        "xz",
        "sn",
        "gs",
        "qh",
        "nx",
        "xj",
        "tw",
        "hk",
        "mo",
    ]
)


def own_site_domains(unit: Unit) -> list[str]:
    """As this very unit registered them: "www.x.gov.cn", with ":8080" where the site is not at the usual port."""
    found = db.session.get(UnitSettings, (unit.id, _KEY))
    return list(found.value.get("domains", [])) if found is not None else []


def site_domains(unit: Unit) -> list[str]:
    """Those of the unit and of the units above it."""
    return sites_of([unit])[unit.id]


def sites_of(units: Sequence[Unit]) -> dict[str, list[str]]:
    """{unit id: site_domains of it}, in one query."""
    found: dict[str, list[str]] = {}
    for item in db.session.scalars(select(UnitSettings).where(UnitSettings.key == _KEY)):
        found[item.unit_id] = list(item.value.get("domains", []))
    return {
        unit.id: list(dict.fromkeys(name for at in reversed(unit.path.split("/")) for name in found.get(at, [])))
        for unit in units
    }


def set_site_domains(actor: Actor, unit_id: str, text: str, *, now: datetime) -> list[str]:
    """Replace the unit's list by what `text` names, one or more to a line. Raises Invalid naming what is no domain."""
    given = [part for part in _PARTING.split(text.strip()) if part]
    domains = list(dict.fromkeys(tidied for part in given if (tidied := _tidy(part))))
    wrong = [part[:80] for part in given if not _tidy(part)]
    if wrong:
        words = f"不是一个单位自己的网站域名：{'、'.join(wrong)}。应形如 www.qinglan.gov.cn。"
        raise Invalid(f"网站域名没有保存。{words}请改正后重新保存。", errors={"domains": [words]})
    if len(domains) > _MOST:
        words = f"最多登记 {_MOST} 个，现有 {len(domains)} 个。"
        raise Invalid(f"网站域名没有保存。{words}请只留需要从中导入文章的网站。", errors={"domains": [words]})
    with atomic():
        unit = unit_for(actor, "unit.manage", unit_id)
        settings = db.session.get(UnitSettings, (unit.id, _KEY))
        before = list(settings.value.get("domains", [])) if settings is not None else []
        if settings is None:
            settings = UnitSettings(unit_id=unit.id, key=_KEY, value={})
            db.session.add(settings)
        settings.value = {"domains": domains}
        if before != domains:
            record(
                actor,
                "unit.site_domains",
                now=now,
                object_type="unit",
                object_id=unit.id,
                unit_id=unit.id,
                summary=f"登记“{unit.name}”的网站域名",
                before={"domains": before},
                after={"domains": domains},
            )
    return domains


def covers(domains: list[str], host: str, port: int | None) -> bool:
    """Whether a host belongs to one of the domains or lies below it. `port` None: the usual one of the scheme."""
    host = plain_host(host)
    for domain in domains:
        name, _colon, at = domain.partition(":")
        if (host == name or host.endswith(f".{name}")) and port == (int(at) if at else None):
            return True
    return False


def plain_host(host: str) -> str:
    """A host name in lower case and ASCII; "" for what is none: also for what only some programs take for one."""
    try:
        name = host.rstrip(".").lower().encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return name if all(_LABEL.fullmatch(label) for label in name.split(".")) else ""


def _tidy(given: str) -> str:
    """Host (and port) of what was written, perhaps as a whole address; "" for what is no domain of one body."""
    try:
        parts = urlsplit(given if "://" in given else f"//{given}")
        name, port = plain_host(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    labels = name.split(".")
    shared = len(labels) == 2 and (labels[0] in _SHARED or (labels[1] == "cn" and labels[0] in _PROVINCES))
    # Names whose last label is a number are addresses.
    if len(labels) < 2 or shared or labels[-1].isdecimal():
        return ""
    return name if port in (None, 80, 443) else f"{name}:{port}"
