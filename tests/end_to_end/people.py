"""People who can be told from all else, in every column of the sample that the catalogue calls personal.

Belongs here: what is put into the sources, and where the catalogue lets it be. Not here: where it is (canary.py).
"""

import json
import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import yaml

from ingestion.catalogue.catalogue_file import Catalogue, load_catalogue
from ingestion.catalogue.personal import PersonalColumn
from ingestion.settings import PROJECT_ROOT, SOURCES

REJECTED = "zqreject"
"""Begins what keeps a person's row out of raw."""

UNREVIEWED = ("whatsapp", "outlets", "boss")
"""Source, table and name of a column that no catalogue declares."""

SHOWN = {
    ("consulting", "accounts", "name"): (("account_name", "customer_name"), set()),
    ("consulting", "leads", "owner"): (("owner",), {"reports/pipeline"}),
    ("erp", "customers", "name"): (("customer_name",), set()),
}
"""A column that may be shown → what it is called in models, and the reports that name it. Of the others nothing is."""

REPEATED = {("consulting", "leads", "owner"): {"raw_consulting.event_outbox"}}
"""A column → raw tables to whose personal columns the source itself copies it: events tell of the leads they are of."""

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


def places_allowed(systems: Collection[str] = SOURCES) -> dict[str, set[str]]:
    """Person → the places that may hold him, where only some of the systems are; `place_of` names files so.

    They are the tables `raw_<source>.<table>` and what was rejected of it, and of a name that is shown what has a
    column for it. They are empty for those of whom raw has a pseudonym, or nothing.
    """
    clear = [(*UNREVIEWED, None), *((*of, told) for *of, told in personal_columns(declared()) if told.keep == "clear")]
    less = [column for column in personal_columns(declared()) if column[3].keep != "clear"]
    allowed: dict[str, set[str]] = {person: set() for column in less for person in people(*column)}
    for source, table, column, told in clear:
        raw = {f"raw_{source}.{table}", f"raw_{source}._rejected", *REPEATED.get((source, table, column), ())}
        shown = _places_of_models(source, *SHOWN[source, table, column]) if told and told.show else set()
        places = raw | shown if source in systems else set()
        allowed |= dict.fromkeys(people(source, table, column, told), places)
    return {**allowed, REJECTED: {f"raw_{source}._rejected" for source in systems}}


def place_of(file: str) -> str:
    """The raw table that a file of the archive is, the mart or report that was published; any other is its own."""
    for pattern, place in (
        (r"archive/(\w+)/(\w+)/\d+[.]parquet", r"raw_\1.\2"),
        (r"exports/\w+/\w+/reports/(\w+)-\d{4}-\d\d[.](html|pdf|xlsx)", r"reports/\1"),
        # What the reports of a tenant tell, for their next revision.
        (r"exports/\w+/\w+/reports/reports[.]json", "reports/pipeline"),
        (r"exports/(?:all|\w+/\w+)/(\w+?)(?:_by_tenant)?/[^/]+", r"exports/\1"),
    ):
        if match := re.fullmatch(pattern, file):
            return match.expand(place)
    return file


def _places_of_models(source: str, columns: Collection[str], reports: set[str]) -> set[str]:
    """Tables and views of a system and of all that have columns of these names, and what is made of them."""
    models = set()
    for path in (PROJECT_ROOT / "dbt_project" / "models").rglob("_*models.yml"):
        schema, system, *_ = path.relative_to(PROJECT_ROOT / "dbt_project" / "models").parts
        if system in (source, "cross_source"):
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
                if {column["name"] for column in model.get("columns", [])} & {*columns}:
                    models.add((schema, model["name"]))
    copied = {(schema, name) for schema, name in models if schema in ("core", "marts")}
    marts = {name for schema, name in models if schema == "marts"}
    return {
        *(f"{schema}.{name}" for schema, name in models),
        *(f"{place}{name}" for name in marts for place in ("reporting.", "exports/")),
        *("bi.duckdb", *(f"bi.duckdb:{schema}.{name}" for schema, name in copied)),
        *reports,
    }


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
