"""Commands: the id or token is the last line; a refusal is Chinese words and exit code 1."""

from __future__ import annotations

import pytest
from flask import Flask

from app.db import utcnow
from app.units.access import actor_for
from app.units.factors import kinds_of
from app.units.services import find_unit, find_user
from tests.app.units.conftest import PASSWORD, Town
from tests.app.units.trusted import give_authenticator


def run(app: Flask, *args: str, stdin: str | None = None) -> tuple[int, str, str]:
    result = app.test_cli_runner().invoke(args=list(args), input=stdin)
    return result.exit_code, result.stdout, result.stderr


def test_from_an_empty_database_to_a_call(app: Flask) -> None:
    code, out, _ = run(app, "units", "create", "--name", "青岚市", "--level", "city")
    assert code == 0
    assert out.splitlines()[-1] == find_unit("青岚市").id
    code, out, _ = run(app, "units", "create", "--name", "云溪县", "--level", "county", "--parent", "青岚市")
    assert find_unit(out.splitlines()[-1]).path.startswith(find_unit("青岚市").path)
    args = (
        "--email",
        "a@example.gov.cn",
        "--name",
        "王敏",
        "--unit",
        "青岚市",
        "--role",
        "administrator",
        "--role",
        "auditor",
    )
    code, out, _ = run(app, "users", "create", *args, stdin=f"{PASSWORD}\n")
    assert code == 0
    user = find_user("a@example.gov.cn")
    assert user is not None
    assert out.splitlines()[-1] == user.id
    assert {held.role for held in user.grants} == {"administrator", "auditor"}
    code, out, _ = run(app, "tokens", "create", "--email", "a@example.gov.cn", "--days", "7", "--scope", "unit.read")
    headers = {"Authorization": f"Bearer {out.splitlines()[-1]}"}
    assert app.test_client().get("/api/v1/units", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("args", "stdin", "words"),
    [
        (("units", "create", "--name", "甲", "--level", "planet"), None, "级别“planet”不存在"),
        (("units", "create", "--name", "甲", "--level", "city", "--parent", "无"), None, "没有找到单位“无”"),
        (
            ("users", "create", "--email", "b@example.gov.cn", "--name", "乙", "--unit", "云溪县", "--role", "author"),
            "short\n",
            "至少要 12 位",
        ),
        (
            ("users", "create", "--email", "b@example.gov.cn", "--name", "乙", "--unit", "云溪县", "--role", "author"),
            "",
            "没有读到密码",
        ),
        (
            ("users", "create", "--email", "b@example.gov.cn", "--name", "乙", "--unit", "云溪县", "--role", "king"),
            f"{PASSWORD}\n",
            "没有角色“king”",
        ),
        (("tokens", "create", "--email", "nobody@example.gov.cn"), None, "没有找到成员"),
        (("tokens", "create", "--email", "author@example.gov.cn", "--days", "9999"), None, "有效期应为"),
        (("tokens", "create", "--email", "author@example.gov.cn", "--scope", "all"), None, "没有权限“all”"),
    ],
)
def test_refusals_are_clear(town: Town, app: Flask, args: tuple[str, ...], stdin: str | None, words: str) -> None:
    code, out, err = run(app, *args, stdin=stdin)
    assert code == 1
    assert out == ""
    assert words in err


def test_the_last_administrator_who_lost_the_phone_is_helped_on_the_server(app: Flask, town: Town) -> None:
    give_authenticator(actor_for(town.admin), utcnow())
    code, out, _ = run(app, "users", "reset-second-factor", "--email", town.admin.email.upper())
    assert (code, out.splitlines()[-1]) == (0, town.admin.id)
    assert kinds_of(town.admin.id) == frozenset()
    code, _, err = run(app, "users", "reset-second-factor", "--email", town.admin.email)
    assert (code, "没有启用两步验证" in err) == (1, True)
    code, _, err = run(app, "users", "reset-second-factor", "--email", "nobody@example.gov.cn")
    assert (code, "没有找到成员" in err) == (1, True)
