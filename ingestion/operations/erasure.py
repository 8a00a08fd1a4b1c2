"""A person erased: out of raw and archive, so that models, copy and files follow, and reads do not bring him back.

Belongs here: the order of steps. Not here: which rows are a person's (persons.py), what a table's log becomes
(erased_log.py), what is left of a row (rows/erased.py), how reads know it again (log/erasures.py).

The register is written first: whatever is killed after it, the next call ends. Each table's files are written anew, and
say which erasures they have been through. A batch follows with the rows as they are now, or with deletes: so models see
by batch numbers what changed, as after any other change. Raw is made of the files.
"""

import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.errors import IngestionError
from ingestion.loading.progress import Listener
from ingestion.loading.results import LoadResult
from ingestion.loading.run import Ingestion
from ingestion.log.erasures import Erasure, SourceErasure
from ingestion.log.state import TableState
from ingestion.operations.archived_table import archived_numbers, whole_history
from ingestion.operations.erased_log import ErasedLog
from ingestion.operations.last_builds import forget_last_builds
from ingestion.operations.persons import Person, SourceSearch
from ingestion.operations.rebuild import rebuild_tables
from ingestion.operations.renewal import TableFiles
from ingestion.operations.status import remembered
from ingestion.rows.columns import RawTable
from ingestion.rows.erased import Tokens, keys_of, row_names
from ingestion.rows.pseudonyms import SourceKey
from ingestion.settings import PROJECT_ROOT
from ingestion.warehouses.base import Session
from ingestion.warehouses.sql import relation

BUILT = ("staging", "intermediate", "core", "marts")
"""The schemas of what is built of raw."""

Found = dict[str, dict[str, set[str]]]
"""Source → table → keys of rows."""


def find(ingestion: Ingestion, person: Person) -> Found:
    """The rows of a person.

    Raises:
        ConfigurationError: there is no such source or table, or no key for a source's pseudonyms.
        TableError: a file of the archive is missing or damaged, or the archive is not that of raw.
        StorageError: the archive can't be read.
        WarehouseError: the warehouse can't be read.
    """
    if person.row:
        ingestion.chosen(person.row[0], person.row[1], only_configured=False)
    existing = {(schema.removeprefix("raw_"), n) for schema, n in ingestion.warehouse.tables(_schemas(ingestion))}
    found: Found = {}
    for source, entries in ingestion.catalogue.items():
        if not person.may_be_in(source):
            continue
        for name, state in remembered(ingestion, existing, source).items():
            table = RawTable(source, name, (), ())
            if name in entries and state.batch_seq:
                whole_history(ingestion.archive, table, archived_numbers(ingestion.archive, table), state.batch_seq)
        keys = {n: key for n, entry in entries.items() if (key := _files(ingestion, source, n).key(entry))}
        if keys and (rows := _search(ingestion, existing, source, keys).find(person)):
            found[source] = rows
    return found


def _files(ingestion: Ingestion, source: str, name: str) -> TableFiles:
    return TableFiles(ingestion.archive, RawTable(source, name, (), ()))


def _schemas(ingestion: Ingestion) -> list[str]:
    return [f"raw_{source}" for source in ingestion.catalogue]


def _search(
    ingestion: Ingestion, existing: set[tuple[str, str]], source: str, keys: Mapping[str, tuple[str, ...]]
) -> SourceSearch:
    entries, privacy = ingestion.catalogue[source], ingestion.privacy(source)
    rejected: dict[str, list[str]] = {}
    if (source, "_rejected") in existing:
        told = f"select table_name, row_content from {relation(f'raw_{source}', '_rejected')}"
        for row in ingestion.warehouse.query(f"{told} where row_content is not null").to_pylist():
            rejected.setdefault(row["table_name"], []).append(row["row_content"])
    return SourceSearch(ingestion.archive, source, entries, privacy, keys, rejected)


