"""Every route and API operation, as every role, as nobody, as another unit's user, with a forged token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from app.units.access import ROLES
from tests.app.matrix.calling import may, path_of, sent_of, words_of
from tests.app.matrix.conftest import Door
from tests.app.matrix.expectations import OPERATIONS, PUBLIC, Operation
from tests.app.matrix.world import CHIEF, INSIDE, MARK, NOBODY, NONE, SECRET, STRANGER

ABSENT = frozenset({403, 404})


def listed(door: Door) -> Iterator[str]:
    for rule in door.app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield f"{method} {rule.rule}"


def test_every_route_is_listed(door: Door) -> None:
    """Who adds a route says here who may use it; 344 operations at this writing."""
    counted = Counter(operation.name for operation in OPERATIONS)
    assert not [name for name, times in counted.items() if times > 1]
    assert set(counted) == set(listed(door))


def call(door: Door, operation: Operation, who: str, **more: str) -> TestResponse:
    return door.ask(who, operation.method, path_of(operation, door.world), **sent_of(operation, door.world), **more)


def fault_of_refusal(door: Door, operation: Operation, who: str, answer: TestResponse) -> str:
    """What is wrong with the answer to somebody who may not; "" when nothing is."""
    status, named = answer.status_code, ABSENT
    if who == STRANGER:
        # What is not theirs to see does not exist: not under an address, nor as a choice in a form.
        named = frozenset({404} if "<" in operation.rule else {403, 404, 422})
    told = status in (302, 303) and any(kind == "error" for kind, _words in door.said(answer))
    if status in named or (told and not operation.api and operation.changes):
        return ""
    if (operation.in_place or operation.each is not None) and status < 500:
        return ""
    return f"{status}, expected {sorted(named)}: {words_of(answer)[:150]!r}"


def fault_of_consent(operation: Operation, answer: TestResponse) -> str:
    """What is wrong with the answer to somebody who may."""
    status = answer.status_code
    if status in operation.may or (status < 500 and status not in (401, 403, 404)):
        if "/sign-in" in answer.headers.get("Location", "") and operation.rule not in ("/sign-out", "/sign-in/second"):
            return "sent to sign in"
        return ""
    return f"{status}, expected success or a refusal in words: {words_of(answer)[:150]!r}"


def leaks(answer: TestResponse, *marks: str) -> str:
    found = [mark for mark in marks if mark in words_of(answer)]
    return f"tells of {found}" if found else ""


@pytest.mark.parametrize("who", [*INSIDE, STRANGER])
def test_each_role_may_what_it_may_and_nothing_else(door: Door, who: str) -> None:
    """The seven roles and nobody's, in the county that owns things; every role next door."""
    faults, calls = [], Counter[str]()
    for operation in OPERATIONS:
        answer, able = call(door, operation, who), may(operation, who)
        calls["may" if able else "may not"] += 1
        found = [fault_of_consent(operation, answer) if able else fault_of_refusal(door, operation, who, answer)]
        if not able and (changed := door.changed() - (operation.each or frozenset())):
            found.append(f"changed {sorted(changed)}")
        door.tidy()
        if who == STRANGER and operation.who != PUBLIC:
            found.append(leaks(answer, MARK, SECRET))
        elif who in (NONE, "auditor") and not able:
            found.append(leaks(answer, SECRET))
        faults += [f"{operation.name} as {who}: {one}" for one in found if one]
    assert not faults, f"{len(faults)} faults in {calls.total()} calls {dict(calls)}:\n" + "\n".join(faults)
    assert calls.total() == len(OPERATIONS)


def test_nobody_is_asked_to_sign_in(door: Door) -> None:
    """API: 401. Pages: off to sign in. And told nothing."""
    faults = []
    for operation in OPERATIONS:
        answer = call(door, operation, NOBODY)
        status, target = answer.status_code, answer.headers.get("Location", "")
        if operation.who == PUBLIC:
            found = [fault_of_consent(operation, answer)]
        else:
            refused = status == 401 if operation.api else status == 302 and target.startswith("/sign-in")
            refused = status == 404 if operation.hidden else refused
            found = ["" if refused else f"{status} {target}", leaks(answer, MARK, SECRET)]
            found.append(f"changed {sorted(door.changed())}" if door.wrote() else "")
        door.tidy()
        faults += [f"{operation.name}: {one}" for one in found if one]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("given", ["forged", "missing"])
def test_a_forged_or_missing_csrf_token_changes_nothing(door: Door, given: str) -> None:
    """Every page route that changes something, as somebody who may: refused, whoever clicked. Only a platform's callback
    comes without one."""
    faults, calls = [], 0
    for operation in OPERATIONS:
        if operation.api or not operation.changes or operation.rule.startswith("/callbacks/"):
            continue
        calls += 1
        answer = call(door, operation, somebody_who_may(operation), csrf=door.forged if given == "forged" else "")
        if answer.status_code != 400 or door.changed():
            faults.append(f"{operation.name}: {answer.status}")
    assert not faults, f"{calls} calls:\n" + "\n".join(faults)
    assert calls > 100


def somebody_who_may(operation: Operation) -> str:
    return next(who for who in ("author", *ROLES, CHIEF) if may(operation, who))
