"""What a mart may declare, and what is said of one that makes no sense."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion.errors import ConfigurationError
from marts.declaration import Mart
from marts.files import read_marts

COUNT = {"of": "fct_visits", "by": "visit_date", "measure": "count", "description": "Visits."}
MART: dict[str, Any] = {
    "description": "Visits.",
    "row": "tenant",
    "tenant": "A restaurant.",
    "dimensions": {"currency_code": "ISO 4217."},
    "columns": {
        "visits": COUNT,
        "first_visits": COUNT | {"where": "is_first_visit"},
        "guests": COUNT | {"measure": "distinct customer_id"},
        "spend_amount": COUNT | {"measure": "sum spend_amount"},
        "covers": COUNT | {"measure": "sum covers", "whole": True},
        "p90_wait_seconds": COUNT | {"measure": "p90 wait_seconds"},
        "max_wait_hours": COUNT | {"measure": "max wait_seconds / 3600"},
        "max_covers": COUNT | {"measure": "max covers", "whole": True},
        "bookings": COUNT | {"measure": "count", "by": "booked_date", "known_since": "int_sources.first_seen_at"},
        "open_bookings": {"balance": ["bookings", "visits"], "description": "Booked and not here yet."},
        "prepaid_amount": COUNT | {"measure": "sum prepaid_amount", "by": "booked_date"},
        "owed_amount": {"balance": ["spend_amount", "prepaid_amount"], "description": "Spent and not paid before."},
        "first_share": {"share": ["first_visits", "visits"], "description": "first_visits / visits."},
        "later_visits": {"difference": ["visits", "first_visits"], "description": "The others."},
        "regulars": {"difference": ["guests", "first_visits"], "description": "Guests who came before."},
        "average_amount": {"ratio": ["spend_amount", "later_visits"], "description": "spend_amount / later_visits"},
    },
}


def with_column(name: str, **told: object) -> dict[str, Any]:
    return MART | {"columns": MART["columns"] | {name: {"description": "Something."} | told}}


def declare(folder: Path, system: str, name: str, told: dict[str, Any]) -> None:
    path = folder / "marts" / system / name / f"{name}.mart.yml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")


def test_how_a_column_adds_up_follows_from_what_it_measures() -> None:
    mart = Mart.model_validate(MART)
    assert {name: mart.additivity(name) for name in mart.columns} == {
        "visits": "sum",
        "first_visits": "sum",
        "guests": "distinct",
        "spend_amount": "sum",
        "covers": "sum",
        "p90_wait_seconds": "quantile",
        "max_wait_hours": "max",
        "max_covers": "max",
        "bookings": "sum",
        "open_bookings": "last",
        "prepaid_amount": "sum",
        "owed_amount": "last",
        "first_share": "ratio",
        "later_visits": "sum",
        "regulars": "distinct",
        "average_amount": "ratio",
    }
    assert [name for name in mart.columns if mart.is_nullable(name)] == [
        "p90_wait_seconds",
        "max_wait_hours",
        "max_covers",
        "bookings",
        "open_bookings",
        "first_share",
        "average_amount",
    ]
    assert [name for name in mart.columns if not mart.is_whole(name)] == [
        "spend_amount",
        "p90_wait_seconds",
        "max_wait_hours",
        "prepaid_amount",
        "owed_amount",
        "first_share",
        "average_amount",
    ]


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        (with_column("x", of="fct_visits", by="visit_date", measure="average spend"), "columns.x.measure: .*'average"),
        (with_column("x", of="fct_visits", measure="count"), "x: a measure wants .*the date that it counts `by`"),
        (
            with_column("x", **COUNT | {"measure": "distinct customer_id / 60"}),
            "columns.x.measure: .*'distinct customer_id / 60'",
        ),
        (
            with_column("x", **COUNT | {"measure": "sum seconds / 60", "whole": True}),
            "columns.x: .*whole is said of a sum",
        ),
        (with_column("x", **COUNT | {"whole": True}), "columns.x: .*whole is said of a sum"),
        (
            with_column("x", **COUNT | {"measure": "max seconds / 60", "whole": True}),
            "columns.x: .*whole is said of a sum or maximum",
        ),
        (with_column("x", measure="count", by="visit_date"), "x: a measure wants the fact it is `of`"),
        (with_column("x", ratio=["visits", "nothing"]), "x: nothing is no number of this mart"),
        (with_column("x", ratio=["average_amount", "visits"]), "x: average_amount is no number"),
        (with_column("x", total=["visits", "p90_wait_seconds"]), "x: p90_wait_seconds is no number"),
        (with_column("x", total=["visits", "max_covers"]), "x: max_covers is no number"),
        (with_column("x", total=[]), "columns.x.total: "),
        (with_column("x"), "columns.x: .*exactly one of"),
        (with_column("x", ratio=["visits", "covers"], total=["visits", "covers"]), "columns.x: .*exactly one of"),
        (with_column("x", ratio=["visits", "covers"], where="true"), "columns.x: .*belong to a measure"),
        (with_column("x", of="fct_visits", by="visit_date", measure="count", colour="red"), "columns.x.colour: "),
        (with_column("Total visits", **COUNT), "'Total visits' is no name"),
        (with_column("currency_code", **COUNT), "currency_code: two columns of the same name"),
        (with_column("x", balance=["visits", "guests"]), "x: a balance is of two counts"),
        (with_column("x", balance=["visits", "spend_amount"]), "x: a balance is of two counts, or of two sums"),
        (with_column("x", balance=["visits", "nothing"]), "x: nothing is no number of this mart"),
        (with_column("x", **COUNT | {"measure": "max covers", "headline": True}), "x: .* what is max is not"),
        (with_column("x", **COUNT | {"measure": "distinct x", "headline": True}), "x: .* what is distinct is not"),
        (with_column("x", **COUNT | {"measure": "p50 x", "headline": True}), "x: .* what is quantile is not"),
        # Days do not add up to the week, nor dimensions to the tenant.
        (
            with_column("x", balance=["bookings", "visits"], headline=True),
            "x: a headline is added over days and dimensions, what is a balance is not",
        ),
        (with_column("x", ratio=["open_bookings", "visits"], headline=True), "x: .* what is a balance is not"),
        (with_column("x", share=["first_visits", "guests"], headline=True), "x: .* what is distinct is not"),
        (
            with_column("x", **COUNT | {"measure": "distinct x", "headline": True}) | {"dimensions": {}},
            "x: .* what is distinct is not",
        ),
        (with_column("x", **COUNT | {"headline": "Large visits"}), "columns.x.headline: .*'Large visits' is no name"),
        (with_column("x", **COUNT | {"headline": ""}), "columns.x.headline: .*'' is no name"),
        (with_column("x", **COUNT | {"where": ""}), "columns.x.where: .*at least 1 character"),
        (with_column("x", **COUNT | {"where": "covers > (2"}), "columns.x.where: .* is no condition"),
        (with_column("x", **COUNT | {"where": "covers > 2 -- many"}), "columns.x.where: .* is no condition"),
        (with_column("x", **COUNT | {"where": "covers > 2;"}), "columns.x.where: .* is no condition"),
        (with_column("x", **COUNT | {"where": "status = 'here"}), "columns.x.where: .* is no condition"),
        (
            MART | {"columns": {"x": COUNT | {"label": "Visits"}, "y": COUNT | {"label": "Visits"}}},
            "Visits: two columns with the same label",
        ),
        (with_column("order", **COUNT), "'order' is a word of SQL"),
        (MART | {"dimensions": {"user": "x"}}, "'user' is a word of SQL"),
        (with_column("x" * 64, **COUNT), "'x{64}' is no name"),
        (with_column("date_day", **COUNT), "'date_day' is no name"),
        (with_column("tenant_key", **COUNT), "'tenant_key' is no name"),
        (MART | {"dimensions": {"grain": "x"}}, "'grain' is no name"),
        (with_column("x", **COUNT | {"known_since": "always"}), "columns.x.known_since: "),
        (with_column("x", ratio=["visits", "covers"], known_since="a.b"), "columns.x: .*belong to a measure"),
        (
            MART | {"attributes": {"name": {"of": "dim_tables", "by": ["table_id"], "description": "x"}}},
            "name: table_id is no key of this mart",
        ),
        (
            MART | {"attributes": {"visits": {"of": "dim_tenants", "description": "x"}}},
            "visits: two columns of the same name",
        ),
        (MART | {"columns": {}}, "it measures nothing"),
        ({key: value for key, value in MART.items() if key != "row"}, "row: "),
    ],
)
def test_what_makes_no_sense_is_told_by_file_and_place(told: object, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "marts" / "restaurant" / "visits" / "visits.mart.yml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"visits.mart.yml: .*{fault}"):
        read_marts(tmp_path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", " declares nothing"),
        ("a: [", " is no YAML"),
        ("- a", " declares nothing"),
        ("row: a\ncolumns: {x: 1, y: 2, x: 3}", " is no YAML: x: twice"),
        ("description: 'All {{ of }} them.'", ": dbt would take .* for Jinja"),
    ],
)
def test_file_that_is_no_declaration_is_told(text: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "marts" / "shop" / "visits" / "visits.mart.yml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"visits.mart.yml{fault}"):
        read_marts(tmp_path)


@pytest.mark.parametrize(
    "place",
    [
        "marts/shop/visits.mart.yml",
        "marts/shop/other/visits.mart.yml",
        "marts/shop/visits/visits.mart.yaml",
        "marts/shop/V/V.mart.yml",
        "custom/shop/visits/visits.mart.yml",
    ],
)
def test_declaration_in_another_place_is_told(place: str, tmp_path: Path) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(MART, sort_keys=False), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"marts are declared in <system>/<mart>/<mart>.mart.yml, in lower"):
        read_marts(tmp_path)


OTHERWISE_CALLED = ("visits.yml", "visits.yaml", "visits_mart.yml", "visits.Mart.yml", "visits.mart.YML", "x.yml")


@pytest.mark.parametrize("name", OTHERWISE_CALLED)
@pytest.mark.parametrize("key", ["columns", "columns_of", "dimensions", "row", "tenant", "of", "attributes"])
@pytest.mark.parametrize("place", ["marts/shop/visits", "marts/shop", "custom"])
def test_declaration_that_is_not_called_so_is_told(name: str, key: str, place: str, tmp_path: Path) -> None:
    path = tmp_path / place / name
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump({"description": "x", key: {}}), encoding="utf-8")
    with pytest.raises(
        ConfigurationError, match=rf"{place}/{name} has {key}, as .* name it {path.parent.name}.mart.yml"
    ):
        read_marts(tmp_path)


@pytest.mark.parametrize("name", [*OTHERWISE_CALLED, "_visits__models.yml"])
@pytest.mark.parametrize(
    "text",
    [
        "models:\n- name: visits_daily\n  columns: []\n",
        "# Written by hand.\nversion: 2\n\nmetrics : []\n",
        "unit_tests: []",
        "description: '{{ doc(\"x\") }}'",
        "exposures:\n- {name: x, columns: []}\n",
        "",
    ],
)
def test_what_dbt_reads_is_no_declaration(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "marts" / "shop" / "visits" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    assert read_marts(tmp_path) == {}


def test_condition_may_have_any_text_in_quotes() -> None:
    where = "status in ('it''s; (late', '--') or covers > 2"
    column = Mart.model_validate(with_column("x", **COUNT | {"where": where})).columns["x"]
    assert column.where == where


def test_declaration_that_is_no_utf8_is_told(tmp_path: Path) -> None:
    declare(tmp_path, "shop", "visits", MART)
    path = tmp_path / "marts" / "shop" / "visits" / "visits.mart.yml"
    path.write_bytes(path.read_text(encoding="utf-8").replace("Visits.", "Gäste").encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"visits.mart.yml is no text in UTF-8"):
        read_marts(tmp_path)


def test_system_that_there_is_not_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    declare(tmp_path, "shops", "visits", MART)
    with pytest.raises(ConfigurationError, match=r"visits.mart.yml: shops is no system. Use one of: .*shop, whatsapp"):
        read_marts(tmp_path)


def test_two_marts_of_one_name_are_refused(tmp_path: Path) -> None:
    for system in ("shop", "restaurant"):
        declare(tmp_path, system, "visits", MART)
    with pytest.raises(ConfigurationError, match="visits is declared twice, in restaurant and shop"):
        read_marts(tmp_path)


def without_columns(**told: object) -> dict[str, Any]:
    return {key: value for key, value in MART.items() if key != "columns"} | told


def test_mart_may_have_the_columns_of_another_but_for_headlines(tmp_path: Path) -> None:
    declare(tmp_path, "shop", "visits", with_column("x", **COUNT | {"headline": True}))
    declare(tmp_path, "shop", "parties", without_columns(columns_of="visits"))
    marts = {name: mart for name, (_, mart) in read_marts(tmp_path).items()}
    assert marts["visits"].columns["x"].headline
    unwatched = {
        name: column.model_copy(update={"headline": False}) for name, column in marts["visits"].columns.items()
    }
    assert marts["parties"].columns == unwatched


@pytest.mark.parametrize(
    ("system", "told"),
    [
        ("shop", without_columns(columns_of="others")),
        ("shop", without_columns(columns_of="parties")),
        ("shop", without_columns(columns_of=["visits"])),
        ("shop", MART | {"columns_of": "visits"}),
        ("restaurant", without_columns(columns_of="visits")),
    ],
)
def test_columns_that_another_mart_does_not_have_are_refused(system: str, told: dict[str, Any], tmp_path: Path) -> None:
    declare(tmp_path, "shop", "visits", MART)
    declare(tmp_path, system, "parties", told)
    with pytest.raises(ConfigurationError, match=f"parties.mart.yml: columns_of .* a mart of {system} that has them"):
        read_marts(tmp_path)
