"""The dbt models of declared marts: files of one call each, which dbt can't make from a declaration by itself.

Belongs here: which files there are, and the calls. Not here: their YAML (properties.py), or SQL, which macros make of a
call (dbt_project/macros/marts).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from marts.calls import call, indented, listed, literal, mapping, ref
from marts.declaration import Column, Mart, sharing_rows
from marts.facts import Counted, calls_of_fact, changed_keys, changed_periods, properties_of_fact
from marts.files import SUFFIX
from marts.metrics import headlines, metrics_of_system
from marts.properties import (
    GRAINS,
    WORDS_OF_SQL,
    exposures_of_system,
    measured_as,
    properties_of_mart,
    properties_of_measures,
    properties_of_system,
)

WRITTEN = "Written by `python -m marts write`, from "
"""What the first line of a written file says."""


@dataclass(frozen=True)
class Others:
    """What there is beside declared marts, by system.

    Attributes:
        copied: models in core and marts.
        incremental: models in intermediate, core and marts that are not made anew.
        exported: tables that are published as files.
        facts: facts that declare how they are counted.
    """

    copied: Mapping[str, Iterable[str]]
    incremental: Mapping[str, Iterable[str]]
    exported: Mapping[str, Iterable[str]]
    facts: Mapping[str, tuple[str, Counted]]


def files_of(declared: Mapping[str, tuple[str, Mart]], changed: Mapping[str, str], others: Others) -> dict[Path, str]:
    """Everything that is written of marts, and of the systems that have them.

    Args:
        declared: all marts: name, without a grain → system and declaration.
        changed: mart → the model of changed periods that tells what of it is measured anew.
        others: what is written by hand.

    Returns:
        Path below dbt's models → the file's text.
    """
    files: dict[Path, str] = {}
    for fact, (system, counted) in others.facts.items():
        files |= _files_of_fact(fact, system, counted)
    for name, (system, mart) in declared.items():
        files |= _files_of_mart(system, name, mart, sharing_rows(declared, name), changed[name])
    for system in dict.fromkeys(system for system, _ in declared.values()):
        files |= _files_of_system(system, declared, others, changed)
    watched = _sql("all marts", call("kpi_days", _watched(headlines(declared))))
    return files | {Path("intermediate", "cross_source", "int_cross_source__kpi_days.sql"): watched}


def _files_of_fact(fact: str, system: str, counted: Counted) -> dict[Path, str]:
    folder, source = Path("intermediate", system), f"what {fact} declares"
    calls = calls_of_fact(fact, system, counted)
    properties = _yaml(source, properties_of_fact(fact, system, counted))
    return {folder / f"{name}.sql": _sql(source, call) for name, call in calls.items()} | {
        folder / f"_{changed_keys(system, counted)}__models.yml": properties
    }


def _files_of_mart(system: str, name: str, mart: Mart, rows: list[str], changed: str) -> dict[Path, str]:
    intermediate, marts = Path("intermediate", system), Path("marts", system, name)
    prefix, source = f"int_{system}__{name}", f"{name}{SUFFIX}"
    return {
        intermediate / f"{prefix}_measures.sql": _sql(source, _measures(mart, changed)),
        intermediate / f"_{prefix}__models.yml": _yaml(source, properties_of_measures(system, name, mart)),
        **{
            marts / f"{name}_{suffix}.sql": _sql(source, _periodic(system, name, mart, grain, rows))
            for suffix, (grain, _) in GRAINS.items()
        },
        marts / f"{name}_trailing.sql": _sql(source, _trailing(system, name, mart, rows)),
        marts / f"_{name}__models.yml": _yaml(source, properties_of_mart(name, mart)),
    }


def _files_of_system(
    system: str, declared: Mapping[str, tuple[str, Mart]], others: Others, changed: Mapping[str, str]
) -> dict[Path, str]:
    marts = {name: mart for name, (its, mart) in declared.items() if its == system}
    intermediate, folder, source = Path("intermediate", system), Path("marts", system), f"all marts of {system}"
    periods = dict.fromkeys(ref(changed[name]) for name in marts)
    measures = [_measures_of(system, name) for name in marts]
    incremental = sorted({*others.incremental.get(system, ()), *(f"{name}_trailing" for name in marts)})
    copied = sorted([*others.copied.get(system, ()), *(f"{name}_{s}" for name in marts for s in (*GRAINS, "trailing"))])
    has_balances = any(column.balance for mart in marts.values() for column in mart.columns.values())
    options = ["has_balances=true"] if has_balances else []
    exposures = exposures_of_system(system, copied, sorted(others.exported.get(system, ())))
    calls = {
        "tenant_calendar": call("calendar_of_tenants", literal(system), listed(measures)),
        "changed_windows": call("changed_windows", literal(system), listed(periods), *options),
        "built": call("complete_build", literal(system), listed(map(ref, incremental))),
    }
    return {
        **{intermediate / f"int_{system}__{name}.sql": _sql(source, call) for name, call in calls.items()},
        intermediate / f"_int_{system}__all_marts__models.yml": _yaml(source, properties_of_system(system)),
        folder / f"_{system}__copies__exposures.yml": _yaml(source, exposures, "exposures"),
        folder / f"_{system}__metrics.yml": _yaml(source, metrics_of_system(system, declared), ""),
    }


def _sql(source: str, call: str) -> str:
    return f"{{#- {WRITTEN}{source}. -#}}\n{{{{ {call} }}}}\n"


def _yaml(source: str, lines: Iterator[str], kind: str = "models") -> str:
    head = [f"{kind}:"] if kind else []
    return "\n".join([f"# {WRITTEN}{source}.", *head, *lines]) + "\n"


def _watched(metrics: Mapping[str, Iterable[object]]) -> str:
    of_systems = [
        f"    {literal(system)}: {indented(listed(literal(metric) for metric in of_system)).lstrip()},"
        for system, of_system in metrics.items()
    ]
    return "\n".join(["{", *of_systems, "}"])


def _measures(mart: Mart, changed: str) -> str:
    return call("measures_of", literal(changed), literal(list(mart.dimensions)), _facts(mart))


def _periodic(system: str, name: str, mart: Mart, grain: str, rows: list[str]) -> str:
    options = _options(system, name, mart, rows)
    if mart.quiet_days != "quiet_days":
        options.append(f"quiet_days={literal(mart.quiet_days or '')}")
    measures, dimensions = _measures_of(system, name), literal(list(mart.dimensions))
    return call("periodic_mart", literal(grain), literal(system), measures, dimensions, _columns(mart), *options)


def _trailing(system: str, name: str, mart: Mart, rows: list[str]) -> str:
    measures, dimensions = _measures_of(system, name), literal(list(mart.dimensions))
    # What days add up to is added up from the measures; what is rounded once is not.
    facts = _facts(
        mart, lambda column: column.kind not in ("count", "sum", "max") or column.aggregate.divisor is not None
    )
    options = _options(system, name, mart, rows)
    return call("trailing_mart", literal(system), measures, dimensions, facts, _columns(mart), *options)


def _options(system: str, name: str, mart: Mart, rows: list[str]) -> list[str]:
    others = [f"int_{system}__{other}_measures" for other in rows if other != name]
    options = [f"rows_of={literal(others)}"] if others else []
    if mart.attributes:
        options.append(f"attributes={mapping({name: [told.of, told.by] for name, told in mart.attributes.items()})}")
    return options


def _facts(mart: Mart, wanted: Callable[[Column], bool] = bool) -> str:
    """The facts with what is measured of each, as macros take them: of the columns that are wanted."""
    facts: dict[tuple[str, str], dict[str, Column]] = {}
    for name, column in mart.columns.items():
        if column.measure and wanted(column):
            facts.setdefault((mart.fact_of(name), mart.date_of(name)), {})[measured_as(name)] = column
    told = [
        "\n".join(
            [
                f"[{ref(fact)}, {literal(date)}, {{",
                *(f"    {literal(name)}: {mapping(_aggregate(column))}," for name, column in columns.items()),
                "}]",
            ]
        )
        for (fact, date), columns in facts.items()
    ]
    return listed(told)


def _aggregate(column: Column) -> dict[str, object]:
    told: dict[str, object] = {key: value for key, value in column.aggregate._asdict().items() if value is not None}
    if column.whole:
        told["whole"] = True
    if column.where:
        told["where"] = " ".join(column.where.split())
    return told


def _columns(mart: Mart) -> str:
    """What a mart's columns are, as macros take them."""
    lines = []
    for name, column in mart.columns.items():
        told: dict[str, object] = {"kind": "ratio" if column.quotient else column.kind}
        if column.parts:
            told["of"] = column.parts
        if column.kind in ("sum", "max", "total", "difference", "balance") and mart.is_whole(name):
            told["whole"] = True
        if column.known_since:
            told["known_since"] = column.known_since.split(".")
        if name in WORDS_OF_SQL:
            told["quoted"] = True
            if column.measure:
                told["measured_as"] = measured_as(name)
        lines.append(f"    {literal(name)}: {mapping(told)},")
    return "\n".join(["{", *lines, "}"])


def changed_model(system: str, mart: Mart, facts: Mapping[str, tuple[str, Counted]]) -> str:
    """The model of changed periods that tells what of a mart is measured anew."""
    of_mart = {mart.fact_of(name) for name, column in mart.columns.items() if column.measure}
    told = {changed_periods(*facts[fact]) for fact in of_mart if fact in facts}
    # Of several facts one model must tell it for all.
    return mart.changed or (told.pop() if len(of_mart) == len(told) == 1 else f"int_{system}__changed_periods")


def _measures_of(system: str, name: str) -> str:
    return ref(f"int_{system}__{name}_measures")
