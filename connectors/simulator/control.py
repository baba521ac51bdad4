"""The simulator's own calls under ``/_sim``: register accounts, act as a citizen, switch faults, look at what came in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

from connectors.simulator import accounts, callbacks, faults, inbound, jobs, seeding, seeds
from connectors.simulator.accounts import Account, Misregistered
from connectors.simulator.call import json_answer
from connectors.simulator.state import Doc, State
from connectors.simulator.things import Impossible
from connectors.simulator.wechat import articles, mass_outcome, previews

Handler = Callable[[State, Request], Any]


class Wrong(Exception):
    """A control call that cannot be done: HTTP status and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def handle(state: State, request: Request) -> Response:
    path = request.path.rstrip("/")
    try:
        for (method, pattern), handler in ROUTES.items():
            match = re.fullmatch(pattern, path)
            if match and method == request.method:
                return json_answer(handler(state, request, *match.groups()))
    except (Misregistered, faults.BadFault, seeds.BadSeed) as error:
        return json_answer({"error": str(error)}, 400)
    except Impossible as error:
        return json_answer({"error": str(error)}, 409)
    except Wrong as error:
        return json_answer({"error": str(error)}, error.status)
    except (TypeError, ValueError) as error:
        return json_answer({"error": f"wrong value: {error}"}, 400)
    return json_answer({"error": f"no such control call: {request.method} {path}"}, 404)


def body_of(request: Request, needed: tuple[str, ...] = (), allowed: tuple[str, ...] | None = None) -> Doc:
    """The JSON object sent, with what is needed in it and nothing unknown. Raises Wrong 400 naming the keys."""
    try:
        read = json.loads(request.get_data() or b"{}")
    except ValueError as error:
        raise Wrong(400, "the body is not JSON") from error
    if not isinstance(read, dict):
        raise Wrong(400, "the body is not a JSON object")
    missing = [name for name in needed if read.get(name) in (None, "")]
    unknown = sorted(set(read) - set(needed) - set(allowed)) if allowed is not None else []
    if missing or unknown:
        named = [("missing keys", missing), ("unknown keys", unknown)]
        raise Wrong(400, "; ".join(f"{title}: {', '.join(names)}" for title, names in named if names))
    return read


def account_of(state: State, asked: Doc) -> Account:
    account = accounts.load(state, str(asked["platform"]), str(asked["external_id"]))
    if account is None:
        raise Wrong(404, f"no such account: {asked['platform']} {asked['external_id']}")
    return account


WHO = ("platform", "external_id")
# What a message may be, and what may be said about it.
THINGS = ("text", "image", "voice", "video", "shortvideo", "location", "link", "event")
ABOUT = ("key", "ticket", "subtype", "post", "authorised", "created_at", "menu_id", "msg_data_id", "idx", "push")
PLACED = ("latitude", "longitude", "precision")


def put_account(state: State, request: Request, platform: str, external_id: str) -> Doc:
    with state.transaction():
        return accounts.register(state, platform, external_id, body_of(request)).public()


def list_accounts(state: State, request: Request) -> Doc:
    return {"items": [each.public() for each in accounts.everyone(state)]}


def comment(state: State, request: Request) -> Doc:
    asked = body_of(request, (*WHO, "post", "text"), ("index", "author", "authorised", "guest"))
    return {"id": inbound.comment(state, account_of(state, asked), asked)}


def remove_comment(state: State, request: Request) -> Doc:
    """A citizen takes a comment of one's own back."""
    asked = body_of(request, (*WHO, "comment"), ("post", "index"))
    inbound.take_comment_back(state, account_of(state, asked), asked)
    return {"ok": True}


def message(state: State, request: Request) -> Doc:
    asked = body_of(request, (*WHO, "from"), (*THINGS, *ABOUT, *PLACED))
    if not any(asked.get(name) for name in THINGS):
        raise Wrong(400, f"missing keys: one of {', '.join(THINGS)}")
    return inbound.message(state, account_of(state, asked), asked)


def add_fault(state: State, request: Request) -> Doc:
    return {"id": faults.add(state, body_of(request))}


def list_faults(state: State, request: Request) -> Doc:
    return {"items": [_bare(each) for each in state.all("fault", "", oldest_first=True)]}


def delete_faults(state: State, request: Request, number: str | None = None) -> Doc:
    gone = [each["key"] for each in state.all("fault", "") if number in (None, each["key"])]
    for key in gone:
        state.delete("fault", "", key)
    return {"deleted": len(gone)}


def accepted(state: State, request: Request) -> Doc:
    jobs.run_due(state)
    platform, external_id = request.args.get("platform"), request.args.get("external_id")
    items = [
        each
        for each in state.all("accepted", oldest_first=True)
        if platform in (None, each["platform"]) and external_id in (None, each["external_id"])
    ]
    return {"items": [_bare(each) | {"seq": int(each["key"]), "at": each["at"]} for each in items]}


def pushes(state: State, request: Request) -> Doc:
    """How each push to a callback went, the newest last."""
    return {"items": [_bare(each) | {"at": each["at"]} for each in state.all("push", oldest_first=True)]}


def requests(state: State, request: Request) -> Doc:
    wanted = request.args.get("path")
    return {"items": [each for each in state.requests() if not wanted or wanted in each["path"]]}


def _bare(document: Doc) -> Doc:
    return {name: value for name, value in document.items() if name not in ("seq", "key", "at")}


def reset(state: State, request: Request) -> Doc:
    state.reset(bool(body_of(request, (), ("keep_accounts",)).get("keep_accounts")))
    return {"ok": True}


