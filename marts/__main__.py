"""`python -m marts write`: the dbt models and YAML of every declared mart; `check` says what is not up to date."""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from ingestion.errors import ConfigurationError
from ingestion.output.terminal import say_error
from ingestion.settings import PROJECT_ROOT
from marts.declaration import Mart, read_marts
from marts.facts import read_facts
from marts.models import WRITTEN, Others, changed_model, files_of

MODELS = PROJECT_ROOT / "dbt_project" / "models"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when a declaration is wrong or a file is not what it says."""
    parser = argparse.ArgumentParser(prog="python -m marts", description="The dbt models of the declared marts.")
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")
    commands.add_parser("write", help="write what dbt needs of every *.mart.yml, remove what it needs no longer")
    commands.add_parser("check", help="say which files are not what the declarations give")
    options = parser.parse_args(arguments)
    try:
        stale = stale_files(MODELS)
    except ConfigurationError as error:
        say_error(error)
        return 1
    for path, text in stale.items():
        print(path.relative_to(MODELS))
        if options.command == "write":
            path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    return 1 if stale and options.command == "check" else 0


def stale_files(models: Path) -> dict[Path, str | None]:
    """The files below dbt's models that are not what the declarations there give.

    Returns:
        Path → the text that it should have; None: it should not be there, as nothing declares it any more.

    Raises:
        ConfigurationError: a declaration is wrong, or a file that is to be written was written by hand.
    """
    found = {path: path.read_text(encoding="utf-8") for path in (*models.rglob("*.sql"), *models.rglob("*.yml"))}
    marts, others = read_marts(models), _others(models, found)
    declared = {models / path: text for path, text in files_of(marts, others).items()}
    _assert_days_are_found(marts, others, {path.stem: text for path, text in (found | declared).items()})
    for path in declared.keys() & found.keys():
        if not is_written(found[path]):
            raise ConfigurationError(
                f"{path.relative_to(models)} was written by hand, and a declared mart wants this name. Move it away."
            )
    left = {path for path, text in found.items() if is_written(text)} - declared.keys()
    return {path: text for path, text in declared.items() if found.get(path) != text} | dict.fromkeys(sorted(left))


def _assert_days_are_found(marts: Mapping[str, tuple[str, Mart]], others: Others, texts: Mapping[str, str]) -> None:
    """Refuse a mart that counts by days of which nothing tells that they changed: it would hold stale numbers."""
    for name, (system, mart) in marts.items():
        changed = changed_model(system, mart, others.facts)
        for column, told in mart.columns.items():
            fact, date = mart.fact_of(column), mart.date_of(column)
            if told.measure and not all(re.search(rf"\b{word}\b", texts.get(changed, "")) for word in (fact, date)):
                raise ConfigurationError(
                    f"{name}: {column} counts {fact} by {date}, and {changed} does not tell which such days changed."
                )


def is_written(text: str) -> bool:
    """Whether a file's text says that it was not written by hand."""
    return WRITTEN in text.partition("\n")[0]


def _others(models: Path, found: Mapping[Path, str]) -> Others:
    copied: dict[str, list[str]] = defaultdict(list)
    incremental: dict[str, list[str]] = defaultdict(list)
    for path, text in found.items():
        schema, system, *_ = (*path.relative_to(models).parts, "")
        if path.suffix == ".sql" and schema != "staging" and not is_written(text):
            if schema in ("core", "marts"):
                copied[system].append(path.stem)
            if "materialized='incremental'" in text:
                incremental[system].append(path.stem)
    return Others(copied, incremental, exported_marts(), read_facts(models))


def exported_marts() -> dict[str, list[str]]:
    """System → its marts that the project's catalogue of exports names."""
    exported: dict[str, list[str]] = defaultdict(list)
    for entry in yaml.safe_load((PROJECT_ROOT / "exports" / "catalogue.yml").read_text(encoding="utf-8")).values():
        exported[entry["source"]].append(entry["mart"])
    return exported


if __name__ == "__main__":
    sys.exit(main())
