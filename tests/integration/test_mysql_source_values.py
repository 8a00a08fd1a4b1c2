"""Every type of MySQL into DuckDB: a value is faithful, or text, or set aside with its text; never changed."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from mysql import AVAILABLE, Server
from sandbox import Sandbox

from ingestion.errors import ConfigurationError
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import conform
from ingestion.settings import parse_url
from ingestion.sources import open_source


@dataclass(frozen=True)
class SetAside:
    """A value that raw does not hold, as `_rejected` shows it."""

    text: str


LARGE = "12345678901234567890123456789012345.123456789012345678901234567890"
# Type → value in SQL → what raw shows.
VALUES: dict[str, dict[str, str | SetAside]] = {
    "tinyint": {"-128": "-128", "127": "127"},
    "tinyint(1)": {"0": "0", "1": "1", "2": "2"},
    "boolean": {"true": "1", "-7": "-7"},
    "smallint unsigned": {"65535": "65535"},
    "mediumint": {"-8388608": "-8388608"},
    "int(6) zerofill": {"42": "42"},
    "bigint": {"-9223372036854775808": "-9223372036854775808", "9223372036854775807": "9223372036854775807"},
    "bigint unsigned": {
        "9223372036854775807": "9223372036854775807",
        "9223372036854775808": SetAside("9223372036854775808"),
        "18446744073709551615": SetAside("18446744073709551615"),
    },
    "bit(1)": {"b'1'": "1", "b'0'": "0"},
    "bit(64)": {"b'101'": "5", "18446744073709551615": SetAside("18446744073709551615")},
    "year": {"2024": "2024", "1901": "1901"},
    "float": {
        "0.1": "0.1",
        "16777217": "16777216.0",
        "-3.402823e38": "-3.402823e+38",
        "1.1754944e-38": "1.1754944e-38",
    },
    "float(7,4)": {"999.00009": "999.0001"},
    "double": {"0.1": "0.1", "1.7976931348623157e308": "1.7976931348623157e+308", "5e-324": "5e-324"},
    "decimal(38,9)": {"-99999999999999999999999999999.999999999": "-99999999999999999999999999999.999999999"},
    "decimal(65,30)": {LARGE: LARGE, f"-{LARGE}": f"-{LARGE}"},
    "date": {
        "'2024-02-29'": "2024-02-29",
        "'0001-01-01'": "0001-01-01",
        "'9999-12-31'": "9999-12-31",
        "'0000-00-00'": SetAside("0000-00-00"),
        "'2024-00-00'": SetAside("2024-00-00"),
        "'2024-01-00'": SetAside("2024-01-00"),
        "'0000-05-05'": SetAside("0000-05-05"),
    },
    "datetime": {
        "'2026-03-29 02:30:00'": "2026-03-29 02:30:00+00",
        "'9999-12-31 23:59:59'": "9999-12-31 23:59:59+00",
        "'0000-00-00 00:00:00'": SetAside("0000-00-00 00:00:00"),
        "'2024-05-00 00:00:00'": SetAside("2024-05-00 00:00:00"),
    },
    "datetime(6)": {"'2026-03-01 10:00:00.000001'": "2026-03-01 10:00:00.000001+00"},
    "timestamp(6) null": {
        "'2026-03-29 00:59:59.999999'": "2026-03-29 00:59:59.999999+00",
        "'2038-01-19 03:14:07'": "2038-01-19 03:14:07+00",
        "'0000-00-00 00:00:00'": SetAside("0000-00-00 00:00:00.000000"),
    },
    "time": {"'838:59:59'": "838:59:59", "'-838:59:59'": "-838:59:59", "'00:00:00'": "00:00:00"},
    "time(6)": {"'-00:00:00.000001'": "-00:00:00.000001"},
    "char(4)": {"'a'": "a", "''": ""},
    "varchar(20)": {"'a  '": "a  ", "'It''s 100% \\\\ \u00fc\U0001f642'": "It's 100% \\ \u00fc\U0001f642"},
    "longtext": {"'x\\0y'": "x\0y"},
    "varchar(9) character set latin1": {"'caf\u00e9 \u20ac'": "caf\u00e9 \u20ac"},
    "varchar(9) character set utf16": {"'\u00fc\U0001f642'": "\u00fc\U0001f642"},
    "enum('sad','so so','')": {"'so so'": "so so", "''": ""},
    "set('a','b','c')": {"'c,a'": "a,c", "''": ""},
    "binary(4)": {"x'00ff'": "\\x00\\xFF\\x00\\x00"},
    "varbinary(9)": {"x'00ff5c'": "\\x00\\xFF\\x5C", "''": ""},
    "blob": {"x'c328'": "\\xC3("},
    "geometry": {
        "ST_GeomFromText('POINT(1 2)')": "\\x00" * 4 + "\\x01\\x01" + "\\x00" * 9 + "\\xF0?" + "\\x00" * 7 + "@"
    },
}
MORE: dict[str, dict[str, dict[str, str | SetAside]]] = {
    "mariadb": {
        "json": {'\'{"a": 1.00, "a": 12345678901234567890123}\'': '{"a": 1.00, "a": 12345678901234567890123}'},
        "uuid": {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
        "inet6": {"'::ffff:10.0.0.1'": "::ffff:10.0.0.1"},
        "bigint invisible": {"7": "7"},
    },
    "seekdb": {
        "json": {'\'{"b": 18446744073709551615, "a": null}\'': '{"a": null, "b": 18446744073709551615}'},
    },
    "mysql": {},
}
UNKNOWN = {"seekdb": {"varchar(9) character set latin1", "varchar(9) character set utf16"}}
TYPES = {k: {t: v for t, v in (VALUES | MORE[k]).items() if t not in UNKNOWN.get(k, ())} for k in AVAILABLE}


def test_value_is_faithful_or_text_or_set_aside(mysql_server: Server, tmp_path: Path) -> None:
    """A source with a column per type and a row per value."""
    kind = mysql_server.kind
    types = TYPES[kind]
    sandbox = Sandbox(tmp_path)
    database = mysql_server.new_database()
    columns = "".join(f", `{type_}` {type_}" for type_ in types)
    statements = [
        "set session sql_mode = '', time_zone = '+00:00'",
        "create table conversations (id int primary key, tenant_id int, started_at datetime, last_message_at datetime)",
        f"create table messages (id int primary key, conversation_id varchar(9), `timestamp` datetime{columns})",
    ]
    for row in range(max(map(len, types.values()))):
        given = {type_: list(values)[row] for type_, values in types.items() if row < len(values)}
        names = ", ".join(f"`{type_}`" for type_ in given)
        statements.append(
            f"insert into messages (id, conversation_id, `timestamp`, {names})"
            f" values ({row}, 'c', '2026-01-01', {', '.join(given.values())})"
        )
    mysql_server.sql(*statements, database=database)
    sandbox.url = mysql_server.url(database)
    assert sandbox.run().errors == []
    rows = sandbox.latest("messages", "id, " + ", ".join(f'cast("{type_}" as varchar)' for type_ in types))
    rejected = sandbox.query("select row_key, row_content from raw_whatsapp._rejected where table_name = 'messages'")
    shown = {int(str(id_)): dict(zip(types, values, strict=True)) for id_, *values in rows}
    set_aside = {int(json.loads(str(key))["id"]): json.loads(str(content)) for key, content in rejected}

    def found(row: int, type_: str) -> object:
        value = shown[row][type_]
        return SetAside(set_aside[row][type_]) if value is None else value

    assert {t: {v: found(row, t) for row, v in enumerate(values)} for t, values in types.items()} == types
    # What is null stays so.
    assert all(shown[row][t] is None for t, values in types.items() for row in shown if row >= len(values))


def test_column_that_is_null_in_the_oldest_rows_keeps_none_of_them_out(mysql_server: Server, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    database = mysql_server.new_database()
    rows = ", ".join(f"({i}, 1, {'null' if i < 2_000 else i}, '2026-01-01', '2026-01-01')" for i in range(5_002))
    mysql_server.sql(
        "create table conversations (id int primary key, tenant_id int, outlet_id int null, started_at datetime,"
        " last_message_at datetime, nothing int null)",
        "create table messages (id int primary key, conversation_id int, `timestamp` datetime)",
        "insert into conversations (id, tenant_id, outlet_id, started_at, last_message_at) values " + rows,
        database=database,
    )
    sandbox.url = mysql_server.url(database)
    assert sandbox.run().errors == []
    assert sandbox.query("select count(*) as n from raw_whatsapp._rejected") == [(0,)]
    counted = "count(*) as n, count(outlet_id) as given, count(nothing) as none"
    assert sandbox.query(f"select {counted} from raw_whatsapp.conversations") == [(5_002, 3_002, 0)]


def test_type_of_the_catalogue_beats_the_type_of_the_source(mysql_server: Server) -> None:
    database = mysql_server.new_database()
    mysql_server.sql(
        "set session sql_mode = ''",
        "create table t (id int primary key, flag tinyint(1), uuid binary(3), zero date, at datetime, large bigint"
        " unsigned, wide decimal(65,30), single float, noise varchar(9))",
        "insert into t values (1, 1, x'00abff', '0000-00-00', '2026-01-01', 18446744073709551615, 0.5, 0.1, ' 7 ')",
        f"insert into t values (2, 2, null, null, null, null, {LARGE}, null, null)",
        database=database,
    )
    types = {
        "id": ColumnType.INTEGER,
        "flag": ColumnType.BOOLEAN,
        "uuid": ColumnType.TEXT,
        "zero": ColumnType.TEXT,
        "at": ColumnType.INTEGER,
        "large": ColumnType.DECIMAL,
        "wide": ColumnType.DECIMAL,
        "single": ColumnType.DECIMAL,
        "noise": ColumnType.INTEGER,
    }
    columns = tuple(Column(name, type_, is_declared=False) for name, type_ in types.items())
    table = RawTable("whatsapp", "t", ("id",), columns)
    with open_source("whatsapp", parse_url(mysql_server.url(database), "")).snapshot() as snapshot:
        [wire] = snapshot.read(table)
    first, second = conform(table, wire.batch, wire.odd).batch.to_pylist()
    assert (first["flag"], second["flag"]) == (True, None)
    assert (first["uuid"], first["zero"], first["at"], first["noise"]) == ("00abff", "0000-00-00", None, 7)
    assert (str(first["large"]), str(first["single"])) == ("18446744073709551615.000000000", "0.100000000")
    assert (str(first["wide"]), second["wide"]) == ("0.500000000", None)


def test_missing_driver_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ingestion.sources.mysql", raising=False)
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(ConfigurationError, match=r"Install it: .venv/bin/pip install 'PyMySQL\[rsa\]'"):
        open_source("whatsapp", parse_url("mysql://me@host/db", ""))
