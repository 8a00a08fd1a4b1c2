"""What is written of declared marts is what they declare."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from ingestion.errors import ConfigurationError
from ingestion.settings import PROJECT_ROOT
from marts.bundle import stale_dashboard
from marts.conditions import unknown_columns
from marts.files import read_marts
from marts.written import stale_files
from orchestration import dbt
from orchestration.profile import run_dbt

MODELS = PROJECT_ROOT / "dbt_project" / "models"
VISITS = Path("marts", "restaurant", "visits")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of dbt's models, to change."""
    return Path(shutil.copytree(MODELS, tmp_path / "models"))


def test_every_written_file_is_up_to_date() -> None:
    assert stale_files(MODELS) == {}, "python -m marts write"
    assert stale_dashboard(read_marts(MODELS)) == {}, "python -m marts write"


def test_declaration_that_changed_makes_its_files_stale(models: Path) -> None:
    declaration = models / VISITS / "visits.mart.yml"
    text = declaration.read_text(encoding="utf-8")
    declaration.write_text(text.replace("where: is_first_visit", "where: not is_first_visit"), encoding="utf-8")
    assert [path.name for path in stale_files(models)] == ["int_restaurant__visits_measures.sql"]


def test_measure_more_is_one_entry(models: Path) -> None:
    declaration = models / VISITS / "visits.mart.yml"
    with declaration.open("a", encoding="utf-8") as file:
        file.write(
            "  refunds: {of: fct_visits, by: visit_date, measure: count, where: spend_amount < 0, description: x}\n"
        )
    assert sorted(path.name for path in stale_files(models)) == [
        "_int_restaurant__visits__models.yml",
        "_visits__models.yml",
        "int_restaurant__visits_measures.sql",
        "visits_daily.sql",
        "visits_monthly.sql",
        "visits_trailing.sql",
        "visits_weekly.sql",
    ]


def test_file_edited_by_hand_is_stale(models: Path) -> None:
    path = models / VISITS / "visits_daily.sql"
    path.write_text(path.read_text(encoding="utf-8").replace("total_visits", "visits"), encoding="utf-8")
    assert list(stale_files(models)) == [path]


def declare_parties(models: Path) -> Path:
    """A mart more, with headlines, which nothing publishes."""
    text = (models / VISITS / "visits.mart.yml").read_text(encoding="utf-8")
    text = text.replace("headline: visits", "headline: parties").replace("headline: spend_amount", "headline: spent")
    declaration = models / "marts" / "restaurant" / "parties" / "parties.mart.yml"
    declaration.parent.mkdir()
    declaration.write_text(text, encoding="utf-8")
    return declaration


def test_what_is_declared_no_longer_is_to_be_removed(models: Path) -> None:
    declaration = declare_parties(models)
    for path, text in stale_files(models).items():
        path.write_text(str(text), encoding="utf-8")
    declaration.unlink()
    stale = stale_files(models)
    assert sorted(path.name for path, text in stale.items() if text is None) == [
        "_int_restaurant__parties__models.yml",
        "_parties__models.yml",
        "int_restaurant__parties_measures.sql",
        "parties_daily.sql",
        "parties_monthly.sql",
        "parties_trailing.sql",
        "parties_weekly.sql",
    ]
    # What all marts of the system share names it no more, nor do those that shared its rows.
    assert sorted(path.name for path, text in stale.items() if text is not None) == [
        "_restaurant__copies__exposures.yml",
        "_restaurant__metrics.yml",
        "int_cross_source__kpi_days.sql",
        "int_restaurant__built.sql",
        "int_restaurant__tenant_calendar.sql",
        "visits_daily.sql",
        "visits_monthly.sql",
        "visits_trailing.sql",
        "visits_weekly.sql",
    ]