@dataclass(frozen=True)
class Outcome:
    """What a call did.

    Attributes:
        done: the erasures that are done now.
        errors: what keeps others from being done, a line each.
        is_nothing: whether nobody was found, and nothing was begun before.
    """

    done: list[Erasure]
    errors: list[str]
    is_nothing: bool = False


def erase(ingestion: Ingestion, person: Person | None, listener: Listener, *, with_rows: bool) -> Outcome:
    """End what was begun, and erase a person; None: nobody else.

    A person of whom nothing is found any more once what was begun is ended is no error.

    Raises: as `find`, `begin` and `finish`.
    """
    done: list[Erasure] = []
    errors: list[str] = []
    is_begun = resume_fault(ingestion) is not None
    if is_begun:
        done, errors = finish(ingestion, listener)
    found: Found = {}
    if person and not errors:
        # A run that has begun would write rows that nobody has looked at.
        with ingestion.warehouse.exclusive():
            if found := find(ingestion, person):
                begin(ingestion, found, with_rows=with_rows)
    if found:
        more, errors = finish(ingestion, listener)
        done += more
    return Outcome(done, errors, is_nothing=not (found or is_begun))


def begin(ingestion: Ingestion, found: Found, *, with_rows: bool) -> str:
    """Note an erasure in the register: from here on reads heed it, and `finish` does the rest; returns its id.

    Raises:
        ConfigurationError: there is no PRIVACY_KEY to name rows with.
        StorageError: the archive can't be written.
    """
    erasure = Erasure(datetime.now(UTC).isoformat(timespec="seconds"), with_rows, "raw", secrets.token_hex(32))
    for source, tables in found.items():
        key = ingestion.row_key(source)
        noted = {name: _noted(ingestion, erasure, key, source, name, keys) for name, keys in tables.items()}
        erasure.sources[source] = SourceErasure(key.fingerprint, noted)
        erasure.counts |= {f"{source}.{name}": len(keys) for name, keys in tables.items()}
    id_ = secrets.token_hex(8)
    ingestion.archive.erasures.write({**ingestion.archive.erasures.read(), id_: erasure})
    return id_


def _noted(
    ingestion: Ingestion, erasure: Erasure, row_key: SourceKey, source: str, name: str, keys: set[str]
) -> dict[str, Tokens | None]:
    """The names of rows, with the tokens of the pseudonyms that they have now."""
    entry, files = ingestion.catalogue[source][name], _files(ingestion, source, name)
    key, table = files.key(entry), files.table
    tokens: dict[str, Tokens | None] = dict.fromkeys(keys)
    if not erasure.with_rows:
        for number in ingestion.archive.numbers(table):
            for rows in ingestion.archive.rows(table, number, {*key, *entry.hashed, "_op"}):
                mine = rows.filter(pc.and_(_is_of(rows, key, keys), pc.equal(rows.column("_op"), "upsert")))
                named = keys_of(mine, key).to_pylist()
                for text, values in zip(named, mine.to_pylist(), strict=True):
                    tokens[text] = {c: erasure.token(values[c]) for c in entry.hashed if values.get(c) is not None}
        tokens = {text: told or {} for text, told in tokens.items()}
    return dict(zip(row_names(row_key, tokens), tokens.values(), strict=True))


def _is_of(rows: pa.RecordBatch, key: tuple[str, ...], keys: set[str]) -> pa.Array:
    found: pa.Array = pc.is_in(keys_of(rows, key), pa.array(sorted(keys), pa.string()))
    return found


