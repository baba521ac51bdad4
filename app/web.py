"""What every page and API answer shares: errors, times, headers, template filters. No capability is imported here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from flask import Flask, current_app, g, jsonify, make_response, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as babel_gettext
from flask_smorest import Blueprint
from flask_wtf.csrf import CSRFError
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException

from app import logs
from app.config import Config
from app.db import db, new_id, utcnow
from app.errors import TandemError
from app.extensions import csrf

log = structlog.get_logger()

LOCALES = ("zh_CN", "en")

# What the frame shows of higher capabilities; each fills its key in register(). Called with the Actor, once a page:
#   "heartbeat" -> {"alive": bool, "beat_at": datetime | None}   the scheduler
#   "stops"     -> list of stops now standing (any with .scope, .reason), empty if everything may go out
#   "blackouts" -> list of black-outs now under way (any with .reason), empty if there is none
#   "notices"   -> int, unread
#   "drill"     -> bool: this person sees accounts on the simulator (ribbon 演练)
#   "counts"    -> {"posts"|"review"|"inbox"|"reports": int}, real work waiting for this person
shell_providers: dict[str, Callable[[Any], Any]] = {}

# Lines of the sign-in page, {"email", "name", "role", "password"} each; filled when demo data is loaded.
sign_in_hints: list[Callable[[], Sequence[Mapping[str, str]]]] = []

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; frame-src 'self'"
)


def settings() -> Config:
    """The configuration of the running app."""
    config: Config = current_app.extensions["tandem_config"]
    return config


def _(text: str, **values: Any) -> str:
    """The Chinese source string in the reader's language."""
    return str(babel_gettext(text, **values))


@pass_context
def _words(context: Context, text: str, /, **values: Any) -> str:
    """_() of templates. What it is given may be a whole sentence with people's words in it (a reason, an account's name): it
    is text like any other, neither markup nor, without `values`, a format."""
    words: str = babel_gettext(text)
    if context.eval_ctx.autoescape:
        words = escape(words)
    return words % values if values else words


