"""The form of a declared mart.

Belongs here: what may be declared, and what follows from it. Not here: the files that declare (files.py), nor SQL
(models.py).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from marts.words import WORDS

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""What a mart or a column may be called: PostgreSQL cuts names of more than 63 characters."""

_MEASURE = re.compile(
    r"(?:(?P<count>count)"
    r"|(?P<over_days>sum|max)\s+(?P<number>[a-z][a-z0-9_]*)(?:\s*/\s*(?P<divisor>[1-9][0-9]*))?"
    r"|distinct\s+(?P<told_apart>[a-z][a-z0-9_]*)"
    r"|p(?P<percent>[1-9][0-9]?)\s+(?P<ordered>[a-z][a-z0-9_]*)(?:\s*/\s*(?P<part>[1-9][0-9]*))?)"
)

Additivity = Literal["sum", "max", "last", "distinct", "quantile", "ratio"]

_COMPUTED = ("ratio", "share", "total", "difference", "balance")
_OF_EVERY_MART = {
    *("tenant_key", "grain", "period_start_date", "period_end_date", "is_complete", "window_days", "is_prior"),
    "date_day",
}
"""Columns that no declaration names; of the last, models of measures have one."""

CALLED = {
    "consulting": "the consulting CRM",
    "whatsapp": "the conversation platform",
    "restaurant": "the restaurant CRM",
    "shop": "the shop",
    "erp": "the ERP",
}
"""System → what people call it."""

_Text = Annotated[str, Field(min_length=1)]


class Aggregate(NamedTuple):
    """A measure: count, sum, max, distinct or quantile of a fact's column, perhaps divided; which of 99 quantiles."""

    kind: str
    of: str | None = None
    divisor: int | None = None
    percent: int | None = None


