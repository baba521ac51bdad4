"""A city with many accounts of both platforms, known to a simulator too, and approved posts for pairs of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import requests

from app.accounts.models import Account
from app.db import atomic, db
from tests.app.accounts.kit import WECHAT, WEIBO
from tests.app.publishing.kit import Desk

# The ledger must not hold what the storm is to hit: every quota of an account is far away.
_PLENTY = 10_000_000
_COUNTED = (
    "daily_calls",
    "publish_per_hour",
    "statuses/share",
    "statuses/update",
    "mass",
    "mass_per_day",
    "mass_per_month",
    "draft/add",
    "draft/get",
    "draft/update",
    "draft/batchget",
    "draft/delete",
    "draft/count",
    "freepublish/submit",
    "freepublish/get",
    "freepublish/batchget",
    "freepublish/getarticle",
    "message/mass/sendall",
    "message/mass/sendall/minute",
)
QUOTAS = dict.fromkeys(_COUNTED, _PLENTY)
WEIBO_MODES = ("share", "full")
# Every third WeChat account sends 群发: what became of it only a person or its key can tell, for nothing calls back here.
WECHAT_MODES = ("publish", "publish", "mass")


@dataclass
class Simulated:
    """The switchboard of a simulator process."""

    url: str

    def call(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """Raises requests.RequestException."""
        answer = requests.request(method, self.url + path, json=body, timeout=60)
        answer.raise_for_status()
        found: dict[str, object] = answer.json()
        return found


@dataclass(frozen=True, kw_only=True)
class Known:
    """An account by its ids: here and at the platform."""

    id: str
    external_id: str


class Town(Desk):
    """One unit with an author, a publisher, an administrator, and `pairs` of accounts."""

    def __init__(self, now: datetime, simulated: Simulated, pairs: int) -> None:
        self.now, self.simulated, self.secrets = now, simulated, set[str]()
        self.city = self._unit("青岚市政府办")
        self.author = self.person("author", self.city, "author")
        self.publisher = self.person("publisher", self.city, "publisher")
        self.admin = self.person("admin", self.city, "administrator")
        self.pairs = [(self._weibo(number), self._wechat(number)) for number in range(pairs)]
        # Objects of a session that lost its database cannot be read any more: what the storm needs of them.
        self.unit_id = self.city.id
        self.known = [tuple(Known(id=one.id, external_id=one.external_id) for one in pair) for pair in self.pairs]

    def _weibo(self, number: int) -> Account:
        uid, mode = str(1_902_538_000 + number), WEIBO_MODES[number % len(WEIBO_MODES)]
        mine = {"app_secret": f"weibo-secret-{number}-QhZk7", "access_token": f"2.00Token{number}QhZk7"}
        told = {**WEIBO, **mine, "app_key": str(1_352_222_000 + number)}
        self._register("weibo", uid, {**told, "level": mode})
        self.secrets.update(mine.values())
        return self._account("weibo", uid, mode, {**told, "uid": uid})

    def _wechat(self, number: int) -> Account:
        gh, mode = f"gh_97417a04{number:04d}", WECHAT_MODES[number % len(WECHAT_MODES)]
        mine = {"app_secret": f"wechat-secret-{number}-QhZk7"}
        told = {**WECHAT, **mine, "app_id": f"wxba5fad812f8e{number:04d}"}
        self._register("wechat", gh, told)
        self.secrets.update((*mine.values(), told["token"], told["encoding_aes_key"]))
        return self._account("wechat", gh, mode, told)

    def _register(self, platform: str, external_id: str, told: dict[str, str]) -> None:
        body = {**told, "name": f"青岚发布{external_id}", "quotas": QUOTAS}
        self.simulated.call("PUT", f"/_sim/accounts/{platform}/{external_id}", body)

    def _account(self, platform: str, external_id: str, mode: str, credentials: dict[str, str]) -> Account:
        with atomic():
            account = Account(
                unit_id=self.city.id,
                platform=platform,
                external_id=external_id,
                name=f"青岚发布{external_id}",
                environment="simulator",
                mode=mode,
                credentials=dict(credentials),
                settings={"quotas": QUOTAS},
                callback_key=f"key-{external_id}",
                created_at=self.now,
            )
            db.session.add(account)
        return account

    def post(self, number: int) -> str:
        """An approved post for one pair of accounts; its id."""
        pair = self.pairs[number % len(self.pairs)]
        return self.approved(f"第{number}号通告", accounts=list(pair)).id
