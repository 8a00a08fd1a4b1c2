"""The rows of a source's SQLite file, as values of the types that the catalogue declares.

Belongs here: reading, and which rows a warehouse can't take. Not here: what a system's columns mean.
"""

import csv
import re
import sqlite3
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from oracle.periods import Row, local_date

ROOT = Path(__file__).parents[2]
UNKNOWN, OTHER = "unknown", "other"
CURRENCY = "USD"


def seed(system: str, name: str) -> list[dict[str, str]]:
    """The rows of a seed, as text."""
    path = ROOT / "dbt_project" / "seeds" / system / f"{name}.csv"
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


MINOR_UNITS = {row["currency_code"]: int(row["minor_units"]) for row in seed("reference", "currencies")}
"""By currency, how many decimals its minor unit has."""


class UnreadableError(ValueError):
    """A value is not of the type that its column has."""


def _integer(value: Any) -> int:
    if isinstance(value, int):
        return value
    if re.fullmatch(r"[+-]?\d+", str(value).strip()):
        return int(value)
    raise UnreadableError(value)


def _decimal(value: Any) -> Fraction:
    try:
        # A float means the shortest number that is told by fifteen digits.
        return Fraction(Decimal(f"{value:.15g}" if isinstance(value, float) else str(value)))
    except (ArithmeticError, ValueError) as error:
        raise UnreadableError(value) from error


def _boolean(value: Any) -> bool:
    words = {"1": True, "true": True, "0": False, "false": False}
    try:
        return words[str(value).lower()]
    except KeyError:
        raise UnreadableError(value) from None


def _timestamp(value: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise UnreadableError(value) from error
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


READERS: Mapping[str, Callable[[Any], Any]] = {
    "identifier": str,
    "text": str,
    "json": str,
    "timezone": str,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "timestamp": _timestamp,
}


def _as_it_is(value: Any) -> Any:
    return value


RAW_READERS: Mapping[str, Callable[[Any], Any]] = {"identifier": str, "decimal": Fraction}


class Source:
    """A source system's rows.

    Attributes:
        name: Of the system.
        as_of: The instant of the build.
        tables: The rows of each table.
        unreadable: By table, the keys of the rows that hold a value not of its column's type, or lack a required one:
            rows that can do without the value are there, the others are not.
    """

    def __init__(self, name: str, as_of: datetime) -> None:
        self.name, self.as_of = name, as_of
        self.tables: dict[str, list[Row]] = {}
        self.unreadable: dict[str, set[str]] = {}
        catalogue = yaml.safe_load((ROOT / "ingestion" / "catalogue.yml").read_text(encoding="utf-8"))
        self._columns: dict[str, dict[str, str]] = {table: entry["columns"] for table, entry in catalogue[name].items()}
        self._needed = {
            table: {*entry.get("key", ["id"]), entry.get("cursor")} for table, entry in catalogue[name].items()
        }

    @classmethod
    def from_file(cls, name: str, as_of: datetime, path: Path) -> "Source":
        """Read a SQLite file."""
        source = cls(name, as_of)
        for table in source._columns:
            with closing(sqlite3.connect(path)) as connection:
                connection.row_factory = sqlite3.Row
                found = [dict(row) for row in connection.execute(f'select * from "{table}"')]
                declared = {
                    row["name"]: row["type"].lower() for row in connection.execute(f'pragma table_info("{table}")')
                }
            source._read(table, found, declared)
        return source

    @classmethod
    def from_versions(cls, name: str, as_of: datetime, versions: Callable[[str, str], list[Row]]) -> "Source":
        """Take the latest version of every row in raw that is not deleted; raw's values are of their columns' types."""
        source = cls(name, as_of)
        for table, columns in source._columns.items():
            latest = {row["id"]: row for row in sorted(versions(name, table), key=lambda row: int(row["_batch_seq"]))}
            source.tables[table] = [
                {
                    column: _typed(row[column], RAW_READERS.get(kind.split()[0], _as_it_is))
                    for column, kind in columns.items()
                }
                for row in latest.values()
                if row["_op"] != "delete"
            ]
        return source

    def _read(self, table: str, found: list[Row], source_types: Mapping[str, str]) -> None:
        rows = self.tables.setdefault(table, [])
        unreadable = self.unreadable.setdefault(table, set())
        for row in found:
            try:
                rows.append(self._values(table, row, source_types))
            except UnreadableError:
                unreadable.add(str(row["id"]))

    def _values(self, table: str, row: Row, source_types: Mapping[str, str]) -> Row:
        values: Row = {}
        for column, declared in self._columns[table].items():
            kind, *required = declared.split()
            if row[column] is None and required:
                raise UnreadableError(column)
            try:
                # SQLite keeps text in a column of whole numbers; no other database would.
                if kind == "identifier" and source_types[column] == "integer" and isinstance(row[column], str):
                    raise UnreadableError(column)
                values[column] = _typed(row[column], READERS[kind])
            except UnreadableError:
                if required or kind == "identifier" or column in self._needed[table]:
                    raise
                values[column] = None
                self.unreadable[table].add(str(row["id"]))
        return values


def _typed(value: Any, reader: Callable[[Any], Any]) -> Any:
    return None if value is None else reader(value)


class Tenants:
    """The tenants of a system: their names and time zones, and the local date of the build."""

    def __init__(self, source: Source, table: str | None, prefix: str) -> None:
        self._as_of = source.as_of
        self._prefix = prefix
        rows = source.tables[table] if table else []
        self._names = {self.key(row["id"]): text(row["name"]) or row["id"] for row in rows}
        self._zones = {self.key(row["id"]): _zone(row["timezone"]) for row in rows}
        self.listed = list(self._names)

    def key(self, tenant_id: str | None) -> str:
        """Tenant_key of an id; that of the unknown tenant for none."""
        return f"{self._prefix}:{tenant_id or UNKNOWN}"

    def name(self, tenant_key: str) -> str:
        """Name, else identifier."""
        return self._names.get(tenant_key, tenant_key.partition(":")[2])

    def zone(self, tenant_key: str) -> ZoneInfo:
        """Time zone."""
        return self._zones.get(tenant_key, ZoneInfo("UTC"))

    def day(self, tenant_key: str, instant: datetime) -> date:
        """Local date of an instant."""
        return local_date(instant, self.zone(tenant_key))

    def today(self, tenant_key: str) -> date:
        """Local date of the build."""
        return self.day(tenant_key, self._as_of)


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError):
        return ZoneInfo("UTC")


