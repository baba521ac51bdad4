"""Packs: where they hold, who may keep them, and every version as it was."""

from __future__ import annotations

import pytest

from app.audit.models import Event
from app.checks import keeping
from app.checks.builtin import builtin_packs
from app.checks.models import PackTerm, PackVersion, WordPack
from app.checks.packs import builtin_states, matcher_of, packs_seen_by, terms_of, words_for
from app.checks.terms import term_from
from app.checks.words import Term, find_all
from app.db import db
from app.errors import Conflict, Forbidden, Invalid, NotFound
from tests.app.posts.helpers import World

TERM = {"wrong": "青兰市", "right": "青岚市", "severity": "提醒", "reason": "地名", "exceptions": ""}


def city_pack(world: World, **term: str) -> WordPack:
    pack = keeping.create_pack(world.admin, unit_id=world.city.id, name="地名", source="市政府办", now=world.now)
    return keeping.add_term(world.admin, pack.id, {**TERM, **term}, world.now)


def found_in(world: World, unit_id: str, text: str) -> list[str]:
    return [found.term.right for found in find_all(words_for(unit_id), text)]


def rows_of(pack: WordPack) -> list[PackTerm]:
    return list(db.session.query(PackTerm).filter_by(pack_id=pack.id).order_by(PackTerm.since))


def test_a_pack_holds_for_its_unit_and_below(world: World) -> None:
    city_pack(world)
    assert found_in(world, world.city.id, "青兰市") == ["青岚市"]
    assert found_in(world, world.bureau.id, "青兰市") == ["青岚市"]
    assert found_in(world, world.other.id, "青兰市") == []


def test_the_nearer_units_term_comes_first(world: World) -> None:
    city_pack(world)
    admin = world.person("bureau-admin", world.bureau, "administrator")
    pack = keeping.create_pack(admin, unit_id=world.bureau.id, name="地名", source="", now=world.now)
    keeping.add_term(admin, pack.id, {**TERM, "right": "青岚"}, world.now)
    assert found_in(world, world.bureau.id, "青兰市") == ["青岚"]
    assert found_in(world, world.city.id, "青兰市") == ["青岚市"]


def test_every_change_is_a_version_and_each_can_be_shown(world: World) -> None:
    pack = city_pack(world)
    row = rows_of(pack)[0]
    keeping.change_term(world.admin, pack.id, row.id, {**TERM, "right": "青岚"}, world.now)
    (standing,) = [row for row in rows_of(pack) if row.until is None]
    keeping.remove_term(world.admin, pack.id, standing.id, world.now)
    assert [[term.right for term in terms_of(pack, version)] for version in (1, 2, 3, 4)] == [
        [],
        ["青岚市"],
        ["青岚"],
        [],
    ]
    history = db.session.query(PackVersion).filter_by(pack_id=pack.id).order_by(PackVersion.number).all()
    assert [(one.number, one.author_name, one.summary) for one in history] == [
        (1, "admin", "新建词库，0 条"),
        (2, "admin", "新增“青兰市”"),
        (3, "admin", "修改“青兰市”"),
        (4, "admin", "删除“青兰市”"),
    ]
    assert [event.action for event in db.session.query(Event).filter_by(object_type="pack").order_by(Event.seq)] == [
        "pack.create",
        "pack.edit",
        "pack.edit",
        "pack.edit",
    ]


def test_what_does_not_change_makes_no_version(world: World) -> None:
    pack = city_pack(world)
    keeping.change_term(world.admin, pack.id, rows_of(pack)[0].id, TERM, world.now)
    keeping.switch_pack(world.admin, pack.id, True, world.now)
    assert pack.version == 2


def test_a_term_changed_meanwhile_is_a_conflict(world: World) -> None:
    pack = city_pack(world)
    row = rows_of(pack)[0]
    keeping.remove_term(world.admin, pack.id, row.id, world.now)
    with pytest.raises(Conflict):
        keeping.change_term(world.admin, pack.id, row.id, {**TERM, "right": "青岚"}, world.now)
    keeping.add_term(world.admin, pack.id, TERM, world.now)
    assert [term.wrong for term in terms_of(pack)] == ["青兰市"]


def test_a_matcher_is_kept_until_the_pack_changes(world: World) -> None:
    pack = city_pack(world)
    first = matcher_of(pack)
    assert matcher_of(pack) is first
    keeping.add_term(world.admin, pack.id, {**TERM, "wrong": "青蓝市"}, world.now)
    assert matcher_of(pack) is not first
    assert len(matcher_of(pack)) == 2


