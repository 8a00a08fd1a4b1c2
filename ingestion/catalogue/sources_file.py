"""The sources that there are: those of sources.yml, and the five that have a variable of their own.

Belongs here: reading and validating the owner's file, and which entries its tables get. Not here: what is found in a
source (matching.py), opening one (sources/).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import URL

from ingestion.catalogue.belonging import Belonging
from ingestion.catalogue.catalogue_file import Catalogue, belonging_fault, yaml_of
from ingestion.catalogue.entries import ExtractedEntry, Mode, TableEntry
from ingestion.catalogue.freshness import Hours, Within
from ingestion.catalogue.mapping import TableMapping, Undeclared, Zone
from ingestion.catalogue.personal import PersonalColumn, parse_personal
from ingestion.catalogue.units import unit_fault
from ingestion.errors import ConfigurationError, SourceError, nearest
from ingestion.settings import SOURCES, Settings, parse_url
from ingestion.sources import open_source
from ingestion.sources.base import Source, SourceName
from ingestion.sources.files import FilesSource
from ingestion.sources.files_entry import FilesEntry

RAW = "raw"
"""The kind of a source whose tables are extracted, and that no model knows."""

KINDS = (*SOURCES, RAW)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_RESERVED = {"all", "core", "cross_source", "exports", "marts", "operations", "raw", "reference", "reports"}
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_OWN = (
    *("key", "mode", "cursor", "overlap_hours", "open_rows", "sweep_hours", "reconcile_hours", "max_delete_share"),
    *("read_within", "rows_within", "hours", "personal", "belongs_to", "aged_by", "owner"),
)


class TableSource(TableMapping):
    """A table of a source: what it is there, and how it is read where that is not as the catalogue says."""

    key: list[str] | None = Field(default=None, min_length=1)
    mode: Mode | None = None
    cursor: str | None = None
    overlap_hours: float | None = None
    open_rows: dict[str, list[str]] | None = None
    sweep_hours: float | None = None
    reconcile_hours: float | None = None
    max_delete_share: float | None = None
    read_within: Within | None = None
    rows_within: Within | None = None
    hours: Hours | None = None
    personal: Annotated[dict[str, PersonalColumn] | None, BeforeValidator(parse_personal)] = None
    belongs_to: dict[str, Belonging] | None = None
    aged_by: str | None = None
    owner: str | None = None
    files_entry: FilesEntry | None = None

    @model_validator(mode="before")
    @classmethod
    def _part_files(cls, told: Any) -> Any:
        """Options of files stand beside the others, and are checked together."""
        if not isinstance(told, dict) or "files" not in told:
            return told
        own = {name: value for name, value in told.items() if name in FilesEntry.model_fields}
        return {name: value for name, value in told.items() if name not in own} | {"files_entry": own}

    @model_validator(mode="after")
    def _is_table_or_files(self) -> "TableSource":
        if self.files_entry is not None and self.table:
            raise ValueError("`table` is of databases: `files` tells what it is")
        if self.files_entry is not None and self.where:
            raise ValueError(
                "`where` is of databases: of files all rows are read. Leave them out where they are written"
            )
        return self

    def entry(self, of_kind: TableEntry | None) -> TableEntry:
        """The table's entry, given that of its kind; None where it is extracted only.

        Raises:
            ValueError: what is told does not fit together.
        """
        self._check_shown(of_kind)
        mapping = TableMapping.model_validate(self.model_dump(by_alias=True, exclude={*_OWN, "files_entry"}))
        told = {name: value for name in _OWN if (value := getattr(self, name)) is not None}
        if of_kind is not None and (told.get("mode") == "full" or (told.get("mode") == "changes" and not self.cursor)):
            told |= {"cursor": None}
        if mapping.where:
            told = {"reconcile_hours": 0, **told}
        if of_kind is None:
            types = {name: "timestamp" if told.epoch or told.zone else "text" for name, told in mapping.columns.items()}
            types |= dict.fromkeys(self.personal or (), "text")
            references = {name for told in (self.belongs_to or {}).values() for name in told.named}
            types |= dict.fromkeys([*(self.key or ()), *sorted(references - types.keys())], "identifier")
            types |= {name: "timestamp" for name in (self.cursor, self.aged_by) if name is not None}
            columns = types | {name: column.type for name, column in mapping.columns.items() if column.type}
            return ExtractedEntry.model_validate({"columns": columns, **told, "mapping": mapping})
        if typed := next((name for name, column in mapping.columns.items() if column.type), None):
            raise ValueError(f"{typed}: its type is the catalogue's, and can't be told")
        for name, column in mapping.columns.items():
            if name in of_kind.columns and (fault := unit_fault(name, of_kind.columns[name].type, column)):
                raise ValueError(fault)
        base: dict[str, Any] = of_kind.model_dump(exclude={"mapping"}, exclude_unset=True, by_alias=True)
        if self.personal is not None:
            own = {name: column.beside(of_kind.personal.get(name)) for name, column in self.personal.items()}
            told |= {"personal": {**of_kind.personal, **own}}
        return TableEntry.model_validate({**base, **told, "mapping": mapping})

    def _check_shown(self, of_kind: TableEntry | None) -> None:
        """See to it that models have a place for what is to be shown.

        Raises:
            ValueError: they have none.
        """
        known = of_kind.personal if of_kind else {}
        places = [name for name, column in known.items() if "show" in column.model_fields_set]
        if told := next((n for n, column in (self.personal or {}).items() if column.show and n not in places), None):
            of_table = f"of this table they have one for {', '.join(places)}" if places else "of this table for none"
            raise ValueError(f"{told}: show: models have no place for it; {of_table}")


class SourceEntry(BaseModel):
    """A source of the owner's file.

    Attributes:
        kind: which of the five systems' models its tables feed; `raw`: none.
        url: where it is, with ${VARIABLE} for what must not be written here.
        schema_: where its tables are found; the database's default if None.
        country_code: of its telephone numbers that are written with one leading 0; DEFAULT_COUNTRY_CODE if None.
        zone: whose clocks showed the instants of its tables that are without a zone of their own; UTC's if None.
        undeclared: whether columns of its tables that nobody declares are read; they are if None.
        read_within: how long ago each of its tables may have been read; as the catalogue says if None.
        hours: when the time counts that passes for its tables; as the catalogue says if None.
        tables: table of the kind → what it is there. Others of the kind are looked for under their own names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    kind: str
    url: str = Field(min_length=1)
    schema_: str | None = Field(default=None, alias="schema", min_length=1)
    country_code: str | None = Field(default=None, pattern=r"^[1-9][0-9]{0,2}$", coerce_numbers_to_str=True)
    zone: Zone | None = None
    undeclared: Undeclared | None = None
    read_within: Within | None = None
    hours: Hours | None = None
    tables: Annotated[dict[str, TableSource | None], BeforeValidator(lambda told: {} if told is None else told)] = {}

    def table(self, name: str) -> TableSource:
        """What is told of a table, with what is told of all."""
        told = self.tables.get(name) or TableSource()
        return told.model_copy(update={n: value for n, value in self.of_all.items() if getattr(told, n) is None})

    @property
    def of_all(self) -> dict[str, Any]:
        """What is told of all its tables."""
        names = ("zone", "undeclared", "read_within", "hours")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class ConfiguredSource:
    """A source that is to be read.

    Attributes:
        name: its name, which raw's schema and tenants' keys begin with.
        kind: which models its tables feed.
        entries: its tables.
        url: where it is; None where the variable is not set.
        schema: where its tables are found there.
        folder: where its files are, in the place of `url`, where it is no database.
        files: which files its tables are.
        country_code: of its telephone numbers; None: the general one.
    """

    name: SourceName
    kind: str
    entries: dict[str, TableEntry]
    url: URL | None
    schema: str | None = None
    folder: str | None = None
    files: Mapping[str, FilesEntry] = field(default_factory=dict)
    country_code: str | None = None

    @cached_property
    def source(self) -> Source:
        """Its reader. Nothing is connected yet.

        Raises:
            ConfigurationError: its driver is not installed.
        """
        if self.folder is not None:
            return FilesSource(self.name, self.folder, self.files)
        if self.url is None:
            return _Unset(self.name)
        return open_source(self.name, self.url, self.name.variable, self.schema)


