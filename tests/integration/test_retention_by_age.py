"""Values that are past their age are nowhere, do not come back, and take nothing else along."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from canary import places_of
from killing import KilledError, killed_at
from sandbox import OwnSources, Sandbox, message

from ingestion.__main__ import main
from ingestion.errors import ConfigurationError
from ingestion.loading.run import Ingestion
from ingestion.log.archive import Archive, BatchFile
from ingestion.log.renewals import Renewals
from ingestion.warehouses.duckdb import DuckdbSession, DuckdbWarehouse
from ingestion.warehouses.duckdb_load import DuckdbLoad

pytestmark = pytest.mark.slow

PERSONAL = "personal: {sender_id: identifier, content: text}"
RULE = "aged_by: timestamp\n    personal: {sender_id: identifier, content: {is: text, anonymise_after_days: 100}}"
OLD = ("zq-first", "zq-second", "zq-gone")
WHOLE = "select id, content, timestamp, _batch_seq, _op, _row_hash from raw_whatsapp.messages order by _batch_seq, id"


def filled(sandbox: Sandbox) -> Sandbox:
    """Two old rows, one of them with a further version and one deleted, and a young one."""
    sandbox.fill().catalogue(PERSONAL, RULE)
    sandbox.more["as_of"] = "2026-02-01T12:00:00+00:00"
    sandbox.sql(
        message(1, "2026-01-01 10:00:00+00:00", "zq-first"),
        message(2, "2026-01-02 10:00:00+00:00", "zq-gone"),
        message(3, "2026-05-01 10:00:00+00:00", "zq-young"),
    )
    read(sandbox)
    sandbox.sql("update messages set content = 'zq-second' where id = 1", "delete from messages where id = 2")
    read(sandbox)
    sandbox.more["as_of"] = "2026-06-01T12:00:00+00:00"
    return sandbox


def read(sandbox: Sandbox) -> int:
    """Read everything; returns how many versions were appended."""
    sandbox.age_state("last_full_at", 48)
    result = sandbox.run()
    assert result.errors == []
    return sum(table.state.rows_appended for table in result.tables)


def retain(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    return command(sandbox, monkeypatch, "retain", *options)


def command(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    with monkeypatch.context() as patch:
        sandbox.export_settings(patch)
        return main(arguments)


def left(sandbox: Sandbox) -> dict[str, set[str]]:
    return places_of(sandbox.folder, OLD, but=[sandbox.source, *sandbox.folder.glob("*.sqlite-*")])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sandbox is made once, for all tests to have a copy of it."""
    return tmp_path_factory.mktemp("filled")


@pytest.fixture
def sandbox(tmp_path: Path, place: Path) -> Sandbox:
    made = MADE.get(place) or filled(Sandbox(place))
    return copied(MADE.setdefault(place, made), tmp_path)


MADE: dict[Path, Sandbox] = {}


def copied(sandbox: Sandbox, folder: Path) -> Sandbox:
    """The same in another folder."""
    shutil.copytree(sandbox.folder, folder, dirs_exist_ok=True)
    again = Sandbox(folder)
    again.more = {**sandbox.more, "ingestion_catalogue": folder / "catalogue.yml"}
    return again


