"""Whether declared marts agree with each other and with the models that they count.

Belongs here: what is refused that no declaration can tell by itself. Not here: the form of one (declaration.py).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ingestion.errors import ConfigurationError, nearest
from marts.conditions import unknown_columns
from marts.declaration import Mart
from marts.facts import Counted
from marts.metrics import headlines, is_amount
from marts.names import named_ids, variables

Marts = Mapping[str, tuple[str, Mart]]
Types = dict[str, tuple[str | None, bool]]
"""Column → its type as YAML tells it, none where it does not, and whether it is never null."""

_NO_NUMBERS = ("text", "string", "char", "bool", "date", "time")
"""What types are called of which none is a number's."""


def types_of(models: Iterable[Mapping[str, Any]]) -> dict[str, Types]:
    """What a YAML file tells of the columns of each model."""
    return {
        entry["name"]: {
            column["name"]: (
                column.get("data_type"),
                any(constraint.get("type") == "not_null" for constraint in column.get("constraints") or ()),
            )
            for column in entry.get("columns") or ()
        }
        for entry in models
    }


def assert_consistent(
    marts: Marts, changed: Mapping[str, str], texts: Mapping[str, str], types: Mapping[str, Types]
) -> None:
    """Refuse what would be stale, wrong, or told only by the warehouse.

    Args:
        marts: all declarations.
        changed: mart → the model of changed periods that tells what of it is measured anew.
        texts: model → its SQL; seed or model that is no SQL → nothing.
        types: model → what is known of its columns.

    Raises:
        ConfigurationError: a mart counts what is not there, or by days of which no model tells that they changed; or
            two headlines have one name, or one is money of no currency or of several.
    """
    names = {named.name for named in named_ids().values()}
    for mart_name, (_, mart) in marts.items():
        if fault := _fault_beside(mart, texts, types):
            raise ConfigurationError(f"{mart_name}: {fault}.")
        for name, column in mart.columns.items():
            if name in names:
                raise ConfigurationError(f"{mart_name}: {name} is a name beside an id, and no number is called so.")
            if column.measure and (fault := _fault(mart, name, changed[mart_name], texts, types)):
                raise ConfigurationError(f"{mart_name}: {fault}.")
    for watched in headlines(marts).values():
        seen: dict[str, str] = {}
        for headline, kind, mart_name, *parts in watched:
            if headline in seen:
                raise ConfigurationError(
                    f"{mart_name}: {headline} is a headline of {seen[headline]} too: `headline` may give another name."
                )
            seen[headline] = mart_name
            its = marts[mart_name][1]
            if kind == "amount" and "currency_code" not in {*its.dimensions, *its.attributes}:
                raise ConfigurationError(
                    f"{mart_name}: the headline {headline} is no whole number, and so money, of no currency_code: that "
                    "is neither dimension nor attribute. Of a sum of whole numbers say `whole: true`."
                )
            if kind in ("ratio", "share") and any(is_amount(its, part) for part in parts):
                raise ConfigurationError(
                    f"{mart_name}: the headline {headline} divides money, and amounts of two currencies are never "
                    "added. Let the amount be a headline: it has one for each currency."
                )


def assert_counted(
    facts: Mapping[str, tuple[str, Counted]], texts: Mapping[str, str], types: Mapping[str, Types]
) -> None:
    """Refuse facts that say of themselves that they are counted by what is not there.

    Args:
        facts: fact → its system, and how it is counted.
        texts: as above.
        types: as above.

    Raises:
        ConfigurationError: there is no such table or column.
    """
    for fact, (system, counted) in facts.items():
        staged, prefix = f"stg_{system}__{counted.rows_of}", f"stg_{system}__"
        if staged not in texts:
            tables = [model.removeprefix(prefix) for model in texts if model.startswith(prefix)]
            raise ConfigurationError(
                f"{fact}: counted: {system} has no table {counted.rows_of} with a model {staged}. "
                f"Near it: {nearest(counted.rows_of, tables)}."
            )
        named = [counted.key, *counted.dates, *([counted.customer] if counted.customer else [])]
        if fault := _lacks(fact, named, types):
            raise ConfigurationError(f"{fact}: counted: {fault}.")


