"""The API against its own document: what it describes is taken without a fault, and answered as it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

from tests.app.matrix.conftest import Door
from tests.app.matrix.expectations import API, NAMED, Operation
from tests.app.matrix.world import CHIEF, TOKEN

EXAMPLES = 3
# Status, kind and shape of every answer; whether sample values make sense to the domain is not the document's to say.
WANTED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
# The document and its page do not describe themselves.
SELF = {"/api/v1/openapi.json", "/api/v1/docs"}


def test_every_operation_answers_as_its_document_says(door: Door) -> None:
    """100 operations, a few random requests each with a fixed seed, about things that are there, as somebody who may do
    everything everywhere."""
    load_all_checks()
    checks = CHECKS.get_by_names(WANTED)
    listed = {operation.name: operation for operation in API if operation.rule not in SELF}
    faults: list[str] = []
    calls = 0

    def one(case: Any) -> None:
        nonlocal calls
        calls += 1
        answer = case.call(headers={"Authorization": f"Bearer {TOKEN.format(name=CHIEF)}"})
        try:
            case.validate_response(answer, checks=checks)
        except FailureGroup as group:
            faults.extend(f"{case.method} {case.path}: {answer.status_code} {found}" for found in group.exceptions)
        door.tidy()

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", door.app)
    for result in schema.get_all_operations():
        described = result.ok()
        rule = described.path.replace("{", "<").replace("}", ">")
        operation = listed.pop(f"{described.method.upper()} {rule}")
        some(described.as_strategy(path_parameters=_known(operation, door, described) or None), one)
    assert not listed, "the document lacks operations"
    assert not faults, f"{len(faults)} of {calls}:\n" + "\n".join(faults)
    assert calls >= 100


def some(cases: Any, act: Callable[[Any], None]) -> None:
    """Do it to a few, the same each time."""
    quiet = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    quiet(seed(20260712)(given(case=cases)(act)))()


def _known(operation: Operation, door: Door, described: Any) -> dict[str, str]:
    ids = {**NAMED, **operation.ids}
    return {part.name: door.world.ids[ids[part.name]] for part in described.path_parameters}


def test_what_a_platform_refused_is_answered_in_the_one_error_form(door: Door) -> None:
    """`code` is the HTTP status, whatever the platform calls its refusal."""
    answer = door.ask(
        CHIEF, "PATCH", f"/api/v1/conversations/{door.world.ids['conversation']}/contact", json={"remark": "张先生"}
    )
    told = answer.get_json()
    assert (answer.status_code, told["code"], told["status"]) == (409, 409, "Conflict")
    assert told["platform_code"]
    door.tidy()
