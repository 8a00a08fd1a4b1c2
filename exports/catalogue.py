"""The catalogue: which tables are exported, and how.

Belongs here: reading and validating catalogue.yml. Not here: publishing.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

from exports.declared import read_entries
from exports.delivery.declaration import DeliverTo, check_deliveries

Cadence = Literal["daily", "weekly", "monthly"]

ALL_SOURCES = "all"
"""The source of exports that several systems feed."""


class Export(BaseModel):
    """One export.

    Attributes:
        name: its name, and its folder in each recipient's.
        source: the source system that feeds it; `all` of tables that several feed.
        schema_: `schema` in the catalogue: where the table is; of core, tables without personal columns only.
        mart: the table; None where there is a query.
        query: SQL in the place of a table, of the warehouse's engine.
        cadence: the period of a periodic mart's rows; None: the table has no periods, and is published as it stands.
        files: `period` for a file per complete period, `history` for one with all of them, `latest` for the last one,
            or the table as it stands.
        split: `tenant` for files per tenant, `whole` for files over all tenants.
        formats: file formats.
        columns: columns to publish in this order, all where empty; a mapping gives them headings.
        names: whether names of tenants, outlets, campaigns, products and accounts stand beside their ids.
        where: SQL that chooses rows.
        rounding: column → digits after the point.
        deliver: to whom the files are sent, and how.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")
    source: Literal["consulting", "whatsapp", "restaurant", "shop", "erp", "all"] = "all"
    schema_: Literal["marts", "core"] = Field(default="marts", alias="schema")
    mart: str | None = Field(default=None, pattern=r"^[a-z0-9_]+$")
    query: str | None = Field(default=None, min_length=1)
    cadence: Cadence | None = None
    files: Literal["period", "history", "latest"] = "period"
    split: Literal["tenant", "whole"] = "tenant"
    formats: list[Literal["csv", "xlsx", "parquet", "jsonl"]] = Field(default=["csv"], min_length=1)
    columns: list[str] | dict[str, str] = []
    names: bool = False
    where: str | None = Field(default=None, min_length=1)
    rounding: dict[str, NonNegativeInt] = {}
    deliver: list[DeliverTo] = []

    @model_validator(mode="before")
    @classmethod
    def _without_periods(cls, entry: Any) -> Any:
        """A table without periods has one file only, whatever is not said."""
        if isinstance(entry, dict) and not entry.get("cadence"):
            return {"files": "latest", **entry}
        return entry

    @model_validator(mode="after")
    def _agree(self) -> "Export":
        if (self.mart is None) == (self.query is None):
            raise ValueError("either mart or query is needed, and not both")
        if self.query and self.schema_ != "marts":
            raise ValueError("a query names its tables with their schemas itself; leave schema out")
        if self.cadence is None and self.files != "latest":
            raise ValueError(f"files: {self.files} needs a cadence; what has no periods is published as it stands")
        headings = [*self.columns.values()] if isinstance(self.columns, dict) else self.columns
        if repeated := {heading for heading in headings if headings.count(heading) > 1}:
            raise ValueError(f"two columns are headed {min(repeated)}")
        check_deliveries(self.deliver, self.formats, of_tenants=self.split == "tenant")
        return self

    @property
    def relation(self) -> str:
        """What it is made from, for people: marts.costs_daily."""
        return f"{self.schema_}.{self.mart}" if self.mart else "its query"


def load_exports(path: Path) -> dict[str, Export]:
    """Read and validate the catalogue: exports by name.

    Raises:
        ExportError: the file is missing, is not YAML, or an entry is wrong; the message names the entry.
    """
    return read_entries(
        path, "Export catalogue", lambda name, told: Export.model_validate({**(told or {}), "name": name})
    )
