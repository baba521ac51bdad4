"""`flask demo load`, `demo needed`, `system check`, `backup`, `restore`, `upgrade` and `secrets rotate`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import AppGroup, with_appcontext

from app.db import utcnow
from app.errors import TandemError
from app.system import backup as backups
from app.system import keys, report, restoring, services, upgrading
from app.system.demo.city import PASSWORD, PEOPLE
from app.units.cli import spoken_errors
from app.web import settings

demo = AppGroup("demo", help="演示数据。")
system = AppGroup("system", help="系统自检。")
secret = AppGroup("secrets", help="密钥。")


@demo.command("load")
def demo_load() -> None:
    """Fill an empty database and the simulator with the invented city of 青岚."""
    from app.system.demo.load import Loader, wait_for_simulator

    try:
        wait_for_simulator(settings().simulator_url, 20)
        Loader(settings(), utcnow()).load()
    except TandemError as error:
        raise click.ClickException(error.message) from None
    click.echo(f"演示数据已装入。登录名如 {PEOPLE[0].email}，口令 {PASSWORD}。")


@demo.command("needed")
def demo_needed() -> None:
    """Exit 0 when the database is empty, 1 otherwise."""
    from app.system.demo.load import needed

    sys.exit(0 if needed() else 1)


@system.command("check")
def system_check() -> None:
    """Every check of the status page, then what it lists; exit 1 when a check fails."""
    findings = services.self_test(settings(), utcnow())
    for finding in findings:
        mark = {True: "正常", False: "异常", None: "提示"}[finding.ok]
        click.echo(f"[{mark}] {finding.name}：{finding.told}{finding.remedy}")
    for line in report.lines(settings(), utcnow()) if findings[0].ok or len(findings) > 1 else ():
        click.echo(line)
    if any(finding.ok is False for finding in findings):
        sys.exit(1)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    """Database, media and key files into FILE (a tar), while the system runs."""
    with spoken_errors():
        made = backups.create(file.absolute(), settings(), utcnow())
    click.echo(f"已备份到 {file}：{made.rows} 行，{made.media} 个素材，{made.size / 1024 / 1024:.1f} MB。")
    if made.missing:
        click.echo(f"注意：{len(made.missing)} 个素材在素材目录中找不到，不在备份里。请运行 system check 并查找原因。")
    if keys.ENCRYPTION in made.keys:
        click.echo("备份中有解密用的密钥。请像保管密码一样保管这个文件。")
    else:
        click.echo("密钥由环境变量 TANDEM_ENCRYPTION_KEYS 给出，不在备份中。请另行保管，恢复时必须用到。")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@with_appcontext
def restore(file: Path) -> None:
    """FILE into an empty database (after db upgrade). Publishing is paused afterwards; lists what would go out."""
    with spoken_errors():
        done = restoring.restore(file.absolute(), settings(), utcnow())
    click.echo(f"已恢复 {done.rows} 行、{done.media} 个素材。请重新启动 web 和 scheduler。")
    if done.missing:
        click.echo(f"注意：{len(done.missing)} 个素材在备份时就已缺失。")
    click.echo("全站发布已暂停。请逐条核对下列内容是否已经发出，处理后再到“发布暂停”恢复：")
    for line in done.waiting or ("（没有待发的内容）",):
        click.echo(f"  {line}")
    click.echo(f"所有人须重新登录；个人签发的 {done.tokens} 个接口令牌已停用，请本人重新签发。")
    click.echo(
        "备份之后改过的密码、移除的通行密钥、停用的成员、收回的角色和命令行签发的令牌，都回到了备份时的样子。"
        "请系统管理员逐一核对，该停用的再停用，该改的密码请本人再改。"
    )


@click.command("upgrade")
@click.argument("file", type=click.Path(path_type=Path))
@with_appcontext
def upgrade(file: Path) -> None:
    """Backup into FILE, then the database's structure of this program, tried before it is kept; else nothing changes."""
    with spoken_errors():
        done = upgrading.upgrade(file.absolute(), settings(), utcnow())
    click.echo(f"升级前已备份到 {file}：{done.made.rows} 行，{done.made.media} 个素材。")
    if done.before == done.after:
        click.echo(f"数据库已是这个程序的版本 {done.after}，自检通过，没有改动。")
    else:
        click.echo(
            f"数据库结构从 {done.before} 升级到 {done.after}，自检通过。请启动 web 和 scheduler，再运行 system check。"
        )


@secret.command("rotate")
def secrets_rotate() -> None:
    """Encrypt every stored secret anew with the first of TANDEM_ENCRYPTION_KEYS."""
    with spoken_errors():
        done = keys.rotate(settings(), utcnow())
    click.echo(f"已用第一把密钥重新加密 {done} 项。所有进程都用上新密钥后，旧密钥可以去掉；旧备份仍需旧密钥。")