def _fault_beside(mart: Mart, texts: Mapping[str, str], types: Mapping[str, Types]) -> str | None:
    """The first name beside its facts that a mart takes for something that there is."""
    if mart.quiet_days and mart.quiet_days not in variables():
        return f"quiet_days: there is no variable {mart.quiet_days}. Near it: {nearest(mart.quiet_days, variables())}"
    read = [(name, told.of, [name, *told.by]) for name, told in mart.attributes.items()]
    for name, column in mart.columns.items():
        if column.known_since:
            model, _, instant = column.known_since.partition(".")
            read.append((name, model, [instant, "source_system"]))
    for name, model, columns in read:
        if model not in texts:
            return f"{name}: there is no model {model}. Near it: {nearest(model, [*texts])}"
        if fault := _lacks(model, columns, types):
            return f"{name}: {fault}"
    return None


def _lacks(model: str, columns: Iterable[str], types: Mapping[str, Types]) -> str | None:
    """The first of some columns that a model lacks, of which YAML tells the columns."""
    known = types.get(model)
    missing = [column for column in columns if column not in known] if known else []
    if not (known and missing):
        return None
    return f"{model} has no column {missing[0]}. Near it: {nearest(missing[0], [*known])}"


def _fault(mart: Mart, name: str, changed: str, texts: Mapping[str, str], types: Mapping[str, Types]) -> str | None:
    """The first thing that is wrong with a measure."""
    fact, date = mart.fact_of(name), mart.date_of(name)
    if fact not in texts:
        return f"{name}: there is no model {fact}. Near it: {nearest(fact, [*texts])}"
    if known := types.get(fact):
        fault = _fault_of_columns(mart, name, known) or _fault_of_condition(mart, name, known, texts[fact])
        if fault:
            return f"{name}: {fault}"
    if changed not in texts:
        others = sorted(model for model in texts if "changed" in model and _names(texts[model], fact))
        return f"there is no model {changed}; `changed` may name what tells of {fact}: {', '.join(others) or 'none'}"
    if not (_names(texts[changed], fact) and _names(texts[changed], date)):
        return (
            f"{name} counts {fact} by {date}, and {changed} does not tell which such days changed. `changed` may name "
            f"another model that does. If {fact} has the days of what {changed} looks at, say so in the comment there, "
            "by both names"
        )
    return None


def _fault_of_columns(mart: Mart, name: str, known: Types) -> str | None:
    """What a fact lacks of what a measure names."""
    fact, date, (kind, of, *_) = mart.fact_of(name), mart.date_of(name), mart.columns[name].aggregate
    if date not in known or known[date][0] not in ("date", None):
        dates = [column for column, (type_, _) in known.items() if type_ == "date"]
        return f"{fact} has no date {date}; it has {', '.join(dates) or 'none'}"
    if of and of not in known:
        return f"{fact} has no column {of}. Near it: {nearest(of, [*known])}"
    type_ = known[of][0] if of and kind != "distinct" else None
    if type_ and (any(word in type_ for word in _NO_NUMBERS) or (mart.columns[name].whole and "int" not in type_)):
        wanted = "whole number, and `whole` would round it" if "numeric" in type_ else "number"
        return f"{fact}.{of} is {type_}, no {wanted}"
    for dimension in mart.dimensions:
        if dimension not in known:
            return f"{fact} has no column {dimension}, which is a dimension: a view of its rows may have it"
        type_, is_never_null = known[dimension]
        if type_ is not None and not (type_.startswith(("text", "string", "{{")) and is_never_null):
            return f"{fact}.{dimension} is no text, or may be null: a view of its rows may make a dimension of it"
    return None


def _fault_of_condition(mart: Mart, name: str, known: Types, text: str) -> str | None:
    """What a fact lacks of what a condition names: by its YAML, which of a view may not tell all that its SQL does."""
    unknown = unknown_columns(mart.columns[name].where or "true", known)
    missing = next((column for column in unknown if not _names(text, re.escape(column))), None)
    if missing is None:
        return None
    return f"{mart.fact_of(name)} has no column {missing}, which `where` names. Near it: {nearest(missing, [*known])}"


def _names(text: str, word: str) -> bool:
    return bool(re.search(rf"\b{word}\b", text))
