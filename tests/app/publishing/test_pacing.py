"""Which calls publications need, when something is wrong while that is asked."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.accounts import connections
from app.publishing import pacing
from app.publishing import services as publishing
from tests.app.publishing.kit import Desk, row


def test_a_database_that_goes_away_ends_the_round(
    app: Flask, desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be asked in that transaction any more: going on would only hide the cause behind its consequences."""
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    waiting = row(post, desk.weibo)

    def gone(*_args: object, **_more: object) -> None:
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    monkeypatch.setattr(connections, "connect", gone)
    with pytest.raises(OperationalError):
        pacing._wishes([waiting])


def test_what_nobody_understands_keeps_no_other_one_back(
    app: Flask, desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at="now", now=now)
    rows = [row(post, account) for account in (desk.wechat, desk.weibo)]
    connect = connections.connect

    def broken(account: object, **more: object) -> object:
        if getattr(account, "platform", "") == "wechat":
            raise KeyError("strange")
        return connect(account, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(connections, "connect", broken)
    assert list(pacing._wishes(rows)) == [rows[1].id]
