"""A crash in the middle of a removal or an upload: the next sweep leaves exactly the bytes that rows promise."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.config import Config
from app.media import removing
from app.media.blobs import path_of, read_blob, set_aside
from app.media.models import Media
from app.media.services import add_media
from app.media.sweeping import sweep
from scheduler import jobs
from scheduler.runtime import Runtime
from tests.app.posts.helpers import World, png

HOUR = timedelta(hours=1)


class Crash(BaseException):
    """The process ends here."""


def put(world: World, colour: str = "red") -> Media:
    return add_media(world.author, unit_id=world.city.id, name="图.png", content=png(colour), now=world.now)


def aged(path: Path, at: datetime) -> Path:
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def test_bytes_set_aside_come_back_while_their_row_stands(world: World, now: datetime) -> None:
    """The process died between setting them aside and the commit."""
    media = put(world)
    content = read_blob(media.sha256)
    aside = set_aside(media.sha256)
    assert aside is not None
    aged(aside, now)
    sweep(now + HOUR)
    assert aside.exists(), "the removal may still run"
    sweep(now + 2 * HOUR)
    assert read_blob(media.sha256) == content
    assert not aside.exists()


def test_bytes_of_a_removal_that_was_committed_are_erased(
    world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = put(world)
    path = path_of(media.sha256)

    def crash(_path: Path, missing_ok: bool = False) -> None:
        raise Crash

    with monkeypatch.context() as dying:
        dying.setattr(Path, "unlink", crash)
        with pytest.raises(Crash):
            removing.remove(world.author, media.id, now)
    (aside,) = path.parent.iterdir()
    aged(aside, now)
    sweep(now + 2 * HOUR)
    assert list(path.parent.iterdir()) == []


def test_bytes_uploaded_again_meanwhile_are_kept_once(world: World, now: datetime) -> None:
    media = put(world)
    aside = set_aside(media.sha256)
    assert aside is not None
    put(world)
    aged(aside, now)
    sweep(now + 2 * HOUR)
    assert [path.name for path in aside.parent.iterdir()] == [media.sha256]


def test_halves_go_and_everything_else_stays(world: World, config: Config, now: datetime) -> None:
    folder = path_of(put(world).sha256).parent
    half, strange = folder / f".{'a' * 64}.0123abcd", folder / ".gitkeep"
    for path in (half, strange):
        path.write_bytes(b"x")
        aged(path, now)
    sweep(now + 2 * HOUR)
    assert not half.exists()
    assert strange.exists()
    assert len(list(folder.iterdir())) == 2


def test_setting_aside_counts_from_that_moment(world: World) -> None:
    """A file is as old as its upload: a removal under way must not look old for that."""
    media = put(world)
    long_ago = 1_000_000_000
    os.utime(path_of(media.sha256), (long_ago, long_ago))
    aside = set_aside(media.sha256)
    assert aside is not None
    assert aside.stat().st_mtime > long_ago


def test_the_scheduler_sweeps_daily_and_at_its_start(app: Flask, world: World, now: datetime) -> None:
    media = put(world)
    aside = set_aside(media.sha256)
    assert aside is not None
    aged(aside, now)
    runtime = Runtime(worker="w", context=app.app_context, clock=lambda: now + 2 * HOUR, threads=1)
    (job,) = [job for job in jobs.table(runtime) if job.name == "left files"]
    assert job.seconds == 86400
    job.run()
    assert path_of(media.sha256).is_file()
