"""The files that are written, beside those that are there: which are stale, and what is refused.

Belongs here: reading dbt's models. Not here: what the files say (models.py), or the command (__main__.py).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from ingestion.errors import ConfigurationError, nearest
from ingestion.settings import PROJECT_ROOT
from marts.consistency import assert_consistent, assert_counted, types_of
from marts.facts import Entries, read_facts
from marts.files import read_marts, read_text, yaml_of
from marts.models import WRITTEN, Others, changed_model, files_of
from marts.tables import seeds


def stale_files(models: Path) -> dict[Path, str | None]:
    """The files below dbt's models that are not what the declarations there give.

    Returns:
        Path → the text that it should have; None: it should not be there, as nothing declares it any more.

    Raises:
        ConfigurationError: a declaration is wrong, or a file that is to be written was written by hand.
    """
    found = {path: read_text(path) for path in (*models.rglob("*.sql"), *models.rglob("*.yml"))}
    marts, others = read_marts(models), _others(models, found)
    changed = {name: changed_model(system, mart, others.facts) for name, (system, mart) in marts.items()}
    declared = {models / path: text for path, text in files_of(marts, changed, others).items()}
    there = found | declared
    texts = {path.stem: text for path, text in there.items() if path.suffix == ".sql"}
    tables = dict.fromkeys((*seeds(), *(path.stem for path in models.rglob("*.py"))), "")
    types = {
        model: types
        for path, text in there.items()
        if path.suffix == ".yml" and path.relative_to(models).parts[0] in ("core", "intermediate")
        for model, types in types_of(_models_of(path, text)).items()
    }
    assert_counted(others.facts, texts, types)
    assert_consistent(marts, changed, tables | texts, types)
    for path in declared.keys() & found.keys():
        if not _is_written(found[path]):
            raise ConfigurationError(
                f"{path.relative_to(models)} was written by hand, and a declared mart wants this name. Move it away."
            )
    # What lies among your own models may be copied from a written one.
    written = {path for path, text in found.items() if _is_written(text) and (models / "custom") not in path.parents}
    left = written - declared.keys()
    _assert_exported_are_there(others.exported, {path.stem for path in (*(there.keys() - left), *models.rglob("*.py"))})
    return {path: text for path, text in declared.items() if found.get(path) != text} | dict.fromkeys(sorted(left))


def _is_written(text: str) -> bool:
    """Whether a file's text says that it was not written by hand."""
    return WRITTEN in text.partition("\n")[0]


def _others(models: Path, found: Mapping[Path, str]) -> Others:
    copied: dict[str, list[str]] = defaultdict(list)
    incremental: dict[str, list[str]] = defaultdict(list)
    for path, text in found.items():
        schema, system, *_ = (*path.relative_to(models).parts, "")
        if path.suffix == ".sql" and schema != "staging" and not _is_written(text):
            if schema in ("core", "marts"):
                copied[system].append(path.stem)
            if "materialized='incremental'" in text:
                incremental[system].append(path.stem)
    facts = {
        path: _models_of(path, text)
        for path, text in found.items()
        if (models / "core") in path.parents and path.suffix == ".yml"
    }
    return Others(copied, incremental, _exported_marts(), read_facts(facts))


def _models_of(path: Path, text: str) -> Entries:
    """What a YAML file of dbt's says of models: of those that it names, and of their columns that it names."""
    told = yaml_of(path, text)
    entries = told.get("models") or [] if isinstance(told, Mapping) else [told] if told else []
    for entry in entries:
        columns = (entry.get("columns") or []) if isinstance(entry, Mapping) else [entry]
        if not all(isinstance(each, Mapping) and "name" in each for each in (entry, *columns)):
            raise ConfigurationError(f"{path.name} says something of a model or column that it does not name.")
    return entries


def _assert_exported_are_there(exported: Mapping[str, Iterable[str]], models: Collection[str]) -> None:
    there = {*models, *seeds()}
    for mart in sorted({mart for marts in exported.values() for mart in marts} - there):
        raise ConfigurationError(
            f"exports/catalogue.yml publishes {mart}, and there is no such model. Take it out there, or write one that "
            f"there is. Near it: {nearest(mart, sorted(there))}."
        )


def _exported_marts() -> dict[str, list[str]]:
    """Source of an export, a system or all → the tables that the project's catalogue of exports names."""
    exported: dict[str, list[str]] = defaultdict(list)
    path = PROJECT_ROOT / "exports" / "catalogue.yml"
    # What is wrong with an entry, exports tell.
    told = yaml_of(path, read_text(path))
    for entry in told.values() if isinstance(told, Mapping) else ():
        if isinstance(entry, Mapping) and "mart" in entry:
            exported[entry.get("source", "all")].append(entry["mart"])
    return exported
