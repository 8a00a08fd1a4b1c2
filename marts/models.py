"""The dbt models of a declared mart, and their YAML: what dbt can't make from a declaration by itself.

Belongs here: files as texts. Not here: SQL, which macros make of what stands in a model (dbt_project/macros/marts).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from marts.declaration import SUFFIX, Column, Mart, sharing_rows

GRAINS = {"daily": ("day", "day"), "weekly": ("week", "ISO week"), "monthly": ("month", "calendar month")}
"""Suffix of a mart → the grain of its rows, and what people call it."""

WORDS_OF_SQL = ("left",)
"""Names that SQL uses itself: the macro sql_name() quotes them, and models of measures have others."""

WRITTEN = "Written by `python -m marts write`, from "
"""What the first line of a written file says."""

_COLUMNS_OF_PERIOD = {
    "period_start_date": ("date", "First day of the day, ISO week or calendar month."),
    "period_end_date": ("date", "Last day of the period, included."),
    "is_complete": ("boolean", "Whether the period has ended in the tenant's time zone as of the build."),
}


def files_of(declared: Mapping[str, tuple[str, Mart]], name: str) -> dict[Path, str]:
    """Everything that is written of a mart.

    Args:
        declared: all marts: name → system and declaration.
        name: the mart's, without a grain.

    Returns:
        Path below dbt's models → the file's text.
    """
    system, mart = declared[name]
    rows = sharing_rows(declared, name)
    intermediate, marts = Path("intermediate", system), Path("marts", system, name)
    prefix = f"int_{system}__{name}"
    source = f"{name}{SUFFIX}"
    return {
        intermediate / f"{prefix}_measures.sql": _sql(source, _measures(system, mart)),
        intermediate / f"_{prefix}__models.yml": _yaml(source, _intermediate(system, name, mart)),
        **{
            marts / f"{name}_{suffix}.sql": _sql(source, _periodic(system, name, mart, grain, rows))
            for suffix, (grain, _) in GRAINS.items()
        },
        marts / f"_{name}__models.yml": _yaml(source, _marts(name, mart)),
    }


def _sql(source: str, call: str) -> str:
    return f"{{#- {WRITTEN}{source}. -#}}\n{{{{ {call} }}}}\n"


def _yaml(source: str, lines: Iterator[str]) -> str:
    return "\n".join([f"# {WRITTEN}{source}.", "models:", *lines]) + "\n"


def _measures(system: str, mart: Mart) -> str:
    facts: dict[tuple[str, str], dict[str, Column]] = {}
    for name, column in mart.columns.items():
        if column.measure:
            facts.setdefault((mart.fact_of(name), mart.date_of(name)), {})[_measured_as(name)] = column
    told = [
        "\n".join(
            [
                f"        [ref({_literal(fact)}), {_literal(date)}, {{",
                *(f"            {_literal(name)}: {_aggregate(column)}," for name, column in columns.items()),
                "        }],",
            ]
        )
        for (fact, date), columns in facts.items()
    ]
    changed = mart.changed or f"int_{system}__changed_periods"
    return "\n".join(
        ["measures_of(", f"    {_literal(changed)},", f"    {_list(mart.dimensions)},", "    [", *told, "    ]", ")"]
    )


def _aggregate(column: Column) -> str:
    kind, of, number = column.aggregate
    told: dict[str, object] = {"kind": kind}
    if of:
        told["of"] = of
    if number:
        told["percent" if kind == "quantile" else "divisor"] = number
    if column.whole:
        told["whole"] = True
    if column.where:
        told["where"] = " ".join(column.where.split())
    return _mapping(told)


def _periodic(system: str, name: str, mart: Mart, grain: str, rows: list[str]) -> str:
    columns = []
    for column_name, column in mart.columns.items():
        told: dict[str, object] = {"kind": "ratio" if column.quotient else column.kind}
        if column.parts:
            told["of"] = column.parts
        if column.kind in ("sum", "total", "difference") and mart.is_whole(column_name):
            told["whole"] = True
        if column.known_since:
            told["known_since"] = column.known_since.split(".")
        if column.measure and _measured_as(column_name) != column_name:
            told["measured_as"] = _measured_as(column_name)
        columns.append(f"        {_literal(column_name)}: {_mapping(told)},")
    arguments = [_literal(grain), _literal(system), _measures_of(system, name), _list(mart.dimensions)]
    options = []
    if rows:
        options.append(f"    rows=[{', '.join(_measures_of(system, other) for other in rows)}],")
    if mart.attributes:
        told_of = {attribute: [told.of, told.by] for attribute, told in mart.attributes.items()}
        options.append(f"    attributes={_mapping(told_of)},")
    if mart.quiet_days not in (None, "quiet_days"):
        options.append(f"    quiet_days={_literal(mart.quiet_days)},")
    return "\n".join(
        [
            "periodic_mart(",
            *(f"    {argument}," for argument in arguments),
            "    {",
            *columns,
            "    },",
            *options,
            ")",
        ]
    )


def _measured_as(name: str) -> str:
    """The name of a column in the model of measures: dbt's unit tests can't quote one."""
    return f"{name}_" if name in WORDS_OF_SQL else name


def _measures_of(system: str, name: str) -> str:
    return f"ref({_literal(f'int_{system}__{name}_measures')})"


def _intermediate(system: str, name: str, mart: Mart) -> Iterator[str]:
    keys = {"tenant_key": mart.tenant, **mart.dimensions, "grain": "day, week or month."}
    dates = {column: text for column, (_, text) in _COLUMNS_OF_PERIOD.items()}
    measured = {_measured_as(column): told.description for column, told in mart.columns.items() if told.measure}
    unique = [*(key for key in keys if key != "grain"), "grain", "period_start_date"]
    del dates["is_complete"]
    yield from _model(
        f"int_{system}__{name}_measures",
        f"{mart.description} All three grains in one table, only periods with activity, each measured from facts.",
        unique,
    )
    yield from _described(keys | dates | measured)


def _marts(name: str, mart: Mart) -> Iterator[str]:
    keys = ["tenant_key", *mart.dimensions]
    for suffix, (_, period) in GRAINS.items():
        if suffix != "daily":
            yield ""
        yield from _model(
            f"{name}_{suffix}",
            f"{mart.description} One row per {mart.row} and {period}, {_quiet(mart)}.",
            [*keys, "period_start_date"],
        )
        if suffix == "daily":
            yield f"    columns: &{name}_columns"
            yield from _contract(mart)
        else:
            yield from (
                "      - sums_add_days:",
                "          arguments:",
                f"            days: ref('{name}_daily')",
                f"            keys: [{', '.join(keys)}]",
                f"    columns: *{name}_columns",
            )


def _quiet(mart: Mart) -> str:
    if mart.quiet_days is None:
        return "only those with activity"
    return f"up to {mart.quiet_days} (variable) without activity included"


def _model(name: str, description: str, unique: list[str]) -> Iterator[str]:
    yield f"  - name: {name}"
    yield f"    description: {_literal(description)}"
    yield "    data_tests:"
    yield "      - unique_combination:"
    yield "          arguments:"
    yield f"            columns: [{', '.join(unique)}]"


def _described(columns: dict[str, str]) -> Iterator[str]:
    yield "    columns:"
    for name, description in columns.items():
        yield f"      - name: {name}"
        yield f"        description: {_literal(description)}"


def _contract(mart: Mart) -> Iterator[str]:
    texts = {"tenant_key": mart.tenant, **mart.dimensions}
    texts |= {name: attribute.description for name, attribute in mart.attributes.items()}
    dates = _COLUMNS_OF_PERIOD
    for name, (type_, description) in {**{key: ("text", text) for key, text in texts.items()}, **dates}.items():
        yield from _column(name, description, type_, is_nullable=False)
    for name, column in mart.columns.items():
        type_ = "bigint" if mart.is_whole(name) else "numeric(38,9)"
        yield from _column(name, column.description, type_, mart.is_nullable(name))
        meta: dict[str, object] = {"additivity": mart.additivity(name)}
        if column.quotient:
            meta |= dict(zip(("numerator", "denominator"), column.quotient, strict=True))
        shown = {key: getattr(column, key) for key in ("label", "unit", "better", "headline")}
        meta |= {key: value for key, value in shown.items() if value}
        yield "        config:"
        yield f"          meta: {_mapping(meta)}"


def _column(name: str, description: str, type_: str, is_nullable: bool) -> Iterator[str]:
    yield f"      - name: {name}"
    yield f"        description: {_literal(description)}"
    if name in WORDS_OF_SQL:
        yield "        quote: true"
    yield f"        data_type: {type_}"
    if not is_nullable:
        yield "        constraints: [{type: not_null}]"


def _mapping(values: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{_literal(key)}: {_literal(value)}" for key, value in values.items()) + "}"


def _list(names: Iterable[str]) -> str:
    return _literal(list(names))


def _literal(value: object) -> str:
    """A value as YAML and Jinja read it alike: as JSON does."""
    return json.dumps(value, ensure_ascii=False)
