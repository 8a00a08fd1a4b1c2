"""`python -m benchmarks.models`: the whatsapp models built in full, and again after 0.1 % of the messages changed.

Belongs here: a generated raw log in a DuckDB file, builds of the dbt project over it, and the page about them. Not
here: how a process is watched (measure.py).

Every value follows from its row's number; personal columns that models read have what looks like their pseudonyms. Rows
come in twenty batches, in the order of their time, as hourly runs would have loaded them.
"""

import argparse
import json
import os
import sqlite3
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.measure import ROOT, Measure, measured

MESSAGES_PER_CONVERSATION = 10
BATCHES = 20
FIRST_DAY, DAYS = "2024-01-01", 730
AS_OF = "2026-01-02T00:00:00+00:00"
SHARE = 0.001

SOURCE = """
create table tenants (id integer primary key, name text, timezone text);
create table outlets (id integer primary key, tenant_id integer, name text);
create table conversations (id text primary key, tenant_id integer, outlet_id integer, customer_phone text,
    status text, started_at text, ended_at text, last_message_at text);
create table messages (id text primary key, conversation_id text, sender_type text, sender_id text, content text,
    timestamp text, metadata text);
"""

TENANTS = """
insert into raw_whatsapp.tenants
select cast(i as varchar), 'Tenant ' || i, ['UTC', 'America/New_York', 'Asia/Kolkata', 'Europe/Berlin'][1 + i % 4],
    1, now(), 'upsert', i
from range(20) as t(i)
"""
OUTLETS = """
insert into raw_whatsapp.outlets
select cast(i as varchar), cast(i % 20 as varchar), 'Outlet ' || i, 2, now(), 'upsert', i
from range(60) as t(i)
"""
CONVERSATIONS = """
insert into raw_whatsapp.conversations
select
    md5('c' || i), cast(i % 20 as varchar), cast(i % 60 as varchar), sha256('+49' || (i * 7919 % 1000003)),
    {status}, instant, instant + interval 40 minute, instant + interval 40 minute,
    {batch}, now(), 'upsert', i
from (
    select i, timestamptz '{first} 00:00:00+00' + to_microseconds(cast(i * {step} as bigint)) as instant
    from range({start}, {stop}) as t(i)
)
"""
MESSAGES = """
insert into raw_whatsapp.messages
select
    md5('m' || i), md5('c' || i // 10), ['customer', 'llm', 'customer', 'llm', 'agent'][1 + i % 5], 's' || i % 997,
    repeat(md5('x' || i), 1 + i % 4), instant,
    case when i % 5 in (1, 3) then '{{"model": "gpt-4o", "tokens_used": ' || (50 + i % 400)
        || ', "confidence": 0.87, "handoff_requested": ' || if(i % 70 = 1, 'true', 'false') || '}}' end,
    {batch}, now(), 'upsert', {hash}
from (
    select i, timestamptz '{first} 00:00:00+00' + to_microseconds(cast(i // 10 * {step} as bigint))
        + to_seconds(i % 10 * 240) as instant
    from range({start}, {stop}) as t(i)
)
"""
EDITED = """
insert into raw_whatsapp.messages
select * replace ({batch} as _batch_seq, 'agent' as sender_type, -_row_hash as _row_hash)
from raw_whatsapp.messages
where timestamp >= timestamptz '{since}'
order by hash(id)
limit {count}
"""


@dataclass(frozen=True, slots=True)
class Build:
    """One build: the process, and the time that dbt says its models took."""

    name: str
    process: Measure
    model_seconds: float
    slowest: list[tuple[str, float]]


