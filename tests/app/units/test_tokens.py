"""When API tokens end with what protects the person, and when they wait for it."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask

from app.db import utcnow
from app.units.access import SYSTEM, actor_for
from app.units.second_factor import require_second_factor, reset_second_factor
from app.units.services import issue_token
from tests.app.units.conftest import PASSWORD, SignIn, Town
from tests.app.units.trusted import give_authenticator

Bearer = Callable[..., dict[str, str]]


def test_the_rule_of_a_second_factor_holds_for_tokens(town: Town, app: Flask, bearer: Bearer) -> None:
    """Of weighty rights; not for what the command line issued for a program."""
    mine, reads = bearer(town.author), bearer(town.author, "unit.read")
    token = issue_token(SYSTEM, user_id=town.author.id, name="同步", days=1, scopes=[], now=utcnow())
    program = {"Authorization": f"Bearer {token}"}
    require_second_factor(SYSTEM, town.bureau.id, True, now=utcnow())

    def ask() -> list[int]:
        return [app.test_client().get("/api/v1/units", headers=one).status_code for one in (mine, reads, program)]

    assert ask() == [403, 200, 200]
    assert "两步验证" in app.test_client().get("/api/v1/units", headers=mine).json["message"]  # type: ignore[index]
    give_authenticator(actor_for(town.author), utcnow())
    assert ask() == [200, 200, 200]
    reset_second_factor(actor_for(town.admin), town.author.id, now=utcnow())
    assert ask() == [401, 401, 401]


def test_a_changed_password_ends_tokens_unless_one_unticks_it(
    town: Town, app: Flask, bearer: Bearer, sign_in: SignIn
) -> None:
    headers, browser, new = bearer(town.author), sign_in(town.author), "a better passphrase"
    box = re.search(r"<input[^>]*name=.end_tokens[^>]*>", browser.get("/settings/profile").text)
    assert box is not None
    assert " checked" in box[0]
    path = "/settings/profile/password"
    browser.post(path, data={"old": PASSWORD, "new": new, "again": new})
    assert app.test_client().get("/api/v1/units", headers=headers).status_code == 200
    browser.post(path, data={"old": new, "new": PASSWORD, "again": PASSWORD, "end_tokens": "1"})
    assert app.test_client().get("/api/v1/units", headers=headers).status_code == 401
