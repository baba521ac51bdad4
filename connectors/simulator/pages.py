"""What the public sees, for people to look at and act in: timelines, posts, private talks, and the fault switchboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from connectors.simulator import accounts, citizens, drills, faults, forms, jobs, opening, tagging
from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State
from connectors.simulator.templating import page
from connectors.simulator.things import Impossible
from connectors.simulator.wechat import articles, figures, previews
from connectors.simulator.wechat import comments as wechat_comments
from connectors.simulator.weibo import text

STYLE = Path(__file__).parent / "static" / "simulator.css"
SHOWN = 30


def handle(state: State, request: Request) -> Response:
    jobs.run_due(state)
    for (method, pattern), handler in ROUTES.items():
        match = re.fullmatch(pattern, request.path)
        if match and method == request.method:
            try:
                return handler(state, request, *match.groups())
            except (Impossible, faults.BadFault) as error:
                return page("problem.html", 409, message=str(error))
    return page("problem.html", 404, message="没有这个页面。")


def home(state: State, request: Request) -> Response:
    """Both timelines, the newest first."""
    everyone = accounts.everyone(state)
    weibo = [
        (account, each) for account in everyone if account.platform == "weibo" for each in _statuses(state, account)
    ]
    wechat = [
        (account, each) for account in everyone if account.platform == "wechat" for each in _issues(state, account)
    ]
    for timeline in (weibo, wechat):
        timeline.sort(key=lambda pair: float(pair[1]["at"]), reverse=True)
    waiting = [
        (account, job)
        for account in everyone
        if account.platform == "wechat"
        for job in state.all("mass", account.owner)
        if job["waits"]
    ]
    values: Doc = {"accounts": everyone, "weibo": weibo[:SHOWN], "wechat": wechat[:SHOWN], "waiting": waiting}
    values |= {"linked": linked, "faults": state.count("fault", ""), "phones": _phones(state, everyone)}
    return page("home.html", people=_people(state, everyone), **values)


def _statuses(state: State, account: Account) -> list[Doc]:
    return [each for each in state.all("status", account.owner, limit=SHOWN) if _is_public(each)]


def _is_public(status: Doc) -> bool:
    """Neither removed nor hidden by the platform's audit nor written for oneself."""
    return not (status["removed_by"] or status.get("hidden") or int(status.get("visible", 0)) == 1)


def _issues(state: State, account: Account) -> list[Doc]:
    return [each for each in state.all("issue", account.owner, limit=SHOWN) if not each["removed_by"]]


def _people(state: State, everyone: list[Account]) -> dict[str, list[Doc]]:
    """Whoever said something to an account, the latest first."""
    people: dict[str, list[Doc]] = {}
    for account in everyone:
        spoke = dict.fromkeys(each["citizen"] for each in state.all("said", account.owner))
        met = (citizens.find(state, account, identity) for identity in list(spoke)[:SHOWN])
        people[account.owner] = [each for each in met if each]
    return people


def _phones(state: State, everyone: list[Account]) -> list[tuple[Account, list[Doc], list[Doc]]]:
    """Per WeChat account the phones that are known, and the previews that arrived on them, the newest first."""
    wechat = [account for account in everyone if account.platform == "wechat"]
    return [(each, previews.phones(state, each), previews.arrived(state, each)[::-1][:SHOWN]) for each in wechat]


def preview(state: State, request: Request, number: str) -> Response:
    """What one phone shows of an article that nobody has published, as long as its draft stands."""
    pointer = state.get("preview_page", "", number)
    platform, _, external_id = (pointer["owner"] if pointer else "").partition(":")
    account = accounts.load(state, platform, external_id)
    held = previews.shown(state, account, pointer["preview"]) if account and pointer else None
    if account is None or held is None:
        return page("problem.html", 404, message="没有这个预览。")
    sent, item = held
    if item is None:
        return page("problem.html", 404, message="该内容已被发布者删除，预览已失效。")
    cover = state.get("material", account.owner, item["thumb_media_id"])
    values: Doc = {"account": account, "sent": sent, "item": item, "content": local(item["content"])}
    return page("preview.html", **values, cover=local(cover["url"]) if cover else "")


def article(state: State, request: Request, number: str) -> Response:
    """A WeChat article as its readers see it; every look counts as a reader."""
    pointer = state.get("page", "", number)
    platform, _, external_id = (pointer["owner"] if pointer else "").partition(":")
    account = accounts.load(state, platform, external_id)
    if pointer is None or account is None:
        return page("problem.html", 404, message="没有这篇文章。")
    index = pointer["idx"] - 1
    with state.transaction():
        found = wechat_comments.place(state, account, pointer["article_id"], index)
        if found is None or found[0]["items"][index]["is_deleted"]:
            return page("problem.html", 404, message="该内容已被发布者删除。")
        issue, owner = found
        item = issue["items"][index]
        figures.add(state, account, issue, index, "read")
    pictured = item["article_type"] == "newspic"
    # Filtered when it was stored, and no script may run here; a picture article is plain words.
    content = escape(item["content"]) if pictured else local(item["content"])
    cover = None if pictured else state.get("material", account.owner, item["thumb_media_id"])
    listed = [each["image_media_id"] for each in item.get("image_info", {}).get("image_list", [])]
    held = [state.get("material", account.owner, each) for each in listed]
    values: Doc = {"account": account, "issue": issue, "item": item, "index": index, "content": content}
    values |= {"pictured": pictured}
    values["pictures"] = [local(each["url"]) for each in held if each]
    values |= {"comments": state.all("wechat_comment", owner), "cover": local(cover["url"]) if cover else ""}
    return page("article.html", **values)


