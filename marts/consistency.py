"""Whether declared marts agree with each other and with the models that they count.

Belongs here: what is refused that no declaration can tell by itself. Not here: the form of one (declaration.py).
"""

import re
from collections.abc import Mapping
from typing import Any

from ingestion.errors import ConfigurationError
from marts.declaration import Mart
from marts.metrics import headlines

Marts = Mapping[str, tuple[str, Mart]]
Types = dict[str, tuple[str | None, bool]]
"""Column → its type as YAML tells it, none where it does not, and whether it is never null."""


def types_of(models: Mapping[str, Any]) -> dict[str, Types]:
    """What a YAML file tells of the columns of each model."""
    return {
        entry["name"]: {
            column["name"]: (
                column.get("data_type"),
                any(constraint.get("type") == "not_null" for constraint in column.get("constraints") or ()),
            )
            for column in entry.get("columns") or ()
        }
        for entry in models.get("models") or ()
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
            two headlines have one name, or one is money of no currency.
    """
    for mart_name, (_, mart) in marts.items():
        for name, column in mart.columns.items():
            if column.measure and (fault := _fault(mart, name, changed[mart_name], texts, types)):
                raise ConfigurationError(f"{mart_name}: {fault}.")
    for watched in headlines(marts).values():
        seen: dict[str, str] = {}
        for headline, kind, mart_name, *_ in watched:
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
    fact, date, of = mart.fact_of(name), mart.date_of(name), mart.columns[name].aggregate.of
    if date not in known or known[date][0] not in ("date", None):
        dates = [column for column, (type_, _) in known.items() if type_ == "date"]
        return f"{fact} has no date {date}; it has {', '.join(dates) or 'none'}"
    if of and of not in known:
        return f"{fact} has no column {of}"
    for dimension in mart.dimensions:
        if dimension not in known:
            return f"{fact} has no column {dimension}, which is a dimension: a view of its rows may have it"
        type_, is_never_null = known[dimension]
        if type_ is not None and not (type_.startswith(("text", "string", "{{")) and is_never_null):
            return f"{fact}.{dimension} is no text, or may be null: a view of its rows may make a dimension of it"
    return None


def _names(text: str, word: str) -> bool:
    return bool(re.search(rf"\b{word}\b", text))
