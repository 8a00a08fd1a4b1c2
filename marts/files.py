"""Files that declare marts: `<mart>.mart.yml` below `dbt_project/models/marts/<system>/<mart>/`.

Belongs here: where they lie, and how they and others of dbt's are read. Not here: what may be declared
(declaration.py), nor what is written from it (written.py).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ingestion.errors import ConfigurationError
from ingestion.yaml_files import NothingTwice
from marts.declaration import CALLED, NAME, Mart

SUFFIX = ".mart.yml"

_FILES = "*.mart.y*ml"

_OF_DBT = re.compile(
    r"^(version|models|sources|seeds|snapshots|analyses|macros|functions|exposures|groups|metrics|semantic_models|"
    r"saved_queries|(unit_|data_)?tests)\s*:",
    re.MULTILINE,
)
"""What dbt reads of a YAML file; all else it passes over without a word."""

_OF_A_MART = {*Mart.model_fields, "columns_of"} - {"description"}


def read_marts(folder: Path) -> dict[str, tuple[str, Mart]]:
    """Read all declarations.

    Args:
        folder: dbt's models.

    Returns:
        Name → system and mart, in the order of their paths.

    Raises:
        ConfigurationError: a file is malformed; the message names it and what is wrong.
    """
    _assert_called_so(folder)
    told = _told(folder)
    found = {}
    for name, (system, _) in told.items():
        try:
            found[name] = (system, Mart.model_validate(_with_columns(name, told)))
        except ValidationError as error:
            raise ConfigurationError(f"{name}{SUFFIX}: {faults_of(error)}") from None
    return found


def _assert_called_so(folder: Path) -> None:
    """Refuse a file that declares a mart under a name by which nobody reads it."""
    for path in sorted(folder.rglob("*.[yY]*[mM][lL]")):
        if path.match(_FILES) or _OF_DBT.search(text := read_text(path)):
            continue
        told = yaml_of(path, text)
        if isinstance(told, Mapping) and (keys := [key for key in told if key in _OF_A_MART]):
            raise ConfigurationError(
                f"{path.relative_to(folder)} has {', '.join(keys)}, as a mart that is declared, and is not called so: "
                f"name it {path.parent.name}{SUFFIX}, in a folder of that name."
            )


def _told(folder: Path) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Name → system and what the file says, whatever that is."""
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for path in sorted(folder.rglob(_FILES)):
        system, name = path.parent.parent.name, path.name.removesuffix(SUFFIX)
        if path != folder / "marts" / system / name / f"{name}{SUFFIX}" or not NAME.fullmatch(name):
            raise ConfigurationError(
                f"{path.name} lies in {path.parent.name}: marts are declared in <system>/<mart>/<mart>{SUFFIX}, "
                "in lower case."
            )
        if system not in CALLED:
            raise ConfigurationError(f"{path.name}: {system} is no system. Use one of: {', '.join(sorted(CALLED))}.")
        if name in found:
            raise ConfigurationError(f"{name} is declared twice, in {found[name][0]} and {system}: names are unique.")
        text = read_text(path)
        if jinja := re.search(r"\{[{%#].*", text):
            raise ConfigurationError(f"{path.name}: dbt would take {jinja[0]!r} for Jinja.")
        told = yaml_of(path, text)
        if not isinstance(told, Mapping):
            raise ConfigurationError(f"{path.name} declares nothing.")
        found[name] = (system, told)
    return found


def read_text(path: Path) -> str:
    """What a file says.

    Raises:
        ConfigurationError: it is no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name} is no text in UTF-8: save it as such.") from None


def yaml_of(path: Path, text: str) -> Any:
    """What the text of a YAML file says.

    Raises:
        ConfigurationError: it is no YAML, or says something twice.
    """
    try:
        return yaml.load(text, NothingTwice)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path.name} is no YAML: {' '.join(str(error).split())}") from None


def _with_columns(name: str, told: Mapping[str, tuple[str, Mapping[str, Any]]]) -> Mapping[str, Any]:
    """What a mart declares, with the columns of the one that it names in their place."""
    system, declared = told[name]
    if "columns_of" not in declared:
        return declared
    other = declared["columns_of"]
    its_system, its = told.get(other, ("", {})) if isinstance(other, str) else ("", {})
    columns = its.get("columns")
    if "columns" in declared or its_system != system or not isinstance(columns, Mapping):
        raise ConfigurationError(
            f"{name}{SUFFIX}: columns_of stands instead of columns, and names a mart of {system} that has them."
        )
    # Watched once is enough.
    taken = {
        column: {key: value for key, value in of.items() if key != "headline"} if isinstance(of, Mapping) else of
        for column, of in columns.items()
    }
    return {key: value for key, value in declared.items() if key != "columns_of"} | {"columns": taken}


def faults_of(error: ValidationError) -> str:
    """All that is wrong with a declaration, each with its place in it."""
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".removeprefix(": ") for fault in error.errors()
    )
