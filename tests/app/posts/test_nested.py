"""JSON that is nested without end is refused in words, on pages and in the API; so is what is no object."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.db import db, utcnow
from app.posts import services
from app.posts.models import Post
from app.units.services import issue_token
from tests.app.posts.conftest import Enter
from tests.app.posts.helpers import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# Beyond what any reader bears, and near what this one does.
DEPTHS = (900, 200_000)
ENDLESS = "[" * 200_000


@pytest.mark.parametrize("body", [ENDLESS, '{"a":' * 200_000, *('{"title":' + "[" * n + "]" * n + "}" for n in DEPTHS)])
def test_the_api_refuses_it_in_words(app: Flask, world: World, body: str) -> None:
    token = issue_token(world.author, user_id=world.author.user_id, name="t", days=1, scopes=[], now=utcnow())
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = app.test_client().post("/api/v1/posts", data=body, headers=headers)
    assert answer.status_code in (400, 422), answer.text[:300]
    assert answer.json is not None
    assert answer.json["message"]
    if answer.status_code == 400:
        assert answer.json["errors"] == {"json": ["请求体不是有效的 JSON。"]}
    assert db.session.scalar(select(func.count(Post.id))) == 0


@pytest.mark.parametrize(
    "path", ["/posts/paste", "/posts/import-page", "/posts/{id}/comparison", "/posts/{id}/presence"]
)
def test_pages_take_it_for_nothing(world: World, enter: Enter, path: str) -> None:
    post = services.create_post(world.author, fields=world.fields(), now=utcnow())
    client, address = enter(world.author), path.format(id=post.id)
    bodies = [ENDLESS, "[1]", "[]", '"x"']
    bodies += ['{"mine":%s,"base":%s,"html":%s,"url":%s}' % ((("[" * n + "]" * n),) * 4) for n in DEPTHS]
    for body in bodies:
        answer = client.post(address, data=body, content_type="application/json")
        assert answer.status_code < 500, (body[:20], answer.text[:300])