class _Unset:
    """A source whose URL is not known now."""

    def __init__(self, name: SourceName) -> None:
        self._name = name

    def snapshot(self) -> Any:
        """See `Source.snapshot`."""
        raise SourceError(f"{self._name}: {self._name.variable} is not set. Set it in the environment or in .env.")


def configured_sources(settings: Settings, catalogue: Catalogue) -> dict[str, ConfiguredSource]:
    """The sources by name: the five that have a URL, or the sample's, then those of the owner's file.

    Where both have a name, the file counts.

    Raises:
        ConfigurationError: a URL or the file is wrong; the message names the place.
    """
    found = {
        name: ConfiguredSource(SourceName(name), name, catalogue.get(name, {}), url)
        for name, url in settings.source_urls.items()
    }
    if unknown := sorted(set(found) - set(catalogue)):
        raise ConfigurationError(f"The catalogue has no source '{unknown[0]}', but its URL is set.")
    for name, entry in _load(settings.sources_path).items():
        found[name] = _configured(settings, catalogue, name, entry)
    return found


def _configured(settings: Settings, catalogue: Catalogue, name: str, entry: SourceEntry) -> ConfiguredSource:
    where = f"{settings.sources_path.name}: {name}"
    _check(where, name, entry)
    of_kind = {} if entry.kind == RAW else catalogue.get(entry.kind, {})
    entries = dict(of_kind)
    for table in dict.fromkeys([*(of_kind if any(entry.of_all.values()) else ()), *entry.tables]):
        if entry.kind != RAW and table not in of_kind:
            raise ConfigurationError(
                f"{where}.tables.{table}: a source of kind {entry.kind} has no such table. Near it: "
                f"{nearest(table, [*of_kind])}. A table that no model knows is of a source of kind raw."
            )
        try:
            entries[table] = entry.table(table).entry(of_kind.get(table))
        except ValidationError as error:
            raise ConfigurationError(f"{where}.tables.{table}: {_first(error)}") from None
        except ValueError as error:
            raise ConfigurationError(f"{where}.tables.{table}: {error}.") from None
    if fault := belonging_fault(entries):
        raise ConfigurationError(f"{where}.tables.{fault}.")
    told_by, location = _location(settings, where, entry.url)
    label = SourceName(name, told_by)
    files = {table: told.files_entry for table, told in entry.tables.items() if told and told.files_entry}
    if not files:
        url = None if location is None else _database(location, where, told_by, entry.url)
        return ConfiguredSource(label, entry.kind, entries, url, entry.schema_, country_code=entry.country_code)
    _check_files(where, entry, entries, files, location)
    return ConfiguredSource(
        label, entry.kind, entries, None, folder=location, files=files, country_code=entry.country_code
    )


