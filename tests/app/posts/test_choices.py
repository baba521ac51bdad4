"""How a post is adapted is the author's to choose: kept as an override, in the payload by its effect, refused when unknown."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.errors import Invalid
from app.media import services as media
from app.posts import services as posts
from app.posts.pictures import long_pictures
from tests.app.posts.helpers import World, png


def test_a_theme_changes_the_payload_and_its_hash_and_goes_again(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    before = posts.post_json(post)["variants"][1]
    post = posts.override_variant(world.author, post.id, before["id"], {"theme": "service"}, now)
    chosen = posts.post_json(post)["variants"][1]
    assert chosen["overrides"] == {"theme": "service"}
    assert "font-size:18px" in chosen["payload"]["content_html"]
    assert set(chosen["payload"]) == set(before["payload"])
    assert chosen["sha256"] != before["sha256"]
    post = posts.override_variant(world.author, post.id, before["id"], {"theme": None}, now)
    assert posts.post_json(post)["variants"][1]["sha256"] == before["sha256"]


@pytest.mark.parametrize(
    ("at", "overrides"), [(1, {"theme": "neon"}), (1, {"brevity": True}), (0, {"theme": "policy"})]
)
def test_what_cannot_be_chosen_is_refused(world: World, now: datetime, at: int, overrides: dict[str, object]) -> None:
    post = posts.create_post(world.author, world.fields(), now)
    variant = posts.post_json(post)["variants"][at]
    with pytest.raises(Invalid):
        posts.override_variant(world.author, post.id, variant["id"], overrides, now)


def test_posters_are_known_by_their_shape(world: World, now: datetime) -> None:
    shas = [
        media.add_media(world.author, unit_id=world.city.id, name="x.png", content=png(colour, size), now=now).sha256
        for colour, size in (("red", (300, 900)), ("blue", (300, 899)))
    ]
    assert long_pictures({"images": [{"sha256": sha256} for sha256 in shas]}) == {shas[0]}
    assert long_pictures({"text": "没有图片"}) == set()
