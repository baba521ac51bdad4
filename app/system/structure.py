"""The structure of the database: which one it has, and which one this program needs."""

from __future__ import annotations

import re
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.db import db
from app.errors import Conflict

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def revision() -> str:
    """The version of the database's structure. Raises Conflict when it was not made by migrations."""
    if "alembic_version" not in db.inspect(db.session.connection()).get_table_names():
        raise Conflict("没有执行。数据库还没有建表。请先运行 flask --app wsgi db upgrade。")
    return str(db.session.scalar(text("SELECT version_num FROM alembic_version")))


def newest() -> str:
    """The version that this program needs."""
    return str(scripts().get_current_head())


def scripts() -> ScriptDirectory:
    """The migrations that came with this program."""
    return ScriptDirectory.from_config(alembic_config())


def made() -> set[str]:
    """The tables that our migrations ever made."""
    sources = (Path(one.path).read_text() for one in scripts().walk_revisions())
    return {name for source in sources for name in re.findall(r'create_table\(\s*"(\w+)"', source)}


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