def test_file_that_was_written_by_hand_is_never_overwritten(models: Path) -> None:
    path = models / VISITS / "visits_weekly.sql"
    path.write_text("select 1 as total_visits\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"visits_weekly.sql was written by hand"):
        stale_files(models)


def test_mart_that_counts_by_days_of_which_nothing_tells_that_they_changed_is_refused(models: Path) -> None:
    declaration = models / "marts" / "consulting" / "crm_activity" / "crm_activity.mart.yml"
    text = declaration.read_text(encoding="utf-8")
    declaration.write_text(text.replace("by: event_date", "by: processed_date"), encoding="utf-8")
    with pytest.raises(
        ConfigurationError,
        match="counts fct_crm_events by processed_date, and int_consulting__changed_periods does not tell",
    ):
        stale_files(models)


def test_column_that_is_misspelt_in_a_condition_is_told_with_what_is_near(models: Path) -> None:
    declaration = models / VISITS / "visits.mart.yml"
    text = declaration.read_text(encoding="utf-8")
    declaration.write_text(text.replace("where: is_first_visit", "where: not is_frist_visit"), encoding="utf-8")
    fault = (
        "visits: new_customers: fct_visits has no column is_frist_visit, which `where` names. Near it: is_first_visit"
    )
    with pytest.raises(ConfigurationError, match=re.escape(fault)):
        stale_files(models)


def test_no_condition_that_there_is_can_have_a_column_misspelt() -> None:
    conditions = {c.where for _, mart in read_marts(MODELS).values() for c in mart.columns.values() if c.where}
    assert len(conditions) > 50
    for condition in conditions:
        columns = unknown_columns(condition, ())
        assert columns, condition
        for column in columns:
            misspelt = f"{column[:-1]}x{column[-1]}"
            told = unknown_columns(re.sub(rf"\b{column}\b", misspelt, condition), columns)
            assert told == [misspelt], condition


def test_declaration_under_a_name_that_nobody_reads_is_told(models: Path) -> None:
    declaration = models / VISITS / "visits.mart.yml"
    declaration.rename(declaration.with_name("visits.yml"))
    with pytest.raises(ConfigurationError, match=r"visits/visits.yml has row, .* name it visits.mart.yml"):
        stale_files(models)


def test_fact_that_says_wrongly_how_it_is_counted_is_told(models: Path) -> None:
    path = models / "core" / "shop" / "_core_shop__models.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("key: event_id, dates", "keys: event_id, dates"))
    with pytest.raises(
        ConfigurationError, match=r"_core_shop__models.yml: fct_product_events: counted: key: .*; keys: "
    ):
        stale_files(models)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("models: [", "is no YAML: "),
        ("models", "says something of a model or column that it does not name"),
        ("models:\n- description: x\n", "says something of a model or column that it does not name"),
        ("models:\n- name: x\n  columns: [{description: x}]\n", "says something of a model or column that it"),
    ],
)
def test_yaml_of_a_fact_that_says_nothing_is_told(text: str, fault: str, models: Path) -> None:
    (models / "core" / "shop" / "_fct_x__models.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"_fct_x__models.yml {fault}"):
        stale_files(models)


def test_mart_that_is_published_and_is_not_there_is_told(models: Path) -> None:
    (models / VISITS / "visits.mart.yml").unlink()
    with pytest.raises(
        ConfigurationError, match=r"exports/catalogue.yml publishes visits_monthly, and there is no such"
    ):
        stale_files(models)


def test_model_of_your_own_stays_where_it_was_copied_from_a_written_one(models: Path) -> None:
    shutil.copy(models / VISITS / "visits_monthly.sql", models / "custom" / "my_visits.sql")
    assert stale_files(models) == {}


def test_incremental_model_more_is_waited_for(models: Path) -> None:
    config = "{{ config(materialized='incremental', unique_key='x', meta={'changed': 'y'}) }}"
    (models / "core" / "erp" / "fct_x.sql").write_text(f"{config}\nselect 1 as x\n", encoding="utf-8")
    stale = {path.name: text for path, text in stale_files(models).items()}
    assert 'ref("fct_x")' in str(stale["int_erp__built.sql"])
    assert stale.keys() == {"int_erp__built.sql", "_erp__copies__exposures.yml"}


def test_mart_and_headline_more_change_no_model_that_has_a_unit_test(models: Path) -> None:
    """A unit test gives rows to each model that is read, and says all rows that come of them."""
    there = stale_files(models).keys() | set(models.rglob("*.sql"))
    declare_parties(models)
    # Other marts' rows a unit test need not give.
    stale = {path: str(text) for path, text in stale_files(models).items() if path in there}
    changed = {path.stem for path, text in stale.items() if "rows_of" not in text}
    assert "int_cross_source__kpi_days" in changed
    unit_tests = [
        test
        for path in models.rglob("*unit_tests.yml")
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["unit_tests"]
    ]
    assert unit_tests
    assert [test["name"] for test in unit_tests if test["model"] in changed] == []


def test_what_was_declared_before_is_not_built(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt, "DIRECTORY", models.parent)
    monkeypatch.setattr(dbt, "MANIFEST", tmp_path / "manifest.json")
    dbt.assert_written()
    declaration = models / VISITS / "visits.mart.yml"
    text = declaration.read_text(encoding="utf-8")
    declaration.write_text(text.replace("where: is_first_visit", "where: not is_first_visit"), encoding="utf-8")
    told = "run `python -m marts write`. It writes int_restaurant__visits_measures.sql."
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        dbt.prepare("duckdb", {})
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        run_dbt(["build"])
