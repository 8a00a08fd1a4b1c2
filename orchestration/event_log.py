"""Dagster's event log in SQLite, with its connections kept.

Dagster opens, commits and closes a connection for each event, up to three times, and compiles each statement anew:
most of what a run costs that builds little. The files are Dagster's own; its plain storage reads and goes on with them.
Belongs here: connections and transactions. Not here: what is stored.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

_KEPT = 8
"""Files kept open at most: the index, and those of the last runs that were asked for."""

_FILE = "file"
"""Of a kept connection's notes: the file that it has open."""

_BUSY_SECONDS = 60
_TOGETHER_SECONDS = 1.0
"""How old what is written together becomes before others see it, and a killed process leaves it behind."""

_BATCH = {"DAGSTER_EVENT_BATCH_SIZE": "1000"}
"""What has Dagster hand over together what it tells of together."""


class EventLog(SqliteEventLogStorage):
    """See the module; configured in dagster.yaml."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._connections: OrderedDict[str, Connection] = OrderedDict()
        self._found: set[tuple[str, str]] = set()
        self._together_since: float | None = None
        super().__init__(*arguments, **options)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """It lies where Dagster's own does, so it needs none."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> "EventLog":
        """The event log below DAGSTER_HOME."""
        os.environ |= _BATCH | os.environ
        return cls(str(Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"), inst_data, **config_value)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table. Dagster asks with each event."""
        return self._has(super().has_table, table_name)

    def has_secondary_index(self, name: str) -> bool:
        """Whether the index was once brought to a newer form. Dagster asks with each look at an asset."""
        return self._has(super().has_secondary_index, name)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        return self._has(super()._has_asset_key_col_on_connection, conn, column_name)

    def _has(self, ask: Callable[..., bool], *arguments: Any) -> bool:
        """The answer, which is not asked for again where it is yes: what the index has it keeps."""
        question = ask.__name__, arguments[-1]
        if question not in self._found and ask(*arguments):
            self._found.add(question)
        return question in self._found

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write events that come one right after the other in one transaction per file.

        Whoever reads through this log sees them at once, others once a second and at the end.
        """
        self._together_since = monotonic()
        try:
            yield
        finally:
            self._together_since = None
            with self._db_lock:
                self._commit()

    def prepare_insert_event(self, event: EventLogEntry) -> Any:
        """What writes an event's row; Dagster executes it, once or in both files."""
        return _Row(self._event_to_row(event))

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store what Dagster tells of together: all assets and checks that a run is to make, say."""
        with self.together():
            super().store_event_batch(events)

    def delete_events(self, run_id: str) -> None:
        """Delete what is told of a run, with its file: what SQLite deletes makes none smaller."""
        super().delete_events(run_id)
        with self._db_lock:
            if run_id in self._connections:
                _close(self._connections.pop(run_id))
        # The file itself last: who opens it meanwhile finds it gone, and makes another one with files of its own.
        for end in ("-wal", "-shm", ""):
            Path(f"{self.path_for_shard(run_id)}{end}").unlink(missing_ok=True)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            connection = self._connection(shard)
            if not connection.in_transaction():
                connection.begin()
            try:
                yield connection
            except BaseException:
                self._roll_back()
                raise
            since = self._together_since
            if since is None or monotonic() - since > _TOGETHER_SECONDS:
                self._commit()
                self._together_since = since and monotonic()

    def _commit(self) -> None:
        """Commit what is written of each file."""
        try:
            for connection in self._connections.values():
                connection.commit()
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        """Take back what is written of each file; one that was lost, on a full disk say, is opened anew."""
        for shard, connection in [*self._connections.items()]:
            try:
                connection.rollback()
            except SQLAlchemyError:
                connection.invalidate()
            if connection.invalidated:
                del self._connections[shard]
                connection.close()

    def _connection(self, shard: str) -> Connection:
        path = self.path_for_shard(shard)
        # Whoever wipes the log or forgets a run, here or elsewhere, removes the file, and not what has it open.
        if shard in self._connections and self._connections[shard].info[_FILE] != _file_at(path):
            _close(self._connections.pop(shard))
        if shard not in self._connections:
            options = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
            engine = create_engine(self.conn_string_for_shard(shard), poolclass=NullPool, connect_args=options)
            event.listen(engine, "connect", _without_waiting_for_the_disk)
            self._initdb(engine)
            self._connections[shard] = engine.connect()
            self._connections[shard].info[_FILE] = _file_at(path)
        self._connections.move_to_end(shard)
        while len(self._connections) > _KEPT:
            _close(self._connections.popitem(last=False)[1])
        return self._connections[shard]

    def dispose(self) -> None:
        """Close the files."""
        while self._connections:
            _close(self._connections.popitem()[1])
        super().dispose()


class _Row:
    """A row to insert, by a statement that is made and compiled once."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def _execute_on_connection(self, connection: Connection, _: object, options: Any) -> Any:
        return _INSERT._execute_on_connection(connection, [self._values], options)


_INSERT = SqlEventLogStorageTable.insert()


def _file_at(path: str) -> tuple[int, int] | None:
    """What tells the file that is there now from one that was there before."""
    try:
        told = Path(path).stat()
    except FileNotFoundError:
        return None
    return told.st_dev, told.st_ino


def _close(connection: Connection) -> None:
    with connection:
        connection.commit()


def _without_waiting_for_the_disk(connection: Any, _: object) -> None:
    # In the mode of these files (write-ahead log), a crash of the machine may cost the last events, never the file.
    connection.execute("pragma synchronous = normal")
