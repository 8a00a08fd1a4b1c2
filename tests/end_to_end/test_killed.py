"""Killed at any moment, again and again: the next run that lives ends with exactly the source's rows.

`KILLS=200` makes it longer.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from end_to_end.place import Place
from sandbox import WHATSAPP_TABLES

from ingestion.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "25"))
ROWS = 30_000
LONGEST_LIFE_SECONDS = 2.5
CHANGES = (
    "insert into messages select max(id) + 1, 'c1', 'customer', null, 'new', '2026-03-02', null from messages",
    "update messages set content = 'edited' || random() where id = (select max(id) from messages)",
    "delete from messages where id = (select min(id) from messages)",
    "insert into messages select min(id) - 1, 'c1', 'llm', null, 'late', '2020-01-01', null from messages",
)


def live(place: Place, table: str) -> list[tuple[object, ...]]:
    return place.rows(
        f"""
        select id, content from (
            from raw_whatsapp.{table} qualify row_number() over (partition by id order by _batch_seq desc) = 1
        ) where _op = 'upsert' order by id
        """
    )


def test_kills_over_a_growing_source_lose_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    file = tmp_path / "whatsapp.sqlite"
    with closing(sqlite3.connect(file)) as source, source:
        for statement in WHATSAPP_TABLES:
            source.execute(statement)
        source.executemany(
            "insert into messages values (?, 'c1', 'customer', null, ?, '2026-03-01 10:00:00+00:00', null)",
            ((i, f"message {i}") for i in range(ROWS)),
        )
    place = Place(tmp_path, {"whatsapp": f"sqlite:///{file}"})
    survived = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", "ingestion", "run"],
            cwd=PROJECT_ROOT,
            env=place.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Kept within the life of a run, so that nearly every kill strikes one that is still at work.
        time.sleep(chance.uniform(0.3, LONGEST_LIFE_SECONDS))
        survived += process.poll() is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        with closing(sqlite3.connect(file)) as source, source:
            source.execute(chance.choice(CHANGES))
    assert survived < KILLS, "every run was over before it was killed"

    result = place.module("ingestion", "run")
    assert result.returncode == 0, result.stderr
    with closing(sqlite3.connect(file)) as source:
        expected = source.execute("select id, content from messages order by id").fetchall()
    assert live(place, "messages") == expected
    assert place.rows("select id from raw_whatsapp.messages group by id, _batch_seq having count(*) > 1") == []
    # No version was appended twice: neighbours in a key's history differ.
    assert (
        place.rows(
            """
        select id from (
            select id, _op = 'upsert'
                and _row_hash = lag(_row_hash) over (partition by id order by _batch_seq) as is_repeated
            from raw_whatsapp.messages
        ) where is_repeated
        """
        )
        == []
    )
    # The archive holds every version that raw holds, and each of its files is whole.
    archived = place.rows(f"select count(*) from read_parquet('{tmp_path}/archive/whatsapp/messages/*.parquet')")
    assert archived[0][0] >= place.rows("select count(*) from raw_whatsapp.messages")[0][0]  # type: ignore[operator]