class Warehouse:
    """A DuckDB file whose raw log of whatsapp is generated, and builds over it."""

    def __init__(self, folder: Path, python: Path, messages: int) -> None:
        self._folder, self._python, self._messages = folder, python, messages
        self._file = folder / "warehouse.duckdb"
        self._step = DAYS * 86_400_000_000 / (messages / MESSAGES_PER_CONVERSATION)
        self._batch = 2

    def fill(self) -> None:
        """Make the source's tables by a run on an empty source, then their rows."""
        source = self._folder / "source.sqlite"
        with sqlite3.connect(source) as connection:
            connection.executescript(SOURCE)
        environment = self._environment() | {"WHATSAPP_DATABASE_URL": f"sqlite:///{source}"}
        measured([str(self._python), "-m", "ingestion", "run"], environment, self._folder / "ingestion.log")
        self._execute(TENANTS, OUTLETS)
        for i in range(BATCHES):
            start, stop = (self._messages * k // BATCHES // 10 * 10 for k in (i, i + 1))
            self._append(start, stop)

    def _append(self, start: int, stop: int) -> None:
        self._batch += 1
        names = {"first": FIRST_DAY, "step": self._step, "batch": self._batch, "status": "'resolved'", "hash": "i"}
        self._execute(
            CONVERSATIONS.format(start=start // 10, stop=-(-stop // 10), **names),
            MESSAGES.format(start=start, stop=stop, **names),
        )

    def change(self, since: str) -> None:
        """Change 0.1 % of the messages: half of them new, on the last days, half edited, of any day since one."""
        count = int(self._messages * SHARE / 2)
        # The generated days end before the last, so that new conversations follow.
        self._append(self._messages, self._messages + count)
        self._execute(EDITED.format(batch=self._batch, since=since, count=count))
        self._messages += count

    def _execute(self, *statements: str) -> None:
        with duckdb.connect(self._file) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.execute(
                f"update raw_whatsapp._state set batch_seq = {self._batch} where table_name = 'messages'"
            )

    def build(self, name: str, *arguments: str) -> Build:
        """Build all whatsapp models."""
        target = self._folder / "target"
        command = [str(self._python), "-m", "orchestration", "dbt", "build", "--select", "tag:whatsapp", *arguments]
        command += ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
        command += ["--target-path", str(target), "--log-path", str(target), "--vars", json.dumps({"as_of": AS_OF})]
        process = measured(command, self._environment(), self._folder / "dbt.log")
        results = json.loads((target / "run_results.json").read_bytes())["results"]
        times = sorted(((r["unique_id"].split(".")[-1], r["execution_time"]) for r in results), key=lambda t: -t[1])
        return Build(name, process, sum(seconds for _, seconds in times), times[:5])

    def _environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(ROOT),
            "WAREHOUSE_URL": f"duckdb:///{self._file}",
            "ARCHIVE_URL": str(self._folder / "archive"),
        }


def main() -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000_000, help="messages of the log (default: 10,000,000)")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="Python that has the project")
    parser.add_argument("--report", type=Path, help="Markdown file to write, e.g. benchmarks/models.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        warehouse = Warehouse(Path(folder), options.python, options.messages)
        warehouse.fill()
        builds = [warehouse.build("everything (`--full-refresh`)", "--full-refresh")]
        builds.append(warehouse.build("nothing changed"))
        for name, since in (("of the last 30 days", "2025-12-01"), ("of any day", FIRST_DAY)):
            warehouse.change(since)
            builds.append(warehouse.build(f"0.1 % changed: half new, half edits {name}"))
        page = _page(builds, options.messages)
    if options.report:
        options.report.write_text(page, encoding="utf-8")
    print(page)
    return 0


def _page(builds: list[Build], messages: int) -> str:
    full = builds[0]
    rows = "\n".join(
        f"| {b.name} | {b.model_seconds:.1f} | {b.model_seconds / full.model_seconds:.1%} | {b.process.seconds:.1f} "
        f"| {b.process.cpu_seconds:.1f} | {b.process.peak_bytes / 1e6:,.0f} |"
        for b in builds
    )
    slowest = "\n".join(f"| {b.name} | " + ", ".join(f"{n} {s:.2f}" for n, s in b.slowest) + " |" for b in builds)
    return f"""\
# Building the models

Written by `python -m benchmarks.models --messages {messages}`: {messages:,} messages of {messages // 10:,}
conversations, 20 tenants, 60 outlets, two years, in a DuckDB file; {os.cpu_count()} cores. Model seconds are the sum of
what dbt says each model took (two at a time); the process has dbt's start and parsing in it. Ratios are the message:
seconds are this machine's.

| build | model seconds | of the full | process seconds | processor seconds | peak MB |
|---|---:|---:|---:|---:|---:|
{rows}

The slowest models of each, in seconds:

| build | models |
|---|---|
{slowest}
"""


if __name__ == "__main__":
    sys.exit(main())