def _number(told: str | None) -> int | None:
    return int(told) if told else None


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Declared):
    """A column of a mart: measured from a fact, or computed from others.

    Attributes:
        description: what it is, in whole words.
        of: the fact that it is measured from; the mart's if None.
        by: the fact's column of dates that tells on which day a row counts; the mart's if None.
        measure: `count`, `sum x`, `max x`, `distinct x`, or `p50 x` for the median; `sum x / 3600` is hours of seconds,
            and so are `max x / 3600` and `p50 x / 3600`.
        where: SQL condition on the fact's columns; all rows if None.
        whole: of a sum or maximum: whether it is of whole numbers.
        ratio: numerator and denominator, two columns of the mart; null where the denominator is 0.
        share: a ratio whose numerator counts some of what the denominator counts: 0 to 1.
        total: columns of the mart that are added up; of one alone, a second name.
        difference: columns of the mart, the first less the others.
        balance: two counts or two sums of the mart: all of the first until the period's end, less all of the second.
        known_since: `<model>.<column>`, an instant, of a model with a row for each `source_system`; null in periods
            that ended before it in the tenant's time zone.
        label: for people; from the name if None.
        unit: what is counted: seconds, hours, US dollars.
        better: whether more of it is good or bad news; None: neither.
        headline: whether it is among the numbers that are watched; a text: under this name.
    """

    description: _Text
    of: str | None = None
    by: str | None = None
    measure: str | None = None
    where: _Text | None = None
    whole: bool = False
    ratio: tuple[str, str] | None = None
    share: tuple[str, str] | None = None
    total: list[str] | None = Field(None, min_length=1)
    difference: list[str] | None = Field(None, min_length=2)
    balance: tuple[str, str] | None = None
    known_since: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    label: _Text | None = None
    unit: _Text | None = None
    better: Literal["more", "less"] | None = None
    headline: bool | str = False

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        kinds = [name for name in ("measure", *_COMPUTED) if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise ValueError(f"wants exactly one of measure, {', '.join(_COMPUTED)}")
        if self.measure is None and (self.of or self.by or self.where or self.whole or self.known_since):
            raise ValueError("of, by, where, whole and known_since belong to a measure")
        if self.whole and (self.kind not in ("sum", "max") or self.aggregate.divisor):
            raise ValueError("whole is said of a sum or maximum that is not divided")
        return self

    @field_validator("measure")
    @classmethod
    def _is_known(cls, told: str | None) -> str | None:
        if told is not None and not _MEASURE.fullmatch(told):
            raise ValueError(f"{told!r} is none of `count`, `sum x`, `sum x / 60`, `max x`, `distinct x`, `p50 x`")
        return told

    @field_validator("where")
    @classmethod
    def _is_whole(cls, told: str | None) -> str | None:
        # It becomes part of an expression: what is not closed in it, or ends one, breaks something else.
        bare = re.sub(r"'[^']*'", "", told or "")
        if re.search(r"'|;|--|/\*", bare) or bare.count("(") != bare.count(")"):
            raise ValueError(f"{told!r} is no condition: it has a comment or ;, or leaves a quote or bracket open")
        return told

    @field_validator("headline")
    @classmethod
    def _is_named(cls, told: bool | str) -> bool | str:
        if isinstance(told, str) and not NAME.fullmatch(told):
            raise ValueError(f"{told!r} is no name: lower case, digits and _; what people read is its `label`")
        return told

    @property
    def aggregate(self) -> "Aggregate":
        """What is measured."""
        found = _MEASURE.fullmatch(self.measure or "")
        assert found is not None
        if found["count"]:
            return Aggregate("count")
        if found["percent"]:
            return Aggregate("quantile", found["ordered"], _number(found["part"]), int(found["percent"]))
        if found["told_apart"]:
            return Aggregate("distinct", found["told_apart"])
        return Aggregate(found["over_days"], found["number"], _number(found["divisor"]))

    @property
    def kind(self) -> str:
        """count, sum, max, distinct or quantile; ratio, share, total, difference or balance."""
        if self.measure:
            return self.aggregate.kind
        return next(name for name in _COMPUTED if getattr(self, name) is not None)

    @property
    def quotient(self) -> tuple[str, str] | None:
        """Numerator and denominator of a ratio or share."""
        return self.ratio or self.share

    @property
    def parts(self) -> list[str]:
        """The columns of the mart that it is computed from."""
        return [part for name in _COMPUTED for part in getattr(self, name) or ()]


class Attribute(_Declared):
    """A text that says more of a mart's keys, in a column of its own.

    Attributes:
        description: what it is.
        of: the model that has it, in a column of the same name.
        by: the mart's keys that this model has one row of.
    """

    description: str
    of: str
    by: list[str] = ["tenant_key"]


class Mart(_Declared):
    """A mart at all its grains.

    Attributes:
        description: what its rows count, and by which date.
        row: what one row is for beside the period: `tenant, currency`.
        tenant: description of tenant_key.
        of: the fact of measures that name none.
        by: the date of measures that name none.
        changed: the model of changed periods that tells what is measured anew; the system's if None.
        quiet_days: the variable that says for how many days without activity rows go on; None: no such row.
        metrics: whether its labelled columns are metrics of dbt's semantic layer; not where other marts have them.
        dimensions: name → description.
        attributes: name → what else is said of tenant and dimensions.
        columns: name → what it is, in the order of the mart. A file may say `columns_of` instead: the mart of the same
            system that has the same, but for headlines.
    """

    description: str
    row: str
    tenant: str
    of: str | None = None
    by: str | None = None
    changed: str | None = None
    quiet_days: str | None = "quiet_days"
    metrics: bool = True
    dimensions: dict[str, str] = {}
    attributes: dict[str, Attribute] = {}
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [*self.dimensions, *self.attributes, *self.columns]
        for name in names:
            if not NAME.fullmatch(name) or name in _OF_EVERY_MART:
                raise ValueError(f"{name!r} is no name of a column, or that of one that every mart has")
            if name in WORDS:
                raise ValueError(f"{name!r} is a word of SQL, and so no name of a column")
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{', '.join(sorted(twice))}: two columns of the same name")
        labels = [column.label for column in self.columns.values() if column.label]
        if twice := {label for label in labels if labels.count(label) > 1}:
            raise ValueError(f"{', '.join(sorted(twice))}: two columns with the same label")
        return self

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for name, attribute in self.attributes.items():
            if unknown := set(attribute.by) - {"tenant_key", *self.dimensions}:
                raise ValueError(f"{name}: {', '.join(sorted(unknown))} is no key of this mart")
        # What is computed reads what is measured, and what is computed before it.
        known = [name for name, column in self.columns.items() if column.measure]
        if not known:
            raise ValueError("it measures nothing")
        for name, column in self.columns.items():
            if column.measure and not (self.fact_of(name) and self.date_of(name)):
                raise ValueError(f"{name}: a measure wants the fact it is `of`, and the date that it counts `by`")
            # A ratio of ratios adds up to nothing; a sum of ratios neither.
            if missing := [part for part in column.parts if part not in known or not self._is_part(part)]:
                raise ValueError(f"{name}: {', '.join(missing)} is no number of this mart that stands before it")
            if column.balance and not self._is_balanced(*column.balance):
                raise ValueError(f"{name}: a balance is of two counts, or of two sums that are not divided")
            if column.headline and (kinds := self._additivities(name) - {"sum"}):
                kind = kinds.pop().replace("last", "a balance")
                raise ValueError(f"{name}: a headline is added over days and dimensions, what is {kind} is not")
            if column.parts and not column.quotient:
                known.append(name)
        return self

    def _additivities(self, name: str) -> set[str]:
        """How a column adds up, or of a quotient its two parts."""
        return {self.additivity(part) for part in self.columns[name].quotient or (name,)}

    def _is_part(self, name: str) -> bool:
        """Whether other columns may be computed from one."""
        return self.additivity(name) not in ("quantile", "max")

    def _is_balanced(self, *names: str) -> bool:
        """Whether columns may be added over all days until one: each is exact, and all are of one kind."""
        columns = [self.columns[name] for name in names]
        kinds = {column.kind for column in columns}
        return kinds in ({"count"}, {"sum"}) and not any(column.aggregate.divisor for column in columns)

    def fact_of(self, name: str) -> str:
        """The fact that a measure is of; empty: none is named."""
        return self.columns[name].of or self.of or ""

    def date_of(self, name: str) -> str:
        """The fact's column of dates by which a measure counts; empty: none is named."""
        return self.columns[name].by or self.by or ""

    def additivity(self, name: str) -> Additivity:
        """How a column adds up over time."""
        column = self.columns[name]
        if column.quotient:
            return "ratio"
        if column.balance:
            return "last"
        if column.measure:
            kind = column.aggregate.kind
            return "sum" if kind in ("count", "sum") else kind  # type: ignore[return-value]
        of_parts = {self.additivity(part) for part in column.parts}
        return "sum" if of_parts == {"sum"} else "last" if "last" in of_parts else "distinct"

    def is_whole(self, name: str) -> bool:
        """Whether a column holds whole numbers."""
        column = self.columns[name]
        if column.measure:
            return column.whole or column.aggregate.kind in ("count", "distinct")
        return column.quotient is None and all(self.is_whole(part) for part in column.parts)

    def is_nullable(self, name: str) -> bool:
        """Whether a column is null where there was nothing to measure."""
        column = self.columns[name]
        return (
            bool(column.known_since)
            or self.additivity(name) in ("ratio", "quantile", "max")
            or any(self.is_nullable(part) for part in column.parts)
        )


def sharing_rows(marts: Mapping[str, tuple[str, Mart]], name: str) -> list[str]:
    """The marts whose activity gives a mart its rows: those of its system with the same dimensions share theirs.

    Returns:
        Names, in their order; none where a mart has no rows without activity of its own.
    """
    system, mart = marts[name]
    if mart.quiet_days is None:
        return []
    return [
        other
        for other, (its_system, its) in marts.items()
        if its_system == system and set(its.dimensions) == set(mart.dimensions) and its.quiet_days == mart.quiet_days
    ]
