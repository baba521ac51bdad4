"""create_app(): the table of contents of the product."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from flask import Flask
from flask_smorest import Api
from werkzeug.middleware.proxy_fix import ProxyFix

from app import assets, json_bodies, logs, states, storable, web
from app.config import Config, load
from app.db import TIMELY, install_engine_hooks
from app.db import db as database
from app.extensions import babel, csrf, login_manager, migrate
from app.schemas import AwareTime, RefusalOut

ROOT = Path(__file__).resolve().parent.parent

# Low to high: each may import those before it.
CAPABILITIES = (
    "audit",
    "search",
    "units",
    "accounts",
    "media",
    "checks",
    "posts",
    "review",
    "notices",
    "publishing",
    "previews",
    "inbox",
    "inspection",
    "site",
    "callbacks",
    "workbench",
    "handover",
    "system",
)


def create_app(config: Config | None = None) -> Flask:
    """The WSGI app. Each capability registers its pages, its part of the API, its commands and its hooks."""
    config = config or load()
    logs.configure()
    app = Flask(__name__, instance_path=str(config.instance_path))
    app.extensions["tandem_config"] = config
    app.extensions["tandem_cipher"] = MultiFernet([Fernet(key.encode()) for key in config.encryption_keys])
    app.config.update(
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(config.database_url),
        MAX_CONTENT_LENGTH=config.max_upload_bytes + 64 * 1024,
        MAX_FORM_MEMORY_SIZE=8 * 1024 * 1024,
        BABEL_DEFAULT_LOCALE="zh_CN",
        BABEL_DEFAULT_TIMEZONE=config.timezone,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.public_url.startswith("https://"),
        WTF_CSRF_TIME_LIMIT=None,
        API_TITLE="Tandem 两微联动",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
    )
    json_bodies.init(app)
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    _bind_extensions(app)
    web.init(app)
    storable.init(app)
    assets.init(app)
    states.init(app)
    for name in CAPABILITIES:
        if (ROOT / "app" / name / "models.py").exists():
            import_module(f"app.{name}.models")
    for name in CAPABILITIES:
        import_module(f"app.{name}").register(app)
    return app


class DescribedApi(Api):  # type: ignore[misc]
    """The document of the API says of a refusal what web.problem_json() sends."""

    ERROR_SCHEMA = RefusalOut


def _bind_extensions(app: Flask) -> None:
    database.init_app(app)
    with app.app_context():
        install_engine_hooks(database.engine)
    migrate.init_app(app, database, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)
    csrf.init_app(app)
    login_manager.init_app(app)
    babel.init_app(app, locale_selector=web.choose_locale)
    api = DescribedApi(app)
    api.register_field(AwareTime, "string", "date-time")
    app.extensions["tandem_api"] = api


# As many connections as threads of a scheduler may want. Parameters never reach a log: they hold citizens' words and
# encrypted secrets.
_POOL: dict[str, object] = {"hide_parameters": True, "pool_size": 10, "max_overflow": 70}


def _engine_options(url: str) -> dict[str, object]:
    if url.startswith("sqlite"):
        return {**_POOL, "connect_args": {"check_same_thread": False, "timeout": 5}}
    return {
        **_POOL,
        "pool_pre_ping": True,
        "connect_args": {"prepare_threshold": None, **TIMELY},
    }
