"""Seeding: an account that starts with a past (posts, comments, readers, followers, talks), so that drills look lived in.

A seed is ``{posts, followers, followers_count, messages}`` with times relative to now, or a platform's recorded answer
(see ``recordings``). ``python -m connectors.simulator --seed DIR`` plants every ``*.json`` of a folder, once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.simulator import accounts, citizens, recordings, seeding
from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State
from connectors.simulator.things import Impossible
from connectors.simulator.wechat import comments as wechat_comments
from connectors.simulator.wechat import figures
from connectors.simulator.weibo import comments as weibo_comments

OWN = Path(__file__).parent / "seeds"
KEYS = ("posts", "followers", "followers_count", "messages")
DAY, HOUR = 86400.0, 3600.0
MOST_FOLLOWERS = 5000
# How an article's readers spread over its first days.
SPREAD = (0.7, 0.2, 0.1)


class BadSeed(Exception):
    """The seed is not one; the message says where."""


def packs() -> list[str]:
    """The names of the seeds that come with the simulator."""
    return sorted(path.stem for path in OWN.glob("*.json"))


def pack(name: str) -> Doc:
    if name not in packs():
        raise BadSeed(f"pack: must be one of {', '.join(packs())}")
    read: Doc = json.loads((OWN / f"{name}.json").read_text("utf-8"))
    return read


def plant(state: State, account: Account, given: Mapping[str, Any]) -> Doc:
    """Put a seed's past into an account; how much of each. Raises BadSeed; then nothing was planted."""
    try:
        seed = recordings.read(account, given, state.now())
        unknown = sorted(set(seed) - set(KEYS))
        if unknown:
            raise BadSeed(f"unknown keys: {', '.join(unknown)}")
        with state.transaction():
            planted = {"posts": 0, "comments": 0, "followers": 0, "messages": 0}
            for follower in seed.get("followers", []):
                _follower(state, account, follower)
            planted["followers"] = len(seed.get("followers", [])) + _crowd(state, account, seed)
            for post in seed.get("posts", []):
                planted["posts"] += 1
                planted["comments"] += _post(state, account, post)
            for message in seed.get("messages", []):
                planted["messages"] += _message(state, account, message)
            return planted
    except (KeyError, TypeError, ValueError, AttributeError, Impossible) as error:
        raise BadSeed(f"{type(error).__name__}: {error}") from error


def _ago(state: State, entry: Mapping[str, Any]) -> float:
    """The moment of an entry: ``at`` in epoch seconds, or ``days_ago``."""
    at = entry.get("at")
    moment = float(at) if at is not None else state.now() - float(entry.get("days_ago", 0)) * DAY
    return min(moment, state.now())


def _follower(state: State, account: Account, entry: Mapping[str, Any]) -> None:
    citizen = citizens.meet(state, account, str(entry.get("id") or entry["name"]))
    changes: Doc = {"since": int(_ago(state, entry)), "remark": str(entry.get("remark", ""))}
    changes |= {"name": str(entry["name"])} if entry.get("name") else {}
    changes["tags"] = [_tag(state, account, str(name)) for name in entry.get("tags", [])]
    state.change("citizen", account.owner, citizen["key"], **changes)


def _tag(state: State, account: Account, name: str) -> int:
    held = next((each for each in state.all("tag", account.owner) if each["name"] == name), None)
    if held:
        return int(held["key"])
    number = 100 + state.add(account.owner, "tag", "ever")
    state.put("tag", account.owner, str(number), {"name": name})
    return number


def _crowd(state: State, account: Account, seed: Mapping[str, Any]) -> int:
    """Followers without a face, come evenly over the last hundred days."""
    count = int(seed.get("followers_count", 0))
    if not 0 <= count <= MOST_FOLLOWERS:
        raise BadSeed(f"followers_count: at most {MOST_FOLLOWERS}")
    for number in range(count):
        since = int(state.now() - 100 * DAY * (number + 1) / count)
        citizens.settle(state, account, f"关注者{number + 1}", since)
    return count


