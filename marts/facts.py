"""Facts that say of themselves which rows of a source they are made from, and on which days marts count them.

Belongs here: the form of that, which is `meta: {counted: ...}` in a fact's YAML below `dbt_project/models/core`, and
the models of changed keys and periods that follow from it. Not here: facts of which one row needs several of a source
(a conversation, an order): what changes those is a model written by hand.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingestion.errors import ConfigurationError
from marts.calls import call, listed, literal, ref
from marts.files import faults_of
from marts.properties import described, model_entry

Entries = Sequence[Mapping[str, Any]]
"""What a YAML file of dbt's says of models, one after the other."""


class Counted(BaseModel):
    """How a fact is counted: one row of it is one row of a source's table.

    Attributes:
        rows_of: the source's table.
        key: the fact's column with that table's id.
        dates: the fact's columns of dates by which marts count it.
        customer: the fact's column with the customer, where customers are replaced with what they did.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows_of: str
    key: str
    dates: list[str] = Field(min_length=1)
    customer: str | None = None


def read_facts(files: Mapping[Path, Entries]) -> dict[str, tuple[str, Counted]]:
    """Read what facts declare.

    Args:
        files: path of each YAML file below `models/core/<system>` → what it says of models.

    Returns:
        Name of the fact → system and declaration; only of those that declare it.

    Raises:
        ConfigurationError: a declaration is malformed; the message names the file, the fact and what is wrong.
    """
    found: dict[str, tuple[str, Counted]] = {}
    for path, entries in sorted(files.items()):
        for entry in entries:
            counted = ((entry.get("config") or {}).get("meta") or {}).get("counted")
            if counted is not None:
                try:
                    found[entry["name"]] = (path.parent.name, Counted.model_validate(counted))
                except ValidationError as error:
                    told = f"{path.name}: {entry['name']}: counted: {faults_of(error)}"
                    raise ConfigurationError(told) from None
    return found


def changed_keys(system: str, counted: Counted) -> str:
    """The name of the model of changed keys."""
    return f"int_{system}__changed_{counted.rows_of}"


def changed_periods(system: str, counted: Counted) -> str:
    """The name of the model of changed periods."""
    return f"{changed_keys(system, counted)}_periods"


def calls_of_fact(fact: str, system: str, counted: Counted) -> dict[str, str]:
    """The models that tell what of a fact changed: name → the call of a macro that is all of it."""
    noted = [[fact, date, *([counted.customer] if counted.customer else [])] for date in counted.dates]
    keys, periods = changed_keys(system, counted), changed_periods(system, counted)
    in_periods = [f"[{ref(keys)}, {literal(counted.key)}, {ref(fact)}, {literal(date)}]" for date in counted.dates]
    return {
        keys: call("changed_rows", *map(literal, (system, counted.rows_of, counted.key, noted))),
        periods: call("changed_periods", listed(in_periods)),
    }


def properties_of_fact(fact: str, system: str, counted: Counted) -> Iterator[str]:
    """Lines of YAML: those models."""
    batch = {"from_batch_seq": "The last batch of the last complete build when this was noted."}
    customer = {counted.customer: "Customer whose it was."} if counted.customer else {}
    yield from model_entry(
        changed_keys(system, counted),
        f"Rows of {counted.rows_of} with a version that the last complete build has not seen, once for each tenant and "
        f"day on which {fact} was counted until this build; with nulls where it was not. Empty where everything is "
        "built anew.",
    )
    yield from described(
        {counted.key: f"Key of {fact}."}
        | customer
        | {"tenant_key": "Tenant whose counts held it.", "date_day": "Day on which it was counted."}
        | batch
    )
    yield ""
    yield from model_entry(
        changed_periods(system, counted),
        f"Periods that are measured again: those with a day on which a row of {fact} that changed was or is counted. "
        "Empty where everything is built anew.",
        ["tenant_key", "grain", "period_start_date"],
    )
    yield from described(
        {
            "tenant_key": "Tenant of the period.",
            "grain": "day, week or month.",
            "period_start_date": "First day of the period.",
            "period_end_date": "Last day of the period, included.",
        }
    )
