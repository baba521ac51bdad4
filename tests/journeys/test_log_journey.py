"""One id leads through the logs of both processes, from the draft to the receipts; and they tell ids, never words, and no
secret of anybody, however it was given or made."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
import requests
from cryptography.fernet import Fernet

from tests.app.notices.mailbox import Mailbox
from tests.conftest import ENCRYPTION_KEY, fresh_database
from tests.journeys.stack import PASSWORD, City, found_city, running
from tests.journeys.test_api_journey import approve, published, write
from tests.patience import wait_for

SMTP_PASSWORD, SESSION_KEY = "smtp-password-for-tests", "session-key-for-tests"
WRONG, CHANGED, RESET = "a wrong password 77", "a changed password 78", "a reset password 79"
HOOK = "hook-address-secret-for-tests"


@pytest.fixture(scope="module", params=["sqlite"])
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    home, mailbox = tmp_path_factory.mktemp("city"), Mailbox()
    smtp = mailbox.url.replace("smtp://", f"smtp://tandem:{SMTP_PASSWORD}@")
    env = {"TANDEM_SMTP_URL": smtp, "TANDEM_SECRET_KEY": SESSION_KEY}
    with fresh_database(request, home) as url, running(home, url, **env) as stack:
        founded = found_city(stack)
        founded.mailbox = mailbox  # type: ignore[attr-defined]
        yield founded
    mailbox.close()


def about(path: Path, post_id: str) -> list[dict[str, Any]]:
    """The lines of one process's log that a search for the id finds."""
    return [json.loads(line) for line in path.read_text().splitlines() if post_id in line and line.startswith("{")]


def test_from_draft_to_receipt_by_the_posts_id(city: City) -> None:
    author = city.people["author"]
    title = "防汛工作安排之独有标题"
    post = write(city, title=title)
    approve(city, post)
    author.put(f"/posts/{post['id']}/schedule", {"publish_at": "now"})
    done = published(author, post["id"])
    assert done["status"] == "published"
    items = author.get(f"/publications?post_id={post['id']}")["items"]

    web, scheduler = (about(city.stack.home / f"{name}.log", post["id"]) for name in ("web", "scheduler"))
    told = [line["event"] for line in web]
    milestones = ("post.create", "review.submit", "post.schedule")
    assert [event for event in told if event in milestones] == list(milestones), told
    decided = [line for line in web if line["event"] == "review.decide"]
    assert len(decided) == 3, told
    assert len({line["actor"] for line in decided}) == 3
    assert all(line["request_id"] and line["post"] == post["id"] for line in web)

    for item in items:
        mine = [line for line in scheduler if line.get("publication") == item["id"]]
        events = [line["event"].removeprefix("publication.") for line in mine]
        order = ["preparing", "step", "ready", "committing", "sending", "answered"]
        assert sorted(set(order) & set(events), key=events.index) == order, events
        # The end is told by whoever heard of it: a callback comes to the web.
        ends = [line for line in (*scheduler, *web) if line["event"] == "publication.published"]
        end = next(line for line in ends if line["publication"] == item["id"])
        assert end["receipt"] == item["external_id"]
        answered = next(line for line in mine if line["event"] == "publication.answered")
        assert answered["outcome"] == "receipt"
        sending = next(line for line in mine if line["event"] == "publication.sending")
        assert answered["attempt"] == sending["attempt"]
        assert all(line["account"] == item["account_id"] and line["post"] == post["id"] for line in mine)

    logs = city.stack.logs()
    for word in (title, "青岚市住建局", "王敏", "同意", "租金押金"):
        assert word not in logs, word


def test_a_line_belongs_to_the_work_it_was_written_in(city: City) -> None:
    """Threads of the pool do other work afterwards: nothing of one post stays bound to it."""
    first, second = write(city, title="甲"), write(city, title="乙")
    for post in (first, second):
        lines = about(city.stack.home / "web.log", post["id"])
        other = second if post is first else first
        assert lines
        assert not any(other["id"] in json.dumps(line) for line in lines)