@pytest.mark.parametrize("engine", ["duckdb", "postgresql"])
def test_old_values_are_nowhere_and_all_else_is_as_it_was(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = request.getfixturevalue("postgresql_warehouse_url") if engine == "postgresql" else None
    sandbox = filled(Sandbox(tmp_path, url))
    before = sandbox.query(WHOLE)
    assert retain(sandbox, monkeypatch) == 0
    after = sandbox.query(WHOLE)
    assert left(sandbox) == {}
    assert [(row[0], row[1]) for row in after] == [(1, None), (2, None), (3, "zq-young"), (1, None), (2, None)]
    assert [(row[0], *row[2:5]) for row in after] == [(row[0], *row[2:5]) for row in before]
    assert [row for row in after if row[0] == 3] == [row for row in before if row[0] == 3]
    assert read(sandbox) == 0
    assert sandbox.query(WHOLE) == after
    assert retain(sandbox, monkeypatch) == 0
    assert command(sandbox, monkeypatch, "rebuild", "--from-archive", "--replace") == 0
    assert sandbox.query(WHOLE) == after
    assert read(sandbox) == 0


def test_rows_are_those_of_an_extraction_anew(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert retain(sandbox, monkeypatch) == 0
    anew = Sandbox(sandbox.folder / "anew")
    anew.folder.mkdir()
    anew.url, anew.more = sandbox.url, sandbox.more
    assert anew.run().errors == []
    columns = "id, content, sender_id, timestamp, _row_hash"
    assert sandbox.latest("messages", columns) == anew.latest("messages", columns)
    assert left(anew) == {}


def test_row_that_is_read_when_it_is_old_is_not_read_in_clear(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before retention came to it, a read of everything appends it once."""
    assert read(sandbox) == 1
    assert read(sandbox) == 0
    assert sandbox.latest("messages", "id, content") == [(1, None), (3, "zq-young")]
    assert retain(sandbox, monkeypatch) == 0
    assert left(sandbox) == {}
    assert read(sandbox) == 0


def test_row_is_as_old_as_its_latest_version_says(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.sql("update messages set timestamp = '2026-05-20 10:00:00+00:00' where id = 1")
    assert read(sandbox) == 1
    assert retain(sandbox, monkeypatch) == 0
    assert set(left(sandbox)) == {"zq-first", "zq-second"}


def digests(folder: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_dry_run_tells_what_would_go_and_changes_no_byte(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = digests(sandbox.folder)
    assert retain(sandbox, monkeypatch, "--dry-run") == 0
    assert "whatsapp.messages: 3 versions would be anonymised" in capsys.readouterr().out
    assert digests(sandbox.folder) == before
    assert retain(sandbox, monkeypatch) == 0
    assert "whatsapp.messages: 3 versions were anonymised" in capsys.readouterr().out
    after = digests(sandbox.folder)
    assert retain(sandbox, monkeypatch) == 0
    archive = sandbox.folder / "archive"
    assert digests(archive) == {p: d for p, d in after.items() if archive in p.parents}


def test_nothing_goes_unless_it_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox = Sandbox(tmp_path).fill()
    sandbox.sql(message(1, "2000-01-01 10:00:00+00:00", "zq-first"))
    assert sandbox.run().errors == []
    before = digests(sandbox.folder)
    assert retain(sandbox, monkeypatch) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert digests(sandbox.folder) == before


STEPS = (
    (Renewals, "write"),
    (Archive, "begin"),
    (BatchFile, "replace"),
    (Archive, "renew_digest"),
    (DuckdbSession, "prepare"),
    (DuckdbLoad, "commit"),
    (DuckdbWarehouse, "vacuum"),
)


def test_call_that_is_killed_at_any_step_is_finished_by_the_next(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, is_whole = 0, False
    while not is_whole:
        place += 1
        again = copied(sandbox, sandbox.folder.parent / f"{sandbox.folder.name}_{place}")
        with monkeypatch.context() as patch:
            killed_at(patch, place, STEPS)
            try:
                assert retain(again, patch) == 0
                is_whole = True
            except KilledError:
                assert retain(again, monkeypatch) == 0
        assert left(again) == {}, place
        assert not (again.folder / "archive" / "operations" / "renewals.json").exists()
    # Two files are written anew.
    assert place > len(STEPS) + 3
    assert read(again) == 0


def test_compacted_versions_stay_away(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.change_warehouse("delete from raw_whatsapp.messages where _batch_seq = 3 and id = 1")
    count = "select count(*) from raw_whatsapp.messages"
    before = sandbox.query(count)
    assert retain(sandbox, monkeypatch) == 0
    assert left(sandbox) == {}
    assert sandbox.query(count) == before


def test_records_of_old_rows_hold_their_key_alone(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """And they stand as they stood, since models count them."""
    sandbox.more["as_of"] = "2026-02-01T12:00:00+00:00"
    sandbox.sql(
        "insert into messages values (7, null, 'customer', null, 'zq-first', '2026-01-01 10:00:00', null),"
        " (8, 'c1', 'customer', null, x'ff', '2026-01-01 10:00:00', '{\"zq-second\": 1}'),"
        " (9, null, 'customer', null, 'zq-young', '2026-05-01 10:00:00', null)"
    )
    read(sandbox)
    standing = (
        "select row_key, column_name, reason, effect, _loaded_at, resolved_at from raw_whatsapp._rejected order by 1"
    )
    before = sandbox.query(standing)
    assert len(before) == 3
    sandbox.more["as_of"] = "2026-06-01T12:00:00+00:00"
    assert retain(sandbox, monkeypatch) == 0
    held = "select row_key, original_value, row_content from raw_whatsapp._rejected order by 1"
    old, none, young = sandbox.query(held)
    assert old == ('{"id": 7}', None, '{"id": 7}')
    assert none == ('{"id": 8}', None, '{"id": 8}')
    assert "zq-young" in str(young)
    read(sandbox)
    assert sandbox.query(standing) == before
    assert sandbox.query(held) == [old, none, young]
    assert "zq-first" not in left(sandbox)


def test_records_that_stand_no_more_go_where_that_is_set(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.sql("insert into messages values (7, null, 'customer', null, 'zq-fault', '2026-05-01 10:00:00', null)")
    sandbox.sql("insert into messages values (8, null, 'customer', null, 'zq-stands', '2026-05-01 10:00:00', null)")
    read(sandbox)
    sandbox.sql("update messages set conversation_id = 'c1', content = 'mended' where id = 7")
    read(sandbox)
    sandbox.more |= {"retain_rejected_days": 30, "as_of": "2030-01-01T00:00:00+00:00"}
    assert retain(sandbox, monkeypatch) == 0
    assert sandbox.query("select row_key from raw_whatsapp._rejected") == [('{"id": 8}',)]
    assert places_of(sandbox.folder, ["zq-fault"], but=[sandbox.source]) == {}


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (RULE.replace("aged_by: timestamp\n    ", ""), "content: anonymise_after_days: nothing tells how old a row is"),
        (RULE.replace("aged_by: timestamp", "aged_by: sender_type"), "aged_by: sender_type is text, not timestamp"),
        (RULE.replace("aged_by: timestamp", "aged_by: sent"), "sent not among the columns"),
        (RULE.replace("is: text,", "is: text, keep: hash,"), "is of columns that are kept clear"),
        (RULE.replace("is: text,", "is: text, keep: drop,"), "it is dropped"),
        (RULE.replace("is: text,", "is: text, counted: true,"), "models count by it"),
        (RULE.replace("content:", "conversation_id:"), "it is not null"),
        (RULE.replace("content:", "id:"), "it is its key"),
        (RULE.replace("100", "0"), "greater than or equal to 1"),
    ],
)
def test_rule_that_cannot_be_kept_is_refused(tmp_path: Path, rule: str, fault: str) -> None:
    sandbox = Sandbox(tmp_path).fill()
    sandbox.catalogue(PERSONAL, rule)
    with pytest.raises(ConfigurationError) as raised:
        sandbox.run()
    assert fault in str(raised.value)


SHOP = """
shop_eu:
  kind: shop
  url: sqlite:////nowhere.sqlite
  tables:
    {table}:
      aged_by: timestamp
      personal: {{{rule}}}
"""


def test_rule_of_the_owner_counts_beside_what_the_catalogue_knows(tmp_path: Path) -> None:
    shop = OwnSources(tmp_path)
    of_days = "anonymise_after_days: 10"
    shop.configured(SHOP.format(table="order_events", rule=f"data: {{is: text, {of_days}}}"))
    entry = Ingestion(shop.settings()).catalogue["shop_eu"]["order_events"]
    assert (entry.anonymised, entry.personal["data"].besides[0]) == ({"data": 10}, "currency")
    agent = f"user_agent: {{is: user_agent, {of_days}"
    shop.configured(SHOP.format(table="user_events", rule=agent + "}"))
    with pytest.raises(ConfigurationError, match="user_agent: anonymise_after_days: models count by it"):
        Ingestion(shop.settings())
    shop.configured(SHOP.format(table="user_events", rule=agent + ", counted: false}"))
    assert Ingestion(shop.settings()).catalogue["shop_eu"]["user_events"].anonymised == {"user_agent": 10}


DESK = """
desk:
  kind: raw
  url: sqlite:///{source}
  tables:
    people:
      aged_by: day
      columns: {{day: {{type: date}}, doc: {{type: json}}}}
      personal:
        Nick: {{is: name, anonymise_after_days: 10}}
        f: {{is: text, anonymise_after_days: 300}}
        doc: {{is: text, besides: [a, b.c, b.d, a.b], anonymise_after_days: 10}}
"""


def test_each_column_has_its_own_age_and_documents_keep_what_is_besides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = json.dumps({"b": {"c": 1.5, "x": "zq-second", "d": True}, "a": 1})
    desk = OwnSources(tmp_path)
    desk.source = tmp_path / "desk.sqlite"
    desk.more["as_of"] = "2026-01-15T00:00:00+00:00"
    desk.sql(
        "create table people (id text primary key, Nick text, f text, doc json, day date)",
        f"insert into people values ('a', 'zq-first', 'x', '{document}', '2026-01-04'),"
        " ('b', 'zq-gone', 'x', 'zq-gone', '2025-01-01'), ('c', 'stays', 'x', ' ', '2026-01-05'),"
        " ('d', 'stays', 'x', null, null),"
        " ('e', null, null, '{\"a\": \"\\ud800\", \"zq-first\": 1}', '2025-01-01'),"
        f" ('f', null, null, '{'[' * 100_000}', '2025-01-01')",
    )
    told = DESK.format(source=desk.source)
    desk.configured(re.sub(r", anonymise_after_days: \d+", "", told))
    desk.again()
    desk.configured(told)
    assert retain(desk, monkeypatch) == 0
    assert retain(desk, monkeypatch) == 0
    assert desk.query("select id, nick, f, doc from raw_desk.people order by id") == [
        ("a", None, "x", '{"a": 1, "b": {"c": 1.5, "d": true}}'),
        ("b", None, None, "[]"),
        ("c", "stays", "x", " "),
        ("d", "stays", "x", None),
        ("e", None, None, '{"a": "?"}'),
        ("f", None, None, "[]"),
    ]
    assert left(desk) == {}
    assert [table.state.rows_appended for table in desk.again().tables] == [0]
