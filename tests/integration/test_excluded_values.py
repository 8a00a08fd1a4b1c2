"""A canary: values of columns that are not read are nowhere on the disk, nor in what a run says, however it goes."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from canary import places_of
from postgresql import Server
from sandbox import Sandbox

HUSH = "zq-hush"
SOURCES = """
desk:
  kind: whatsapp
  url: sqlite:///{folder}/source/desk.sqlite
  tables:
    conversations:
      table: chats
      where: {{level: [1], owner: [me]}}
      columns: {{tenant_id: account, status: {{values: {{0: active}}}}, customer_phone: {{from: doc, path: phone}}}}
      exclude: [secret, Owner, level]
    messages: {{exclude: [content, metadata]}}
billing:
  kind: raw
  url: sqlite:///{folder}/source/desk.sqlite
  tables: {{chats: {{exclude: [secret, owner], where: {{owner: me}}}}, keyless: {{exclude: [secret]}}}}
hosted:
  kind: raw
  url: files://{folder}/source
  tables:
    rows: {{files: rows.csv, exclude: [secret], key: [id], columns: {{amount: {{type: integer}}}}}}
    lines: {{files: "lines.jsonl", exclude: [secret], key: [id]}}
    blocks: {{files: "blocks.parquet", exclude: [secret], key: [id]}}
    steps: {{files: "steps-*.csv.gz", each: increment, exclude: [secret], key: [id]}}
server:
  kind: raw
  url: {url}
  tables:
    odd: {{key: [id], exclude: [secret]}}
    range: {{key: [id], exclude: [secret]}}
    odd_lines: {{key: [id], exclude: [secret]}}
frugal_desk:
  kind: whatsapp
  undeclared: skip
  url: sqlite:///{folder}/source/desk.sqlite
  tables:
    conversations: {{table: chats, columns: {{tenant_id: account}}}}
    messages: {{exclude: [content, metadata]}}
frugal_files:
  kind: raw
  undeclared: skip
  url: files://{folder}/source
  tables:
    blocks: {{files: "blocks.parquet", key: [id]}}
    steps: {{files: "steps-*.csv.gz", each: increment, key: [id]}}
frugal_server:
  kind: raw
  undeclared: skip
  url: {url}
  tables: {{held: {{key: [id]}}, odd: {{key: [id]}}, keyless: {{}}}}
"""
DESK = (
    "create table chats (id integer primary key, account text, status integer, started_at timestamp,"
    " last_message_at timestamp, doc json, secret text, owner text, level integer)",
    "create table messages (id integer primary key, conversation_id integer, content text, timestamp timestamp,"
    " metadata blob)",
    "create table keyless (secret text)",
)
"""Of the rows of each table some are right, some in part or wholly rejected, and some left out."""
ROWS = (
    "with recursive numbers as (select 1 as id union all select id + 1 from numbers where id < 20) insert into chats"
    f" select id, 'a', 0, '2026-03-01', '2026-03-01', '{{}}', '{HUSH}', 'me', 1 from numbers",
    f"update chats set account = null, secret = '{HUSH}' where id = 3",
    f"update chats set status = 7, started_at = 'soon', secret = x'{HUSH.encode().hex()}' where id = 4",
    f"update chats set owner = '{HUSH}', level = '{HUSH}' where id = 5",
    f"insert into messages select id, nullif(id, 6), '{HUSH}', '2026-03-01', cast('{HUSH}' as blob) from chats",
    f"insert into keyless values ('{HUSH}')",
)


def files(folder: Path, rows: int) -> None:
    """Files of some rows, with what can't be parsed between them."""
    lines = [f"{i},{i},{HUSH}\n" for i in range(rows)]
    odd = [f"x,7,{HUSH},one more\n", f'8,"{HUSH},"a\n', f"soon,n/a,{HUSH}\n"]
    (folder / "rows.csv").write_text("".join(["id,amount,secret\n", *lines, *odd]), encoding="utf-8")
    objects = [f'{{"id": {i}, "secret": "{HUSH}"}}\n' for i in range(rows)]
    broken = [f'{{"id": 7, "secret": "{HUSH}"\n', f'"{HUSH}"\n', f'{{"secret": "{HUSH}", "secret": "{HUSH}"}}\n']
    (folder / "lines.jsonl").write_text("".join([*objects, *broken]), encoding="utf-8")
    pq.write_table(pa.table({"id": [*range(rows)], "secret": [HUSH] * rows}), folder / "blocks.parquet")
    with pa.CompressedOutputStream(str(folder / f"steps-{rows}.csv.gz"), "gzip") as step:
        step.write("".join(["id,secret\n", *(f"{i},{HUSH}\n" for i in range(rows)), f'9,"{HUSH}\n']).encode())


