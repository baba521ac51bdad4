"""A delivery as a queue's task does it: at most once, with evidence, kept in PostgreSQL.

The attempt is saved before the call, so that whoever gets the task a second time leaves it alone; the answer is saved
after it, in one statement. By plain psycopg, one connection a thread: the least that gives what Tandem gives (which
also counts quotas, checks the stop switch, the partners and the deadline, and keeps the masked exchange).
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any

import psycopg
import requests

from benchmarks.calls import send, text_of

SCHEMA = """
CREATE TABLE deliveries (number integer PRIMARY KEY, status text NOT NULL DEFAULT 'scheduled');
CREATE TABLE attempts (
    id bigserial PRIMARY KEY, delivery integer NOT NULL UNIQUE REFERENCES deliveries, worker text NOT NULL,
    started_at timestamptz NOT NULL, request text NOT NULL, answered_at timestamptz,
    outcome text NOT NULL DEFAULT '', answer jsonb);
CREATE INDEX ON deliveries (status);
"""
BEGIN = """
INSERT INTO attempts (delivery, worker, started_at, request) VALUES (%s, %s, clock_timestamp(), %s)
ON CONFLICT (delivery) DO NOTHING RETURNING id
"""
END = """
WITH told AS (
    UPDATE attempts SET answered_at = clock_timestamp(), outcome = %s, answer = %s WHERE id = %s RETURNING delivery)
UPDATE deliveries SET status = %s FROM told WHERE number = told.delivery
"""
_here = threading.local()


def environment(name: str) -> str:
    """TANDEM_BENCH_URL, _DSN or _REDIS, as the harness gives them to its workers."""
    return os.environ[f"TANDEM_BENCH_{name}"]


def deliver(number: int) -> None:
    """The whole of one delivery."""
    line = _connection()
    begun = line.execute(BEGIN, (number, str(os.getpid()), text_of(number))).fetchone()
    if begun is None:
        return
    answer: dict[str, Any]
    try:
        answer, outcome, status = send(environment("URL"), number), "receipt", "published"
    except (requests.RequestException, ValueError, RuntimeError) as error:
        # It may have arrived: it is never sent again, and stands there for a person.
        answer, outcome, status = {"error": repr(error)}, "unknown", "unknown"
    line.execute(END, (outcome, json.dumps(answer, ensure_ascii=False), begun[0], status))


def _connection() -> psycopg.Connection[Any]:
    line: psycopg.Connection[Any] | None = getattr(_here, "line", None)
    if line is None:
        line = _here.line = psycopg.connect(environment("DSN"), autocommit=True)
    return line