def _post(state: State, account: Account, entry: Mapping[str, Any]) -> int:
    """One post, its readers, its comments; how many of these."""
    at = _ago(state, entry)
    number = seeding.post(state, account, dict(entry), at)
    if account.platform == "weibo":
        counts = {"likes": int(entry.get("likes", 0)), "reposts": int(entry.get("reposts", 0))}
        state.change("status", account.owner, number, **counts)
    else:
        _readers(state, account, number, entry, at)
    for comment in entry.get("comments", []):
        moment = min(state.now(), at + float(comment.get("hours_after", 1)) * HOUR)
        (_weibo_comment if account.platform == "weibo" else _wechat_comment)(state, account, number, comment, moment)
    return len(entry.get("comments", []))


def _readers(state: State, account: Account, number: str, entry: Mapping[str, Any], at: float) -> None:
    issue = state.get("issue", account.owner, number)
    if issue is None:
        raise BadSeed(f"no such article: {number}")
    for act in figures.ACTS:
        total = int(entry.get(f"{act}s" if act != "zaikan" else act, 0))
        for day, share in enumerate(SPREAD):
            if at + day * DAY <= state.now():
                figures.add(state, account, issue, 0, act, round(total * share), at + day * DAY)


def _weibo_comment(state: State, account: Account, number: str, entry: Mapping[str, Any], at: float) -> None:
    citizen = citizens.meet(state, account, str(entry.get("author") or "热心市民"))
    more = {"authorised": bool(entry.get("authorised", True)), "at": at}
    held = weibo_comments.write(state, account, number, citizen, str(entry["text"]), **more)
    if entry.get("reply"):
        answer = f"回复@{citizen['name']}:{entry['reply']}"
        weibo_comments.write(state, account, number, None, answer, reply_to=held["key"], at=at + HOUR)


def _wechat_comment(state: State, account: Account, number: str, entry: Mapping[str, Any], at: float) -> None:
    citizen = citizens.meet(state, account, str(entry.get("author") or "热心市民"))
    owner = f"{account.owner}:{number}:0"
    key = wechat_comments.write(state, owner, citizen["key"], citizen["name"], str(entry["text"]), at)
    reply = {"content": str(entry["reply"]), "create_time": int(at + HOUR)} if entry.get("reply") else None
    state.change("wechat_comment", owner, key, elected=int(bool(entry.get("elected"))), reply=reply)


def _message(state: State, account: Account, entry: Mapping[str, Any]) -> int:
    """A private message of the past, not pushed any more, and what was answered."""
    citizen, at = citizens.meet(state, account, str(entry["from"])), _ago(state, entry)
    citizens.say(state, account, citizen["key"], "in", str(entry["text"]), at=at, event="", mention=False, kind="text")
    if entry.get("reply"):
        citizens.say(state, account, citizen["key"], "out", str(entry["reply"]), at=at + HOUR, kind="text")
    return 1


def plant_folder(state: State, folder: Path) -> list[str]:
    """Every ``*.json`` of a folder: ``{platform, external_id, settings?, seed | pack}``, each once in a state file's life.

    Returns what was done, one line a file. Raises BadSeed or accounts.Misregistered naming the file.
    """
    done = []
    for path in sorted(folder.glob("*.json")):
        try:
            read = json.loads(path.read_text("utf-8"))
            platform, external_id = str(read["platform"]), str(read["external_id"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadSeed(f"{path.name}: platform and external_id are needed in a JSON object ({error})") from error
        if state.get("seeded", f"{platform}:{external_id}", path.name):
            continue
        try:
            with state.transaction():
                if read.get("settings"):
                    accounts.register(state, platform, external_id, read["settings"])
                account = accounts.load(state, platform, external_id)
                if account is None:
                    raise BadSeed("the account is not registered, and there are no settings to register it with")
                planted = plant(state, account, pack(str(read["pack"])) if read.get("pack") else read.get("seed", {}))
                state.put("seeded", account.owner, path.name, planted)
        except (BadSeed, accounts.Misregistered) as error:
            raise BadSeed(f"{path.name}: {error}") from error
        done.append(f"{path.name}: {planted}")
    return done