def plain_words(value: Any) -> Any:
    """What _() gave a template, without its escapes, in objects and lists too: a script shows it as text. `| plain_words |
    tojson` is for words alone; markup that is meant as such stays as it is with `| tojson`."""
    if isinstance(value, Markup):
        return value.unescape()
    if isinstance(value, Mapping):
        return {key: plain_words(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain_words(each) for each in value]
    return value


def choose_locale() -> str:
    """zh_CN unless the person chose English (kept in the session; Accept-Language in the API)."""
    chosen = session.get("locale")
    if chosen in LOCALES:
        return str(chosen)
    if is_api() and request.accept_languages.best_match(["zh", "zh-CN", "en"]) == "en":
        return "en"
    return "zh_CN"


def register_api(app: Flask, blueprint: Blueprint) -> None:
    """Bind one capability's part of the API. Bearer tokens only, hence no CSRF there."""
    csrf.exempt(blueprint)
    app.extensions["tandem_api"].register_blueprint(blueprint)


def is_api() -> bool:
    return request.path.startswith("/api/")


def problem_json(status: int, message: str, errors: Any = None, **extra: Any) -> ResponseReturnValue:
    """The API's one error form: {code, status, message, errors} and, for content, problems."""
    body = {"code": status, "status": HTTPStatus(status).phrase, "message": message, "errors": errors or {}, **extra}
    return jsonify(body), status


def local(value: datetime) -> datetime:
    """`value` in the time zone for people."""
    return value.astimezone(ZoneInfo(settings().timezone))


def people_time(value: datetime | None, now: datetime | None = None) -> str:
    """今天 10:32 · 昨天 … · 7月12日 16:40 · 2025年7月12日 16:40; in English 10:32 · 12 Jul 16:40 · 12 Jul 2025 16:40."""
    if value is None:
        return "—"
    then, today = local(value), local(now or utcnow())
    clock = f"{then:%H:%M}"
    if str(get_locale()).startswith("en"):
        if then.date() == today.date():
            return clock
        return f"{then.day} {then:%b}{'' if then.year == today.year else f' {then.year}'} {clock}"
    days = (today.date() - then.date()).days
    if days in (-1, 0, 1):
        return f"{ {0: '今天', 1: '昨天', -1: '明天'}[days] } {clock}".replace("  ", " ")
    year = "" if then.year == today.year else f"{then.year}年"
    return f"{year}{then.month}月{then.day}日 {clock}"


def full_time(value: datetime | None) -> str:
    """The full form with zone, for hovering."""
    return "" if value is None else f"{local(value):%Y-%m-%d %H:%M:%S %Z}"


def quoted(title: str) -> str:
    """A title as it stands inside 《》: marks within marks are single ones (GB/T 15834)."""
    return title.replace("《", "〈").replace("》", "〉")


def in_words(text: str) -> str:
    """A sentence of a connector in the reader's language, if it is a fixed one; whatever stands in it, nothing is put in."""
    return _(text) if text else ""


def zone_words() -> str:
    """The installation's time zone as people call it."""
    name = settings().timezone
    return _("北京时间") if name == "Asia/Shanghai" else name


def simulator_url() -> str:
    """Where the page of drills is found."""
    return settings().simulator_url


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """How long since, in the largest fitting unit: 3 分钟, 5 小时, 12 天."""
    if value is None:
        return "—"
    seconds = max(0, int(((now or utcnow()) - value).total_seconds()))
    if seconds < 60:
        return _("%(n)d 秒", n=seconds)
    if seconds < 3600:
        return _("%(n)d 分钟", n=seconds // 60)
    if seconds < 86400:
        return _("%(n)d 小时", n=seconds // 3600)
    return _("%(n)d 天", n=seconds // 86400)


def iso(value: datetime | None) -> str | None:
    """ISO 8601 with offset, for the API."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def page_url(cursor: str | None) -> str:
    """This address with another `cursor` (None: without), its filters kept."""
    values = {**request.args.to_dict(), **(request.view_args or {}), "cursor": cursor}
    return url_for(request.endpoint or "", **{key: value for key, value in values.items() if value})


def embedded(endpoint: str, **values: Any) -> Markup:
    """A fragment of a higher capability, drawn with the page: it stands in its place from the start and pushes nothing."""
    view = current_app.ensure_sync(current_app.view_functions[endpoint])
    return Markup(make_response(view(**values)).get_data(as_text=True))


def init(app: Flask) -> None:
    """Bind filters, error handlers and headers to the app."""
    app.jinja_env.filters.update(
        people_time=people_time,
        full_time=full_time,
        ago=ago,
        iso=iso,
        localtime=local,
        moment=datetime.fromisoformat,
        in_words=in_words,
        quoted=quoted,
        plain_words=plain_words,
    )
    app.jinja_env.globals.update(
        embedded=embedded, page_url=page_url, simulator_url=simulator_url, zone_words=zone_words
    )
    app.jinja_env.globals.update(_=_words, gettext=_words)
    app.register_error_handler(TandemError, _tandem_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    g.request_id = new_id()
    logs.begin(request_id=g.request_id)
    # The ids of the address; what a publication's post is, the services add.
    known = {"post_id": "post", "publication_id": "publication", "account_id": "account", "revision_id": "revision"}
    found = request.view_args or {}
    logs.about(**{name: str(found[key]) for key, name in known.items() if key in found})


def _finish(response: Any) -> Any:
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Request-Id", g.get("request_id", ""))
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _answer(status: int, message: str, errors: Any = None, **extra: Any) -> ResponseReturnValue:
    db.session.rollback()
    if is_api():
        return problem_json(status, message, errors, **extra)
    if request.headers.get("HX-Request") or request.accept_mimetypes.best == "application/json":
        return jsonify({"message": message, "errors": errors or {}, **extra}), status
    return render_template("error.html", status=status, message=message, errors=errors or {}, **extra), status


def _tandem_error(error: TandemError) -> ResponseReturnValue:
    return _answer(error.status, _translated(error), error.errors, **error.extra)


def _translated(error: TandemError) -> str:
    """The refusal in the reader's language; for one with names in it, its kind in English and the Chinese words."""
    words = _(error.message)
    if words == error.message and str(get_locale()).startswith("en"):
        return _("没有完成（%(kind)s）。原文：%(words)s", kind=HTTPStatus(error.status).phrase, words=words)
    return words


def _csrf_error(_error: CSRFError) -> ResponseReturnValue:
    view = current_app.view_functions.get(request.endpoint or "")
    if "_user_id" not in session and getattr(view, "_permission", "public") != "public":
        # With the session went what the page could be recognised by.
        return _answer(
            401, _("没有保存，您还没有登录，或登录已失效。请另开一页登录，再刷新本页，把没有保存的内容补上后重试。")
        )
    return _answer(400, _("这次提交没有被接受。页面打开得太久，或来自别的网站。请返回上一页刷新后重新提交。"))


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    data = getattr(error, "data", None) or {}
    words = {
        401: _("请先登录。没有登录，或登录已失效。请重新登录后再试。"),
        403: _("没有权限。这项操作不在您的角色之内。请联系系统管理员授权。"),
        404: _("没有找到这个页面。网址可能有误，或内容已被移走。请回到首页重新进入。"),
        405: _("请求方式不对。这个地址不支持该操作。请核对接口说明。"),
        413: _("文件太大。上限为 %(mb)d MB。请压缩后重新上传。", mb=settings().max_upload_bytes // 1024 // 1024),
        414: _("网址太长，没有受理。查询条件超过服务器的上限。请缩短后重试。"),
        415: _("不支持这种格式。请求体应为 JSON 或规定的文件类型。请核对后重试。"),
        422: _("有内容不符合要求。请按各字段的提示改正后重新提交。"),
        429: _("操作太频繁，没有受理。短时间内请求过多。请稍等一会儿再试。"),
    }
    if status < 400:
        return error.get_response()
    other = _("请求没有被接受。内容格式不正确。请检查后重试。")
    if status >= 500:
        other = _("服务器暂时不能处理。可能正在重启或过于繁忙。请稍后重试；若再次出现，请联系系统管理员。")
    return _answer(status, words.get(status, other), _in_chinese(data.get("messages")))


# What the libraries below say in their own words.
_LIBRARY_WORDS = {
    "Invalid JSON body.": "请求体不是有效的 JSON。",
    "Invalid value.": "取值不合规定。",
    "Unknown field.": "没有这个字段，请删去或核对拼写。",
}


def _in_chinese(messages: Any) -> Any:
    if isinstance(messages, dict):
        return {key: _in_chinese(value) for key, value in messages.items()}
    if isinstance(messages, list):
        return [_in_chinese(value) for value in messages]
    return _LIBRARY_WORDS.get(messages, messages) if isinstance(messages, str) else messages


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected", path=request.path, kind=type(error).__name__)
    return _answer(
        500,
        _(
            "系统出错，本次操作没有完成。原因已记入日志（编号 %(id)s）。请稍后重试；若再次出现，请把编号告诉系统管理员。",
            id=g.get("request_id", ""),
        ),
    )
