"""Versions that were superseded long ago leave raw; what is live, needed or young stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox import Lived, Sandbox, message

import ingestion.__main__ as command_line
from ingestion.loading.run import Ingestion
from ingestion.log.state import MODELS, TableState

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """A source whose messages have a history of four batches, 3 to 6."""
    return Lived(request, tmp_path_factory, live)


@pytest.fixture(params=["duckdb", "postgresql"])
def sandbox(
    request: pytest.FixtureRequest, tmp_path: Path, history: Lived, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """It, in each of the warehouses in turn."""
    with history.copied(request.param, tmp_path) as sandbox:
        sandbox.export_settings(monkeypatch)
        yield sandbox


def live(sandbox: Sandbox) -> None:
    for statements in (
        (message(1, content="a"), message(2), message(3), message(4, content="a")),
        ("update messages set content = 'b' where id = 1", "delete from messages where id in (2, 3)"),
        ("update messages set content = 'c' where id = 1", message(3)),
        ("update messages set content = 'd' where id in (1, 4)",),
    ):
        sandbox.sql(*statements)
        assert sandbox.run().errors == []


def versions(sandbox: Sandbox) -> dict[object, list[object]]:
    """The batches of each message's versions; a delete's is negative."""
    found: dict[object, list[object]] = {}
    rows = sandbox.query(
        "select id, case when _op = 'delete' then -_batch_seq else _batch_seq end as batch"
        " from raw_whatsapp.messages order by id, _batch_seq"
    )
    for id_, batch in rows:
        found.setdefault(id_, []).append(batch)
    return found


ALL = {1: [3, 4, 5, 6], 2: [3, -4], 3: [3, -4, 5], 4: [3, 6]}


def models_saw(sandbox: Sandbox, batch_seq: int, fingerprint: str | None = "f") -> None:
    with Ingestion(sandbox.settings()).warehouse.session() as session:
        session.remember("whatsapp", TableState(MODELS, fingerprint, batch_seq))


def compact(*arguments: str) -> int:
    return command_line.main(["compact", *arguments])


def test_history_that_models_read_stays(sandbox: Sandbox) -> None:
    sandbox.sql("update conversations set status = 'resolved', last_message_at = '2026-03-01 11:00:00+00:00'")
    assert sandbox.run().errors == []
    models_saw(sandbox, 7)
    assert compact("--older-than-days", "0") == 0
    assert versions(sandbox) != ALL
    statuses = sandbox.query("select status from raw_whatsapp.conversations order by _batch_seq")
    assert statuses == [("active",), ("resolved",)]


def test_only_what_models_saw_superseded_long_ago_goes(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert versions(sandbox) == ALL
    models_saw(sandbox, 5)
    assert compact() == 0
    assert versions(sandbox) == ALL
    sandbox.change_warehouse(
        "update raw_whatsapp.messages set _loaded_at = _loaded_at - interval '100 days' where _batch_seq <= 4"
    )
    capsys.readouterr()
    assert compact() == 0
    output = capsys.readouterr().out
    assert "whatsapp.messages: 3 versions removed" in output
    assert "3 versions removed that were superseded for more than 90 d. The archive keeps them." in output
    assert versions(sandbox) == {1: [4, 5, 6], 2: [-4], 3: [-4, 5], 4: [3, 6]}
    assert compact("--source", "whatsapp", "--older-than-days", "0") == 0
    assert versions(sandbox) == {1: [5, 6], 2: [-4], 3: [5], 4: [3, 6]}
    # The next run goes on as if nothing had been; a row comes back over its delete version.
    assert [t.state.rows_appended for t in sandbox.run().tables] == [0, 0, 0, 0]
    sandbox.sql(message(2), "delete from messages where id = 4")
    assert sandbox.run().errors == []
    assert sandbox.latest("messages", "id, content") == sandbox.rows("select id, content from messages order by id")
    # What went is in the archive.
    assert command_line.main(["rebuild", "--from-archive", "--replace"]) == 0
    assert versions(sandbox) == {1: [3, 4, 5, 6], 2: [3, -4, 7], 3: [3, -4, 5], 4: [3, 6, -7]}


def test_nothing_goes_that_models_have_not_seen(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    obstacle = "whatsapp: nothing removed: its models have never been built, or their last build failed."
    for built in (None, (0, "f"), (3, None)):
        if built:
            models_saw(sandbox, *built)
        assert compact("--older-than-days", "0") == 0
        assert obstacle in capsys.readouterr().out
        assert versions(sandbox) == ALL
    models_saw(sandbox, 3)
    assert compact("--older-than-days", "0") == 0
    assert versions(sandbox) == ALL


def test_wrong_age_is_told(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert compact("--older-than-days", "-1") == 1
    assert "error: --older-than-days can't be negative." in capsys.readouterr().err