def test_a_pack_switched_off_finds_nothing(world: World) -> None:
    pack = city_pack(world)
    keeping.switch_pack(world.admin, pack.id, False, world.now)
    assert found_in(world, world.city.id, "青兰市") == []
    keeping.switch_pack(world.admin, pack.id, True, world.now)
    assert found_in(world, world.city.id, "青兰市") == ["青岚市"]
    assert pack.version == 4


def test_who_may_keep_a_pack(world: World) -> None:
    pack = city_pack(world)
    below = world.person("bureau-admin", world.bureau, "administrator")
    assert keeping.get_pack(below, pack.id) == pack
    assert packs_seen_by(below) == [pack]
    with pytest.raises(Forbidden, match="由“青岚市政府办”维护"):
        keeping.add_term(below, pack.id, {**TERM, "wrong": "青蓝市"}, world.now)
    with pytest.raises(Forbidden):
        keeping.add_term(world.author, pack.id, {**TERM, "wrong": "青蓝市"}, world.now)
    with pytest.raises(NotFound):
        keeping.add_term(world.outsider, pack.id, TERM, world.now)
    assert packs_seen_by(world.outsider) == []
    with pytest.raises(NotFound):
        keeping.create_pack(below, unit_id=world.city.id, name="甲", source="", now=world.now)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"wrong": ""}, "wrong"),
        ({"wrong": "岚"}, "wrong"),
        ({"wrong": "青" * 61}, "wrong"),
        ({"wrong": "青\u200b兰"}, "wrong"),
        ({"wrong": "青岚市"}, "right"),
        ({"severity": "很坏"}, "severity"),
        ({"exceptions": "蓝天"}, "exceptions"),
        ({"reason": "长" * 301}, "reason"),
    ],
)
def test_what_is_no_term_is_refused_with_its_field(change: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        term_from({**TERM, **change})
    assert list(refused.value.errors) == [field]


def test_a_word_stands_once_in_a_pack(world: World) -> None:
    pack = city_pack(world)
    with pytest.raises(Invalid) as refused:
        keeping.add_term(world.admin, pack.id, TERM, world.now)
    assert list(refused.value.errors) == ["wrong"]
    keeping.add_term(world.admin, pack.id, {**TERM, "wrong": "青蓝市"}, world.now)
    row = keeping.find_term(pack.id, "青蓝市")
    assert row is not None
    with pytest.raises(Invalid):
        keeping.change_term(world.admin, pack.id, row.id, TERM, world.now)
    assert pack.version == 3


def test_two_packs_of_a_unit_have_two_names(world: World) -> None:
    pack = city_pack(world)
    with pytest.raises(Invalid):
        keeping.create_pack(world.admin, unit_id=world.city.id, name=" 地名 ", source="", now=world.now)
    other = keeping.create_pack(world.admin, unit_id=world.city.id, name="机构", source="", now=world.now)
    with pytest.raises(Invalid):
        keeping.rename_pack(world.admin, other.id, name="地名", source="", now=world.now)
    keeping.rename_pack(world.admin, pack.id, name="地名", source="另一来源", now=world.now)
    assert (pack.source, pack.version) == ("另一来源", 2)


def test_the_products_packs_hold_until_a_unit_says_otherwise(world: World) -> None:
    key = builtin_packs()[0].key
    assert found_in(world, world.bureau.id, "其它") == ["其他"]
    keeping.switch_builtin(world.admin, world.city.id, key, False, world.now)
    assert found_in(world, world.bureau.id, "其它") == []
    assert found_in(world, world.other.id, "其它") == ["其他"]
    keeping.switch_builtin(world.admin, world.bureau.id, key, True, world.now)
    assert found_in(world, world.bureau.id, "其它") == ["其他"]
    assert found_in(world, world.city.id, "其它") == []
    assert [state.decided_by for state in builtin_states(world.bureau)] == [world.bureau, None]


def test_a_copy_takes_the_place_of_the_products_pack(world: World) -> None:
    builtin = builtin_packs()[0]
    pack = keeping.copy_builtin(world.admin, world.city.id, builtin.key, world.now)
    assert set(terms_of(pack)) == set(builtin.terms)
    row = keeping.find_term(pack.id, "其它")
    assert row is not None
    keeping.remove_term(world.admin, pack.id, row.id, world.now)
    assert found_in(world, world.bureau.id, "其它，截止目前") == ["截至目前"]
    assert isinstance(terms_of(pack)[0], Term)
