"""Who may ask the UI for what."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from ingestion.operations.judging import Grade
from orchestration.outcome import VALID, read_outcome, write_outcome
from orchestration.webserver import Guard, GuardedWebserver, HealthAnswer

pytestmark = pytest.mark.slow

HOST = ("host", "localhost:3000")


def answer(path: str, *headers: tuple[str, str], method: str = "GET", query: str = "", kind: str = "http") -> int:
    """The status of an answer; of a web socket the code that it is closed with, 0 where it is let through."""
    sent: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if kind == "http":
            await PlainTextResponse("answered")(scope, receive, send)

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, str]:
        return {"type": "http.request"}

    scope = {
        "type": kind,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    if kind == "http":
        scope["method"] = method
    asyncio.run(Guard(application, ["Warehouse.example.com"])(scope, receive, send))
    if kind == "websocket":
        return sent[0]["code"] if sent else 0
    return int(sent[0]["status"])


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1", "[::1]:3000", "warehouse.example.com", "LOCALHOST"])
def test_own_names_are_answered(host: str) -> None:
    assert answer("/", ("host", host)) == 200
    assert answer("/graphql", ("host", host), method="POST") == 200
    assert answer("/graphql", ("host", host), ("origin", f"http://{host}"), method="POST") == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:3000", "", "["])
def test_name_that_was_made_to_point_here_is_refused(host: str) -> None:
    assert answer("/", ("host", host)) == 403
    assert answer("/graphql", ("host", host), kind="websocket") == 1008
    assert answer("/") == 403


@pytest.mark.parametrize("query", ["query=mutation+%7B+x+%7D", "a=b&query=%7Bversion%7D"])
def test_no_page_can_ask_by_an_image_or_a_link(query: str) -> None:
    assert answer("/graphql", HOST, query=query) == 403
    assert answer("/prefix/graphql", HOST, query=query) == 403
    # The page to try queries out is only looked at.
    assert answer("/graphql", HOST, ("accept", "text/html")) == 200


FOREIGN = (
    ("origin", "https://evil.example"),
    ("origin", "null"),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-site", "same-site"),
)


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_can_change_something_comes_from_no_foreign_page(foreign: tuple[str, str]) -> None:
    assert answer("/graphql", HOST, foreign, method="POST") == 403
    assert answer("/report_asset_materialization/x", HOST, foreign, method="POST") == 403
    assert answer("/graphql", HOST, foreign, kind="websocket") == 1008
    # A link to it may be followed from anywhere.
    assert answer("/runs", HOST, foreign) == 200


def test_programs_and_own_pages_are_answered() -> None:
    own = (("origin", "http://localhost:3000"), ("sec-fetch-site", "same-origin"))
    for headers in ((), own):
        assert answer("/graphql", HOST, *headers, method="POST") == 200
        assert answer("/graphql", HOST, *headers, kind="websocket") == 0


def test_dagster_asks_for_the_middleware(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UI_HOSTS", "warehouse.example.com, other.example")
    monkeypatch.setenv("DAGSTER_HOME", "/somewhere")
    first, second, *others = GuardedWebserver.__new__(GuardedWebserver).build_middleware()
    assert (first.cls, first.args) == (Guard, (["warehouse.example.com", "other.example"],))
    assert (second.cls, second.args) == (HealthAnswer, (Path("/somewhere"),))
    assert others


def health(home: Path, *headers: tuple[str, str], method: str = "GET", path: str = "/health") -> tuple[int, str]:
    """Status and body of what is asked of the web server's health."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, str]:
        return {"type": "http.request"}

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    guarded = Guard(HealthAnswer(PlainTextResponse("Dagster's own"), home), ["warehouse.example.com"])
    asyncio.run(guarded(scope, receive, send))
    return int(sent[0]["status"]), sent[1]["body"].decode()


def test_health_is_answered_by_what_the_last_look_came_to(tmp_path: Path) -> None:
    assert health(tmp_path, HOST) == (503, '{"health":"unknown","reason":"nobody has looked yet"}')
    now = datetime.now(UTC)
    for grade, status in ((Grade.WELL, 200), (Grade.WARNING, 200), (Grade.CRITICAL, 503)):
        write_outcome(tmp_path, grade, now)
        found, body = health(tmp_path, HOST)
        assert (found, json.loads(body)) == (
            status,
            {"health": grade.word, "judged_at": now.isoformat(timespec="seconds")},
        )
    assert [path.name for path in tmp_path.iterdir()] == ["health.json"]


def test_health_is_bad_where_nobody_looks_any_more(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    write_outcome(tmp_path, Grade.WELL, now - VALID)
    assert read_outcome(tmp_path, now)[0] == 200
    assert read_outcome(tmp_path, now + timedelta(seconds=1)) == (
        503,
        {
            "health": "unknown",
            "judged_at": (now - VALID).isoformat(timespec="seconds"),
            "reason": "nobody looks any more",
        },
    )
    (tmp_path / "health.json").write_text('{"health": "well"')
    assert read_outcome(tmp_path, now)[0] == 503


def test_nothing_but_health_is_answered_without_dagster(tmp_path: Path) -> None:
    assert health(tmp_path, HOST, path="/healthy") == (200, "Dagster's own")
    assert health(tmp_path, HOST, method="POST") == (200, "Dagster's own")
    assert health(tmp_path, ("host", "evil.example"))[0] == 403
