"""The page of drills: faults, the accounts' switches, the clock, and what was pushed and asked of late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from connectors.simulator import accounts, callbacks, clock, drill_words, faults, jobs, marks, opening, seeds, tagging
from connectors.simulator.accounts import Account
from connectors.simulator.drill_words import SWITCHES, Switch
from connectors.simulator.forms import account_of, own_origin
from connectors.simulator.state import Doc, State
from connectors.simulator.templating import page
from connectors.simulator.things import Impossible

SHOWN = 20
HOUR, DAY = 3600.0, 86400.0
SHIFTS = {"hour": HOUR, "day": DAY, "two_days": 2 * DAY, "real": 0.0}


def drill(state: State, request: Request) -> Response:
    everyone = accounts.everyone(state)
    switched: dict[str, list[Doc]] = {words.kind: [] for words in drill_words.FAULTS}
    for fault in state.all("fault", "", oldest_first=True):
        switched[fault["kind"]].append(fault)
    names = {each.owner: each.name for each in everyone}
    values: Doc = {"words": drill_words, "switched": switched, "accounts": everyone, "names": names}
    values |= {"current": {each.owner: current(each) for each in everyone}, "now": state.now()}
    values |= {"offset": state.offset, "dropping": _dropping(state, everyone), "packs": seeds.packs()}
    values |= {"pushes": state.all("push", limit=SHOWN), "requests": state.requests(SHOWN)[::-1]}
    values |= {"opening": opening, "opened": request.args.get("opened", ""), "tagging": tagging, "state": state}
    values["said"] = drill_words.SAID.get(request.args.get("said", ""), "")
    return page("drill.html", count=sum(map(len, switched.values())), **values)


def _dropping(state: State, everyone: list[Account]) -> dict[str, str]:
    """Accounts whose pushes are being dropped, and until when."""
    ends = {each.owner: marks.until(state, each) for each in everyone if each.platform == "wechat"}
    return {owner: f"{clock.beijing(end):%H:%M:%S}" for owner, end in ends.items() if end > state.now()}


def current(account: Account) -> dict[str, str]:
    """How each switch of an account stands, as the page's choices are valued."""
    return {switch.key: _valued(account, switch) for switch in SWITCHES[account.platform]}


def _valued(account: Account, switch: Switch) -> str:
    if switch.kind == "right":
        return "1" if switch.key in account.rights else ""
    value = account.get(switch.key)
    if switch.kind == "whitelist":
        return "closed" if value == drill_words.CLOSED_WHITELIST else ""
    if switch.kind == "flag":
        return "1" if value else ""
    return str(value) if value is not None else switch.choices[0][0]


def save(state: State, request: Request) -> Response:
    """The switches of one account, all of them."""
    account = account_of(state, request)
    changes: dict[str, Any] = {}
    for switch in SWITCHES[account.platform]:
        chosen = request.form.get(switch.key, _valued(account, switch))
        if chosen not in [value for value, _ in switch.choices]:
            raise Impossible(f"“{switch.label}”没有这个选项。")
        changes |= _change(account, switch, chosen)
    with state.transaction():
        accounts.register(state, account.platform, account.external_id, changes)
    return said("saved")


def _change(account: Account, switch: Switch, chosen: str) -> dict[str, Any]:
    """One switch as the registration takes it; what stands already is left alone."""
    if chosen == _valued(account, switch):
        return {}
    if switch.kind == "right":
        others = sorted(account.rights - {switch.key})
        return {"rights": [*others, switch.key] if chosen else others}
    if switch.kind == "whitelist":
        return {switch.key: drill_words.CLOSED_WHITELIST if chosen else None}
    values = {
        "flag": bool(chosen),
        "number": int(chosen or 0) if switch.kind == "number" else 0,
        "none": chosen or None,
    }
    return {switch.key: values.get(switch.kind, chosen)}


def said(what: str) -> Response:
    return redirect(f"/drill?said={what}", 303, Response)


def add_fault(state: State, request: Request) -> Response:
    """``target`` is nobody in particular, a platform, or one account as platform:id."""
    platform, _, external_id = request.form.get("target", "").partition(":")
    asked: Doc = {"kind": request.form.get("kind", "")}
    asked |= {"platform": platform} if platform else {}
    asked |= {"external_id": external_id} if external_id else {}
    asked |= {"path": request.form["path"].strip()} if request.form.get("path", "").strip() else {}
    try:
        asked |= {name: int(request.form[name]) for name in ("times", "code") if request.form.get(name)}
        asked |= {"seconds": float(request.form["seconds"])} if request.form.get("seconds") else {}
    except ValueError as error:
        raise Impossible("次数、错误码、秒数都要是数字。") from error
    faults.add(state, asked)
    return said("fault")


def remove_fault(state: State, request: Request) -> Response:
    """One, or every one when none is named."""
    number = request.form.get("id", "")
    for fault in state.all("fault", ""):
        if number in ("", fault["key"]):
            state.delete("fault", "", fault["key"])
    return said("removed" if number else "removed_all")


def shift(state: State, request: Request) -> Response:
    """Later by an hour, a day or two, or back to real time."""
    chosen = request.form.get("shift", "")
    if chosen not in SHIFTS:
        raise Impossible("没有这个选项。")
    state.shift(state.offset + SHIFTS[chosen] if SHIFTS[chosen] else 0.0)
    jobs.run_due(state)
    return said("clock")


def verify(state: State, request: Request) -> Response:
    return said("verified" if callbacks.verify(state, account_of(state, request))["ok"] else "not_verified")


def revoke(state: State, request: Request) -> Response:
    """The owner of a Weibo account takes the authorisation back on the web."""
    account = account_of(state, request)
    if account.platform != "weibo":
        raise Impossible("只有微博账号有授权可取消。")
    return said("revoked" if callbacks.tell_revoked(state, account)["told"] else "revoked_untold")


def plant(state: State, request: Request) -> Response:
    account = account_of(state, request)
    try:
        seeds.plant(state, account, seeds.pack(f"{account.platform}-everyday"))
    except seeds.BadSeed as error:
        raise Impossible(str(error)) from error
    return said("planted")


ROUTES: dict[tuple[str, str], Callable[..., Response]] = {
    ("GET", r"/drill"): drill,
    ("POST", r"/drill/accounts"): own_origin(save),
    ("POST", r"/drill/clock"): own_origin(shift),
    ("POST", r"/drill/verify"): own_origin(verify),
    ("POST", r"/drill/revoke"): own_origin(revoke),
    ("POST", r"/drill/seed"): own_origin(plant),
    ("POST", r"/faults"): own_origin(add_fault),
    ("POST", r"/faults/remove"): own_origin(remove_fault),
}
