"""Whether declared marts agree with each other and with the models that they count.

Belongs here: what is refused that no declaration can tell by itself. Not here: the form of one (declaration.py).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ingestion.errors import ConfigurationError
from marts.declaration import Mart
from marts.metrics import headlines, is_amount
from marts.names import named_ids

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
        texts: model → its SQL.
        types: model → what is known of its columns.

    Raises:
        ConfigurationError: a mart counts what is not there, or by days of which no model tells that they changed; or
            two headlines have one name, or one is money of no currency or of several.
    """
    names = {named.name for named in named_ids().values()}
    for mart_name, (_, mart) in marts.items():
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


def _fault(mart: Mart, name: str, changed: str, texts: Mapping[str, str], types: Mapping[str, Types]) -> str | None:
    """The first thing that is wrong with a measure."""
    fact, date = mart.fact_of(name), mart.date_of(name)
    if fact not in texts:
        return f"{name}: there is no model {fact}"
    if (known := types.get(fact)) and (fault := _fault_of_columns(mart, name, known)):
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
        return f"{fact} has no column {of}"
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


def _names(text: str, word: str) -> bool:
    return bool(re.search(rf"\b{word}\b", text))