def shift_clock(state: State, request: Request) -> Doc:
    offset = body_of(request, ("offset_seconds",), ()).get("offset_seconds")
    if not isinstance(offset, (int, float)) or isinstance(offset, bool):
        raise Wrong(400, "offset_seconds: must be a number")
    state.shift(float(offset))
    jobs.run_due(state)
    return {"now": state.now()}


def add_post(state: State, request: Request) -> Doc:
    """A post by other means than the API, as of ``at`` (epoch seconds, default now)."""
    asked = body_of(request, (*WHO, "text"), ("title", "at", "how"))
    at = asked.get("at", state.now())
    if not isinstance(at, (int, float)) or isinstance(at, bool):
        raise Wrong(400, "at: must be epoch seconds")
    return {"id": seeding.post(state, account_of(state, asked), asked, float(at))}


def seed(state: State, request: Request) -> Doc:
    """Plant a past in an account: a ``seed`` given here (or a recorded answer), or a ``pack`` that comes along."""
    asked = body_of(request, WHO, ("seed", "pack"))
    account = account_of(state, asked)
    given = seeds.pack(str(asked["pack"])) if asked.get("pack") else asked.get("seed")
    if not isinstance(given, dict):
        raise Wrong(400, f"missing keys: seed (an object) or pack ({', '.join(seeds.packs())})")
    return seeds.plant(state, account, given)


def remove_post(state: State, request: Request) -> Doc:
    """A post disappears: by its author on the web (``user``) or by the platform."""
    asked = body_of(request, (*WHO, "post"), ("by", "index"))
    account, post, by = account_of(state, asked), str(asked["post"]), str(asked.get("by", "user"))
    if by not in ("user", "platform"):
        raise Wrong(400, "by: must be user or platform")
    with state.transaction():
        if account.platform == "weibo":
            if state.get("status", account.owner, post) is None:
                raise Wrong(404, f"no such status: {post}")
            state.change("status", account.owner, post, removed_by=by)
        else:
            pointer = state.get("by_msg_data", account.owner, post)
            article_id = pointer["article_id"] if pointer else post
            if articles.remove(state, account.owner, article_id, int(asked.get("index", 0)), by) is None:
                raise Wrong(404, f"no such article: {post}")
    return {"ok": True}


def confirm(state: State, request: Request) -> Doc:
    """The WeChat account's administrator answers a mass send that waits."""
    asked = body_of(request, ("external_id", "msg_id", "decision"), ())
    if asked["decision"] not in ("approve", "refuse"):
        raise Wrong(400, "decision: must be approve or refuse")
    account = account_of(state, asked | {"platform": "wechat"})
    if not mass_outcome.confirm(state, account, str(asked["msg_id"]), asked["decision"] == "approve"):
        raise Wrong(409, f"no mass send waits under {asked['msg_id']}")
    jobs.run_due(state)
    return {"ok": True}


def put_phone(state: State, request: Request) -> Doc:
    """A person's phone with that WeChat id, and whether it follows the account."""
    asked = body_of(request, ("external_id", "wechat_id"), ("following",))
    following = asked.get("following", True)
    if not isinstance(following, bool) or not isinstance(asked["wechat_id"], str):
        raise Wrong(400, "wechat_id: must be text; following: must be true or false")
    account = account_of(state, asked | {"platform": "wechat"})
    return previews.put_phone(state, account, asked["wechat_id"].strip(), following)


def list_previews(state: State, request: Request) -> Doc:
    """What arrived on which phone, the oldest first."""
    wanted = request.args.get("external_id")
    everyone = [each for each in accounts.everyone(state, "wechat") if wanted in (None, each.external_id)]
    return {"items": [_bare(each) | {"at": each["at"]} for one in everyone for each in previews.arrived(state, one)]}


def verify_callback(state: State, request: Request) -> Doc:
    return callbacks.verify(state, account_of(state, body_of(request, WHO, ())))


def revoke(state: State, request: Request) -> Doc:
    """A Weibo account's owner cancels the authorisation on the web."""
    asked = body_of(request, ("external_id",), ())
    return callbacks.tell_revoked(state, account_of(state, asked | {"platform": "weibo"}))


ROUTES: dict[tuple[str, str], Callable[..., Any]] = {
    ("PUT", r"/_sim/accounts/([^/]+)/([^/]+)"): put_account,
    ("GET", r"/_sim/accounts"): list_accounts,
    ("POST", r"/_sim/comments"): comment,
    ("POST", r"/_sim/comments/remove"): remove_comment,
    ("POST", r"/_sim/messages"): message,
    ("POST", r"/_sim/faults"): add_fault,
    ("GET", r"/_sim/faults"): list_faults,
    ("DELETE", r"/_sim/faults"): delete_faults,
    ("DELETE", r"/_sim/faults/([^/]+)"): delete_faults,
    ("GET", r"/_sim/accepted"): accepted,
    ("GET", r"/_sim/requests"): requests,
    ("GET", r"/_sim/pushes"): pushes,
    ("POST", r"/_sim/reset"): reset,
    ("POST", r"/_sim/clock"): shift_clock,
    ("POST", r"/_sim/posts"): add_post,
    ("POST", r"/_sim/posts/remove"): remove_post,
    ("POST", r"/_sim/seed"): seed,
    ("POST", r"/_sim/confirmations"): confirm,
    ("POST", r"/_sim/phones"): put_phone,
    ("GET", r"/_sim/previews"): list_previews,
    ("POST", r"/_sim/callbacks/verify"): verify_callback,
    ("POST", r"/_sim/revocations"): revoke,
}
