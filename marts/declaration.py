"""The form of a declared mart: `<mart>.mart.yml` below `dbt_project/models/marts/<system>/<mart>/`.

Belongs here: what may be declared, and what follows from it. Not here: SQL and files (models.py).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ingestion.errors import ConfigurationError

SUFFIX = ".mart.yml"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MEASURE = re.compile(
    r"(?:(?P<count>count)"
    r"|sum\s+(?P<added>[a-z][a-z0-9_]*)(?:\s*/\s*(?P<divisor>[1-9][0-9]*))?"
    r"|distinct\s+(?P<told_apart>[a-z][a-z0-9_]*)"
    r"|p(?P<percent>[1-9][0-9]?)\s+(?P<ordered>[a-z][a-z0-9_]*))"
)

Additivity = Literal["sum", "distinct", "quantile", "ratio"]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Declared):
    """A column of a mart: measured from a fact, or computed from others.

    Attributes:
        description: what it is, in whole words.
        of: the fact that it is measured from.
        by: the fact's column of dates that tells on which day a row counts.
        measure: `count`, `sum x`, `sum x / 3600`, `distinct x`, or `p50 x` for the median.
        where: SQL condition on the fact's columns; all rows if None.
        whole: of a sum: whether it adds up whole numbers.
        ratio: numerator and denominator, two columns of the mart; null where the denominator is 0.
        total: columns of the mart that are added up; of one alone, a second name.
        difference: columns of the mart, the first less the others.
        label: for people; from the name if None.
        unit: what is counted: seconds, hours, US dollars.
        better: whether more of it is good or bad news; None: neither.
        headline: whether it is among the numbers that are watched.
    """

    description: str
    of: str | None = None
    by: str | None = None
    measure: str | None = None
    where: str | None = None
    whole: bool = False
    ratio: tuple[str, str] | None = None
    total: list[str] | None = Field(None, min_length=1)
    difference: list[str] | None = Field(None, min_length=2)
    label: str | None = None
    unit: str | None = None
    better: Literal["more", "less"] | None = None
    headline: bool = False

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        kinds = [name for name in ("measure", "ratio", "total", "difference") if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError("wants exactly one of measure, ratio, total and difference")
        if self.measure is None and (self.of or self.by or self.where or self.whole):
            raise ValueError("of, by, where and whole belong to a measure")
        if self.measure is not None and not (self.of and self.by):
            raise ValueError("a measure wants the fact it is `of`, and the date that it counts `by`")
        if self.whole and (self.kind != "sum" or self.aggregate[2]):
            raise ValueError("whole is said of a sum that is not divided")
        return self

    @field_validator("measure")
    @classmethod
    def _is_known(cls, told: str | None) -> str | None:
        if told is not None and not _MEASURE.fullmatch(told):
            raise ValueError(f"{told!r} is none of `count`, `sum x`, `sum x / 60`, `distinct x`, `p50 x`")
        return told

    @property
    def aggregate(self) -> tuple[str, str | None, int | None]:
        """The measure: its kind (count, sum, distinct, quantile), its column, and a divisor or percentage."""
        found = _MEASURE.fullmatch(self.measure or "")
        assert found is not None
        if found["count"]:
            return "count", None, None
        if found["percent"]:
            return "quantile", found["ordered"], int(found["percent"])
        if found["told_apart"]:
            return "distinct", found["told_apart"], None
        return "sum", found["added"], int(found["divisor"]) if found["divisor"] else None

    @property
    def kind(self) -> str:
        """count, sum, distinct or quantile; ratio, total or difference."""
        if self.measure:
            return self.aggregate[0]
        return "ratio" if self.ratio else "total" if self.total else "difference"

    @property
    def parts(self) -> list[str]:
        """The columns of the mart that it is computed from."""
        return [*(self.ratio or ()), *(self.total or ()), *(self.difference or ())]


class Mart(_Declared):
    """A mart at all its grains.

    Attributes:
        description: what its rows count, and by which date.
        row: what one row is for beside the period: `tenant, currency`.
        tenant: description of tenant_key.
        changed: the model of changed periods that tells what is measured anew; the system's if None.
        dimensions: name → description.
        columns: name → what it is, in the order of the mart.
    """

    description: str
    row: str
    tenant: str
    changed: str | None = None
    dimensions: dict[str, str]
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for name in (*self.dimensions, *self.columns):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a column")
        if twice := self.dimensions.keys() & self.columns.keys():
            raise ValueError(f"{', '.join(sorted(twice))}: a dimension and a column")
        measured: set[str] = set()
        for name, column in self.columns.items():
            # A ratio of ratios adds up to nothing; a sum of ratios neither.
            if missing := [part for part in column.parts if part not in measured]:
                raise ValueError(f"{name}: {', '.join(missing)} is no number of this mart that stands before it")
            if column.ratio is None and self.additivity(name) != "quantile":
                measured.add(name)
        if not any(column.measure for column in self.columns.values()):
            raise ValueError("it measures nothing")
        return self

    def additivity(self, name: str) -> Additivity:
        """How a column adds up over time."""
        column = self.columns[name]
        if column.ratio:
            return "ratio"
        if column.measure:
            kind = column.aggregate[0]
            return "sum" if kind in ("count", "sum") else kind  # type: ignore[return-value]
        of_parts = {self.additivity(part) for part in column.parts}
        return "sum" if of_parts == {"sum"} else "distinct"

    def is_whole(self, name: str) -> bool:
        """Whether a column holds whole numbers."""
        column = self.columns[name]
        if column.measure:
            return column.whole or column.aggregate[0] in ("count", "distinct")
        return column.ratio is None and all(self.is_whole(part) for part in column.parts)

    def is_nullable(self, name: str) -> bool:
        """Whether a column is null where there was nothing to measure."""
        return self.additivity(name) in ("ratio", "quantile")


def read_marts(folder: Path) -> dict[str, tuple[str, Mart]]:
    """Read all declarations.

    Args:
        folder: dbt's models.

    Returns:
        Name → system and mart, in the order of their paths.

    Raises:
        ConfigurationError: a file is malformed; the message names it and what is wrong.
    """
    found: dict[str, tuple[str, Mart]] = {}
    for path in sorted((folder / "marts").rglob(f"*{SUFFIX}")):
        system, name = path.relative_to(folder / "marts").parts[0], path.name.removesuffix(SUFFIX)
        try:
            told = yaml.safe_load(path.read_text(encoding="utf-8"))
            if not isinstance(told, Mapping):
                raise ConfigurationError(f"{path.name} declares nothing.")
            found[name] = (system, Mart.model_validate(told))
        except yaml.YAMLError as error:
            raise ConfigurationError(f"{path.name} is no YAML: {' '.join(str(error).split())}") from None
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".removeprefix(": ") for fault in error.errors()
            )
            raise ConfigurationError(f"{path.name}: {faults}") from None
    return found