def local(html: str) -> str:
    """Addresses of the platform's picture host, mapped to this simulator."""
    return articles.REAL_PICTURE.sub(r"/mmbiz/\1", html)


def status(state: State, request: Request, number: str) -> Response:
    """A Weibo status by its id, or by the base-62 form of weibo.com's addresses."""
    if not number.isdigit() or len(number) < 12:
        try:
            number = text.from_base62(number)
        except ValueError:
            return page("problem.html", 404, message="没有这条微博。")
    pointer = state.get("status_owner", "", number)
    account = accounts.load(state, "weibo", pointer["external_id"]) if pointer else None
    held = state.get("status", account.owner, number) if account else None
    if account is None or held is None or not _is_public(held):
        return page("problem.html", 404, message="抱歉，此微博已被作者删除。")
    said = state.all("comment", f"status:{number}", oldest_first=True)
    return page("status.html", account=account, post=held, comments=said, words=linked(held))


def status_of(state: State, request: Request, uid: str, number: str) -> Response:
    return status(state, request, number)


def linked(post: Doc) -> str:
    """The text as HTML, its t.cn links leading where they lead."""
    words = escape(post["text"])
    for link in post["links"]:
        target = escape(str(link["url_ori"]))
        words = words.replace(str(link["url_short"]), f'<a href="{target}" rel="nofollow noopener">网页链接</a>')
    return words


def talk(state: State, request: Request, platform: str, external_id: str, identity: str) -> Response:
    account = accounts.load(state, platform, external_id)
    citizen = citizens.find(state, account, identity) if account else None
    if account is None or citizen is None:
        return page("problem.html", 404, message="没有这段私信。")
    said = citizens.talk(state, account, identity)
    return page("talk.html", account=account, citizen=citizen, said=said)


def picture(state: State, request: Request, number: str, rest: str = "") -> Response:
    held = state.get("mmbiz", "", number) or state.get("picture", "", number)
    blob = state.blob(held["sha256"]) if held else None
    if blob is None:
        return page("problem.html", 404, message="没有这张图片。")
    return Response(blob[1], content_type=blob[0], headers={"Cache-Control": "max-age=86400"})


def sent(state: State, request: Request, digest: str) -> Response:
    """What somebody sent in a private talk."""
    blob = state.blob(digest)
    if blob is None:
        return page("problem.html", 404, message="没有这个文件。")
    return Response(blob[1], content_type=blob[0], headers={"X-Content-Type-Options": "nosniff"})


def film(state: State, request: Request, media_id: str) -> Response:
    """Where media/get says a film is to be had."""
    for account in accounts.everyone(state, "wechat"):
        held = state.get("temporary", account.owner, media_id)
        if held:
            return sent(state, request, held["sha256"])
    return page("problem.html", 404, message="没有这段视频。")


def short_link(state: State, request: Request, code: str) -> Response:
    held = state.get("short", "", code)
    return redirect(held["url"], 302, Response) if held else page("problem.html", 404, message="没有这个短链。")


def style(state: State, request: Request) -> Response:
    return Response(STYLE.read_bytes(), content_type="text/css; charset=utf-8")


ROUTES: dict[tuple[str, str], Callable[..., Response]] = {
    ("GET", r"/"): home,
    ("GET", r"/style\.css"): style,
    ("GET", r"/s/([\w-]+)"): article,
    ("GET", r"/previews/([\w-]+)"): preview,
    ("GET", r"/status/(\w+)"): status,
    ("GET", r"/talks/(weibo|wechat)/([^/]+)/([^/]+)"): talk,
    ("GET", r"/mmbiz/([\w-]+)"): picture,
    ("GET", r"/mmbiz_\w+/([\w-]+)(/.*)?"): picture,
    ("GET", r"/pictures/([\w-]+)"): picture,
    ("GET", r"/sent/([0-9a-f]{64})"): sent,
    ("GET", r"/([\w-]{40,})\.f10\.mp4"): film,
    ("GET", r"/t\.cn/(\w+)"): short_link,
    ("GET", r"/(\d{5,})/(\w+)"): status_of,
    **forms.ROUTES,
    **drills.ROUTES,
    **opening.ROUTES,
    **tagging.ROUTES,
}
