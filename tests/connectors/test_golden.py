"""Every sample on every kind of account: the very payload, its notes and problems (tests/connectors/golden)."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.values import AccountConfig, Adaptation, Content
from connectors.wechat import article
from connectors.weibo.adapt import adapt
from tests.connectors.goldens import DOCUMENTS, GOLDEN, GoldenMedia, compare, content_of, folder, told
from tests.connectors.wechat.conftest import account as wechat_account
from tests.connectors.weibo.conftest import LINK
from tests.connectors.weibo.conftest import account as weibo_account

LEVELS = ("share", "full", "business")
# Beside each account's own way: the other themes, and what an author may choose.
CHOSEN: dict[str, dict[str, dict[str, str]]] = {
    "policy-interpretation.docx": {
        "wechat-policy": {"theme": "policy"},
        "wechat-service": {"theme": "service", "reading_time": "on"},
    },
    "traffic-control-from-word.html": {"wechat-rows": {"tables": "split"}},
    "weather-warning.md": {"wechat-ordinary": {"brevity": "full"}, "weibo-ordinary": {"brevity": "full"}},
}


def adapted(account: AccountConfig, media: GoldenMedia, content: Content) -> Adaptation:
    """Straight to the adapting: nothing else of a connector is of interest."""
    if account.platform == "weibo":
        return adapt(account, media, content)
    return article.adapt_content(account, media, content)


@pytest.fixture(autouse=True)
def _a_machine_with_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.wechat.pictures.has_cjk_font", lambda: True)


def check(document: str, name: str, account: AccountConfig, **changes: Any) -> None:
    media = GoldenMedia()
    shown, html = told(adapted(account, media, content_of(document, media, link=LINK, **changes)), media)
    compare(folder(document) / f"{name}.json", shown)
    if html:
        compare(folder(document) / f"{name}.html", html)


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("level", LEVELS)
def test_weibo(document: str, level: str) -> None:
    check(document, f"weibo-{level}", weibo_account(mode=level))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_weibo_by_the_weight_of_sentences(document: str) -> None:
    """What a summary hides."""
    check(document, "weibo-digest", weibo_account(), summary="", urgent=False)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_wechat(document: str) -> None:
    check(document, "wechat", wechat_account())


@pytest.mark.parametrize(("document", "name"), [(one, name) for one in CHOSEN for name in CHOSEN[one]])
def test_what_an_author_chose(document: str, name: str) -> None:
    account = weibo_account() if name.startswith("weibo") else wechat_account()
    check(document, name, account, overrides=CHOSEN[document][name])


def test_no_file_is_left_over() -> None:
    names = {"weibo-share.json", "weibo-full.json", "weibo-business.json", "weibo-digest.json"}
    names |= {"wechat.json", "wechat.html", "source.json", "source.html"}
    for document in DOCUMENTS:
        chosen = {f"{name}.json" for name in CHOSEN.get(document, {})}
        chosen |= {f"{name}.html" for name in CHOSEN.get(document, {}) if name.startswith("wechat")}
        assert {path.name for path in folder(document).iterdir()} == names | chosen
    assert {path.name for path in GOLDEN.iterdir()} == {folder(document).name for document in DOCUMENTS}
