"""An officer leaves: their work is handed over on one page, printed, and they are out; the administrators' pages look right."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from app import create_app
from app.accounts.models import Account
from app.config import load
from app.db import atomic, db, utcnow
from app.posts import services as posts
from app.system.demo.city import PASSWORD
from app.units import services as units
from app.units.access import SYSTEM, actor_for
from app.units.roles import create_role
from tests.journeys.browser import sign_in
from tests.journeys.stack import Stack

EMAIL, TITLE = "leaving@demo.tandem", "节前供水安排"


@pytest.fixture
def leaver(stack: Stack) -> str:
    """The id of somebody with a draft, an account and a token; nobody but the reviewers has a role that people made."""
    app = create_app(load(stack.environment()))
    with app.app_context():
        now, author = utcnow(), units.find_user("author@demo.tandem")
        assert author is not None
        unit_id = author.unit_id
        user = units.create_user(
            SYSTEM, email=EMAIL, name="吴离", unit_id=unit_id, roles=["author"], password=PASSWORD, now=now
        )
        account = db.session.scalars(select(Account).where(Account.unit_id == unit_id)).first()
        assert account is not None
        fields = {
            "unit_id": unit_id,
            "title": TITLE,
            "summary": "节前分区供水。",
            "body_html": "<p>节前分区供水，请错峰用水。</p>",
            "account_ids": [account.id],
        }
        posts.create_post(actor_for(user), fields, now)
        units.issue_token(actor_for(user), user_id=user.id, name="月报程序", days=30, scopes=[], now=now)
        with atomic():
            account.responsible_id = user.id
        create_role(
            SYSTEM,
            unit_id=unit_id,
            name="拟稿兼回复",
            about="值班岗",
            permissions=["post.write", "inbox.reply"],
            now=now,
        )
        found = user.id
        db.session.remove()
        db.engine.dispose()
    return found


def test_work_is_handed_over_before_somebody_goes(stack: Stack, browser: Browser, leaver: str) -> None:
    admin = sign_in(browser, stack.web, "admin@demo.tandem", PASSWORD)
    page = admin.open(f"/settings/people/{leaver}")
    admin.shot("leaving-1-person")
    page.get_by_role("button", name="停用此人").click()
    # Led to the handover: something hangs on them.
    expect(page.get_by_role("heading", level=1)).to_have_text("离任交接：吴离")
    expect(page.get_by_text("名下还有 2 项工作")).to_be_visible()
    expect(page.get_by_role("button", name="办结交接并停用")).to_be_disabled()
    # Whoever may not write takes no post over: the reason stands at the item.
    page.get_by_label("全部交给").select_option(label="李卫东（青岚市人民政府办公室）")
    page.get_by_role("button", name="预览", exact=True).click()
    expect(page.get_by_text("没有撰写稿件的权限")).to_be_visible()
    admin.shot("leaving-2-refused")
    page.get_by_label("全部交给").select_option(label="王敏（青岚市人民政府办公室）")
    page.get_by_role("button", name="预览", exact=True).click()
    expect(page.get_by_text("由王敏接着写；此后王敏不能审这一篇")).to_be_visible()
    page.get_by_label("事由").fill("调离")
    admin.shot("leaving-3-ready")
    page.get_by_role("button", name="办结交接并停用").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("离任交接清单")
    expect(page.locator("#handover-record")).to_contain_text(f"《{TITLE}》")
    admin.shot("leaving-4-record")
    heir = sign_in(browser, stack.web, "author@demo.tandem", PASSWORD)
    expect(heir.open("/posts").get_by_text(TITLE).first).to_be_visible()
    gone = browser.new_context().new_page()
    gone.goto(f"{stack.web}/sign-in")
    gone.get_by_label("邮箱").fill(EMAIL)
    gone.get_by_label("密码").fill(PASSWORD)
    gone.get_by_role("button", name="登录", exact=True).click()
    expect(gone).to_have_url(f"{stack.web}/sign-in")
    for path, name in (
        ("/settings/roles", "roles"),
        ("/settings/roles/new?copy=author", "role-new"),
        ("/settings/separation", "separation"),
        ("/settings/events", "events"),
        ("/settings/people", "people"),
    ):
        admin.open(path)
        admin.shot(f"leaving-5-{name}")
    admin.page.goto(f"{stack.web}/accounts")
    admin.page.locator("a[href^='/accounts/']").filter(has_text="青岚发布").first.click()
    expect(admin.page.locator("#unit")).to_be_visible()
    admin.page.locator("#unit").scroll_into_view_if_needed()
    admin.shot("leaving-6-account")
    assert not admin.complaints
    assert not heir.complaints
