"""The catalogue as a file: `ingestion/catalogue.yml`, or an owner's in its place.

Belongs here: reading it, and faults that are no single table's. Not here: what is told of one table (entries.py), the
file of an owner's sources (sources_file.py).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ingestion.catalogue.belonging import CUSTOMER
from ingestion.catalogue.entries import TableEntry
from ingestion.errors import ConfigurationError, nearest
from ingestion.settings import SOURCES
from ingestion.yaml_files import NothingTwice

_ALL = "*"
_OF_ALL = ("read_within", "hours")
"""What may be told of all tables of a source at once."""

Catalogue = dict[str, dict[str, TableEntry]]


class _CatalogueFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sources: Catalogue


def load_catalogue(path: Path) -> Catalogue:
    """Read and validate the catalogue.

    Raises:
        ConfigurationError: the file is missing, is not YAML, or an entry is wrong; the message names the entry.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"Catalogue {path} can't be read: {error.strerror}.") from None
    content = yaml_of(text, f"Catalogue {path.name}")
    if not isinstance(content, dict):
        raise ConfigurationError(f"Catalogue {path.name} must map source names to tables.")
    unknown = sorted(str(name) for name in set(content) - set(SOURCES))
    if unknown:
        raise ConfigurationError(
            f"Catalogue {path.name}: unknown source '{unknown[0]}'. Use one of: {', '.join(SOURCES)}."
        )
    content = {source: _of_all(f"Catalogue {path.name}: {source}", told) for source, told in content.items()}
    try:
        catalogue = _CatalogueFile(sources=content).sources
    except ValidationError as error:
        first = error.errors()[0]
        entry = ".".join(str(part) for part in first["loc"][1:])
        more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"Catalogue {path.name}: {entry}: {message}.{more}") from None
    for source, entries in catalogue.items():
        if fault := belonging_fault(entries):
            raise ConfigurationError(f"Catalogue {path.name}: {source}.{fault}.")
    return catalogue


def _of_all(where: str, tables: Any) -> Any:
    """A source's tables, with what `*` says of all in each that does not say it itself."""
    if not isinstance(tables, dict) or _ALL not in tables:
        return tables
    told = tables[_ALL]
    if not isinstance(told, dict) or not {*told} <= {*_OF_ALL}:
        raise ConfigurationError(f"{where}.{_ALL}: of all tables together there may be {', '.join(_OF_ALL)}.")
    return {
        name: {**told, **entry} if isinstance(entry, dict) else entry for name, entry in tables.items() if name != _ALL
    }


def belonging_fault(entries: Mapping[str, TableEntry]) -> str | None:
    """What is wrong with what a source's tables belong to; None if nothing is."""
    for name, entry in entries.items():
        if strange := sorted(of for of in entry.belongs_to if of not in (CUSTOMER, *entries)):
            near = nearest(strange[0], [CUSTOMER, *entries])
            return f"{name}: belongs_to: there is no table {strange[0]}. Near it: {near}"
    return None


def yaml_of(text: str, called: str) -> Any:
    """What a person's file holds; `called` is the file's name in messages.

    Raises:
        ConfigurationError: it is no YAML; the message names the line.
    """
    try:
        return parsed_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise ConfigurationError(
            f"{called}{where} is not valid YAML: {getattr(error, 'problem', None) or 'unreadable'}."
        ) from None


def parsed_yaml(text: str) -> Any:
    """What a file holds.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    try:
        # By the C library: a tenth of the time.
        return yaml.load(text, NothingTwice)  # noqa: S506 - a safe loader
    except yaml.constructor.ConstructorError:
        raise
    except yaml.YAMLError:
        # It says better what is wrong.
        return yaml.safe_load(text)
