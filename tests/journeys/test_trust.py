"""A reviewer sets up an authenticator, signs in with it, is asked again before deciding, and goes on by passkey; an
administrator opens the way through an identity platform, and somebody without a password goes it."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from sqlalchemy.engine import make_url

from app import create_app
from app.accounts.models import Account
from app.config import load
from app.db import db, utcnow
from app.posts import services as posts
from app.review import services as review
from app.system.demo.city import PASSWORD
from app.units import services as units
from app.units.access import SYSTEM, actor_for
from tests.app.units.identity_platform import CLIENT_ID, SECRET, Platforms
from tests.cluster import free_port
from tests.journeys.browser import SHOTS, newcomer, sign_in
from tests.journeys.stack import Stack

EMAIL = "second-factor@demo.tandem"


@pytest.fixture
def localhost(stack: Stack) -> Iterator[Stack]:
    """The same product by a name: browsers keep passkeys for names only."""
    port = free_port()
    url = f"http://localhost:{port}"
    named = Stack(home=stack.home, database_url=stack.database_url, env={"TANDEM_PUBLIC_URL": url}, web_port=port)
    named.simulator_port = stack.simulator_port
    named.start_web()
    yield named
    named.stop_all()


def _prepare(stack: Stack) -> str:
    """A reviewer of our own, and a post that waits for one; the review's id."""
    app = create_app(load(stack.environment()))
    with app.app_context():
        now, author = utcnow(), units.find_user("author@demo.tandem")
        assert author is not None
        units.create_user(
            SYSTEM, email=EMAIL, name="钱验", unit_id=author.unit_id, roles=["reviewer"], password=PASSWORD, now=now
        )
        actor = actor_for(author)
        query = select(Account.id).where(Account.unit_id == author.unit_id, Account.platform == "weibo")
        fields = {
            "unit_id": author.unit_id,
            "title": "周末图书馆延长开放",
            "summary": "市图书馆周六、周日开放到晚上九点。",
            "body_html": "<p>市图书馆周六、周日开放到晚上九点，欢迎市民前往。</p>",
            "source": "市图书馆",
            "account_ids": [db.session.scalars(query).first()],
        }
        post = review.submit(actor, posts.create_post(actor, fields, now).id, now)
        run = review.review_of(posts.current_revision(post).id)
        assert run is not None
        found = run.id
        db.session.remove()
        db.engine.dispose()
    return found


def _let_proofs_age(stack: Stack) -> None:
    """What only time would do."""
    with contextlib.closing(sqlite3.connect(str(make_url(stack.database_url).database), timeout=20)) as connection:
        connection.execute("UPDATE browser_sessions SET proven_at = datetime(proven_at, '-1 hour') || '.000000'")
        connection.commit()


def _give_password(page: Page) -> None:
    page.get_by_label("邮箱").fill(EMAIL)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()


