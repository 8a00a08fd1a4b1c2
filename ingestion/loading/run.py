"""A run of the ingestion: settings → sources → raw, for the command line and for the orchestrator alike.

Belongs here: which sources take part, and what is checked before anything is written. Not here: one source's
load (source.py), display (report.py).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import cached_property

from ingestion import sample
from ingestion.catalogue.catalogue_file import Catalogue, load_catalogue
from ingestion.catalogue.matching import find_tables
from ingestion.catalogue.source_tables import check_tables, empty_tables
from ingestion.catalogue.sources_file import RAW, configured_sources
from ingestion.errors import ConfigurationError, SourceError, TransientSourceError, WarehouseAbsentError, WarehouseError
from ingestion.loading.pace import Pace
from ingestion.loading.privacy import REMEDY, Privacy
from ingestion.loading.progress import Listener, LogListener
from ingestion.loading.reading import Again
from ingestion.loading.results import LoadResult
from ingestion.loading.retries import Retries
from ingestion.loading.source import load_source
from ingestion.log.archive import Archive
from ingestion.rows.pseudonyms import PseudonymKey, SourceKey
from ingestion.settings import SAMPLE_DIRECTORY, SOURCES, Settings
from ingestion.sources.base import Source, SourceName
from ingestion.warehouses import open_warehouse
from ingestion.warehouses.base import Session, Warehouse


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did: a result per table, and the sources that could not be loaded at all."""

    tables: list[LoadResult]
    failed_sources: dict[str, str]

    @property
    def errors(self) -> list[str]:
        """Every failure in one line."""
        return [
            *self.failed_sources.values(),
            *(f"{t.label}: {t.error}" for t in self.tables if t.error),
        ]