class Visitor:
    """A browser without a screen: keeps cookies, sends forms with their token, remembers what it was given to keep secret."""

    def __init__(self, base: str) -> None:
        self.base, self.session = base, requests.Session()
        self.cookies: set[str] = set()

    def get(self, path: str) -> str:
        return self._kept(self.session.get(self.base + path, timeout=30))

    def send(self, page: str, path: str, expect: int = 200, **form: object) -> str:
        """Post to `path` with the token of `page`."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page))
        assert found, page
        answer = self.session.post(self.base + path, data={"csrf_token": found[1], **form}, timeout=30)
        assert answer.status_code == expect, (path, answer.status_code, answer.text[:500])
        return self._kept(answer)

    def _kept(self, answer: requests.Response) -> str:
        self.cookies |= {str(cookie.value) for cookie in self.session.cookies if len(str(cookie.value)) > 20}
        return answer.text


def test_no_secret_is_in_any_log(city: City, tmp_path: Path) -> None:
    """All that people type or are shown to keep to themselves, and what the installation holds, through one day of each."""
    mailbox: Mailbox = city.mailbox  # type: ignore[attr-defined]
    admin, author = Visitor(city.stack.web), Visitor(city.stack.web)
    secrets = {
        "password": PASSWORD, "wrong password": WRONG, "changed password": CHANGED, "reset password": RESET,
        "smtp password": SMTP_PASSWORD, "session key": SESSION_KEY, "webhook address": HOOK,
        "encryption key": ENCRYPTION_KEY, "weibo secret": "weibo-secret-for-tests",
        "weibo token": "2.00weibo-token-for-tests", "wechat secret": "wechat-secret-for-tests",
        "callback key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        **{f"token of {name}": client.token for name, client in city.people.items()},
    }  # fmt: skip
    secrets |= sign_in_with_a_second_factor(author)
    secrets |= own_address(author, mailbox)
    secrets |= webhook_and_reset(admin, city)
    new_key = Fernet.generate_key().decode()
    city.stack.env["TANDEM_ENCRYPTION_KEYS"] = f"{new_key},{ENCRYPTION_KEY}"
    told = city.stack.flask("secrets", "rotate") + city.stack.flask("backup", str(tmp_path / "kept.tar"))
    secrets["new encryption key"] = new_key
    for number, cookie in enumerate(sorted(author.cookies | admin.cookies)):
        secrets[f"cookie {number}"] = cookie
    assert mailbox.logins == [SMTP_PASSWORD] * len(mailbox.logins) != []
    logs = city.stack.logs()
    assert "user.reset_password" in logs, "the day is in them"
    assert {name for name, secret in secrets.items() if secret in logs} == set()
    assert {name for name in ("encryption key", "new encryption key") if secrets[name] in told} == set()


def sign_in_with_a_second_factor(author: Visitor) -> dict[str, str]:
    """Wrong and right passwords, an authenticator with its codes, a token of one's own, another password."""
    given = {"email": "author@journey.test"}
    author.send("/sign-in", "/sign-in", 401, password=WRONG, **given)
    author.send("/sign-in", "/sign-in", password=PASSWORD, **given)
    author.send("/settings/profile/second-factor", "/settings/profile/second-factor")
    found = re.search(r'id="totp-secret"[^>]*>([^<]+)<', author.get("/settings/profile/second-factor"))
    assert found
    totp = found[1].replace(" ", "")
    code = pyotp.TOTP(totp).now()
    page = author.send("/settings/profile/second-factor", "/settings/profile/second-factor/confirmation", code=code)
    codes = re.findall(r"<code[^>]*>([A-Z0-9-]{8,})</code>", page)
    assert len(codes) == 10
    author.send("/settings/profile", "/sign-out")
    author.send("/sign-in", "/sign-in", password=PASSWORD, **given)
    author.send("/sign-in/second", "/sign-in/second", 401, proof_code="AAAA-BBBB-CCCC")
    author.send("/sign-in/second", "/sign-in/second", proof_code=codes[0])
    page = author.send("/settings/profile", "/settings/profile/tokens", name="同步", days=30)
    token = re.search(r'id="new-token">([^<]+)<', page)
    assert token
    answer = requests.get(f"{author.base}/api/v1/posts", headers={"Authorization": f"Bearer {token[1]}"}, timeout=30)
    assert answer.ok
    author.send("/settings/profile", "/settings/profile/password", old=PASSWORD, new=CHANGED, again=CHANGED)
    return {
        "totp secret": totp,
        "own token": token[1],
        "next totp code": pyotp.TOTP(totp).at(int(time.time()) + 30),
        **{f"recovery code {number}": code for number, code in enumerate(codes)},
    }


def own_address(author: Visitor, mailbox: Mailbox) -> dict[str, str]:
    """Proved by a code, and written to afterwards by the scheduler."""
    author.send("/settings/mail", "/settings/mail/address", address="author@mail.journey.test")
    code = re.search(r"\d{8}", mailbox.texts("author@mail.journey.test")[0])
    assert code
    author.send("/settings/mail", "/settings/mail/code", code=code[0])
    wait_for("the mail about the change", lambda: len(mailbox.raw) > 1)
    return {"mail code": code[0]}


def webhook_and_reset(admin: Visitor, city: City) -> dict[str, str]:
    """A webhook whose address is a secret, with its signing key, that does not answer; and another person's new password."""
    admin.send("/sign-in", "/sign-in", email="admin@journey.test", password=PASSWORD)
    target = f"http://127.0.0.1:9/hook?key={HOOK}"
    form = {"unit_id": city.unit, "kind": "webhook", "target": target, "topics": "alarm"}
    page = admin.send("/settings/alerts", "/settings/alerts", **form)
    key = re.search(r"核对来信）：([\w-]{30,})", page)
    channel = re.search(r'action="(/settings/alerts/[^"/]+/test)"', page)
    assert key
    assert channel
    assert "没有送达" in admin.send("/settings/alerts", channel[1])
    responder = next(one for one in city.people["admin"].get("/users")["items"] if one["name"] == "responder")
    admin.send(f"/settings/people/{responder['id']}", f"/settings/people/{responder['id']}/password", password=RESET)
    return {"signing key": key[1]}
