"""The form of reports.yml: which reports there are, for whom, and what they show.

Belongs here: what may be declared. Not here: what the marts hold (measures.py), nor how it looks.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from exports.catalogue import ALL_SOURCES
from exports.declared import read_entries
from exports.delivery.declaration import DeliverTo, check_deliveries
from exports.periods import Cadence

Measure = Annotated[str, Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")]
"""A declared mart's column: `<mart>.<column>`."""


KINDS = ("headlines", "trend", "comparison", "table", "query", "businesses", "left_out", "reach")
"""Of sections."""

OF_A_TENANT = frozenset(("headlines", "trend", "comparison", "table"))
"""Kinds of sections that show one tenant's figures."""

OF_A_SPAN = OF_A_TENANT | {"businesses"}
"""Kinds of sections that show what was measured in some days."""


FORMS = ("html", "pdf", "xlsx")
"""The forms of every report, by the end of a file's name."""

_NAME = re.compile("[A-Za-z0-9_]+")
_TAKEN = ("index", "reports")
"""Files that lie beside reports."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ComparisonOf(_Declared):
    """A measure by a dimension of its mart, the largest first."""

    of: Measure
    by: str
    top: int = Field(10, ge=1, le=20)


class TableOf(_Declared):
    """Columns of a mart by some of its dimensions; the first column tells the order."""

    of: str
    by: list[str] = Field(min_length=1)
    columns: list[str] = Field(min_length=1)
    top: int = Field(20, ge=1)


class ColumnOf(_Declared):
    """How a column of a query is told; see `Kind`.

    Money has its currency in the row's column `currency_code`; of a `tenant` the query gives the key, and the name is
    told.
    """

    label: str
    form: Literal["count", "number", "share", "money", "date", "instant", "tenant", "text"] = "text"
    decimals: int | None = Field(None, ge=0, le=9)
    unit: str | None = None


class QueryOf(_Declared):
    """Rows of a query on core and marts.

    Attributes:
        sql: `{first_day}` and `{last_day}` stand for the period's, as dates. A report for each tenant wants a column
            tenant_key; what it is ordered by is the order of rows.
        columns: name → how it is told; the others are not shown.
        top: how many rows are shown.
        as_it_stands: whether it tells how things stand when the report is made, whatever the period.
    """

    sql: str
    columns: dict[str, ColumnOf] = Field(min_length=1)
    top: int = Field(20, ge=1)
    as_it_stands: bool = False


class SectionOf(_Declared):
    """A section: exactly one kind, and its title.

    Attributes:
        title: for people; from what it shows if None.
        headlines: measures of the period beside the period before.
        trend: a measure over this and earlier periods.
        comparison: bars.
        businesses: whether to show all headlines of all tenants, one below the other.
        table: rows of a mart.
        query: rows of a query.
        left_out: whether to say what is not in the numbers.
        reach: whether to say how far the data reach.
    """

    title: str | None = None
    headlines: list[Measure] | None = Field(None, min_length=1)
    trend: Measure | None = None
    comparison: ComparisonOf | None = None
    table: TableOf | None = None
    query: QueryOf | None = None
    businesses: bool = False
    left_out: bool = False
    reach: bool = False

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if sum(bool(getattr(self, kind)) for kind in KINDS) != 1:
            raise ValueError(f"wants exactly one of {', '.join(KINDS)}")
        if (self.table or self.query) and not self.title:
            raise ValueError("a table and a query want a title")
        return self

    @property
    def kind(self) -> str:
        """Which of its kinds it is."""
        return next(kind for kind in KINDS if getattr(self, kind))

    @property
    def measured(self) -> set[str]:
        """The declared marts that it names and shows of the report's days; a trend shows periods within."""
        names = [*(self.headlines or ()), *([self.comparison.of] if self.comparison else [])]
        return {name.split(".")[0] for name in names} | ({self.table.of} if self.table else set())


class Declaration(_Declared):
    """A report.

    Attributes:
        title: for people.
        source: the system that feeds it, or `all`.
        recipients: `each` tenant of the source by itself, or `all` together.
        cadences: the periods that a run makes it for.
        keeps: whether each period's stays, and changes make revisions; else there is one, of how things stand.
        trailing_days: of a report of how things stand: it shows the days until the last complete one, beside as many
            before them.
        sections: in order.
        deliver: to whom it is sent, and how.
    """

    title: str
    source: Literal["consulting", "whatsapp", "restaurant", "shop", "erp", "all"]
    recipients: Literal["each", "all"] = "each"
    cadences: list[Cadence] = Field(["month"], min_length=1)
    keeps: bool = True
    trailing_days: Literal[7, 28, 30, 90] | None = None
    sections: list[SectionOf] = Field(min_length=1)
    deliver: list[DeliverTo] = []

    @model_validator(mode="after")
    def _can_be_delivered(self) -> Self:
        check_deliveries(self.deliver, FORMS, of_tenants=self.recipients == "each")
        return self

    @model_validator(mode="after")
    def _has_tenants(self) -> Self:
        if self.source == ALL_SOURCES and self.recipients == "each":
            raise ValueError("a report over all systems is for `all`")
        return self

    @model_validator(mode="after")
    def _has_days(self) -> Self:
        if self.trailing_days and self.keeps:
            raise ValueError("the last days are others every day, so that nothing of them can stay: say keeps: false")
        of_a_span = sorted({section.kind for section in self.sections} & OF_A_SPAN)
        if of_a_span and not self.keeps and not self.trailing_days:
            raise ValueError(f"{', '.join(of_a_span)} shows some days: with keeps: false say which, as trailing_days")
        return self

    @model_validator(mode="after")
    def _is_told_to_whom_it_may_be(self) -> Self:
        kinds = {section.kind for section in self.sections}
        if self.recipients == "each" and "businesses" in kinds:
            raise ValueError("businesses shows all tenants' figures: a report for each tenant can't have it")
        if self.recipients == "all" and (of_tenants := sorted(kinds & OF_A_TENANT)):
            raise ValueError(f"{', '.join(of_tenants)} shows one tenant's figures: a report for `all` can't have it")
        return self


def load_reports(path: Path) -> dict[str, Declaration]:
    """Read and validate the declarations: reports by name.

    Raises:
        ExportError: the file is missing, is not YAML, or an entry is wrong; the message names the entry.
    """
    return read_entries(path, "Reports", _declaration)


def _declaration(name: Any, told: Any) -> Declaration:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _TAKEN:
        raise ValueError(f"{name!r} is no name: letters, digits and _, but {' and '.join(_TAKEN)}")
    return Declaration.model_validate(told)