def test_values_of_excluded_columns_are_nowhere(
    tmp_path: Path, postgresql_server: Server, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = Sandbox(tmp_path)
    source, temporary = tmp_path / "source", tmp_path / "temporary"
    source.mkdir()
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    sandbox.source, sandbox.url = source / "desk.sqlite", ""
    sandbox.sql(*DESK, *ROWS)
    files(source, 5)
    with postgresql_server.database() as url:
        postgresql_server.sql(
            "create table held (id int primary key, secret text)",
            f"insert into held values (1, '{HUSH}')",
            "create table keyless (id int primary key, secret text)",
            # Where the server fails, it says of which value.
            "create view odd as select id, secret, secret::int as number from held",
            "create view range as select id, secret, ('2026-99-01 ' || secret)::timestamp as at from held",
            "create view odd_lines as select id, secret, (E'\\n' || secret)::int as number from held",
            url=url,
        )
        (tmp_path / "sources.yml").write_text(SOURCES.format(folder=tmp_path, url=url), encoding="utf-8")
        first = sandbox.run()
        sandbox.sql("delete from chats where id = 7", "update chats set status = 2 where id = 8")
        files(source, 4)
        second = sandbox.run()
    assert places_of(source, [HUSH]) != {}
    # A source that is broken, and files that are cut off.
    sandbox.source.write_bytes(sandbox.source.read_bytes()[:5000])
    (source / "lines.jsonl").write_text(f'{{"id": 1, "secret": "{HUSH}"', encoding="utf-8")
    (source / "blocks.parquet").write_bytes((source / "blocks.parquet").read_bytes()[:-9])
    third = sandbox.run()
    assert places_of(tmp_path, [HUSH, HUSH.encode().hex()], but=[source]) == {}
    assert HUSH not in "".join(capfd.readouterr())
    # Nothing of that was left out for another reason.
    failed = [{t.label for t in result.tables if t.error} for result in (first, second, third)]
    views = {"server.odd", "server.range", "server.odd_lines"}
    # Of a view of which only `id` is asked for the server computes nothing else.
    assert failed[0] == views | {"billing.keyless", "frugal_server.keyless"}
    assert sandbox.query("select * from raw_frugal_server.odd")[0][0] == 1
    notes = "select note from raw_{}._state where table_name = '{}'"
    assert sandbox.query(notes.format("frugal_server", "odd")) == [
        ('columns that nobody declares are not read: "secret", "number"',)
    ]
    assert failed[1] == failed[0] | {"hosted.rows", "hosted.lines"}
    assert {"hosted.lines", "hosted.blocks", "frugal_files.blocks"} <= failed[2]
    assert any("lines.jsonl ends in the middle" in error for error in third.errors)
    assert any("blocks.parquet can" in error for error in third.errors), third.errors
    told = "select distinct table_name from {}._rejected order by 1"
    assert sandbox.query(told.format("raw_desk")) == [("conversations",), ("messages",)]
    assert sandbox.query(told.format("raw_frugal_desk")) == [("conversations",), ("messages",)]
    assert sandbox.query(told.format("raw_frugal_files")) == [("steps",)]
    assert sandbox.query(told.format("raw_hosted")) == [("lines",), ("rows",), ("steps",)]
