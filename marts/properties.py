"""The YAML of declared marts and of the models behind them: descriptions, contracts, tests, what reports print.

Belongs here: what dbt calls properties. Not here: the models (models.py).
"""

from collections.abc import Iterable, Iterator, Mapping

from marts.additivity import told_with_additivity
from marts.calls import literal, mapping
from marts.declaration import CALLED, Mart

GRAINS = {"daily": ("day", "day"), "weekly": ("week", "ISO week"), "monthly": ("month", "calendar month")}
"""Suffix of a mart → the grain of its rows, and what people call it."""

WORDS_OF_SQL = ("left",)
"""Names that SQL uses itself: they are quoted, and models of measures have others."""

_PERIOD = {
    "period_start_date": ("date", "First day of the day, ISO week or calendar month."),
    "period_end_date": ("date", "Last day of the period, included."),
    "is_complete": ("boolean", "Whether the period has ended in the tenant's time zone as of the build."),
}

_WINDOW = {
    "window_days": ("bigint", "How many days the window has: 7, 28, 30 or 90."),
    "is_prior": ("boolean", "False: the window ends with the tenant's last complete local day; true: it lies before."),
    "period_start_date": ("date", "First day of the window."),
    "period_end_date": ("date", "Last day of the window, included."),
}


def properties_of_mart(name: str, mart: Mart) -> Iterator[str]:
    """Lines of YAML: the mart at all its grains, and its trailing windows."""
    keys = ["tenant_key", *mart.dimensions]
    for suffix, (_, period) in GRAINS.items():
        description = f"{mart.description} One row per {mart.row} and {period}, {_quiet(mart)}."
        yield from model_entry(f"{name}_{suffix}", description, [*keys, "period_start_date"])
        if suffix == "daily":
            yield f"    columns: &{name}_columns"
            yield from _contract(mart, _PERIOD)
        else:
            yield from (
                "      - sums_add_days:",
                "          arguments:",
                f"            days: ref('{name}_daily')",
                f"            keys: [{', '.join(keys)}]",
                f"    columns: *{name}_columns",
            )
        yield ""
    description = (
        f"{mart.description} One row per {mart.row} and trailing window, the current ones and those before them, only "
        "those with activity."
    )
    yield from model_entry(f"{name}_trailing", description, [*keys, "window_days", "is_prior"])
    yield "    columns:"
    yield from _contract(mart, _WINDOW)


def properties_of_measures(system: str, name: str, mart: Mart) -> Iterator[str]:
    """Lines of YAML: the measures of a mart."""
    columns = {"tenant_key": mart.tenant, **mart.dimensions, "grain": "day, week or month."}
    unique = [*columns, "period_start_date"]
    columns |= {column: text for column, (_, text) in _PERIOD.items() if column != "is_complete"}
    columns |= {measured_as(column): told.description for column, told in mart.columns.items() if told.measure}
    description = (
        f"{mart.description} All three grains in one table, only periods with activity, each measured from facts."
    )
    yield from model_entry(f"int_{system}__{name}_measures", description, unique)
    yield from described(columns)


def properties_of_system(system: str) -> Iterator[str]:
    """Lines of YAML: what all marts of a system share."""
    keys = {"tenant_key": "The tenant.", "grain": "day, week or month."}
    yield from model_entry(
        f"int_{system}__tenant_calendar",
        "Which days, weeks and months a tenant as a whole has: up to quiet_tenant_days (variable) without activity.",
        [*keys, "period_start_date"],
    )
    yield from described(keys | {column: text for column, (_, text) in _PERIOD.items()})
    yield ""
    yield from model_entry(
        f"int_{system}__changed_windows",
        "Trailing windows that are measured again: all of a tenant whose local day is another one, or of whose windows "
        "a day changed. window_days is 0 for a tenant that is gone.",
        ["tenant_key", "window_days", "is_prior"],
    )
    noted = {"from_batch_seq": "The last batch of the last complete build when this was noted."}
    yield from described({"tenant_key": "The tenant."} | {name: text for name, (_, text) in _WINDOW.items()} | noted)


def exposures_of_system(system: str, copied: Iterable[str], exported: Iterable[str]) -> Iterator[str]:
    """Lines of YAML: where a system's tables are read beside the questions of docs/analysts.md.

    Args:
        system: the source system.
        copied: its models in core and marts.
        exported: those that are published as files.
    """
    called = CALLED[system]
    yield from _exposure(
        f"bi_copy_{system}",
        f"BI copy: {called}",
        "Tables of core and marts in the read-only copy that BI tools open (BI_SNAPSHOT_PATH); in a warehouse on a "
        "server, these tables themselves.",
        copied,
    )
    yield ""
    yield from _exposure(
        f"exports_{system}",
        f"Exports: {called}",
        "Published as files (exports/catalogue.yml).",
        exported,
    )


def _exposure(name: str, label: str, description: str, models: Iterable[str]) -> Iterator[str]:
    yield f"  - name: {name}"
    yield f"    label: {literal(label)}"
    yield "    type: application"
    yield f"    description: {literal(description)}"
    yield "    owner:"
    yield "      name: Warehouse maintainers"
    yield "    depends_on:"
    yield from (f"      - ref('{model}')" for model in models)


def measured_as(name: str) -> str:
    """The name of a column in the model of measures: dbt's unit tests can't quote one."""
    return f"{name}_" if name in WORDS_OF_SQL else name


def _quiet(mart: Mart) -> str:
    if mart.quiet_days is None:
        return "only those with activity"
    return f"up to {mart.quiet_days} (variable) without activity included"


def model_entry(name: str, description: str, unique: Iterable[str] = ()) -> Iterator[str]:
    """Lines of YAML: a model's name and description, and the columns of which no two rows have the same."""
    yield f"  - name: {name}"
    yield f"    description: {literal(description)}"
    if not unique:
        return
    yield "    data_tests:"
    yield "      - unique_combination:"
    yield "          arguments:"
    yield f"            columns: [{', '.join(unique)}]"


def described(columns: Mapping[str, str]) -> Iterator[str]:
    """Lines of YAML: columns of a model without a contract, with their descriptions."""
    yield "    columns:"
    for name, description in columns.items():
        yield f"      - name: {name}"
        yield f"        description: {literal(description)}"


def _contract(mart: Mart, periods: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    texts = {"tenant_key": mart.tenant, **mart.dimensions}
    texts |= {name: attribute.description for name, attribute in mart.attributes.items()}
    for name, (type_, description) in {**{key: ("text", text) for key, text in texts.items()}, **periods}.items():
        yield from _column(name, description, type_, is_nullable=False)
    for name, column in mart.columns.items():
        type_ = "bigint" if mart.is_whole(name) else "numeric(38,9)"
        told = told_with_additivity(column.description, column.unit, mart.additivity(name), column.quotient)
        yield from _column(name, told, type_, mart.is_nullable(name))
        meta: dict[str, object] = {"additivity": mart.additivity(name)}
        if column.quotient:
            meta |= dict(zip(("numerator", "denominator"), column.quotient, strict=True))
        shown = {key: getattr(column, key) for key in ("label", "unit", "better", "headline")}
        meta |= {key: value for key, value in shown.items() if value}
        yield "        config:"
        yield f"          meta: {mapping(meta)}"


def _column(name: str, description: str, type_: str, is_nullable: bool) -> Iterator[str]:
    yield f"      - name: {name}"
    yield f"        description: {literal(description)}"
    if name in WORDS_OF_SQL:
        yield "        quote: true"
    yield f"        data_type: {type_}"
    if not is_nullable:
        yield "        constraints: [{type: not_null}]"
