"""Publish one export: complete periods only, unchanged ones untouched, changed ones restated.

Belongs here: which files there should be, and what is done with those that differ. Not here: bytes of a file
(formats.py), their places (places.py), what a restatement says (restatements.py).
"""

import hashlib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exports import manifest, places, restatements
from exports.catalogue import Export
from exports.errors import ExportError
from exports.formats import FORMATS, Files
from exports.manifest import MANIFEST, Listed, Manifest, PublishedFile
from exports.restatements import RESTATEMENTS
from ingestion.errors import IngestionError, one_line
from ingestion.output.storage import Storage, without_aside
from ingestion.warehouses import Query

_PERIOD = ["tenant_key", "period_start_date", "period_end_date"]
_PROJECT = "crm-warehouse"
_MOST_FAULTS = 20
"""So many tenants' faults are told one by one."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What publishing one export did. Counts are files.

    Attributes:
        faults: what went wrong, a line each: tenants whose files are as they were, a manifest that was not believed.
    """

    export: str
    published: int
    unchanged: int
    restated: int
    withdrawn: int
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    entry: PublishedFile


@dataclass(slots=True)
class _Tenant:
    """One tenant's files: as the manifest lists them and as they should be.

    Attributes:
        periods: first and last day, and the positions from which to before which their rows lie.
    """

    known: dict[str, PublishedFile] = field(default_factory=dict)
    periods: list[tuple[str, str, int, int]] = field(default_factory=list)
    files: dict[str, _File] = field(default_factory=dict)
    unchanged: set[str] = field(default_factory=set)
    restated: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    is_done: bool = False

    @property
    def entries(self) -> dict[str, PublishedFile]:
        """What the manifest is to list."""
        if not self.is_done:
            return self.known
        return {p: self.known.get(p, f.entry) if p in self.unchanged else f.entry for p, f in self.files.items()}


