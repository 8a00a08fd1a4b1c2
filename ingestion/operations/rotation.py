"""Raw and archive under the key, and with the columns, that are declared now.

Belongs here: another PRIVACY_KEY in the place of one, pseudonyms in the place of values that raw once held, and the
order of steps. Not here: how a pseudonym is made (rows/pseudonyms.py), how raw is made of the archive (rebuild.py).

A pseudonym is hashed once more under the new key, so that equal ones stay equal and nobody is asked for a value. Files
of the archive are written anew one by one, each saying in its metadata what it holds, then raw is made of them: a call
that was killed at any point is finished by the next.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.listed_names import alike_names
from ingestion.catalogue.mapping import ColumnMapping
from ingestion.catalogue.matching import spellings_of
from ingestion.errors import ConfigurationError, IngestionError, TableError
from ingestion.loading.privacy import DROPPED, Privacy, recorded
from ingestion.loading.progress import Listener
from ingestion.loading.results import LoadResult
from ingestion.loading.run import Ingestion
from ingestion.log.archive import Archive, ArchivedBatch, Origin
from ingestion.log.state import TableState
from ingestion.operations.erasure import resume_fault
from ingestion.operations.last_builds import forget_last_builds
from ingestion.operations.rebuild import rebuild_tables
from ingestion.operations.renewal import TableFiles
from ingestion.rows.columns import CONTROL_COLUMNS, Column, ColumnType, RawTable
from ingestion.rows.pseudonyms import PseudonymKey, SourceKey
from ingestion.warehouses.base import Session

_CONTROL = {column.name for column in CONTROL_COLUMNS}
_ITSELF = ColumnMapping()


@dataclass(frozen=True)
class Renewal:
    """What a column of a file is to be: its name, and what makes its values of those that it has."""

    name: str
    of: Callable[[pa.Array], pa.Array]


def rotate(ingestion: Ingestion, listener: Listener) -> list[LoadResult]:
    """Bring raw and archive to what is declared; returns a result for each table that was not so.

    Raises:
        ConfigurationError: there is no key, or not that of raw's pseudonyms, or an erasure is not done: nothing was
            changed.
        StorageError: the archive can't be read or written.
        WarehouseError: the warehouse can't be opened or written.
    """
    if fault := resume_fault(ingestion):
        raise ConfigurationError(fault)
    results = []
    with ingestion.warehouse.session() as session:
        _replace_key(ingestion, session)
        for source in ingestion.catalogue:
            if ingestion.archive.erasures.of_source(source).tables:
                ingestion.archive.erasures.rewritten(source, ingestion.row_key(source))
        for source, entries in ingestion.catalogue.items():
            personal = {name: entry for name, entry in entries.items() if entry.hashed or entry.dropped}
            if not personal:
                continue
            privacy, states = ingestion.privacy(source), session.states(source)
            last = {name: state.batch_seq for name, state in states.items()}
            unlike = [
                _Renewed(ingestion.archive, RawTable(source, name, (), ()), entry, privacy)
                for name, entry in personal.items()
                if last.get(name) and recorded(states[name]) != privacy.record(entry)
            ]
            if unlike:
                # What was built is of rows that are about to change, though no batch is new: all is built anew.
                forget_last_builds(session, [ingestion.kind(source)])
            results += [_renewed(ingestion, session, listener, one, last[one.table.name]) for one in unlike]
    if results:
        # What raw held before is legible in blocks that no table uses any more.
        ingestion.warehouse.vacuum(sorted({f"raw_{result.source}" for result in results}))
    return results


def _replace_key(ingestion: Ingestion, session: Session) -> None:
    """Have the archive's keys under PRIVACY_KEY, where PRIVACY_KEY_BEFORE says which one it replaces."""
    settings, keyring = ingestion.settings, ingestion.archive.keyring
    secret = settings.pseudonym_secret("Personal columns")
    before = settings.privacy_key_before.get_secret_value() if settings.privacy_key_before else None
    if before is None or before == secret:
        return
    try:
        former = keyring.former(before)
    except ConfigurationError:
        if before in keyring.former(secret):
            return
        raise
    if before not in former:
        _check_former(ingestion, session, PseudonymKey((*former, before, secret)))
        keyring.note(secret, (*former, before))


def _check_former(ingestion: Ingestion, session: Session, key: PseudonymKey) -> None:
    """See to it that raw's pseudonyms are of this key, or of those that it is to replace.

    Raises:
        ConfigurationError: some are not. The keys that are noted would be wrong, and the right ones forgotten.
    """
    for source in ingestion.catalogue:
        known = {DROPPED, *key.of_source(source).fingerprints}
        for name, state in session.states(source).items():
            told = recorded(state) if state.batch_seq else {}
            if strange := sorted(column for column, fingerprint in told.items() if fingerprint not in known):
                raise ConfigurationError(
                    f"PRIVACY_KEY_BEFORE is not the key that raw's pseudonyms of {source}.{name}.{strange[0]} were "
                    "made with. Nothing was changed."
                )