def _check(where: str, name: str, entry: SourceEntry) -> None:
    """See to it that a source has a name and a kind that fit."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise ConfigurationError(
            f"{where}: a source is called by lower-case letters, digits and _, at most 40 and a letter first, and not "
            f"{', '.join(sorted(_RESERVED))}."
        )
    if entry.kind not in KINDS:
        raise ConfigurationError(f"{where}: unknown kind '{entry.kind}'. Use one of: {', '.join(KINDS)}.")
    if name in SOURCES and entry.kind != name:
        raise ConfigurationError(f"{where}: the name is that of a kind, and this source is of another one.")
    if entry.kind == RAW and not entry.tables:
        raise ConfigurationError(f"{where}: say which tables are extracted: tables: {{orders: {{}}}}.")


def _check_files(
    where: str, entry: SourceEntry, entries: Mapping[str, TableEntry], files: Collection[str], location: str | None
) -> None:
    """See to it that a folder has what its kind needs, and nothing that is of databases."""
    if others := sorted(table for table in entry.tables if table not in files):
        raise ConfigurationError(f"{where}.tables.{others[0]}: say which files it is, as of the other tables.")
    if entry.schema_ is not None:
        raise ConfigurationError(f"{where}.schema is of databases, and this source is of files.")
    if location is not None and "://" not in location:
        raise ConfigurationError(f"{where}.url: a folder is told as files:///path, or as s3://bucket/path.")
    if needed := sorted(table for table, one in entries.items() if one.required and table not in files):
        raise ConfigurationError(f"{where}.tables: say which files {needed[0]} is: a source of its kind needs it.")
    if "@" in entry.url.partition("://")[2].partition("/")[0]:
        raise ConfigurationError(
            f"{where}.url has a secret in it. Put the URL into the environment or .env, and write ${{VARIABLE}} here."
        )


def _location(settings: Settings, where: str, told: str) -> tuple[str, str | None]:
    """Where the URL is told, for messages, and what it is; None where a variable of it is not set."""
    names = _VARIABLE.findall(told)
    values = {name: settings.variable(name) for name in names}
    if unset := [name for name, value in values.items() if value is None]:
        return unset[0], None
    return names[0] if names else f"url in {where}", _VARIABLE.sub(lambda match: str(values[match[1]]), told)


def _database(location: str, where: str, told_by: str, told: str) -> URL:
    if location.startswith(("files://", "s3://", "gs://")):
        raise ConfigurationError(f"{where}: its url is a folder's. Say which files its tables are: files: leads-*.csv.")
    url = parse_url(location, told_by)
    has_password = url.password is not None or any("passw" in option.lower() for option in url.query)
    if has_password and not _VARIABLE.search(told):
        raise ConfigurationError(
            f"{where}.url has a password in it. Put the URL into the environment or .env, and write ${{VARIABLE}} here."
        )
    return url


def _load(path: Path) -> Mapping[str, SourceEntry]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if path.name != Settings.model_fields["sources_file"].default.name:
            raise ConfigurationError(f"SOURCES_FILE: there is no file {path.name}.") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"SOURCES_FILE {path.name} can't be read: {error}.") from None
    content = yaml_of(text, path.name)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path.name} must map names of sources to what they are.")
    entries = {}
    for name, told in content.items():
        try:
            entries[str(name)] = SourceEntry.model_validate(told)
        except ValidationError as error:
            raise ConfigurationError(f"{path.name}: {name}: {_first(error)}") from None
    return entries


def _first(error: ValidationError) -> str:
    """The first fault, with its place."""
    first = error.errors(include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}.{more}" if place else f"{message}.{more}"
