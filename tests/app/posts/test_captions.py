"""A picture's caption goes to WeChat as one, stands on the permalink, and is no sentence of the text on Weibo."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.media.services import add_media
from app.posts import services as posts
from connectors.weibo.adapt import clean_html
from tests.app.posts.helpers import World, png


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_caption_on_each_platform(world: World, now: datetime) -> None:
    sha256 = add_media(world.author, unit_id=world.city.id, name="a.png", content=png(), now=now).sha256
    figure = f'<figure><img src="/media/{sha256}" alt="大屏"><figcaption>供水调度中心</figcaption></figure>'
    body = f"<p>今晚停水。</p>{figure}"
    post = posts.create_post(world.author, world.fields(body_html=body, summary=""), now)
    assert posts.current_revision(post).body_html == body
    variants = {variant.account.platform: variant for variant in posts.current_variants(post)}
    article = variants["wechat"].payload["content_html"]
    assert "供水调度中心</p>" in article
    assert article.index("<img") < article.index("供水调度中心")
    caption = article[: article.index("供水调度中心")].rpartition("<p")[2]
    assert "text-align:center" in caption.replace(": ", ":")
    status = variants["weibo"].payload
    assert "供水调度中心" not in status["text"]
    assert len(status["images"]) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_caption_of_a_table_on_each_platform(world: World, now: datetime) -> None:
    """On WeChat a line of its own above the table, however it is shown there; no sentence of the text on Weibo."""
    wide = "".join(f"<th>{name}</th>" for name in "甲乙丙丁戊己庚")
    cells = "".join(f"<td>{number}</td>" for number in range(7))
    tables = (
        "<table><caption>表1 停水区域</caption><tbody><tr><td>城东</td></tr></tbody></table>"
        f"<table><caption>表2 各区时段</caption><tbody><tr>{wide}</tr><tr>{cells}</tr></tbody></table>"
    )
    body = f"<p>今晚停水。</p>{tables}"
    post = posts.create_post(world.author, world.fields(body_html=body, summary=""), now)
    assert posts.current_revision(post).body_html == body
    variants = {variant.account.platform: variant for variant in posts.current_variants(post)}
    article = variants["wechat"].payload["content_html"]
    assert article.index("表1 停水区域</p>") < article.index("<table")
    assert "表2 各区时段</p>" in article
    assert "<caption" not in article
    assert "表1" not in variants["weibo"].payload["text"]


def test_a_caption_in_an_article_of_weibo_is_a_line_of_its_own() -> None:
    figure = '<figure><img src="https://wx1.sinaimg.cn/1.jpg" alt="大屏"><figcaption>供水调度中心</figcaption></figure>'
    assert clean_html(figure) == '<img src="https://wx1.sinaimg.cn/1.jpg"><p>供水调度中心</p>'
