"""People who can be told from all else, in every column of the sample that the catalogue calls personal.

Belongs here: what is put into the sources, and where the catalogue lets it be. Not here: where it is (canary.py).
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ingestion.catalogue.entries import Catalogue, load_catalogue
from ingestion.catalogue.personal import PersonalColumn
from ingestion.settings import PROJECT_ROOT

REJECTED = "zqreject"
"""Begins what keeps a person's row out of raw."""

UNREVIEWED = ("whatsapp", "outlets", "boss")
"""Source, table and name of a column that no catalogue declares."""

_PEOPLE = 4
"""In so many rows of a table; one of them is kept out of raw, where the sample has such a row: no number changes."""


def declared() -> Catalogue:
    """The project's catalogue."""
    return load_catalogue(PROJECT_ROOT / "ingestion" / "catalogue.yml")


def personal_columns(catalogue: Catalogue) -> Iterator[tuple[str, str, str, PersonalColumn]]:
    """Source, table, column and what is told of it."""
    for source, tables in catalogue.items():
        for table, entry in tables.items():
            for column, told in entry.personal.items():
                yield source, table, column, told


def people(source: str, table: str, column: str, told: PersonalColumn | None = None) -> list[str]:
    """The values of a column, in the form in which no spelling parts them: of a telephone number the digits."""
    one = "9990042421234" if told and told.kind == "phone" else f"zqperson-{source}-{table}-{column}-"
    return [f"{one}{number}" for number in range(_PEOPLE)]


def places_allowed() -> dict[str, set[str]]:
    """Person → the tables `raw_<source>.<table>` that hold him, with those of what was rejected of it.

    They are empty for those of whom raw has a pseudonym, or nothing.
    """
    clear = [(*UNREVIEWED, None), *((*of, told) for *of, told in personal_columns(declared()) if told.keep == "clear")]
    less = [column for column in personal_columns(declared()) if column[3].keep != "clear"]
    allowed: dict[str, set[str]] = {person: set() for column in less for person in people(*column)}
    for source, table, column, told in clear:
        raw = {f"raw_{source}.{table}", f"raw_{source}._rejected"}
        allowed |= dict.fromkeys(people(source, table, column, told), raw)
    return {**allowed, REJECTED: {f"raw_{source}._rejected" for source in declared()}}


def add_people(folder: Path) -> None:
    """Put people into rows that the sample has, some of which raw can't hold for another column's value."""
    catalogue = declared()
    for source, table, column, told in personal_columns(catalogue):
        columns = catalogue[source][table].columns
        is_json = columns[column].type == "json"
        objects = f"where \"{column}\" like '{{%}}'" if is_json else ""
        instant = next((n for n, one in columns.items() if one.type == "timestamp" and one.required), None)
        # A word in the place of an instant.
        is_rejected = f"\"{instant}\" >= 'a'" if instant else "false"
        with closing(sqlite3.connect(folder / f"{source}.sqlite")) as db, db:
            if instant:
                db.execute(f'update "{table}" set "{instant}" = ? where {is_rejected}', (f"{REJECTED}-{table}",))
            rows = db.execute(
                f'select rowid, "{column}" from "{table}" {objects} order by {is_rejected} desc, rowid desc'
                f" limit {_PEOPLE}"
            ).fetchall()
            for value, (row, before) in zip(people(source, table, column, told), rows, strict=True):
                written = _written(value, told, before, is_json)
                db.execute(f'update "{table}" set "{column}" = ? where rowid = ?', (written, row))
    source, table, column = UNREVIEWED
    with closing(sqlite3.connect(folder / f"{source}.sqlite")) as db, db:
        db.execute(f'alter table "{table}" add column "{column}" text')
        for number, person in enumerate(people(*UNREVIEWED)):
            of_one = f'rowid = (select rowid from "{table}" limit 1 offset {number})'
            db.execute(f'update "{table}" set "{column}" = ? where {of_one}', (person,))


def _written(value: str, told: PersonalColumn, before: str | None, is_json: bool) -> str:
    """A person beside what stands there, where models read something of that."""
    if is_json:
        return json.dumps({**json.loads(before or "{}"), f"{value}-key": f"{value} value", "who": {"name": value}})
    if told.kind == "phone":
        return f"whatsapp:+{value[:3]} {value[3:]}"
    if told.kind == "text":
        return f"{before or ''} {value}"
    return f" {value}@Example.org" if told.kind == "email" else value
