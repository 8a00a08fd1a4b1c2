"""Metrics: dbt's semantic layer over declared marts, and the headlines that kpis watches.

Belongs here: which columns are metrics, under which names, of which kind. Not here: contracts (properties.py).

dbt 1.11 takes semantic models as YAML of their own. What later versions take instead says the same beside the columns,
so it can be written from the same declarations.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from marts.calls import literal
from marts.declaration import Mart
from marts.properties import WORDS_OF_SQL

_AGGREGATED = ("sum", "max")
"""What the semantic layer may do with days, as it is called there and here."""

OF_ONE_CURRENCY = " Group or filter by currency_code: amounts of two currencies are never added."
"""For the end of an amount's description: a client can't know."""

Metrics = dict[tuple[str, str], str]
"""Mart and column → name of the metric."""


def headlines(declared: Mapping[str, tuple[str, Mart]]) -> dict[str, list[list[str]]]:
    """What is watched, by system: name, kind, mart, numerator and denominator (empty of what is no quotient).

    The kind is count, share, ratio, or amount: money in the currencies that its rows name.
    """
    watched: dict[str, list[list[str]]] = {}
    for mart_name, (system, mart) in declared.items():
        for name, column in mart.columns.items():
            if not column.headline:
                continue
            numerator, denominator = column.quotient or (name, "")
            kind = column.kind if column.quotient else "count" if mart.is_whole(name) else "amount"
            watched.setdefault(system, []).append([headline_of(mart, name), kind, mart_name, numerator, denominator])
    return watched


def metrics_of_system(system: str, declared: Mapping[str, tuple[str, Mart]]) -> Iterator[str]:
    """Lines of YAML: a semantic model for each mart, and metrics of what has a label and follows from its days."""
    marts = {name: mart for name, (its, mart) in declared.items() if its == system}
    names = _names(system, marts)
    labels = Counter(label_of(mart, column) for _, mart in declared.values() for column in metrics_of(mart))
    of_marts = {mart_name: mart for mart_name, mart in marts.items() if any(mart_name == of for of, _ in names)}
    yield "semantic_models:"
    for number, (mart_name, mart) in enumerate(of_marts.items()):
        if number:
            yield ""
        yield from _semantic_model(mart_name, mart, [column for of, column in names if of == mart_name])
    yield ""
    yield "metrics:"
    for number, ((mart_name, column), name) in enumerate(names.items()):
        if number:
            yield ""
        # dbt wants labels to differ.
        label = label_of(marts[mart_name], column)
        told_apart = label if labels[label] == 1 else f"{label} ({mart_name.replace('_', ' ')})"
        yield from _metric(name, told_apart, mart_name, column, marts[mart_name], names)


def _names(system: str, marts: Mapping[str, Mart]) -> Metrics:
    """The metrics there are. A mart more changes the name of none: but for headlines, each tells its mart."""
    return {
        (mart_name, column): f"{system}_{headline_of(mart, column) or f'{mart_name}_{column}'}"
        for mart_name, mart in marts.items()
        for column in metrics_of(mart)
    }


def metrics_of(mart: Mart) -> list[str]:
    """The columns of a mart that are metrics: those with a label, and what they divide."""
    labelled = [
        name for name, column in mart.columns.items() if column.label and mart.metrics and _is_metric(mart, name)
    ]
    wanted = {*labelled, *(part for name in labelled for part in mart.columns[name].quotient or ())}
    return [name for name in mart.columns if name in wanted and _is_metric(mart, name)]


def label_of(mart: Mart, name: str) -> str:
    """What a column is called for people."""
    return mart.columns[name].label or name.replace("_", " ").capitalize()


def headline_of(mart: Mart, name: str) -> str:
    """The name of a column among the headlines; empty: it is none."""
    headline = mart.columns[name].headline
    return headline if isinstance(headline, str) else name if headline else ""


def is_amount(mart: Mart, name: str) -> bool:
    """Whether a column is money in the currencies that the mart's rows name."""
    column = mart.columns[name]
    return "currency_code" in mart.dimensions and not (mart.is_whole(name) or column.share or column.unit)


def _is_metric(mart: Mart, name: str) -> bool:
    if name in WORDS_OF_SQL:
        return False
    if quotient := mart.columns[name].quotient:
        return all(mart.additivity(part) == "sum" for part in quotient)
    return mart.additivity(name) in _AGGREGATED


def _semantic_model(name: str, mart: Mart, columns: list[str]) -> Iterator[str]:
    yield f"  - name: {name}"
    yield f"    description: {literal(mart.description)}"
    yield f"    model: ref('{name}_daily')"
    yield "    defaults:"
    yield "      agg_time_dimension: period_start_date"
    yield f"    primary_entity: {name}_row"
    yield "    entities:"
    yield "      - name: tenant"
    yield '        description: "The tenant, as in dim_tenants."'
    yield "        type: foreign"
    yield "        expr: tenant_key"
    yield "    dimensions:"
    yield "      - name: period_start_date"
    yield '        description: "The local day."'
    yield "        type: time"
    yield "        type_params:"
    yield "          time_granularity: day"
    yield "      - name: is_complete"
    yield '        description: "Whether the day has ended in the tenant\'s time zone as of the build."'
    yield "        type: categorical"
    for dimension, description in mart.dimensions.items():
        yield f"      - name: {dimension}"
        yield f"        description: {literal(description)}"
        yield "        type: categorical"
    yield "    measures:"
    for column in columns:
        if not mart.columns[column].quotient:
            yield f"      - name: {name}_{column}"
            yield f"        description: {literal(mart.columns[column].description)}"
            yield f"        agg: {mart.additivity(column)}"
            yield f"        expr: {column}"


def _metric(name: str, label: str, mart_name: str, column: str, mart: Mart, names: Metrics) -> Iterator[str]:
    told = mart.columns[column]
    warning = OF_ONE_CURRENCY if is_amount(mart, column) else ""
    yield f"  - name: {name}"
    yield f"    label: {literal(label)}"
    yield f"    description: {literal(told.description + warning)}"
    if told.quotient:
        numerator, denominator = (names[mart_name, part] for part in told.quotient)
        yield "    type: ratio"
        yield "    type_params:"
        yield f"      numerator: {numerator}"
        yield f"      denominator: {denominator}"
    else:
        yield "    type: simple"
        yield "    type_params:"
        yield f"      measure: {mart_name}_{column}"
