"""The dbt models of a declared mart, and their YAML: what dbt can't make from a declaration by itself.

Belongs here: files as texts. Not here: SQL, which macros make of what stands in a model (dbt_project/macros/marts).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from marts.declaration import SUFFIX, Column, Mart

GRAINS = {"daily": ("day", "day"), "weekly": ("week", "ISO week"), "monthly": ("month", "calendar month")}
"""Suffix of a mart → the grain of its rows, and what people call it."""

WRITTEN = "Written by `python -m marts write`, from "
"""What the first line of a written file says."""

_COLUMNS_OF_PERIOD = {
    "period_start_date": ("date", "First day of the day, ISO week or calendar month."),
    "period_end_date": ("date", "Last day of the period, included."),
    "is_complete": ("boolean", "Whether the period has ended in the tenant's time zone as of the build."),
}


def files_of(system: str, name: str, mart: Mart) -> dict[Path, str]:
    """Everything that is written of a mart.

    Args:
        system: the source system whose mart it is.
        name: the mart's, without a grain.
        mart: its declaration.

    Returns:
        Path below dbt's models → the file's text.
    """
    intermediate, marts = Path("intermediate", system), Path("marts", system, name)
    prefix = f"int_{system}__{name}"
    source = f"{name}{SUFFIX}"
    return {
        intermediate / f"{prefix}_measures.sql": _sql(source, _measures(system, mart)),
        intermediate / f"{prefix}_calendar.sql": _sql(source, _calendar(system, name, mart)),
        intermediate / f"_{prefix}__models.yml": _yaml(source, _intermediate(system, name, mart)),
        **{
            marts / f"{name}_{suffix}.sql": _sql(source, _periodic(system, name, mart, grain))
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
        if column.of and column.by:
            facts.setdefault((column.of, column.by), {})[name] = column
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


def _calendar(system: str, name: str, mart: Mart) -> str:
    measures = f"int_{system}__{name}_measures"
    arguments = (_literal(system), f"[ref({_literal(measures)})]", _list(mart.dimensions))
    return "\n".join(["calendar_of_activity(", *(f"    {argument}," for argument in arguments), ")"])


def _periodic(system: str, name: str, mart: Mart, grain: str) -> str:
    calendar, measures = (f"ref({_literal(f'int_{system}__{name}_{model}')})" for model in ("calendar", "measures"))
    columns = []
    for column_name, column in mart.columns.items():
        told: dict[str, object] = {"kind": column.kind}
        if column.parts:
            told["of"] = column.parts
        if column.kind in ("sum", "total", "difference") and mart.is_whole(column_name):
            told["whole"] = True
        columns.append(f"        {_literal(column_name)}: {_mapping(told)},")
    return "\n".join(
        [
            "periodic_mart(",
            *(f"    {argument}," for argument in (_literal(grain), calendar, measures, _list(mart.dimensions))),
            "    {",
            *columns,
            "    }",
            ")",
        ]
    )


def _intermediate(system: str, name: str, mart: Mart) -> Iterator[str]:
    keys = {"tenant_key": mart.tenant, **mart.dimensions, "grain": "day, week or month."}
    dates = {column: text for column, (_, text) in _COLUMNS_OF_PERIOD.items()}
    measured = {column: told.description for column, told in mart.columns.items() if told.measure}
    unique = [*(key for key in keys if key != "grain"), "grain", "period_start_date"]
    is_complete = dates.pop("is_complete")
    yield from _model(
        f"int_{system}__{name}_measures",
        f"{mart.description} All three grains in one table, only periods with activity, each measured from facts.",
        unique,
    )
    yield from _described(keys | dates | measured)
    yield ""
    yield from _model(
        f"int_{system}__{name}_calendar",
        f"Which rows {name} has: each {mart.row} in every period in which it was active or quiet up to quiet_days.",
        unique,
    )
    yield from _described(keys | dates | {"is_complete": is_complete})


def _marts(name: str, mart: Mart) -> Iterator[str]:
    keys = ["tenant_key", *mart.dimensions]
    for suffix, (_, period) in GRAINS.items():
        if suffix != "daily":
            yield ""
        yield from _model(
            f"{name}_{suffix}",
            f"{mart.description} One row per {mart.row} and {period}, up to quiet_days (variable, 35) without activity "
            "included.",
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
    keys = {"tenant_key": mart.tenant, **mart.dimensions}
    dates = _COLUMNS_OF_PERIOD
    for name, (type_, description) in {**{key: ("text", text) for key, text in keys.items()}, **dates}.items():
        yield from _column(name, description, type_, is_nullable=False)
    for name, column in mart.columns.items():
        type_ = "bigint" if mart.is_whole(name) else "numeric(38,9)"
        yield from _column(name, column.description, type_, mart.is_nullable(name))
        meta: dict[str, object] = {"additivity": mart.additivity(name)}
        if column.ratio:
            meta |= {"numerator": column.ratio[0], "denominator": column.ratio[1]}
        shown = {key: getattr(column, key) for key in ("label", "unit", "better", "headline")}
        meta |= {key: value for key, value in shown.items() if value}
        yield "        config:"
        yield f"          meta: {_mapping(meta)}"


def _column(name: str, description: str, type_: str, is_nullable: bool) -> Iterator[str]:
    yield f"      - name: {name}"
    yield f"        description: {_literal(description)}"
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
