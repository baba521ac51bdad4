"""Making an operation's call in the world, and saying in words what is wrong with its answer."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from app.units.access import ROLES
from tests.app.matrix.expectations import ANYONE, NAMED, PUBLIC, Operation
from tests.app.matrix.world import NOBODY, STRANGER, World, png, sheet


def path_of(operation: Operation, world: World, **instead: str) -> str:
    """Its address in the world; `instead`: other values of some of its parts, as they stand in the address."""
    path = operation.rule.replace("<path:", "<")
    for part, name in {**NAMED, **operation.ids}.items():
        path = path.replace(f"<{part}>", instead.get(part, world.ids[name]))
    assert "<" not in path, path
    return path


def sent_of(operation: Operation, world: World) -> dict[str, Any]:
    """What is sent with it, for the test client."""
    sent: dict[str, Any] = world.filled(dict(operation.sent))
    if "file" in sent.get("data", {}):
        content, name = _FILES[sent["data"]["file"]]
        sent["data"]["file"] = FileStorage(io.BytesIO(content), filename=name)
    if operation.method in ("POST", "PUT", "PATCH") and operation.api and not sent:
        sent["json"] = {}
    return sent


_FILES = {
    "png": (png(), "新图.png"),
    "plan": (sheet(["日期", "时间", "标题"], ["2030-01-01", "08:30", "计划"]), "计划.xlsx"),
    "words": (sheet(["错误", "正确"], ["座谈", "座谈会"]), "词表.xlsx"),
    "text": ("正文。".encode(), "稿.txt"),
}


def may(operation: Operation, who: str) -> bool:
    """Whether `who` of the county, or the chief of all, may do it to the county's things."""
    if operation.who == PUBLIC:
        return True
    if who in (NOBODY, STRANGER):
        return who == STRANGER and (operation.who == ANYONE or not operation.names)
    return who not in operation.unless and any(
        one in (ANYONE, f"={who}") or (who in ROLES and one in ROLES[who][1]) for one in operation.who.split("|")
    )


def differences(before: str, after: str) -> list[str]:
    """The tables of two SQLite files whose rows differ."""
    with closing(sqlite3.connect(after)) as database:
        database.execute("ATTACH ? AS kept", (before,))
        names = [row[0] for row in database.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        either = "SELECT * FROM (SELECT * FROM main.{0} EXCEPT SELECT * FROM kept.{0}) UNION ALL SELECT * FROM (SELECT * FROM kept.{0} EXCEPT SELECT * FROM main.{0}) LIMIT 1"
        return [name for name in names if database.execute(either.format(f'"{name}"')).fetchone()]


def words_of(answer: TestResponse) -> str:
    """The text of an answer; of files that hold compressed text the names at least."""
    return answer.get_data().decode(errors="replace") + repr(answer.headers.get("Content-Disposition", ""))
