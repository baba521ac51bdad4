"""flask units create · users create · tokens create: the id or token is the last line printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from flask import Flask
from flask.cli import AppGroup

from app.db import utcnow
from app.errors import NotFound, TandemError
from app.units.access import SYSTEM
from app.units.separation import unite
from app.units.services import (
    create_unit,
    create_user,
    find_unit,
    find_user,
    grant,
    issue_token,
    reset_second_factor,
)

units = AppGroup("units", help="单位")
users = AppGroup("users", help="成员")
tokens = AppGroup("tokens", help="接口令牌")


def init(app: Flask) -> None:
    """Bind the commands to the app."""
    for group in (units, users, tokens):
        app.cli.add_command(group)


@contextmanager
def spoken_errors() -> Iterator[None]:
    """A refusal becomes Chinese words on standard error and exit code 1."""
    try:
        yield
    except TandemError as refusal:
        lines = [refusal.message, *(f"  {name}：{' '.join(words)}" for name, words in refusal.errors.items())]
        raise click.ClickException("\n".join(lines)) from None


@units.command("create")
@click.option("--name", required=True, help="名称")
@click.option("--level", required=True, help="province、city、county、township 或 village")
@click.option("--parent", help="上级单位的编号或名称；不写则新建顶级单位")
def units_create(name: str, level: str, parent: str | None) -> None:
    """新建单位，最后一行输出编号。"""
    with spoken_errors():
        parent_id = find_unit(parent).id if parent else None
        unit = create_unit(SYSTEM, name=name, level=level, parent_id=parent_id, now=utcnow())
    click.echo(f"已建立单位“{unit.name}”。", err=True)
    click.echo(unit.id)


@users.command("create")
@click.option("--email", required=True, help="登录用的邮箱")
@click.option("--name", required=True, help="姓名")
@click.option("--unit", required=True, help="所在单位的编号或名称")
@click.option("--role", "roles", required=True, multiple=True, help="角色，可重复")
def users_create(email: str, name: str, unit: str, roles: tuple[str, ...]) -> None:
    """新建成员，密码由标准输入的一行给出，最后一行输出编号。"""
    password = read_password()
    with spoken_errors():
        found = find_unit(unit)
        user = create_user(
            SYSTEM, email=email, name=name, unit_id=found.id, roles=list(roles), password=password, now=utcnow()
        )
    click.echo(f"已建立成员“{user.name}”。", err=True)
    click.echo(user.id)


@users.command("grant")
@click.option("--email", required=True, help="登录用的邮箱")
@click.option("--unit", required=True, help="在哪个单位：编号或名称")
@click.option("--role", required=True, help="角色")
def users_grant(email: str, unit: str, role: str) -> None:
    """授予成员角色：最后一位能授权的人不在了时用。"""
    with spoken_errors():
        user = find_user(email)
        if user is None:
            raise NotFound(f"没有找到成员“{email}”。邮箱可能有误。请核对后重试。")
        grant(SYSTEM, user_id=user.id, role=role, unit_id=find_unit(unit).id, now=utcnow())
    click.echo(f"已授予“{user.name}”。", err=True)
    click.echo(user.id)


@users.command("unite-administrators")
@click.confirmation_option(prompt="结束三员分立，重新允许全权管理员？")
def users_unite_administrators() -> None:
    """结束三员分立。现有三员不变；需要时再用 users grant 授予 administrator。"""
    with spoken_errors():
        unite(SYSTEM, now=utcnow())
    click.echo("已结束三员分立。", err=True)


@users.command("reset-second-factor")
@click.option("--email", required=True, help="登录用的邮箱")
def users_reset_second_factor(email: str) -> None:
    """重置成员的两步验证：最后一位管理员丢了手机时用。请先核实身份。"""
    with spoken_errors():
        user = find_user(email)
        if user is None:
            raise NotFound(f"没有找到成员“{email}”。邮箱可能有误。请核对后重试。")
        reset_second_factor(SYSTEM, user.id, now=utcnow())
    click.echo(f"已重置“{user.name}”的两步验证，此人的登录和接口令牌已全部失效。", err=True)
    click.echo(user.id)


def read_password(ask: Callable[..., str] = click.prompt) -> str:
    """One line of standard input; asked for, unseen, when that is a terminal."""
    if sys.stdin.isatty():
        return str(ask("密码（至少 12 位）", hide_input=True, confirmation_prompt="再输一次", err=True))
    line = sys.stdin.readline()
    if not line.strip():
        raise click.ClickException(
            "没有读到密码。密码应为标准输入的一行。请这样给出：echo '密码' | flask users create …"
        )
    return line.rstrip("\r\n")


@tokens.command("create")
@click.option("--email", required=True, help="令牌代表的成员")
@click.option("--days", default=90, show_default=True, help="有效天数")
@click.option("--scope", "scopes", multiple=True, help="限定的权限，可重复；不写则为此人的全部权限")
@click.option("--name", default="命令行签发", show_default=True, help="用途")
def tokens_create(email: str, days: int, scopes: tuple[str, ...], name: str) -> None:
    """签发接口令牌，最后一行输出令牌，只显示这一次。"""
    with spoken_errors():
        user = find_user(email)
        if user is None:
            raise NotFound(f"没有找到成员“{email}”。邮箱可能有误。请核对，或先用 users create 建立。")
        token = issue_token(SYSTEM, user_id=user.id, name=name, days=days, scopes=list(scopes), now=utcnow())
    click.echo(f"已为“{user.name}”签发令牌，有效 {days} 天，只显示这一次：", err=True)
    click.echo(token)