def finish(ingestion: Ingestion, listener: Listener) -> tuple[list[Erasure], list[str]]:
    """Do what is left of all erasures that were begun; returns those that are done now, and what went wrong.

    A table that can't be written anew keeps its erasure from being done; the next call goes on with it.

    Raises:
        StorageError: the archive can't be read or written.
        WarehouseError: the warehouse can't be opened or written.
        IngestionError: what is built of raw could not follow.
    """
    results: list[LoadResult] = []
    for id_, erasure in ingestion.archive.erasures.read().items():
        if erasure.stage == "raw":
            with ingestion.warehouse.session() as session:
                results += [
                    _erased(ingestion, session, listener, (id_, erasure), source, name)
                    for source, of_source in erasure.sources.items()
                    for name in of_source.tables
                ]
            if faults := [f"{result.label}: {result.error}" for result in results if result.error]:
                return [], faults
            _note(ingestion, id_, replace(erasure, stage="built"))
    begun = {i: e for i, e in ingestion.archive.erasures.read().items() if e.stage == "built"}
    if begun:
        sources = {source for erasure in begun.values() for source in erasure.sources}
        _follow(ingestion, sources, {s for erasure in begun.values() if erasure.with_rows for s in erasure.sources})
        for id_, erasure in begun.items():
            begun[id_] = replace(erasure, stage="done", secret=None)
            _note(ingestion, id_, begun[id_])
    return [*begun.values()], []


def _note(ingestion: Ingestion, id_: str, erasure: Erasure) -> None:
    # A run notes there what it told.
    with ingestion.warehouse.exclusive():
        ingestion.archive.erasures.write({**ingestion.archive.erasures.read(), id_: erasure})


def _follow(ingestion: Ingestion, sources: set[str], without_rows: set[str]) -> None:
    """Have models, copy and files made of what raw is now, and no block left that shows what was there before.

    Of sources that rows were removed of, models are built anew: no version tells any more what a row counted in.
    """
    if ingestion.warehouse.tables(BUILT):
        with ingestion.warehouse.session() as session:
            forget_last_builds(session, {ingestion.kind(source) for source in without_rows})
        # The layer above is started, as a person would; it is not known here.
        command = [sys.executable, "-m", "orchestration", "run", "--without-extraction"]
        if subprocess.run(command, cwd=PROJECT_ROOT, check=False).returncode:  # noqa: S603
            raise IngestionError(
                "Raw and archive are without the person, and what is built of them did not follow: see above. Then: "
                "python -m ingestion erase --resume"
            )
        noted = [place for place in ingestion.warehouse.tables(["intermediate"]) if "__changed_" in place[1]]
        with ingestion.warehouse.session() as session:
            # What was counted on which customer before this build: the next one makes its own.
            session.remove(None, sorted(noted))
    ingestion.warehouse.vacuum([*(f"raw_{source}" for source in sorted(sources)), *BUILT])


def _erased(
    ingestion: Ingestion, session: Session, listener: Listener, erasure: tuple[str, Erasure], source: str, name: str
) -> LoadResult:
    started_at, label = datetime.now(UTC), (source, name)
    try:
        states = session.states(source)
        number = max((state.batch_seq for state in states.values()), default=0) + 1
        state = states.get(name, TableState(name))
        log = ErasedLog(ingestion, *erasure, source, name, state, number, started_at)
        numbers = log.write()
        if not state.batch_seq:
            return LoadResult(*label, "the archive alone", state, 0)
        [result] = rebuild_tables(
            ingestion.archive,
            ingestion.catalogue,
            session,
            listener,
            {label: numbers},
            replace_rows=True,
            keeps_models=True,
        )
        if not result.error:
            session.forget_rejected(RawTable(source, name, (), ()), log.may_be_of)
        return result
    except IngestionError as error:
        seconds = (datetime.now(UTC) - started_at).total_seconds()
        failed = LoadResult(*label, "", TableState(name), seconds, str(error))
        listener.finished(failed.label, failed.outcome)
        return failed


def resume_fault(ingestion: Ingestion) -> str | None:
    """What keeps others from changing raw: an erasure that was begun and is not done; None if there is none.

    Raises:
        StorageError: the register is damaged, or can't be read.
    """
    if any(erasure.stage != "done" for erasure in ingestion.archive.erasures.read().values()):
        return "An erasure was begun and is not done. First: python -m ingestion erase --resume"
    return None
