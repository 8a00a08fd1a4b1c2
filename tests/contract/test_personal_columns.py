"""What models read of personal columns that raw keeps clear is what the catalogue says that they do."""

import re

import pytest
import yaml

from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.catalogue.entries import TableEntry
from ingestion.settings import PROJECT_ROOT

CATALOGUE = load_catalogue(PROJECT_ROOT / "ingestion" / "catalogue.yml")
DBT = PROJECT_ROOT / "dbt_project"
KEYS = yaml.safe_load((DBT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["payload_keys"]
SHOWN_NAME = re.compile(r"shown_name\('(\w+)', '(\w+)', '(\w+)'\)")
KEPT = [
    (source, table, entry)
    for source, entries in CATALOGUE.items()
    for table, entry in entries.items()
    if any(column.keep == "clear" for column in entry.personal.values())
]


@pytest.mark.parametrize(("source", "table", "entry"), KEPT, ids=[f"{source}.{table}" for source, table, _ in KEPT])
def test_no_number_is_made_of_what_goes_with_age_or_a_person(source: str, table: str, entry: TableEntry) -> None:
    """Unless it is `counted`: then it stays, and who is erased is told."""
    model = (DBT / "models" / "staging" / source / f"stg_{source}__{table}.sql").read_text(encoding="utf-8")
    for name, column in entry.personal.items():
        if column.keep != "clear" or column.counted or "show" in column.model_fields_set:
            continue
        read = set(re.findall(rf"json_text\('{name}', '([^']+)'\)", model))
        for told in re.findall(r"payload_(?:text|code)\('(\w+)'\)", model) if name == "data" else ():
            read |= set(KEYS[told])
        assert read <= set(column.besides), name
        if entry.columns[name].type != "json":
            assert not re.search(rf"\b{name}\b", model), name


def test_models_have_a_place_for_each_name_of_which_the_catalogue_says_whether_it_is_shown() -> None:
    """They ask the variable of each, in staging, and of no other."""
    told = {
        (source, table, name)
        for source, table, entry in KEPT
        for name, column in entry.personal.items()
        if "show" in column.model_fields_set
    }
    texts = {path: path.read_text(encoding="utf-8") for path in (DBT / "models").rglob("*.sql")}
    asked = [(path.stem, found) for path, text in texts.items() for found in SHOWN_NAME.findall(text)]
    assert sorted(asked) == sorted((f"stg_{source}__{table}", (source, table, name)) for source, table, name in told)
    # Nor is it read beside that.
    for source, table, name in told:
        model = texts[DBT / "models" / "staging" / source / f"stg_{source}__{table}.sql"]
        assert not re.search(rf"\b{name}\b", SHOWN_NAME.sub("", model).replace(f" as {name},", "")), name
