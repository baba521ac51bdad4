"""API tokens: only what their scopes name, and nothing once they are revoked or expired."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.db import atomic, db
from app.units.access import PERMISSIONS
from app.units.models import ApiToken
from tests.app.matrix.calling import path_of, sent_of, words_of
from tests.app.matrix.conftest import Door
from tests.app.matrix.expectations import ANYONE, API, PUBLIC, Operation
from tests.app.matrix.world import CHIEF, digest

OPERATIONS = [operation for operation in API if operation.who not in (PUBLIC, ANYONE)]


def needed(operation: Operation) -> frozenset[str]:
    """The permissions of which one must be in the scopes; who alone may do it does so by post.write or review.decide."""
    alone = {"=author": "post.write", "=reviewer": "review.decide"}
    return frozenset(alone.get(one, one) for one in operation.who.split("|"))


def issue(door: Door, name: str, **values: object) -> str:
    with atomic():
        now = door.world.now
        kept = {"created_at": now, "expires_at": now + timedelta(days=1), "last_used_at": now, **values}
        user_id = door.world.ids[f"{CHIEF}_user"]
        db.session.add(ApiToken(user_id=user_id, name=name, digest=digest(name), **kept))
    return name


def test_a_scope_that_lacks_the_permission_is_refused(door: Door) -> None:
    """With all other scopes, as somebody who may do everything everywhere: one call for each operation."""
    faults = []
    for operation in OPERATIONS:
        token = issue(door, "tdm_scoped", scopes=sorted(set(PERMISSIONS) - needed(operation)))
        door.accept()
        answer = door.ask(
            CHIEF,
            operation.method,
            path_of(operation, door.world),
            token=token,
            **sent_of(operation, door.world),
        )
        if (answer.status_code not in (403, 404) and operation.each is None) or door.wrote():
            faults.append(f"{operation.name}: {answer.status} {words_of(answer)[:120]}")
        door.put_back()
    assert not faults, f"{len(OPERATIONS)} calls:\n" + "\n".join(faults)


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_a_token_that_ended_opens_nothing(door: Door, ended: str) -> None:
    token = issue(door, "tdm_ended", **{ended: door.world.now})
    door.accept()
    faults = []
    for operation in API:
        if operation.who == PUBLIC:
            continue
        path, sent = path_of(operation, door.world), sent_of(operation, door.world)
        answer = door.ask(CHIEF, operation.method, path, token=token, **sent)
        if answer.status_code != 401 or door.wrote():
            faults.append(f"{operation.name}: {answer.status}")
    door.put_back()
    assert not faults, "\n".join(faults)