@dataclass(frozen=True)
class _Renewed:
    """A table whose files are to be written anew."""

    archive: Archive
    table: RawTable
    entry: TableEntry
    privacy: Privacy

    @property
    def files(self) -> TableFiles:
        """Its files."""
        return TableFiles(self.archive, self.table)

    def write(self, numbers: list[int]) -> None:
        """Write those files anew that hold something else than is declared.

        Raises:
            TableError: a file is missing or damaged, or its pseudonyms are of a key that nobody told.
            StorageError: the archive can't be written.
        """
        told = self.privacy.record(self.entry)
        for batch, origin in self.files.batches(numbers, tuple(self.entry.raw_key)):
            if recorded(origin.state) != told:
                held = recorded(batch.origin.state) if batch.origin else {}
                after = replace(origin, state=self.privacy.state(origin.state, self.entry))
                self._write(batch, after, self._renewals(held, batch.schema.names))

    def _write(self, batch: ArchivedBatch, origin: Origin, renewals: Mapping[str, Renewal]) -> None:
        schema = pa.schema(
            pa.field(renewals[f.name].name, pa.string()) if f.name in renewals else f for f in batch.schema
        )
        rows = self.archive.rows(self.table, batch.batch_seq)
        self.files.replace(batch.batch_seq, schema, (_with(r, renewals, schema) for r in rows), origin)

    def _renewals(self, before: Mapping[str, str], there: Collection[str]) -> dict[str, Renewal]:
        """Column of a file → what it is to hold.

        What has a personal column's values under another name holds nothing: what was written of an identifier, and
        the source's column where nobody told yet that it is read for this one.
        """
        found: dict[str, Renewal] = {}
        for name, told in self.privacy.record(self.entry).items():
            if before.get(name) == told or before.get(name) == DROPPED:
                continue
            own, *others = sorted(alike_names(name, there), key=lambda found: found != name) or [name]
            source = self.entry.mapping.columns.get(name, _ITSELF).source
            if source and not alike_names(source, self.entry.columns):
                others += alike_names(source, there)
            found |= {other: Renewal(other, _nothing) for other in (*others, *spellings_of(name))}
            found[own] = Renewal(name, _nothing if told == DROPPED else self._hashes(name, before.get(name)))
        return {name: renewal for name, renewal in found.items() if name in there}

    def _hashes(self, column: str, before: str | None) -> Callable[[pa.Array], pa.Array]:
        pseudonym = self.privacy.pseudonym(self.entry, column)
        if before is None:
            return lambda values: pseudonym.of(values)[0]
        if before in pseudonym.key.fingerprints:
            place = pseudonym.key.fingerprints.index(before) + 1
            again = replace(pseudonym, clean=lambda value: value, key=SourceKey(pseudonym.key.chain[place:]))
            return lambda values: again.of(values)[0]
        raise TableError(
            f"its pseudonyms of {column} are of a key that neither PRIVACY_KEY_BEFORE nor the archive tells. Set "
            "PRIVACY_KEY_BEFORE to the key that they were made with"
        )


def _nothing(values: pa.Array) -> pa.Array:
    return pa.nulls(len(values), pa.string())


def _with(rows: pa.RecordBatch, renewals: Mapping[str, Renewal], schema: pa.Schema) -> pa.RecordBatch:
    values = [renewals[n].of(rows.column(n)) if n in renewals else rows.column(n) for n in rows.schema.names]
    return pa.RecordBatch.from_arrays(values, schema=schema)


def _renewed(ingestion: Ingestion, session: Session, listener: Listener, table: _Renewed, last: int) -> LoadResult:
    label = (table.table.source, table.table.name)
    started_at = datetime.now(UTC)
    try:
        table.write(numbers := table.files.check(last))
        # What was a number in the source is text from now on. A kill after this leaves the files, and what to do.
        hashed = tuple(Column(name, ColumnType.TEXT) for name in table.entry.hashed)
        held = session.held_types(replace(table.table, columns=hashed))
        if any(type_ is not ColumnType.TEXT for type_ in held.values()):
            session.remove(None, [(table.table.schema, table.table.name)])
        [result] = rebuild_tables(
            ingestion.archive, ingestion.catalogue, session, listener, {label: numbers}, replace_rows=True
        )
        if not result.error:
            session.forget_rejected(table.table)
        return result
    except IngestionError as error:
        seconds = (datetime.now(UTC) - started_at).total_seconds()
        failed = LoadResult(*label, "", TableState(label[1]), seconds, str(error))
        listener.finished(failed.label, failed.outcome)
        return failed
