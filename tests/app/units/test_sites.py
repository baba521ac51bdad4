"""A unit registers the domains of its own websites; lower units share them."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import Event
from app.db import db
from app.errors import Forbidden, Invalid
from app.units.services import own_site_domains, set_site_domains, site_domains
from app.units.sites import covers
from tests.app.posts.helpers import World


@pytest.fixture
def world(app: Flask, now: datetime) -> World:
    return World(now)


def test_a_list_is_kept_tidy_and_shared_downwards(world: World, now: datetime) -> None:
    text = " https://WWW.Qinglan.gov.cn/index.html\n青岚.政务.cn，slj.qinglan.gov.cn:8080 www.qinglan.gov.cn"
    domains = set_site_domains(world.admin, world.city.id, text, now=now)
    assert domains == ["www.qinglan.gov.cn", "xn--xit797k.xn--zfr164b.cn", "slj.qinglan.gov.cn:8080"]
    assert own_site_domains(world.city) == domains
    assert site_domains(world.bureau) == domains
    assert own_site_domains(world.bureau) == site_domains(world.other) == []
    set_site_domains(world.admin, world.bureau.id, "sw.qinglan.gov.cn", now=now)
    assert site_domains(world.bureau) == ["sw.qinglan.gov.cn", *domains]
    set_site_domains(world.admin, world.city.id, "", now=now)
    assert site_domains(world.bureau) == ["sw.qinglan.gov.cn"]
    events = db.session.scalars(select(Event).where(Event.action == "unit.site_domains").order_by(Event.seq)).all()
    assert [event.after["domains"] for event in events] == [domains, ["sw.qinglan.gov.cn"], []]


@pytest.mark.parametrize(
    "text",
    [
        "gov.cn",
        "com",
        "gd.cn",
        "127.0.0.1",
        "[::1]",
        "2130706433",
        "localhost",
        "a b_c.cn",
        "http://",
        "x..cn",
        "-a.cn",
    ],
)
def test_what_is_no_domain_of_one_body_is_refused(world: World, now: datetime, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        set_site_domains(world.admin, world.city.id, text, now=now)
    assert "domains" in refused.value.errors


def test_only_who_manages_the_unit_registers(world: World, now: datetime) -> None:
    with pytest.raises(Forbidden):
        set_site_domains(world.author, world.city.id, "www.qinglan.gov.cn", now=now)


@pytest.mark.parametrize(
    ("host", "port", "inside"),
    [
        ("qinglan.gov.cn", None, True),
        ("WWW.qinglan.gov.cn.", None, True),
        ("qinglan.gov.cn", 8080, False),
        ("xqinglan.gov.cn", None, False),
        ("qinglan.gov.cn.evil.example", None, False),
        ("", None, False),
        ("old.site.cn", 8080, True),
        ("old.site.cn", None, False),
    ],
)
def test_a_domain_covers_itself_and_what_lies_below(host: str, port: int | None, inside: bool) -> None:
    assert covers(["qinglan.gov.cn", "site.cn:8080"], host, port) is inside
