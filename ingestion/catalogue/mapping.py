"""How a table of the catalogue is had of a source that names things otherwise.

Belongs here: what an owner may declare of a table (`tables` of sources.yml). Not here: which of the source's columns
that means (matching.py), how values are translated (sources/translation.py).
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

from ingestion.errors import nearest
from ingestion.rows.columns import ColumnType
from ingestion.rows.conversion import timezones

Scalar = StrictBool | StrictInt | StrictStr
Factor = Annotated[Decimal, Field(gt=0, le=10**9, decimal_places=9)]


def _spelled(value: object) -> object:
    """A number with a point and a day as the text they are written as: a binary float would not be the source's."""
    return str(value) if isinstance(value, float | date) else value


def _values(value: object) -> object:
    return {_spelled(key): told for key, told in value.items()} if isinstance(value, dict) else value


def _listed(value: object) -> object:
    """One value stands for a list of it."""
    return [_spelled(v) for v in value] if isinstance(value, list) else [_spelled(value)]


def _known_zone(value: str) -> str:
    if value not in timezones():
        raise ValueError(f"unknown time zone '{value}'. Near it: {nearest(value, timezones())}")
    return value


Zone = Annotated[str, AfterValidator(_known_zone)]
"""An IANA time zone: Europe/Madrid."""

Undeclared = Literal["read", "skip"]


class ColumnMapping(BaseModel):
    """Where the values of a column come from.

    Attributes:
        source: the source's column; the one of the same name where there is none.
        path: keys and positions, separated by points, within the document that the column holds.
        values: what the source writes → what raw gets; a value that is not among them becomes `unknown`.
        times: what the source's numbers are multiplied by: 100 makes cents of amounts.
        epoch: the unit of its numbers, where they are instants counted from 1970 on.
        zone: whose clocks showed its instants, where they are without a zone of their own.
        default: what raw gets for null, and where the source has no such column.
        type: its type in raw, of a column that the catalogue does not declare: text unless told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = Field(default=None, alias="from", min_length=1)
    path: str | None = Field(default=None, min_length=1)
    values: Annotated[dict[Scalar | None, str], BeforeValidator(_values)] = {}
    times: Annotated[Factor | None, BeforeValidator(_spelled)] = None
    epoch: Literal["seconds", "milliseconds", "microseconds"] | None = None
    zone: Zone | None = None
    default: Annotated[Scalar | None, BeforeValidator(_spelled)] = None
    type: str | None = None

    @model_validator(mode="after")
    def _is_read_in_one_way(self) -> "ColumnMapping":
        told = [name for name in ("values", "times", "epoch", "zone") if getattr(self, name)]
        if len(told) > 1:
            raise ValueError(f"a value is read by `{told[0]}` or by `{told[1]}`, not both")
        return self

    @property
    def is_renamed_only(self) -> bool:
        """Whether the values stay what they are; the zone of instants adds only what the source leaves unsaid."""
        return not (self.is_computed or self.values) and self.default is None

    @property
    def is_computed(self) -> bool:
        """Whether it can't be told from a value which of the source's it was."""
        return self.path is not None or self.times is not None or self.epoch is not None


def _parse_column(value: object) -> object:
    """`tenant_id: account_id` → from."""
    return {"from": value} if isinstance(value, str) else value


class TableMapping(BaseModel):
    """What of a source a table is.

    Attributes:
        table: the source's table, `schema.table` where it is in another schema; the one of the same name if None.
        columns: column of raw → where its values come from.
        exclude: the source's columns that are never selected.
        where: the source's column → values; no row with another value is read. None stands for null.
        zone: of those columns that tell none, likewise.
        undeclared: whether columns that nobody declares are read too, or left where they are; read if None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str | None = Field(default=None, min_length=1)
    columns: dict[str, Annotated[ColumnMapping, BeforeValidator(_parse_column)]] = {}
    exclude: list[str] = []
    where: dict[str, Annotated[list[Scalar | None], BeforeValidator(_listed), Field(min_length=1)]] = {}
    zone: Zone | None = None
    undeclared: Undeclared | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> "TableMapping":
        if len({name.casefold() for name in self.columns}) < len(self.columns):
            raise ValueError(f"columns that differ in case alone: {', '.join(self.columns)}. Leave one of them")
        excluded = {name.casefold() for name in self.exclude}
        for name, column in self.columns.items():
            if (column.source or name).casefold() in excluded and column != ColumnMapping(default=column.default):
                raise ValueError(f"{name} is read from {column.source or name}, which is excluded")
        return self

    @property
    def is_given(self) -> bool:
        """Whether anything is otherwise than in the catalogue."""
        return self != NAMESAKE

    @property
    def skips_undeclared(self) -> bool:
        """Whether only what is declared is read."""
        return self.undeclared == "skip"

    def keeps_values(self, column: str) -> bool:
        """Whether a column's values are the source's."""
        return column not in self.columns or self.columns[column].is_renamed_only

    def zone_of(self, column: str, type_: str) -> str | None:
        """The zone of a column's instants that are without one; None where raw holds something else of it, or UTC's."""
        told = self.columns.get(column)
        if type_ != ColumnType.TIMESTAMP or (told and (told.values or told.epoch)):
            return None
        return (told and told.zone) or self.zone

    def record(self) -> dict[str, Any]:
        """As JSON can hold it, for a fingerprint of what rows were read by."""
        record = self.model_dump(mode="json", by_alias=True, exclude=None if self.skips_undeclared else {"undeclared"})
        for name, column in self.columns.items():
            # JSON's keys are text: null would be taken for 'None'.
            record["columns"][name]["values"] = [*column.values.items()]
        return record


NAMESAKE = TableMapping()
"""The source's table and columns are called as ours."""


def text_of(value: Scalar | None) -> str | None:
    """A value as raw's conversion to text spells it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