class Ingestion:
    """The configured ingestion. Making one reads the configuration and opens nothing.

    Raises:
        ConfigurationError: settings or catalogue are wrong.
    """

    def __init__(self, settings: Settings, retries: Retries | None = None, pace: Pace | None = None) -> None:
        self.settings = settings
        of_kinds = load_catalogue(settings.ingestion_catalogue)
        self.configured = configured_sources(settings, of_kinds)
        # Raw of a system whose URL is gone is what its catalogue says.
        self.catalogue: Catalogue = {**of_kinds, **{name: s.entries for name, s in self.configured.items()}}
        self.warehouse: Warehouse = open_warehouse(
            settings.warehouse, settings.lock_timeout_seconds, settings.readers_wait_seconds
        )
        self.archive = Archive(settings.archive)
        self._retries = retries or Retries()
        self._former: tuple[str, ...] | None = None
        self._pace = pace or Pace(settings.read_rows_per_second)

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The configured sources by name.

        Raises:
            ConfigurationError: a URL is wrong, or its driver is not installed.
        """
        return {name: source.source for name, source in self.configured.items()}

    def kind(self, name: str) -> str:
        """Which of the five systems' models a source's tables feed; `raw`: none."""
        return self.configured[name].kind if name in self.configured else name

    def sources_of_kinds(self) -> dict[str, tuple[str, ...]]:
        """Kind → its sources: those that are configured, and those of the five that the warehouse holds.

        So a URL that is missing once takes nothing away. Where each of the five has a URL, the warehouse is not asked,
        and it is never waited for.

        Raises:
            ConfigurationError: a URL is wrong.
            WarehouseError: the warehouse can't be opened.
        """
        absent = [name for name in self.catalogue if name not in self.configured]
        held = self.warehouse.loaded_sources(absent) if absent else set()
        there = [name for name in self.catalogue if name in self.configured or name in held]
        return {
            kind: found
            for kind in (*(name for name in self.catalogue if name in SOURCES), RAW)
            if (found := tuple(name for name in there if self.kind(name) == kind))
        }

    def systems(self) -> tuple[str, ...]:
        """The source systems that there are any sources of, in the catalogue's order. Raises as `sources_of_kinds`."""
        return tuple(kind for kind in self.sources_of_kinds() if kind != RAW)

    def privacy(self, name: str) -> Privacy:
        """What personal columns of a source become.

        Raises:
            ConfigurationError: raw is to have pseudonyms of it, or people were erased from it, and there is no key, or
                not the archive's.
            StorageError: the archive can't be read.
        """
        hashed = [f"{table}.{column}" for table, entry in self.catalogue[name].items() for column in entry.hashed]
        secret = self.settings.pseudonym_secret(f"{name}: {', '.join(hashed)}") if hashed else None
        code = self.configured[name].country_code if name in self.configured else None
        key = self._key(name, secret) if secret else None
        erased = self.archive.erasures.of_source(name)
        row_key = self.row_key(name) if erased.tables else None
        if row_key and erased.fingerprints != {row_key.fingerprint}:
            raise ConfigurationError(
                f"PRIVACY_KEY is not the one that people erased from {name} are known again by. Set that one, or "
                f"replace it: {REMEDY} (docs/privacy.md)."
            )
        code = code or self.settings.default_country_code
        today = self.settings.now.astimezone(UTC).date()
        return Privacy(key, code, erased.tables, row_key, erased.is_told, today)

    def _refused(self, names: Iterable[str]) -> dict[str, ConfigurationError]:
        """Why sources are not read for which there is no key, or a wrong one."""
        refused = {}
        for name in names:
            try:
                self.privacy(name)
            except ConfigurationError as error:
                refused[name] = error
        return refused

    def row_key(self, name: str) -> SourceKey:
        """What names a source's rows in the register of people that were erased. Raises as `privacy`."""
        return self._key(name, self.settings.pseudonym_secret(f"{name}: the register of people that were erased"))

    def _key(self, name: str, secret: str) -> SourceKey:
        return PseudonymKey((*self._former_keys(secret), secret)).of_source(name)

    def _former_keys(self, secret: str) -> tuple[str, ...]:
        if self._former is None:
            self._former = self.archive.keyring.former(secret)
        return self._former

    def ensure_sample(self) -> bool:
        """Make the sample sources if they are to be used and are not there. Returns whether they were made.

        Raises:
            ConfigurationError: the warehouse holds other sources, whose URLs have gone.
        """
        if not self.settings.uses_sample or sample.exists(SAMPLE_DIRECTORY):
            return False
        if held := sorted(self.warehouse.loaded_sources(self.catalogue)):
            raise ConfigurationError(
                f"No source's URL is set, and the warehouse holds {', '.join(held)}: the sample would mix with it. Set "
                f"{SourceName(held[0]).variable}, or WAREHOUSE_URL to another place for the sample."
            )
        # It ends the day before the one that models are built for.
        sample.create(SAMPLE_DIRECTORY, last_day=self.settings.now.date() - timedelta(days=1))
        return True

    def check_sources(
        self, names: Collection[str] = (), tables: Collection[str] = (), listener: Listener | None = None
    ) -> dict[str, str]:
        """Connect to each source, or those named, and look for its tables, those named above all; write nothing.

        Returns:
            The fault of each source that can't be read.
        """
        faults = {}
        for name, source in self.sources.items():
            if names and name not in names:
                continue

            label = self.configured[name].name

            def check(_: bool, name: str = name, label: SourceName = label, source: Source = source) -> None:
                with source.snapshot() as snapshot:
                    found, unclear = find_tables(self.catalogue[name], snapshot)
                    check_tables(label, self.catalogue[name], {*found, *unclear}, tables, snapshot)

            try:
                self._retries.of(name, listener or LogListener(), check)
            except SourceError as error:
                faults[name] = str(error)
        return faults

    def load(self, name: str, listener: Listener, tables: Collection[str] = ()) -> list[LoadResult]:
        """Load one source; one that is not configured gets its empty raw tables.

        Raises:
            ConfigurationError: there is no key for its personal columns.
            SourceError: the source can't be read as a whole: nothing of it was written.
            StorageError: the archive's place can't be used.
            WarehouseError: the warehouse can't be opened.
        """
        self.archive.check()
        with self.warehouse.session() as session:
            return self._load(session, name, listener, tables)

    def _load(
        self,
        session: Session,
        name: str,
        listener: Listener,
        tables: Collection[str] = (),
        *,
        keys_only: bool = False,
        allow_deletes: bool = False,
        again: Again | None = None,
    ) -> list[LoadResult]:
        entries = self.catalogue[name]
        if name not in self.sources:
            # What an earlier run loaded from a source that has since been taken away stays as it is.
            session.prepare(empty_tables(name, entries))
            return []
        results: dict[str, LoadResult] = {}

        def load(is_last: bool) -> list[LoadResult]:
            """Load all of the tables: those that were loaded before the fault too, so that all are of one moment."""
            source = self.sources[name]
            try:
                loaded = load_source(
                    self.configured[name].name,
                    entries,
                    source,
                    session,
                    self.archive,
                    listener,
                    tables,
                    self._pace,
                    self.privacy(name),
                    keys_only=keys_only,
                    allow_deletes=allow_deletes,
                    again=again,
                )
            except TransientSourceError:
                # What an earlier attempt committed is to be told.
                if not (is_last and results):
                    raise
                return list(results.values())
            for result in loaded:
                before = results.get(result.table)
                results[result.table] = before.followed_by(result) if before else result
            if not is_last and (fault := next((r for r in loaded if r.is_transient), None)):
                raise TransientSourceError(fault.error)
            return list(results.values())

        try:
            loaded = self._retries.of(name, listener, load)
            if any(result.still_there for result in loaded):
                self.archive.erasures.note_told(name)
            return loaded
        except (ConfigurationError, SourceError):
            self._stand_in(session, name)
            raise

    def _stand_in(self, session: Session, name: str) -> None:
        """Empty raw tables of a source that was never read, where others of its kind feed the models that read them."""
        kind = self.kind(name)
        others = [other for other, one in self.configured.items() if one.kind == kind != RAW and other != name]
        if others and not session.columns(name):
            session.prepare(empty_tables(name, self.catalogue[name]))

    def prepare(self) -> list[str]:
        """Make the raw tables, empty ones, of sources that have no URL; returns their names.

        Nothing of this project needs them but dbt, where it is told to build all systems.

        Raises:
            WarehouseError: the warehouse can't be opened or written.
        """
        absent = [name for name in self.catalogue if name not in self.configured]
        with self.warehouse.session() as session:
            for name in absent:
                session.prepare(empty_tables(name, self.catalogue[name]))
        return absent

    def rejected_rows(self, source: str) -> dict[str, int]:
        """How many rejections of rows and values stand of each of a source's tables.

        Raises:
            WarehouseError: the warehouse can't be read.
        """
        rows = self.warehouse.query(
            f"select table_name, count(*) as row_count from raw_{source}._rejected "
            "where resolved_at is null group by table_name"
        )
        return {row["table_name"]: row["row_count"] for row in rows.to_pylist()}

    def run(
        self,
        listener: Listener,
        source: str | None = None,
        table: str | None = None,
        *,
        keys_only: bool = False,
        allow_deletes: bool = False,
        again: Again | None = None,
    ) -> RunResult:
        """Load every configured source, or one, or one table of it.

        A source that can't be read or written does not keep the others from being loaded. Where none can be read, the
        warehouse is not touched. `keys_only`, `allow_deletes` and `again`: see `load_source`.

        Raises:
            ConfigurationError: the source or the table is not known or not configured, or there is no key for the
                personal columns of any.
            StorageError: the archive's place can't be used.
            WarehouseError: the warehouse can't be opened.
        """
        if allow_deletes and table is None:
            raise ConfigurationError("--allow-deletes needs --source and --table: deletes are allowed table by table.")
        if again and table is None:
            raise ConfigurationError("Say of which table rows are to be read again: --source and --table.")
        names, tables = self.chosen(source, table)
        refused = self._refused(names)
        if refused and len(refused) == len(names):
            raise next(iter(refused.values()))
        # Said once, before anything is read: no batch commits without its file.
        self.archive.check()
        faults = {name: str(error) for name, error in refused.items()}
        faults |= self.check_sources([name for name in names if name not in refused], tables, listener)
        results: list[LoadResult] = []
        if len(faults) < len(names):
            with self.warehouse.session() as session:
                for name in names:
                    if name in faults:
                        self._stand_in(session, name)
                        continue
                    try:
                        results += self._load(
                            session,
                            name,
                            listener,
                            tables,
                            keys_only=keys_only,
                            allow_deletes=allow_deletes,
                            again=again,
                        )
                    except SourceError as error:
                        faults[name] = str(error)
                    except WarehouseError as error:
                        # It may refuse what this source needs and take what the others do.
                        faults[name] = f"{name}: {error}"
        return RunResult(results, faults)

    def raw_tables(self) -> set[tuple[str, str]]:
        """Source and name of what the warehouse has in its raw schemas, `_state` and `_rejected` among it.

        Raises:
            WarehouseError: it can't be read, or nothing was ever loaded into it.
        """
        schemas = {f"raw_{source}": source for source in self.catalogue}
        tables = self.warehouse.tables(schemas)
        if not tables:
            raise WarehouseAbsentError("The warehouse holds no raw tables yet. Fill it: python -m ingestion run")
        return {(schemas[schema], name) for schema, name in tables}

    def chosen(
        self, source: str | None, table: str | None, *, only_configured: bool = True
    ) -> tuple[list[str], list[str]]:
        """The sources and the tables that a command was asked for; no tables stand for all.

        Raises:
            ConfigurationError: the source or the table is not known, or the source is not configured but has to be.
        """
        if source is None and table is not None:
            raise ConfigurationError("--table needs --source: tables of different sources share names.")
        if source is None:
            return list(self.sources if only_configured else self.catalogue), []
        if source not in self.catalogue:
            raise ConfigurationError(
                f"Unknown source '{source}'. Use one of: {', '.join(self.catalogue)}, or name it in "
                f"{self.settings.sources_path.name}."
            )
        if only_configured and source not in self.sources:
            raise ConfigurationError(f"{SourceName(source).variable} is not set. Set it in the environment or in .env.")
        if table is not None and table not in self.catalogue[source]:
            known = ", ".join(self.catalogue[source])
            raise ConfigurationError(f"Unknown table '{table}' of {source}. Use one of: {known}.")
        return [source], [] if table is None else [table]

    def chosen_tables(self, source: str | None, table: str | None) -> dict[str, list[str]]:
        """Source → tables of a command that needs no source to be configured.

        Raises:
            ConfigurationError: the source or the table is not known.
        """
        names, tables = self.chosen(source, table, only_configured=False)
        return {name: tables or list(self.catalogue[name]) for name in names}