def _give_device(page: Page) -> None:
    """One that keeps passkeys, and knows its owner."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def _sign_out(page: Page) -> None:
    page.get_by_role("button", name="我的菜单").click()
    page.get_by_role("button", name="退出登录").click()


def test_a_second_factor_from_set_up_to_decision_and_a_passkey(
    stack: Stack, localhost: Stack, browser: Browser
) -> None:
    review_id = _prepare(stack)
    person = newcomer(browser, f"http://localhost:{localhost.web_port}")
    page, heading = person.open("/sign-in"), lambda: page.get_by_role("heading", level=1)
    _give_password(page)
    expect(heading()).to_have_text("工作台")

    person.open("/settings/profile")
    page.get_by_role("link", name="设置验证器").click()
    page.get_by_role("button", name="开始设置").click()
    secret = (page.locator("#totp-secret").text_content() or "").replace(" ", "")
    totp = pyotp.TOTP(secret)
    person.shot("trust-set-up")
    page.get_by_label("输入验证器上显示的 6 位数字").fill(totp.now())
    page.get_by_role("button", name="启用", exact=True).click()
    codes = page.locator(".recovery-codes code").all_text_contents()
    assert len(set(codes)) == 10
    person.shot("trust-codes")

    _sign_out(page)
    _give_password(page)
    expect(heading()).to_have_text("两步验证")
    page.get_by_label("验证码或恢复码").fill("AAAA-BBBB")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("alert").first).to_contain_text("验证码不对")
    person.shot("trust-second-step")
    # The next code: that of the set-up is used up.
    page.get_by_label("验证码或恢复码").fill(totp.at(int(time.time()) + 30))
    page.get_by_role("button", name="登录", exact=True).click()
    expect(heading()).to_have_text("工作台")

    person.open(f"/review/{review_id}")
    page.locator("#comment").fill("同意，已核对时间。")
    _let_proofs_age(localhost)
    page.locator("#approve").click()
    expect(heading()).to_have_text("确认是您本人")
    person.shot("trust-proof")
    page.get_by_label("验证码或恢复码").fill(codes[0])
    page.get_by_role("button", name="确认并继续").click()
    expect(page.get_by_role("status").first).to_contain_text("周末图书馆延长开放")
    person.open(f"/review/{review_id}")
    expect(page.get_by_text("同意，已核对时间。")).to_be_visible()

    _give_device(page)
    person.open("/settings/profile")
    _let_proofs_age(localhost)
    page.get_by_label("名称", exact=True).fill("办公室电脑")
    page.get_by_role("button", name="登记通行密钥").click()
    dialog = page.get_by_role("dialog", name="确认是您本人")
    expect(dialog).to_be_visible()
    dialog.get_by_label("验证码或恢复码").fill("000")
    dialog.get_by_role("button", name="确认并继续").click()
    expect(dialog.get_by_role("alert").first).to_contain_text("没有通过")
    page.screenshot(path=str(SHOTS / "trust-dialog.png"))
    dialog.get_by_label("验证码或恢复码").fill(codes[1])
    dialog.get_by_role("button", name="确认并继续").click()
    expect(page.locator("#passkeys")).to_contain_text("办公室电脑")
    expect(page.locator("#second-factor")).to_contain_text("恢复码还剩 8 个")
    person.shot("trust-profile")

    _sign_out(page)
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(heading()).to_have_text("工作台")
    person.open("/settings/profile")
    _let_proofs_age(localhost)
    page.get_by_role("button", name="换一批恢复码").click()
    page.get_by_role("button", name="用通行密钥确认").click()
    expect(page.locator(".recovery-codes code")).to_have_count(10)
    assert [words for words in person.complaints if "status of 40" not in words] == []
    logs = stack.logs()
    assert not [words for words in (secret, totp.now(), *codes, PASSWORD) if words in logs], "nothing of it is in a log"


def _prepare_officer(stack: Stack) -> str:
    """Somebody to be listed; the path of their page."""
    app = create_app(load(stack.environment()))
    with app.app_context():
        author = units.find_user("author@demo.tandem")
        assert author is not None
        found = units.create_user(
            SYSTEM,
            email="listed@demo.tandem",
            name="赵列",
            unit_id=author.unit_id,
            roles=["author"],
            password=PASSWORD,
            now=utcnow(),
        )
        path = f"/settings/people/{found.id}"
        db.session.remove()
        db.engine.dispose()
    return path


def test_the_identity_platform_from_set_up_to_a_proof_without_a_password(
    stack: Stack, localhost: Stack, browser: Browser
) -> None:
    path, name = _prepare_officer(stack), "省统一身份认证"
    with Platforms().running() as platforms:
        platform = platforms.new()
        platform.claims = {"sub": "zhao-lie-330100"}
        base = f"http://localhost:{localhost.web_port}"
        admin = sign_in(browser, base, "admin@demo.tandem", PASSWORD)
        page = admin.open("/settings/identity-provider")
        admin.shot("identity-empty")
        page.get_by_label("名称", exact=True).fill(name)
        page.get_by_label("Issuer").fill(platform.issuer)
        page.get_by_label("客户端编号").fill(CLIENT_ID)
        page.get_by_label("客户端密钥").fill(SECRET)
        page.get_by_label("启用，登录页出现按钮").check()
        page.get_by_role("button", name="保存", exact=True).click()
        expect(page.get_by_role("status").first).to_contain_text("已保存")
        page.get_by_role("button", name="测试配置").click()
        expect(page.locator("#test")).to_contain_text("认得本系统的客户端编号和密钥")
        admin.shot("identity-settings")
        admin.open(path)
        page.get_by_label(f"登记此人在{name}的标识").fill("zhao-lie-330100")
        page.get_by_role("button", name="登记", exact=True).click()
        expect(page.locator("#identity")).to_contain_text("本人还没有用它登录过")
        admin.shot("identity-person")

        officer = newcomer(browser, base)
        theirs = officer.open("/sign-in")
        officer.shot("identity-sign-in")
        theirs.get_by_role("link", name=f"用{name}登录").click()
        expect(theirs.get_by_role("heading", level=1)).to_have_text("工作台")
        admin.open(path)
        admin.shot("identity-person-bound")
        page.get_by_role("button", name="停用密码").click()
        expect(page.locator("#identity")).to_contain_text("密码已停用")

        # Signed out by that: in again, by the only way left.
        officer.open("/sign-in")
        theirs.get_by_role("link", name=f"用{name}登录").click()
        expect(theirs.get_by_role("heading", level=1)).to_have_text("工作台")
        officer.open("/settings/profile")
        officer.shot("identity-profile")
        _let_proofs_age(localhost)
        theirs.get_by_label("用途").fill("网站同步")
        theirs.get_by_role("button", name="签发令牌").click()
        expect(theirs.get_by_role("heading", level=1)).to_have_text("确认是您本人")
        officer.shot("identity-proof")
        theirs.get_by_role("button", name="我已在新页面确认，继续").click()
        expect(theirs.get_by_role("alert").first).to_contain_text("还没有收到身份平台的确认")
        _confirm_elsewhere(theirs, name)
        theirs.get_by_role("button", name="我已在新页面确认，继续").click()
        expect(theirs.locator("#new-token")).to_be_visible()

        _let_proofs_age(localhost)
        _give_device(theirs)
        officer.open("/settings/profile")
        theirs.get_by_label("名称", exact=True).fill("办公室电脑")
        theirs.get_by_role("button", name="登记通行密钥").click()
        dialog = theirs.get_by_role("dialog", name="确认是您本人")
        expect(dialog).to_be_visible()
        theirs.screenshot(path=str(SHOTS / "identity-dialog.png"))
        _confirm_elsewhere(theirs, name)
        dialog.get_by_role("button", name="我已在新页面确认，继续").click()
        expect(theirs.get_by_role("heading", level=1)).to_have_text("恢复码")
        for person in (admin, officer):
            assert [words for words in person.complaints if "status of 40" not in words] == []


def _confirm_elsewhere(page: Page, name: str) -> None:
    """In a page of its own, which says when to come back."""
    with page.expect_popup() as opened:
        page.get_by_role("link", name=f"用{name}确认").last.click()
    other = opened.value
    expect(other.get_by_role("heading", level=1)).to_have_text("已确认是您本人")
    other.screenshot(path=str(SHOTS / "identity-confirmed.png"))
    other.close()
