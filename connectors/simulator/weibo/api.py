"""Weibo's front door: which interfaces exist, who may call them, and the order in which a call is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Response

from connectors.simulator import clock, jobs
from connectors.simulator.call import Call, NotJson, json_answer
from connectors.simulator.state import Doc
from connectors.simulator.weibo.errors import ArticleError, MassMessageError, OAuthError, WeiboError

Handler = Callable[[Call], Any]
LEVELS = {"share": 0, "full": 1, "business": 2}
BUSINESS_CALLS_PER_HOUR = 50_000
ARTICLE, SENDALL = "/proxy/article/publish.json", "/2/messages/sendall.json"
WRITES = ("/statuses/share", "/statuses/update", "/statuses/upload", "/statuses/repost", "/proxy/article")


@dataclass(frozen=True)
class Endpoint:
    path: str
    handler: Handler
    methods: tuple[str, ...]
    level: str  # the least level of app that may
    counted: bool  # within the 100 calls a day of one user
    needs_token: bool


ENDPOINTS: dict[str, Endpoint] = {}


def endpoint(
    path: str, *methods: str, level: str = "share", counted: bool = True, needs_token: bool = True
) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        ENDPOINTS[path] = Endpoint(path, handler, methods, level, counted, needs_token)
        return handler

    return register


def twin(path: str, *methods: str, level: str = "share") -> Callable[[Handler], Handler]:
    """An interface and its business twin: ``…/update.json`` and ``…/update/biz.json``."""
    business = endpoint(path.replace(".json", "/biz.json"), *methods, level="business", counted=False)
    plain = endpoint(path, *methods, level=level)
    return lambda handler: plain(business(handler))


def handle(call: Call) -> Response:
    jobs.run_due(call.state)
    try:
        answer = _answer(call)
    except WeiboError as error:
        return refuse(call, error)
    except NotJson:
        return refuse(call, WeiboError(10008))
    return answer if isinstance(answer, Response) else json_answer(answer)


def _answer(call: Call) -> Any:
    known = ENDPOINTS.get(call.path)
    if known is None:
        raise WeiboError(10020)
    if call.request.method not in known.methods:
        raise WeiboError(10021)
    if known.needs_token:
        check_token(call)
        if LEVELS[call.me.get("level", "share")] < LEVELS[known.level] or _denied(call):
            raise WeiboError(10014)
        if call.request.method == "POST" and not _may_test(call):
            raise WeiboError(21321)
        _spend(call, known)
    return known.handler(call)


def check_token(call: Call) -> None:
    """10006 without one (a Bearer header is none), 21332 for an unknown, 21316 revoked, 21327 expired."""
    if not call.token:
        raise WeiboError(10006)
    held = call.state.get("token", "weibo", call.token)
    if held is None or call.account is None:
        raise WeiboError(21332)
    if held.get("revoked"):
        raise WeiboError(21316)
    if call.now >= held["expires"]:
        raise WeiboError(21327)


def _may_test(call: Call) -> bool:
    """An app that is not audited serves its owner and fifteen testers."""
    return bool(call.me.get("audited") is not False or call.me.get("owns_app") or call.me.get("tester"))


def _denied(call: Call) -> bool:
    return any(name in call.path for name in call.me.get("denied", []))


def _spend(call: Call, known: Endpoint) -> None:
    owner = call.me.owner
    if not known.counted:
        if "/biz" in known.path:
            # 50 000 an hour for one address of the app, whichever account speaks.
            app = f"weibo-app:{call.me.settings['app_key']}:{call.remote_ip}"
            used = call.state.add(app, "biz_calls", clock.hour(call.now))
            if used > call.me.quota("biz_per_hour", BUSINESS_CALLS_PER_HOUR):
                raise WeiboError(10022)
        return
    if call.state.add(owner, "calls", clock.day(call.now)) > call.me.quota("daily_calls", 100):
        raise WeiboError(10023)
    call.state.add(owner, "calls", clock.hour(call.now))


def is_business(call: Call) -> bool:
    return call.path.endswith("/biz.json")


def required(call: Call, name: str) -> str:
    """A parameter that must be there. Raises 10016 naming it, 10008 by the article interface."""
    value = call.params.get(name, "")
    if not value:
        raise WeiboError(10016, f"miss required parameter ({name}) , see doc for more info.")
    return value


def number(call: Call, name: str, default: int) -> int:
    text = call.params.get(name, "") or str(default)
    if not text.isascii() or not text.isdigit():
        raise WeiboError(10008)
    return int(text)


def refuse(call: Call, error: WeiboError) -> Response:
    call.problem = f"{error.code}"
    return json_answer(error.body(call.path), error.status)


def fault_answer(call: Call, fault: Doc) -> Response | None:
    """What a switched-on fault answers in the platform's own words, before anything is accepted."""
    kind = fault["kind"]
    if kind == "expire_token":
        return refuse(call, WeiboError(21327))
    if kind == "exhaust_quota":
        return refuse(call, WeiboError(10023))
    if kind == "refuse":
        code = int(fault.get("code") or 10001)
        if call.path == ARTICLE and code in (10001, 10008, 11001, 11002, 11003):
            return refuse(call, ArticleError(code, ARTICLE_TEXTS[code]))
        if call.path.startswith("/oauth2/"):
            return refuse(call, OAuthError(code))
        return refuse(call, MassMessageError(code) if call.path == SENDALL else WeiboError(code))
    return None


ARTICLE_TEXTS = {
    10001: "system error",
    10008: "param error",
    11001: "sass check error",
    11002: "create status failed",
    11003: "bind error",
}


def slow_success(call: Call, answer: Response) -> Response:
    """The fault `slow_success`: accepted, but told as 20032 and without an id."""
    accepted = answer.status_code == 200 and any(name in call.path for name in WRITES)
    return refuse(call, WeiboError(20032)) if accepted else answer