def publish(export: Export, query: Query, root: str, as_of: datetime | None = None) -> ExportResult:
    """Publish an export's complete periods. One tenant's fault leaves that tenant's files, and no other's.

    Args:
        export: the catalogue's entry.
        query: runs SQL on the warehouse.
        root: EXPORTS_URL, as fsspec takes it.
        as_of: what the manifest records as the time of publication; now by default.

    Raises:
        ExportError: the mart or a column is missing.
        StorageError: the destination can't be used. Files are written before the manifest that lists them, so that a
            failure leaves the old manifest, and the next run writes again what the manifest does not list.
    """
    storage = Storage(posixpath.join(root, export.name), "EXPORTS_URL")
    stamp = (as_of or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    before = storage.read(MANIFEST, manifest.MOST_BYTES + 1)
    told = manifest.listed(before) if before is not None else Listed({})
    rows = _complete_rows(export, query)
    header = export.columns or rows.column_names
    made: dict[str, Files] = {name: FORMATS[name](rows.select(header)) for name in export.formats}
    present = _present(storage)
    faults = _Faults()
    tenants = _tenants(export, told, rows)
    records: list[restatements.Record] = []
    for key, tenant in tenants.items():
        with faults.of(key):
            _move_to_current_places(storage, tenant, present)
            files = dict(_files(key, tenant, made, stamp))
            published = tenant.known if told.doubt is None else _found(storage, tenant.known, files, present)
            _compare(tenant, files, published, present)
            records += _records(storage, tenant, published, header, stamp)
            tenant.is_done = True
    restatements.log(storage, records)
    for key, tenant in tenants.items():
        if tenant.is_done:
            tenant.is_done = False
            with faults.of(key):
                _write(storage, tenant)
                tenant.is_done = True
    if told.doubt and before is not None:
        kept = f"manifest.damaged-{hashlib.sha256(before).hexdigest()[:16]}.json"
        storage.write(kept, before)
        faults.add(f"{MANIFEST} was not believed: {told.doubt}. It is kept as {kept}; the files are published anew")
    entries = {path: entry for tenant in tenants.values() for path, entry in tenant.entries.items()}
    after = Manifest(export.name, export.mart, list(header), _version(), entries)
    if after.content() != told.content:
        storage.write(MANIFEST, after.to_json())
    done = [tenant for tenant in tenants.values() if tenant.is_done]
    files_, unchanged, restated, withdrawn = (
        sum(len(getattr(tenant, name)) for tenant in done) for name in ("files", "unchanged", "restated", "withdrawn")
    )
    return ExportResult(export.name, files_ - unchanged - restated, unchanged, restated, withdrawn, faults.told)


def check_place(root: str) -> None:
    """See whether the exports' place answers; one that does not exist yet is no fault.

    Raises:
        StorageError: it does not.
    """
    Storage(root, "EXPORTS_URL").check()


@cache
def _version() -> str:
    return version(_PROJECT)


class _Faults:
    """What went wrong, tenant by tenant."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._more = 0

    @contextmanager
    def of(self, tenant_key: str | None) -> Iterator[None]:
        """Keep a tenant's fault from the others."""
        try:
            yield
        # Whatever it is: it must not be the other tenants'.
        except Exception as error:
            cause = str(error) if isinstance(error, (ExportError, IngestionError)) else one_line(error)
            kind = "" if isinstance(error, (ExportError, IngestionError)) else f"{type(error).__name__}: "
            self._more += len(self._lines) >= _MOST_FAULTS
            if len(self._lines) < _MOST_FAULTS:
                self._lines.append(f"{'' if tenant_key is None else f'tenant {tenant_key}: '}{kind}{cause}")

    def add(self, line: str) -> None:
        """Note what concerns no tenant alone."""
        self._lines.insert(0, line)

    @property
    def told(self) -> tuple[str, ...]:
        """A line for each of the first, and one for the others."""
        return (*self._lines, *([f"{self._more:,} more tenants failed"] if self._more else []))


def _complete_rows(export: Export, query: Query) -> pa.Table:
    """The rows of complete periods in the one order that they are published in, a file's rows together."""
    table = query(f'select * from marts."{export.mart}" where is_complete').combine_chunks()
    absent = sorted({*export.columns, *_PERIOD} - set(table.column_names))
    if absent:
        raise ExportError(f"{export.name}: marts.{export.mart} has no column {', '.join(absent)}.")
    for name in _file_columns(export):
        if table[name].null_count:
            table = table.filter(pc.is_valid(table[name]))
    texts = [f.name for f in table.schema if pa.types.is_string(f.type) and f.name not in _PERIOD]
    order = dict.fromkeys([*_file_columns(export), *_PERIOD, *texts])
    return table.take(pc.sort_indices(table, [(name, "ascending") for name in order]))


def _file_columns(export: Export) -> list[str]:
    """The columns that tell which file a row belongs to."""
    return _PERIOD if export.split == "tenant" else _PERIOD[1:]


def _present(storage: Storage) -> dict[str, int | None]:
    """The files that are there and their sizes, after those that killed runs left on their way are removed."""
    sizes = storage.sizes()
    for name in sorted(sizes):
        base = posixpath.basename(without_aside(name) or "")
        if base in (MANIFEST, RESTATEMENTS) or base.rpartition(".")[2] in FORMATS:
            storage.remove(name)
            del sizes[name]
    return sizes


def _tenants(export: Export, told: Listed, rows: pa.Table) -> dict[str | None, _Tenant]:
    tenants: dict[str | None, _Tenant] = {}
    for path, entry in told.files.items():
        tenants.setdefault(entry.tenant_key, _Tenant()).known[path] = entry
    columns = _file_columns(export)
    # Days, as text: a date that a warehouse can hold need not be one that Python can.
    keys = pa.table({name: rows[name].cast(pa.string()) for name in columns}).to_pandas(types_mapper=pd.ArrowDtype)
    firsts = keys.drop_duplicates()
    positions = [*firsts.index, len(rows)]
    for number, (*tenant_key, start, end) in enumerate(firsts.itertuples(index=False, name=None)):
        tenant = tenants.setdefault(tenant_key[0] if tenant_key else None, _Tenant())
        tenant.periods.append((start, end, positions[number], positions[number + 1]))
    return tenants


def _move_to_current_places(storage: Storage, tenant: _Tenant, present: dict[str, int | None]) -> None:
    """Files that earlier versions put elsewhere keep their history under today's names."""
    for path, entry in list(tenant.known.items()):
        now = places.current_path(path, entry.tenant_key, entry.period_start_date) or path
        if now == path:
            continue
        if path in present:
            storage.move(path, now)
            present[now] = present.pop(path)
        tenant.known[now] = tenant.known.pop(path)


def _files(
    tenant_key: str | None, tenant: _Tenant, made: Mapping[str, Files], stamp: str
) -> Iterator[tuple[str, _File]]:
    for start, end, first, after in tenant.periods:
        for name, files in made.items():
            content = files(first, after)
            digest = hashlib.sha256(content).hexdigest()
            entry = PublishedFile(after - first, digest, tenant_key, start, end, stamp)
            yield places.path(tenant_key, start, name), _File(content, entry)


def _found(
    storage: Storage, known: dict[str, PublishedFile], files: dict[str, _File], present: Mapping[str, int | None]
) -> dict[str, PublishedFile]:
    """What was published before, where the manifest is in doubt: the files that are there, by their bytes."""
    found = {}
    for path, file in files.items():
        if path not in known and path in present and (digest := storage.digest(path)):
            found[path] = replace(file.entry, sha256=digest, as_of="")
    return known | found


def _compare(
    tenant: _Tenant,
    files: dict[str, _File],
    published: dict[str, PublishedFile],
    present: Mapping[str, int | None],
) -> None:
    same = {path for path, file in files.items() if path in published and published[path].sha256 == file.entry.sha256}
    tenant.files = files
    # A published file that somebody removed or that lost its end is written again. No file is read for this; some
    # servers do not tell sizes.
    tenant.unchanged = {p for p in same & present.keys() if present[p] in (len(files[p].content), None)}
    tenant.restated = [path for path in files if path in published and path not in same]
    tenant.withdrawn = sorted(set(published) - set(files))


def _records(
    storage: Storage, tenant: _Tenant, published: dict[str, PublishedFile], header: Sequence[str], stamp: str
) -> Iterator[restatements.Record]:
    for path in [*tenant.restated, *tenant.withdrawn]:
        old, file = published[path], tenant.files.get(path)
        content, new = storage.read(path) or b"", file.content if file else b""
        if content != new:
            digest = file.entry.sha256 if file else None
            yield restatements.record(path, stamp, (old.as_of, old.sha256), digest, content, new, header)


def _write(storage: Storage, tenant: _Tenant) -> None:
    for path, file in tenant.files.items():
        if path not in tenant.unchanged:
            storage.write(path, file.content)
    for path in tenant.withdrawn:
        storage.remove(path)
