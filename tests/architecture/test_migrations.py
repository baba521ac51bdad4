"""The migrations make exactly the models' tables, up and down, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import inspect

from app import create_app
from app.config import Config
from app.db import db


@pytest.fixture
def empty(config: Config) -> Iterator[Flask]:
    application = create_app(config)
    with application.app_context():
        yield application
        db.session.remove()
        db.engine.dispose()


def test_up_check_down_up(empty: Flask) -> None:
    upgrade()
    check()
    assert set(inspect(db.engine).get_table_names()) == {*db.metadata.tables, "alembic_version"}
    downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    upgrade()
    check()
