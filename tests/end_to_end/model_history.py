"""A history of a source system in which anything may happen to any row, extracted and built at any moments.

Several sources may be of the system's kind. They have the same ids.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from bigquery import Bigquery
from end_to_end.dbt_inside import Dbt
from parsed_project import ParsedProject
from postgresql import Server

from ingestion import sample
from ingestion.loading.progress import LogListener
from ingestion.loading.run import Ingestion
from ingestion.operations import removal
from ingestion.sample.restaurant import ERRORS
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.warehouses.base import Warehouse
from orchestration.profile import shown_names

FIRST_AS_OF = datetime(2026, 9, 5, 6, tzinfo=UTC)
"""Of the first build: a part of the rows lies after it, and is counted when its day has come."""

SCALE = 0.08
"""How large a source is: small enough that edits meet, large enough that some rows of every kind are there."""

ODD_VALUES: tuple[str | int | float, ...] = (
    *("", " ", "n/a", " Resolved\r\n", "whatsapp:+1 (555) 000-0001"),
    *("0001-01-01 00:00:00+00:00", "1970-01-01 00:00:00+00:00", "9999-12-31 23:59:59.999999+00:00"),
    *(-1, 0, 0.1, 10**12, 999_999_999_999_999_999, 1e20, -1e20),
    *("b:", "b:1"),
    *('{"tokens_used": 999999999999999999}', "[]", "{"),
    '{"product_id": 3, "product_name": "Lamp", "category": " Lamps", "recommender": "Trending", "query": "lamp"}',
    '{"product_id": [3], "name": {"en": "Lamp"}, "category": 7, "results": "many", "q": " "}',
    '{"path": "//", "utm_medium": "cpc"}',
    '{"page": "/a > b?c", "referrer": "https://t.co/", "registration_method": "x"}',
)
"""What applications and people write where they should not."""

CUSTOMERS = {
    "consulting": {"leads": "account_id", "deals": "account_id"},
    "erp": {"customer_interactions": "customer_id", "customer_segments": "customer_id"},
    "restaurant": {"visits": "customer_id", "outreach_events": "customer_id"},
    "shop": {"user_events": "user_id", "product_events": "user_id", "order_events": "user_id"},
    "whatsapp": {"conversations": "customer_phone"},
}
"""Where a source names the customer of a row."""

SELDOM = {
    "restaurant": [
        (f"update outreach_events set status = 'failed', error = ? where id % 14 = {2 * number}", error)
        for number, error in enumerate((*ERRORS, None))
    ]
}
"""What the sample has too little of at this scale: messages that failed, for each kind of reason and for none."""


@dataclass(frozen=True)
class Table:
    """A table of a source."""

    source: str
    name: str


class ModelHistory:
    """A small source system, a warehouse, and dbt inside this process.

    Every table is read in full in every run: what raw misses until a sweep is not what is tested here.

    Attributes:
        as_of: of the next build.
        names: the sources that there are at present.
        down: that one of several which can't be read, if any.
        shown: the names that models show; those of which the catalogue says so if None.
    """

    def __init__(
        self,
        system: str,
        folder: Path,
        parsed: ParsedProject,
        server: Server | Bigquery | None = None,
        project: Path = PROJECT_ROOT,
        before: str = "",
        others: Sequence[str] = (),
    ) -> None:
        """Begin a history.

        Args:
            system: which of the sample's.
            folder: an empty one.
            parsed: what dbt remembers of the project.
            server: where the warehouse is; a DuckDB file without one.
            project: the folder with `dbt_project` and the catalogue.
            before: what is done to the sample at first, as SQL.
            others: sources of the same kind that there may be beside the one that is named as it; none at first.
        """
        if isinstance(server, Server):
            warehouse_url = server.emptied_database()
        else:
            warehouse_url = server.new_database() if server else f"duckdb:///{folder / 'warehouse.duckdb'}"
        self._system, self._folder, self._project, self._warehouse_url = system, folder, project, warehouse_url
        self.as_of = FIRST_AS_OF
        self.names = [system]
        self.down = ""
        self.shown: Sequence[str] | None = None
        self._sources = {system: folder / "sources", **{name: folder / "sources" / name for name in others}}
        self._deleted: list[tuple[Table, tuple[Any, ...]]] = []
        for seed, name in enumerate(self._sources, start=7):
            self._create(name, seed)
        if before:
            self._rows(system, before)
        self._catalogue()
        tables = self._rows(system, "select name from sqlite_master where type = 'table'")
        self._tables = [
            Table(name, table) for (table,) in tables if table in self._catalogue_entry() for name in self._sources
        ]
        self._dbt = Dbt(folder, self.settings.warehouse, parsed, project)

    def _create(self, name: str, seed: int) -> None:
        days = {"first_day": date(2026, 8, 20), "last_day": date(2026, 9, 20)}
        sample.create(self._sources[name], scale=SCALE, seed=seed, **days)
        for sql, *values in SELDOM.get(self._system, ()):
            self._rows(name, sql, *values)

    @property
    def settings(self) -> Settings:
        """Where everything is at present."""
        urls = {name: f"sqlite:///{self.file_of(name)}{'.down' * (name in self._down())}" for name in self.names}
        others = {name: {"kind": self._system, "url": url} for name, url in urls.items() if name != self._system}
        file = self._folder / "sources.yml"
        file.write_text(yaml.safe_dump(others), encoding="utf-8")
        return Settings.model_validate(
            {
                "warehouse_url": self._warehouse_url,
                "archive_url": str(self._folder / "archive"),
                "ingestion_catalogue": self._folder / "catalogue.yml",
                "sources_file": file,
                f"{self._system}_database_url": urls.get(self._system),
            }
        )

    def _catalogue_entry(self) -> dict[str, Any]:
        catalogue = yaml.safe_load((self._project / "ingestion" / "catalogue.yml").read_text(encoding="utf-8"))
        entry: dict[str, Any] = catalogue[self._system]
        return entry

    def _catalogue(self) -> None:
        tables = self._catalogue_entry()
        for entry in tables.values():
            for setting in ("cursor", "open_rows", "overlap_hours", "sweep_hours", "reconcile_hours"):
                entry.pop(setting, None)
            entry |= {"mode": "full", "max_delete_share": 1.0}
        (self._folder / "catalogue.yml").write_text(yaml.safe_dump({self._system: tables}), encoding="utf-8")

    @property
    def file(self) -> Path:
        """The file of the source that is named as the kind."""
        return self.file_of(self._system)

    def file_of(self, name: str) -> Path:
        """A source's file."""
        return self._sources[name] / f"{self._system}.sqlite"

    def _rows(self, source: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
        # What a constraint of the source forbids does not happen there.
        with suppress(sqlite3.IntegrityError), sqlite3.connect(self.file_of(source)) as db:
            return db.execute(sql, values).fetchall()
        return []

    def _table(self, place: int) -> Table:
        return self._tables[place % len(self._tables)]

    def _row(self, table: Table, number: int) -> tuple[Any, ...]:
        rows = self._rows(table.source, f'select rowid, * from "{table.name}" order by rowid')
        return rows[number % len(rows)] if rows else ()

    def _columns(self, table: Table) -> list[str]:
        return [row[1] for row in self._rows(table.source, f'pragma table_info("{table.name}")')]

    def edit(self, place: int, row: int, donor: int, column: int) -> None:
        """Give a row the value that another row has in some column: it moves, changes or loses something."""
        table = self._table(place)
        columns = self._columns(table)
        index = column % len(columns)
        changed, given = self._row(table, row), self._row(table, donor)
        # A key stays, since a changed one is a delete and an insert, which are steps of their own.
        if changed and columns[index] != "id":
            sql = f'update "{table.name}" set "{columns[index]}" = ? where rowid = ?'
            self._rows(table.source, sql, given[index + 1], changed[0])

    def spoil(self, place: int, row: int, column: int, value: int) -> None:
        """Put an odd or extreme value into some column of a row."""
        table = self._table(place)
        columns = self._columns(table)
        name, changed = columns[column % len(columns)], self._row(table, row)
        if changed and name != "id":
            odd = ODD_VALUES[value % len(ODD_VALUES)]
            self._rows(table.source, f'update "{table.name}" set "{name}" = ? where rowid = ?', odd, changed[0])

    def leave_customers_without_rows(self) -> None:
        """Give all that some customers did to others, and delete all of others still: nothing names them any more."""
        for source in self._sources:
            for table, column in CUSTOMERS[self._system].items():
                named = f'select distinct "{column}" from "{table}" where "{column}" is not null order by 1'
                customers = [customer for (customer,) in self._rows(source, named)]
                for heir, loser, gone in zip(customers[:9:3], customers[1:9:3], customers[2:9:3], strict=False):
                    moved = f'update or ignore "{table}" set "{column}" = ? where "{column}" = ?'
                    self._rows(source, moved, heir, loser)
                    self._rows(source, f'delete from "{table}" where "{column}" in (?, ?)', loser, gone)

    def leave_rows_without_customers(self) -> None:
        """Take from every fifth row whose it is, where the source lets it."""
        for source in self._sources:
            for table, column in CUSTOMERS[self._system].items():
                self._rows(source, f'update or ignore "{table}" set "{column}" = null where rowid % 5 = 0')

    def delete(self, place: int, row: int) -> None:
        """Delete a row, and remember it."""
        table = self._table(place)
        if gone := self._row(table, row):
            self._rows(table.source, f'delete from "{table.name}" where rowid = ?', gone[0])
            self._deleted.append((table, gone[1:]))

    def put_back(self) -> None:
        """Insert again what was deleted last."""
        if self._deleted:
            table, values = self._deleted.pop()
            self._insert(table, values)

    def _insert(self, table: Table, values: Sequence[Any]) -> None:
        self._rows(table.source, f'insert into "{table.name}" values ({", ".join("?" * len(values))})', *values)

    def copy(self, place: int, row: int, key: int) -> None:
        """Insert a row once more under another key, which may look as if it were of the source b."""
        table = self._table(place)
        if copied := self._row(table, row):
            values = list(copied[1:])
            at = self._columns(table).index("id")
            is_text = isinstance(values[at], str)
            values[at] = f"{'copy-' if key % 10 else 'b:'}{key}" if is_text else 10_000_000 + key
            self._insert(table, values)

    def live_a_day(self) -> None:
        """Let the next day happen, late rows included."""
        # The sample goes on from its rows; where one that it needs was deleted or changed, the day does not happen.
        for folder in self._sources.values():
            with suppress(TypeError, ValueError, LookupError, ArithmeticError, sqlite3.Error):
                sample.advance(folder)

    def _down(self) -> list[str]:
        return [name for name in self.names if name == self.down and len(self.names) > 1]

    def extract(self) -> None:
        """Bring raw up to the sources that there are and can be read."""
        result = Ingestion(self.settings).run(LogListener())
        assert [*result.failed_sources] == self._down()
        assert [table.error for table in result.tables if table.error] == []

    def build(self, *arguments: str, others: bool = False) -> None:
        """Build the system's models, or those that the arguments select; `others` as if they were made of other files.

        What a whole build noted as changed is tested: no comparison looks at it.
        """
        selected = [] if "--select" in arguments else ["--select", f"tag:{self._system}"]
        shown = shown_names(Ingestion(self.settings).catalogue, self.names) if self.shown is None else self.shown
        told = {"as_of": self.as_of.isoformat(), "sources": {self._system: self.names}, "shown": shown}
        told |= {"unknown_id": "of others"} if others else {}
        self._dbt.build(*selected, *arguments, told=told)
        if not arguments:
            assert self._dbt.faults("test", "--select", f"int_{self._system}__changed_*", told=told) == []

    def replace_source(self, name: str, seed: int) -> None:
        """Remove a source that others of its kind stay beside, and let another one have its name."""
        names = self.names
        if {name} < {*names}:
            self.names = [other for other in names if other != name]
            ingestion = Ingestion(self.settings)
            if ingestion.warehouse.loaded_sources([name]):
                removal.remove(ingestion, removal.find(ingestion, name), with_archive=True)
            self.names = names
            self._create(name, seed)

    def models(self) -> list[str]:
        """The names of the system's models."""
        nodes = self._dbt.manifest.nodes.values()
        return sorted(node.name for node in nodes if node.resource_type == "model" and self._system in node.tags)

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse."""
        return Ingestion(self.settings).warehouse
