"""Systems that recipes are for, on real servers, and a warehouse that reads them by the entries of their pages.

Belongs here: making them, reading them, comparing. Not here: what a system is like (a module each).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import mysql
import postgresql
import pytest
from oracle.sources import text
from oracle.whatsapp import phone_number
from sandbox import OwnSources, pseudonym, rows_of
from sqlalchemy import make_url

from ingestion.loading.run import Ingestion, RunResult
from ingestion.warehouses import open_warehouse
from recipes import Compared, Recipe, texts

Differences = tuple[list[tuple[str, ...]], list[tuple[str, ...]]]
NO_DIFFERENCES: Differences = ([], [])


@dataclass(frozen=True)
class System:
    """A database of a system on a server."""

    server: postgresql.Server | mysql.Server
    database: str

    @property
    def name(self) -> str:
        """The database's name."""
        return str(make_url(self.database).database) if isinstance(self.server, postgresql.Server) else self.database

    @property
    def reader(self) -> str:
        """The role that reads it: roles are a server's, not a database's."""
        return f"reader_{self.name}"

    @property
    def url(self) -> str:
        """As the source's URL of one who may do what the page says."""
        if isinstance(self.server, postgresql.Server):
            return str(make_url(self.database).set(username=self.reader))
        return self.server.url(self.database, self.reader, "...")

    def sql(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the owner; the rows of the last."""
        if isinstance(self.server, postgresql.Server):
            return self.server.sql(*statements, url=self.database)
        return self.server.sql(*statements, database=self.database)

    def prepare(self, statements: Iterable[str]) -> None:
        """Run a page's statements, with this database's name and role in the place of the page's."""
        for statement in statements:
            here = re.sub(r"(?<=grant select on )\w+\.", f"{self.name}.", statement)
            self.sql(re.sub(r"\bwarehouse\b", self.reader, here))


class Place(OwnSources):
    """A sources.yml of the entries of pages, and their systems with some rows."""

    def __init__(
        self,
        folder: Path,
        recipes: Iterable[Recipe],
        servers: Mapping[str, postgresql.Server | mysql.Server],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        super().__init__(folder)
        self.systems = {}
        self.recipes = {recipe.name: recipe for recipe in recipes}
        for name, recipe in self.recipes.items():
            server = servers[recipe.database]
            self.systems[name] = system = System(server, server.new_database())
            monkeypatch.setenv(recipe.variable, system.url)
            system.sql(*recipe.tables, *recipe.rows)
            system.prepare(recipe.preparation(recipe.entry))
        self.configured("".join(recipe.entry for recipe in self.recipes.values()))

    def read(self) -> RunResult:
        """A run without a fault, after which raw's latest versions are what plain SQL finds in the systems."""
        result = self.again()
        for name, recipe in self.recipes.items():
            for table, compared in recipe.raw.items():
                self.compare_raw(name, table, compared)
        return result

    def compare_raw(self, name: str, table: str, compared: Compared) -> None:
        """See to it that the live rows of a raw table are what the system has, or pseudonyms of it."""
        entry = Ingestion(self.settings()).catalogue[name][table]
        asked = re.split(r", (?![^(]*\))", compared.ours)
        hashed = {asked.index(column): entry.personal[column].kind for column in entry.hashed if column in asked}

        def shown(row: tuple[object, ...]) -> tuple[object, ...]:
            return tuple(_kept(value, hashed.get(place), name) for place, value in enumerate(row))

        ours, theirs = self.latest(table, compared.ours, name), self.systems[name].sql(compared.theirs)
        assert _differences(ours, map(shown, theirs)) == NO_DIFFERENCES, table

    def compare_marts(self) -> None:
        """See to it that marts are what plain SQL finds in the systems."""
        with open_warehouse(make_url(self.warehouse_url), self.settings().lock_timeout_seconds).reader() as read:
            found = {
                compared.ours: _differences(rows_of(read(compared.ours)), self.systems[name].sql(compared.theirs))
                for name, recipe in self.recipes.items()
                for compared in recipe.marts
            }
        assert found == dict.fromkeys(found, NO_DIFFERENCES)


def _differences(ours: Iterable[tuple[object, ...]], theirs: Iterable[tuple[object, ...]]) -> Differences:
    """Rows that only we have, and those that only the system has, which has some."""
    held, expected = Counter(map(texts, ours)), Counter(map(texts, theirs))
    assert expected
    return sorted((held - expected).elements()), sorted((expected - held).elements())


def _kept(value: object, kind: str | None, source: str) -> object:
    """What raw has of a value of the system."""
    if kind is None or value is None:
        return value
    clean = phone_number(str(value)) if kind == "phone" else text(str(value))
    return clean and pseudonym(clean, source)
