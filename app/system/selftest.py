"""Every check of `flask system check` and of the status page, in the order in which one would repair."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.config import Config
from app.db import db, utcnow
from app.publishing import errands
from app.publishing.heartbeats import MOST_SKEW, clock_skew
from app.search.rebuilding import missing, unindexed
from app.system import connections, figures, reaching
from app.system.findings import Finding
from app.system.structure import newest
from app.words import N_

# The publisher looks every second; its beat is fresh while it hangs.
STUCK = timedelta(seconds=60)
# Something due waits longer than this for a scheduler: they cannot keep up.
BEHIND = 30.0
# So many errands that fail are named.
_NAMED = 3


def database_answers() -> bool:
    """Whether the database answers a question now."""
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True


def self_test(config: Config, now: datetime) -> list[Finding]:
    if not database_answers():
        return [
            Finding(
                key="database",
                name=N_("数据库"),
                ok=False,
                detail=N_("数据库没有应答。"),
                remedy=N_("请系统管理员检查 TANDEM_DATABASE_URL 和数据库服务。"),
            )
        ]
    structure = _migrations()
    try:
        return [_database(), structure, *_contents(config, now)]
    except SQLAlchemyError:
        if structure.ok:
            raise
        # Of tables that are otherwise than this program knows them nothing more can be told: they come first.
        db.session.rollback()
        return [_database(), structure]


def _contents(config: Config, now: datetime) -> list[Finding]:
    """What the tables tell, where they are as this program knows them."""
    return [
        _scheduler(config, now),
        _queue(now),
        _clock(config, now),
        _media(config),
        public_url(config, now),
        *_ties(now),
        _errands(),
        _outbox(),
        _search(),
    ]


def _database() -> Finding:
    found = figures.database()
    values = {"kind": found.kind, "version": found.version, "size": f"{found.size / 1024**2:,.1f}"}
    if found.used is None or not found.most:
        detail = N_("%(kind)s %(version)s，应答正常，大小 %(size)s MB。")
        return Finding(key="database", name=N_("数据库"), ok=True, detail=detail, values=values)
    enough = found.used < found.most * 0.9
    return Finding(
        key="database",
        name=N_("数据库"),
        ok=enough,
        detail=N_("%(kind)s %(version)s，应答正常，大小 %(size)s MB，连接用了 %(used)d 个，上限 %(most)d 个。"),
        values={**values, "used": found.used, "most": found.most},
        remedy="" if enough else N_("连接快用完了。请系统管理员调大 max_connections，或减少 web 和 scheduler 进程。"),
    )


def _migrations() -> Finding:
    tables = db.inspect(db.engine).get_table_names()
    if "alembic_version" not in tables:
        return Finding(
            key="migrations",
            name=N_("数据库结构"),
            ok=False,
            detail=N_("数据库还没有建表或不是由迁移建立。"),
            remedy=N_("请系统管理员运行 flask --app wsgi db upgrade。"),
        )
    applied = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    known = str(applied) == newest()
    remedy = N_("数据库比程序新或旧。请系统管理员核对程序版本，并运行 flask --app wsgi upgrade 备份文件名。")
    return Finding(
        key="migrations",
        name=N_("数据库结构"),
        ok=known,
        detail=N_("版本 %(version)s。"),
        values={"version": applied},
        remedy="" if known else remedy,
    )


def _scheduler(config: Config, now: datetime) -> Finding:
    key, name = "scheduler", N_("调度进程")
    live = figures.live_workers(now, config.heartbeat_seconds)
    if not live:
        return Finding(
            key=key,
            name=name,
            ok=False,
            detail=N_("没有调度进程在运行，到点的稿件不会发出。"),
            remedy=N_("请系统管理员启动 python -m scheduler。"),
        )
    stuck = [worker for worker in live if is_stuck(worker.looked_at, now)]
    if len(stuck) == len(live):
        return Finding(
            key=key,
            name=name,
            ok=False,
            detail=N_("%(n)d 个在运行，但都不再查看到点的稿件。"),
            values={"n": len(live)},
            remedy=N_("到点的稿件可能发不出去。请系统管理员查看 scheduler 的日志，然后重新启动它。"),
        )
    return Finding(key=key, name=name, ok=True, detail=N_("%(n)d 个在运行。"), values={"n": len(live)})


def is_stuck(looked_at: datetime | None, now: datetime) -> bool:
    """It beats, but its publisher does not look any more. None: it has not told yet."""
    return looked_at is not None and now - looked_at > STUCK


def _queue(now: datetime) -> Finding:
    counts, lag = figures.publications_by_status(), figures.lag_seconds(now)
    people = figures.sizes(counts, figures.PEOPLE)
    late, counted = lag > BEHIND, {"waiting": figures.sizes(counts, figures.WAITING), "people": people}
    remedy = N_("有到点的还没有发出。请在下面的“等得最久的一条”看原因；系统忙不过来时请增加 scheduler 进程。")
    return Finding(
        key="queue",
        name=N_("发布队列"),
        ok=False if late else None if people else True,
        # What comes due this very second is not late.
        detail=N_("待发 %(waiting)d 条，最久的一条已晚 %(lag)d 秒；等人处置 %(people)d 条。")
        if int(lag) > 1
        else N_("待发 %(waiting)d 条，没有晚点的；等人处置 %(people)d 条。"),
        values={**counted, "lag": int(lag)},
        remedy=remedy if late else N_("等人处置的，请发布人到稿件里处理。") if people else "",
    )


def _clock(config: Config, now: datetime) -> Finding:
    """This process's clock and the schedulers' against the database's, and the time zone for people."""
    key, name = "clock", N_("时钟与时区")
    try:
        zone = ZoneInfo(config.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return Finding(
            key=key,
            name=name,
            ok=False,
            detail=N_("时区 %(zone)s 不存在。"),
            values={"zone": config.timezone},
            remedy=N_("请系统管理员改正 TANDEM_TIMEZONE。"),
        )
    local = now.astimezone(zone)
    if config.timezone == "Asia/Shanghai" and local.utcoffset() != timedelta(hours=8):
        return Finding(
            key=key,
            name=name,
            ok=False,
            detail=N_("时区数据不对：北京时间应比 UTC 早 8 小时。"),
            remedy=N_("排期会差出整小时。请系统管理员更新系统的时区数据（tzdata）。"),
        )
    workers = [abs(worker.clock_skew) for worker in figures.live_workers(now, config.heartbeat_seconds)]
    # Measured now: `now` is as old as the request.
    own, worst = abs(clock_skew(utcnow)), max(workers, default=0.0)
    ok = max(own, worst) <= MOST_SKEW
    return Finding(
        key=key,
        name=name,
        ok=ok,
        detail=N_("%(at)s（%(zone)s，UTC%(offset)s），与数据库相差 %(own).1f 秒，调度进程相差至多 %(worst).1f 秒。"),
        values={
            "at": f"{local:%Y-%m-%d %H:%M:%S}",
            "zone": config.timezone,
            "offset": local.isoformat()[-6:],
            "own": own,
            "worst": worst,
        },
        remedy="" if ok else N_("时钟不一致，到点会发早或发晚。请系统管理员校准各服务器的时钟（NTP）。"),
    )


def _media(config: Config) -> Finding:
    folder = config.media_path
    folder.mkdir(parents=True, exist_ok=True)
    ok = os.access(folder, os.W_OK)
    free = os.statvfs(folder)
    gigabytes = free.f_bavail * free.f_frsize / 1024**3
    enough = gigabytes >= 1
    return Finding(
        key="media",
        name=N_("素材目录"),
        ok=ok and enough,
        detail=N_("可写，剩余 %(gb).0f GB。") if ok else N_("不可写。"),
        values={"gb": gigabytes} if ok else {},
        remedy="" if ok and enough else N_("请系统管理员检查素材目录的权限和磁盘空间。"),
    )


def _search() -> Finding:
    """Whether the index is whole, and holds the oldest and the newest of each kind."""
    gone, wrong = missing(), unindexed()
    ok = not gone and not wrong
    detail = N_("有 %(n)d 条新旧内容搜不到或不该搜到。") if wrong else N_("新旧内容都在索引里。")
    return Finding(
        key="search",
        name=N_("搜索"),
        ok=ok,
        detail=N_("索引不完整，缺少 %(names)s。") if gone else detail,
        values={"names": "、".join(gone)} if gone else {"n": wrong} if wrong else {},
        remedy="" if ok else N_("搜索会漏掉内容。请系统管理员运行 flask --app wsgi search rebuild。"),
    )


def public_url(config: Config, now: datetime) -> Finding:
    """What the scheduler found when it last tried the address. Without live accounts it is a hint only."""
    last, needed = reaching.last(), reaching.needed()
    values: dict[str, object] = {"url": config.public_url}
    if reaching.is_local(config):
        detail, ok = N_("%(url)s 只有本机能打开，公众和平台都打不开。"), False if needed else None
        remedy = N_("正式使用前，请系统管理员把 TANDEM_PUBLIC_URL 设为公众可访问的网址。")
    elif last is None or last.url != config.public_url:
        detail, ok = N_("%(url)s 还没有试过能否打开。"), None
        remedy = N_("调度进程启动后每五分钟试一次。请稍后再看。")
    elif now - last.at > reaching.STALE:
        detail, ok = N_("%(url)s 最近一次试是 %(at)s，之后没有再试。"), False if needed else None
        values["at"] = _when(last.at, config)
        remedy = N_("由调度进程去试，它可能没有运行。请系统管理员检查调度进程。")
    elif last.why:
        detail, ok = N_("%(url)s 打不开。%(why)s上次打开：%(at)s。"), False if needed else None
        values |= {"why": last.why, "at": _when(last.reached_at, config)}
        remedy = N_("公众打不开原文链接，平台也推送不进来。请系统管理员检查域名、证书、防火墙和反向代理。")
    else:
        detail, ok, remedy = N_("%(url)s 能打开（%(at)s 从服务器上试过）。"), True, ""
        values["at"] = _when(last.reached_at, config)
    return Finding(key="public_url", name=N_("公开网址"), ok=ok, detail=detail, values=values, remedy=remedy)


def _when(at: datetime | None, config: Config) -> str:
    return f"{at.astimezone(ZoneInfo(config.timezone)):%m-%d %H:%M}" if at is not None else "—"


def _ties(now: datetime) -> list[Finding]:
    """Quotas and callbacks of all accounts in one line each; the page and the command name them below."""
    spent, silent, forged = connections.count_spent(now), connections.count_silent(), connections.count_forged()
    return [
        Finding(
            key="quotas",
            name=N_("平台额度"),
            ok=None if spent else True,
            detail=N_("%(n)d 个账号有额度用完或被平台限制。") if spent else N_("没有账号用完额度。"),
            values={"n": spent} if spent else {},
            remedy=N_("到恢复时间会自动继续。各账号的用量见下。") if spent else "",
        ),
        Finding(
            key="callbacks",
            name=N_("平台推送"),
            ok=None if silent or forged else True,
            detail=N_("%(silent)d 个账号从未收到推送；拒绝伪造的推送 %(forged)d 次。"),
            values={"silent": silent, "forged": forged},
            remedy=N_("没有推送，市民的私信进不了收件箱。请账号管理员按账号页的说明在平台填写回调网址。")
            if silent
            else "",
        ),
    ]


def _errands() -> Finding:
    """Drafts to delete and posts to take back at which our own program fails again and again."""
    key, name, number = "errands", N_("撤回与删草稿"), errands.count_stuck()
    if not number:
        return Finding(key=key, name=name, ok=True, detail=N_("没有反复出错的。"))
    return Finding(
        key=key,
        name=name,
        ok=False,
        detail=N_("%(n)d 项反复出错，发布记录编号：%(ids)s。"),
        values={"n": number, "ids": "、".join(errands.stuck_ids(_NAMED)) + ("……" if number > _NAMED else "")},
        remedy=N_("系统会隔更久再试，不会丢。请系统管理员按编号查看日志；急的请发布人登录平台手动办理。"),
    )


def _outbox() -> Finding:
    counts = figures.deliveries_by_status()
    failed = counts["failed"] > 0
    return Finding(
        key="outbox",
        name=N_("告警外发"),
        ok=None if failed else True,
        detail=N_("待发 %(pending)d 条，失败 %(failed)d 条。"),
        values={"pending": counts["pending"], "failed": counts["failed"]},
        remedy=N_("失败的不再重试，告警只在系统里看得到。请系统管理员检查告警渠道的地址。") if failed else "",
    )
