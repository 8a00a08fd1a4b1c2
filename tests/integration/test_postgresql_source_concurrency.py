"""Writers that commit late, out of order or never, while runs read: nothing they commit is missed.

`POSTGRESQL_FUZZ_SECONDS` makes it longer.
"""

import json
import os
import random
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from postgresql import Server, Session
from sandbox import Sandbox

from ingestion.sources import postgresql_changes

SECONDS = float(os.environ.get("POSTGRESQL_FUZZ_SECONDS", "7"))
WRITERS = 5
CATALOGUE = """
whatsapp:
  messages:
    mode: {mode}
    cursor: timestamp
    reconcile_hours: {reconcile_hours}
    max_delete_share: 1
    columns: {{id: identifier, content: text, timestamp: timestamp}}
"""
ROWS = "select id, content from messages order by id"


class Polls:
    """Counts the runs that were made, so that writers can hold a transaction open across some of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._over = False

    def made(self, over: bool = False) -> None:
        with self._changed:
            self._count += 1
            self._over |= over
            self._changed.notify_all()

    def wait(self, count: int) -> None:
        with self._changed:
            target = self._count + count
            self._changed.wait_for(lambda: self._over or self._count >= target)

    @property
    def over(self) -> bool:
        return self._over


class Writer(threading.Thread):
    """Random transactions over keys of its own."""

    def __init__(self, number: int, url: str, polls: Polls, seed: str) -> None:
        super().__init__(daemon=True)
        self._number = number
        self._random = random.Random(seed)
        self._url = url
        self._polls = polls
        self._next_id = number
        self.transactions = 0
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            with Session(self._url) as session:
                while not self._polls.over:
                    self._transact(session)
        except Exception as error:
            self.failure = error

    def _transact(self, session: Session) -> None:
        self.transactions += 1
        session.sql("begin")
        for _ in range(self._random.randint(1, 6)):
            if self._random.random() < 0.3:
                session.sql("savepoint here")
                session.sql(self._change())
                session.sql(self._random.choice(["release savepoint here", "rollback to savepoint here"]))
            session.sql(self._change())
        if self._random.random() < 0.05:
            self._polls.wait(self._random.randint(1, 3))
            session.sql(self._change())
        end = self._random.choices(["commit", "rollback", "prepare"], [16, 3, 1])[0]
        if end != "prepare":
            session.sql(end)
            return
        name = f"'{self._number}-{self.transactions}'"
        session.sql(f"prepare transaction {name}")
        self._polls.wait(self._random.randint(0, 2))
        session.sql(f"{self._random.choice(['commit', 'commit', 'rollback'])} prepared {name}")

    def _change(self) -> str:
        content = self._random.randbytes(6).hex()
        own = f"(select id from messages where id % {WRITERS} = {self._number} order by random() limit 1)"
        self._next_id += WRITERS
        return self._random.choices(
            [
                f"insert into messages values ({self._next_id}, '{content}', now())",
                f"update messages set content = '{content}', timestamp = now() where id = {own}",
                f"update messages set id = {self._next_id}, timestamp = now() where id = {own}",
                f"delete from messages where id = {own}",
            ],
            [4, 4, 1, 1],
        )[0]


class NaiveReader:
    """Remembers the highest cursor it saw and reads from there: what must not be done."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._highest = "-infinity"
        self.rows: dict[int, str] = {}

    def poll(self) -> None:
        with Session(self._url) as session:
            read = session.sql(
                f"select id, content, timestamp::text from messages where timestamp >= '{self._highest}' order by 3"
            )
        for id_, content, at in read:
            self.rows[id_] = content
            self._highest = at


@pytest.mark.parametrize("mode", ["changes", "cursor"])
def test_whatever_writers_commit_is_read(
    tmp_path: Path, postgresql_server: Server, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    # The usual minute would hide a gate that does not close: the whole test takes less.
    monkeypatch.setattr(postgresql_changes, "_GATE_SLACK", timedelta(milliseconds=50))
    sandbox = Sandbox(tmp_path)
    sandbox.url = url = postgresql_server.new_database()
    postgresql_server.sql(
        "set timezone to 'UTC'",
        "create table messages (id bigint primary key, content text, timestamp timestamptz)",
        "insert into messages select -i, 'first', now() from generate_series(1, 200) as i",
        url=url,
    )
    catalogue = tmp_path / "catalogue.yml"
    # Comparing keys would find the inserts that a read missed: it waits until what was read has been judged.
    catalogue.write_text(CATALOGUE.format(mode=mode, reconcile_hours=1000))
    sandbox.more = {"ingestion_catalogue": catalogue}
    polls, naive = Polls(), NaiveReader(url)
    writers = [Writer(number, url, polls, f"{mode} {number}") for number in range(WRITERS)]
    scopes = [_poll(sandbox)]
    for writer in writers:
        writer.start()
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        scopes.append(_poll(sandbox))
        naive.poll()
        polls.made()
        if len(scopes) % 7 == 0:
            postgresql_server.sql("vacuum (freeze) messages", url=url)
    polls.made(over=True)
    for writer in writers:
        writer.join(timeout=60)
    assert not any(writer.is_alive() for writer in writers)
    assert [writer.failure for writer in writers] == [None] * WRITERS
    scopes.append(_poll(sandbox))
    naive.poll()

    source = dict(postgresql_server.sql(ROWS, url=url))
    raw = dict(sandbox.latest("messages", "id, content"))
    assert {id_: raw.get(id_) for id_ in source} == source
    [(watermark,)] = sandbox.query("select watermark from raw_whatsapp._state")
    assert json.loads(str(watermark))["by"] == {"changes": "transaction", "cursor": "cursor"}[mode]
    assert scopes[0] == "initial"
    assert all(scope.startswith("since ") for scope in scopes[1:])
    lost = [id_ for id_, content in source.items() if naive.rows.get(id_) != content]
    made = sum(writer.transactions for writer in writers)
    print(f"{mode}: {len(scopes)} runs, {made} transactions, {len(source)} rows; a naive reader lost {len(lost)}")
    assert lost

    catalogue.write_text(CATALOGUE.format(mode=mode, reconcile_hours=0))
    _poll(sandbox)
    assert dict(sandbox.latest("messages", "id, content")) == source


def _poll(sandbox: Sandbox) -> str:
    result = sandbox.run()
    assert result.errors == []
    [table] = result.tables
    return table.scope
