"""What pseudonyms cost a load: the same rows with telephone numbers and senders hashed, and kept as they are.

`python -m benchmarks.pseudonyms`: loads into new warehouses in turn, each by a process of its own; processor seconds.
"""

import argparse
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from benchmarks.measure import KEY, ROOT

HASHED = ("{customer_phone: phone}", "sender_id: identifier, content")


def main() -> None:
    """Measure, and print a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000, help="conversations of ten messages")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = _source(Path(folder), options.rows)
        seconds: dict[str, list[float]] = {"clear": [], "hash": []}
        for _ in range(options.rounds):
            for keep, taken in seconds.items():
                taken.append(_load(Path(folder), source, keep))
    ratios = [hashed / clear for hashed, clear in zip(seconds["hash"], seconds["clear"], strict=True)]
    print(f"{options.rows:,} conversations, each with a number of its own and ten messages, {options.rounds} rounds:")
    print()
    print("| | processor seconds, median |")
    print("|---|---|")
    for keep, taken in seconds.items():
        print(f"| load, people kept as `{keep}` | {statistics.median(taken):.2f} |")
    print(f"| one by the other, median of the rounds | {statistics.median(ratios):.2f} |")
    print(f"| a distinct number, microseconds | {_per_value() * 1e6:.1f} |")


def _source(folder: Path, rows: int) -> Path:
    path = folder / "whatsapp.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("create table tenants (id text primary key, name text, timezone text)")
        db.execute(
            "create table conversations (id integer primary key, tenant_id text, outlet_id text, customer_phone text,"
            " status text, started_at timestamp, ended_at timestamp, last_message_at timestamp)"
        )
        db.execute(
            "create table messages (id integer primary key, conversation_id text, sender_type text, sender_id text,"
            " content text, timestamp timestamp, metadata json)"
        )
        at = "2026-03-01 10:00:00"
        numbers = ((i, "t1", "o1", f"whatsapp:+49 {1_500_000_000 + i}", "resolved", at, at, at) for i in range(rows))
        db.executemany("insert into conversations values (?, ?, ?, ?, ?, ?, ?, ?)", numbers)
        senders = ("customer", "agent")
        messages = (
            (i, i // 10, senders[i % 2], f"c{i // 10}" if i % 2 == 0 else f"a{i % 50}", f"Message number {i} " * 4, at)
            for i in range(rows * 10)
        )
        db.executemany("insert into messages values (?, ?, ?, ?, ?, ?, null)", messages)
    return path


def _load(folder: Path, source: Path, keep: str) -> float:
    """Processor seconds of a first load."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        text = (ROOT / "ingestion" / "catalogue.yml").read_text(encoding="utf-8")
        told = text.replace(HASHED[0], f"{{customer_phone: {{is: phone, keep: {keep}}}}}")
        told = told.replace(HASHED[1], f"sender_id: {{is: identifier, keep: {keep}}}, content")
        assert told.count(f"keep: {keep}}}") >= len(HASHED)
        catalogue = Path(place) / "catalogue.yml"
        catalogue.write_text(told, encoding="utf-8")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.endswith("_DATABASE_URL")},
            "WAREHOUSE_URL": f"duckdb:///{place}/warehouse.duckdb",
            "ARCHIVE_URL": f"{place}/archive",
            "WHATSAPP_DATABASE_URL": f"sqlite:///{source}",
            "INGESTION_CATALOGUE": str(catalogue),
            **KEY,
        }
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "ingestion", "run", "--source", "whatsapp"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


_PER_VALUE = """
import time
import pyarrow as pa
from ingestion.rows.pseudonyms import Pseudonym, PseudonymKey, clean_phone

numbers = pa.array([f"whatsapp:+49 {1_500_000_000 + i}" for i in range(200_000)])
pseudonym = Pseudonym(clean_phone(None), PseudonymKey(("a key",)).of_source("whatsapp"))
began = time.process_time()
pseudonym.of(numbers)
print((time.process_time() - began) / len(numbers))
"""


def _per_value() -> float:
    """Processor seconds of a pseudonym."""
    command = [sys.executable, "-c", _PER_VALUE]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
