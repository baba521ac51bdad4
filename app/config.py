"""Configuration from the environment (see README); defaults make one machine work without any of it."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet
from flask import current_app


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything configurable; times in seconds, sizes in bytes."""

    instance_path: Path
    database_url: str
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    public_url: str = "http://127.0.0.1:8000"
    timezone: str = "Asia/Shanghai"
    simulator_url: str = "http://127.0.0.1:8010"
    weibo_base_url: str | None = None
    wechat_base_url: str | None = None
    egress_ip: str = ""
    trusted_proxies: int = 0
    prepare_lead_seconds: int = 600
    poll_seconds: int = 300
    reconcile_seconds: int = 15
    partner_wait_seconds: int = 2700
    heartbeat_seconds: int = 10
    lateness_seconds: int = 1200
    max_upload_bytes: int = 20 * 1024 * 1024
    session_idle_seconds: int = 1800
    step_up_seconds: int = 900
    smtp_url: str = field(default="", repr=False)
    alert_email: str = ""
    alert_webhook: str = field(default="", repr=False)

    @property
    def media_path(self) -> Path:
        return self.instance_path / "media"


def load(environ: Mapping[str, str] | None = None) -> Config:
    """Read the environment. Raises ValueError in Chinese naming the variable that is wrong."""
    env = os.environ if environ is None else environ
    instance = Path(env.get("TANDEM_INSTANCE_PATH") or "instance").absolute()
    instance.mkdir(parents=True, exist_ok=True)
    keys = env.get("TANDEM_ENCRYPTION_KEYS") or _once(instance / "encryption.key", Fernet.generate_key().decode())
    return Config(
        instance_path=instance,
        database_url=env.get("TANDEM_DATABASE_URL") or f"sqlite:///{instance / 'tandem.sqlite3'}",
        secret_key=env.get("TANDEM_SECRET_KEY") or _once(instance / "secret.key", secrets.token_urlsafe(48)),
        encryption_keys=tuple(key.strip() for key in keys.split(",") if key.strip()),
        public_url=(env.get("TANDEM_PUBLIC_URL") or "http://127.0.0.1:8000").rstrip("/"),
        timezone=env.get("TANDEM_TIMEZONE") or "Asia/Shanghai",
        simulator_url=(env.get("TANDEM_SIMULATOR_URL") or "http://127.0.0.1:8010").rstrip("/"),
        weibo_base_url=env.get("TANDEM_WEIBO_BASE_URL") or None,
        wechat_base_url=env.get("TANDEM_WECHAT_BASE_URL") or None,
        egress_ip=env.get("TANDEM_EGRESS_IP") or "",
        trusted_proxies=_number(env, "TANDEM_TRUSTED_PROXIES", 0),
        prepare_lead_seconds=_number(env, "TANDEM_PREPARE_LEAD_SECONDS", 600),
        poll_seconds=_number(env, "TANDEM_POLL_SECONDS", 300),
        reconcile_seconds=_number(env, "TANDEM_RECONCILE_SECONDS", 15),
        partner_wait_seconds=_number(env, "TANDEM_PARTNER_WAIT_SECONDS", 2700),
        heartbeat_seconds=_number(env, "TANDEM_HEARTBEAT_SECONDS", 10),
        lateness_seconds=_number(env, "TANDEM_LATENESS_SECONDS", 1200),
        max_upload_bytes=_number(env, "TANDEM_MAX_UPLOAD_BYTES", 20 * 1024 * 1024),
        session_idle_seconds=_number(env, "TANDEM_SESSION_IDLE_SECONDS", 1800),
        step_up_seconds=_number(env, "TANDEM_STEP_UP_SECONDS", 900),
        smtp_url=env.get("TANDEM_SMTP_URL") or "",
        alert_email=env.get("TANDEM_ALERT_EMAIL") or "",
        alert_webhook=env.get("TANDEM_ALERT_WEBHOOK") or "",
    )


def current() -> Config:
    """The configuration of the running app, for services (pages use web.settings)."""
    config: Config = current_app.extensions["tandem_config"]
    return config


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    raw = env.get(name)
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise ValueError(f"环境变量 {name} 应为整数，现为 {raw!r}。请改正后重新启动。") from None
    if value < 0:
        raise ValueError(f"环境变量 {name} 不能为负数，现为 {raw!r}。请改正后重新启动。")
    return value


def _once(path: Path, value: str) -> str:
    """The secret in `path`, written there first if it does not exist (two processes starting at once agree)."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(value)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
