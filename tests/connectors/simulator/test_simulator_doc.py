"""docs/simulator.md lists every call the simulator answers, with verb, level or right and source, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.simulator import app, control, drills, pages
from connectors.simulator.accounts import WECHAT_KEYS, WEIBO_KEYS
from connectors.simulator.faults import CALLBACK_KINDS, REQUEST_KINDS
from connectors.simulator.seeds import packs
from connectors.simulator.wechat.api import ENDPOINTS as WECHAT
from connectors.simulator.wechat.api import OFFLINE, RETIRED
from connectors.simulator.weibo.api import ENDPOINTS as WEIBO

DOC = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text("utf-8")
ROW = re.compile(r"^\| `(/[^`]+)` \| ([A-Z, ]+) \| ([^|]+) \| ([^|]*) \| ([^|]+) \|$", re.M)


def rows() -> dict[str, tuple[str, str, str]]:
    return {path: (verb.strip(), level.strip(), source.strip()) for path, verb, level, _, source in ROW.findall(DOC)}


def test_every_call_is_listed_and_no_other() -> None:
    assert app.PREFIXES
    assert set(rows()) == set(WECHAT) | set(WEIBO)


def test_verbs_levels_and_rights_are_told_right() -> None:
    for path, known in WEIBO.items():
        verb, level, _ = rows()[path]
        assert (verb, level) == (", ".join(known.methods), known.level if known.needs_token else "–"), path
    for path, endpoint in WECHAT.items():
        verb, level, _ = rows()[path]
        assert (verb, level) == ("GET, POST" if endpoint.method == "ANY" else endpoint.method, endpoint.right or "–"), (
            path
        )


def test_every_call_names_its_source() -> None:
    assert [path for path, (_, _, source) in rows().items() if len(source) < 6] == []


def test_what_is_given_up_is_named() -> None:
    assert [path for path in OFFLINE | RETIRED if f"`{path}`" not in DOC] == []


def test_every_setting_fault_control_call_pack_and_page_is_named() -> None:
    settings = set(WEIBO_KEYS) | set(WECHAT_KEYS)
    assert [key for key in settings if not re.search(rf"\b{key}\b", DOC)] == []
    assert [kind for kind in REQUEST_KINDS + CALLBACK_KINDS if kind not in DOC] == []
    assert [name for name in packs() if name not in DOC] == []
    paths = {pattern.replace(r"/([^/]+)", "").replace(r"/([^/]+)/([^/]+)", "") for _, pattern in control.ROUTES}
    assert [path for path in paths if path not in DOC] == []
    assert ("GET", "/drill") in drills.ROUTES
    assert ("GET", "/") in pages.ROUTES