WHITE_SPACE = {
    *range(0x09, 0x0E),
    *(0x20, 0x85, 0xA0, 0x1680),
    *range(0x2000, 0x200B),
    *(0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
}
FIRST_PLAUSIBLE, IMPLAUSIBLE_FROM = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
CONTROLS = {*range(0x20), *range(0x7F, 0xA0)}
UNSEEN = "".join(map(chr, WHITE_SPACE | CONTROLS | {0x200B, 0xFEFF}))


def text(value: str | None) -> str | None:
    """Text without what is not seen at its ends; none where nothing is left."""
    return (value or "").strip(UNSEEN) or None


def plausible(instant: datetime | None) -> datetime | None:
    """An instant, none where a business can't have meant it."""
    return (
        instant if instant and datetime(1990, 1, 1, tzinfo=UTC) <= instant < datetime(2100, 1, 1, tzinfo=UTC) else None
    )


def plausible_amount(amount: Fraction | None) -> Fraction | None:
    """An amount in major units, none where a business can't have meant it."""
    return amount if amount is not None and abs(amount) < 10**15 else None


def plausible_count(number: int | None) -> int | None:
    """A count, none where a business can't have meant it."""
    return number if number is not None and 0 <= number < 10**12 else None


def code(value: str | None) -> str | None:
    """Clean text in lower case."""
    return (text(value) or "").lower() or None


def listed(told: str | None, among: Collection[str]) -> str | None:
    """A code that is one of some; else other, which `unknown` is not."""
    return told if told is None or told in among or told == UNKNOWN else OTHER


_NUMBER = re.compile(r"(^|[^0-9A-Za-z_-])[0-9]([ ()./+-]{0,3}[0-9]){6}")


def own_word(told: str | None) -> str | None:
    """A word of a business's own; other where it is an address, a number, a sentence, or too long for a word."""
    if told is None:
        return None
    words = [word for word in told.split(" ") if word]
    is_more = "@" in told or len(told) > 64 or len(words) > 4 or {*"\t\r\n"} & {*told} or _NUMBER.search(told)
    return OTHER if is_more else told


def order_of(identifier: str) -> bytes:
    """By what identifiers sort: numbers as people count, other text byte by byte."""
    return (identifier.zfill(20) if identifier.isascii() and identifier.isdigit() else identifier).encode()
