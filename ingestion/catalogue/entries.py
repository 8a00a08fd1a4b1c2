"""The catalogue: which tables of which source are extracted, and how.

Belongs here: reading and validating catalogue.yml. Not here: what a certain database really has (sources/).
"""

import re
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from ingestion.catalogue.belonging import CUSTOMER, Belonging
from ingestion.catalogue.freshness import NEVER, READ_WITHIN, Freshness, Hours, Within, working_hours
from ingestion.catalogue.mapping import NAMESAKE, ColumnMapping, TableMapping
from ingestion.catalogue.personal import PersonalColumn, parse_personal
from ingestion.errors import nearest
from ingestion.rows.columns import IDENTIFIER, Column, ColumnType, RawTable
from ingestion.rows.folding import Folding

CURSOR_TYPES = ("timestamp", "integer")
KEY_TYPES = (IDENTIFIER, "integer", "text")
AGE_TYPES = ("timestamp", "date")

TEAM = "team:data"
"""Whose a table is unless told."""

_OWNER = re.compile(r"team:[A-Za-z0-9_.-]+|[^@\s:]+@[^@\s:]+\.[A-Za-z]{2,}")

Mode = Literal["changes", "cursor", "full"]
Collation = Literal["exact", "nocase", "rtrim", "nocase rtrim"]

_FOLDINGS: dict[Collation, Folding] = {
    "exact": Folding(),
    "nocase": Folding(case="all"),
    "rtrim": Folding(trailing_spaces=True),
    "nocase rtrim": Folding(case="all", trailing_spaces=True),
}


class ColumnEntry(BaseModel):
    """A declared column.

    Attributes:
        type: a raw type, or identifier.
        required: a row without a value is rejected.
        collation: how the source compares identifiers; None: as its catalog tells.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    required: bool = False
    collation: Collation | None = None

    @field_validator("type")
    @classmethod
    def _is_known(cls, value: str) -> str:
        known = [IDENTIFIER, *ColumnType]
        if value not in known:
            raise ValueError(f"unknown type '{value}'. Use one of: {', '.join(known)}")
        return value

    @model_validator(mode="after")
    def _only_identifiers_are_compared(self) -> "ColumnEntry":
        if self.collation is not None and self.type != IDENTIFIER:
            raise ValueError(f"'{self.collation}' is for identifiers, and this is {self.type}")
        return self

    @property
    def folding(self) -> Folding | None:
        """What the source does not tell apart in it, where that is declared."""
        return None if self.collation is None else _FOLDINGS[self.collation]

    def in_source(self, found: ColumnType | None) -> ColumnType:
        """The raw type of the column, given the type that the source shows (None: it has no such column)."""
        if self.type != IDENTIFIER:
            return ColumnType(self.type)
        return ColumnType.INTEGER if found is ColumnType.INTEGER else ColumnType.TEXT


def _parse_column(value: object) -> object:
    """`identifier nocase not null` → type, collation and required."""
    if isinstance(value, str):
        told, is_required = value.removesuffix(" not null"), value.endswith(" not null")
        name, _, collation = told.partition(" ")
        if collation not in ("", *_FOLDINGS):
            raise ValueError(
                f"'{value}' is not '<type>' or '<type> not null'; after identifier there may be {', '.join(_FOLDINGS)}"
            )
        return {"type": name, "required": is_required, "collation": collation or None}
    return value


_ITSELF = ColumnMapping()
_PRODUCTS = ("integer", "decimal", "double", "text")
_INSTANTS = ("timestamp", "date", "text")


class TableEntry(BaseModel):
    """One table's entry.

    Without a mode, mode, key and cursor are found in the source's catalog where the entry does not tell them (see
    `recommendation.resolved`). `mapping` says where a source names things otherwise: it is told of sources.yml, not of
    the catalogue.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, Annotated[ColumnEntry, BeforeValidator(_parse_column)]] = Field(min_length=1)
    key: list[str] | None = Field(default=None, min_length=1)
    required: bool = False
    mode: Mode | None = None
    cursor: str | None = None
    overlap_hours: float = Field(default=0, ge=0)
    open_rows: dict[str, list[str]] = {}
    sweep_hours: float = Field(default=0, ge=0)
    reconcile_hours: float = Field(default=0, ge=0)
    max_delete_share: float = Field(default=0.2, gt=0, le=1)
    keep_versions: bool = False
    read_within: Within = READ_WITHIN
    rows_within: Within = NEVER
    hours: Hours | None = None
    personal: Annotated[dict[str, PersonalColumn], BeforeValidator(parse_personal)] = {}
    belongs_to: dict[str, Belonging] = {}
    aged_by: str | None = None
    owner: str = TEAM
    mapping: TableMapping = NAMESAKE

    @field_validator("owner")
    @classmethod
    def _is_owner(cls, value: str) -> str:
        if not _OWNER.fullmatch(value):
            raise ValueError(f"'{value}' is no owner: an e-mail address is one, or team: and a name, as in {TEAM}")
        return value

    @model_validator(mode="after")
    def _names_exist(self) -> "TableEntry":
        if self.mode == "cursor" and self.cursor is None:
            raise ValueError("mode 'cursor' needs a cursor")
        if self.mode == "full" and self.cursor is not None:
            raise ValueError("mode 'full' takes no cursor")
        if self.cursor in self.columns and self.columns[self.cursor].type not in CURSOR_TYPES:
            raise ValueError(
                f"cursor {self.cursor} is {self.columns[self.cursor].type}, not {' or '.join(CURSOR_TYPES)}"
            )
        key = self._asked_by["key"]
        wrong = [k for k in key if k in self.columns and self.columns[k].type not in KEY_TYPES]
        if wrong:
            raise ValueError(f"key {wrong[0]} is {self.columns[wrong[0]].type}, not {' or '.join(KEY_TYPES)}")
        named = {*key, *self._asked_by["cursor"], *self.open_rows, *self.personal}
        named |= {name for belonging in self.belongs_to.values() for name in belonging.named}
        named |= {self.aged_by} if self.aged_by else set()
        unknown = sorted(named - set(self.columns))
        if unknown:
            raise ValueError(f"{', '.join(unknown)} not among the columns")
        reserved = sorted(name for name in self.columns if name.startswith("_"))
        if reserved:
            raise ValueError(f"{', '.join(reserved)}: names that begin with _ are the raw log's own")
        return self

    @model_validator(mode="after")
    def _mapping_fits(self) -> "TableEntry":
        unmapped = sorted(set(self.mapping.columns) - set(self.columns))
        if unmapped:
            raise ValueError(
                f"it has no column {', '.join(unmapped)} to be mapped. Near it: {nearest(unmapped[0], [*self.columns])}"
            )
        asked = self._asked_by
        changed = next(
            ((role, n) for role, names in asked.items() for n in names if not self.mapping.keeps_values(n)), None
        )
        if changed:
            raise ValueError(
                f"{changed[1]} is its {changed[0]}, of which nothing but `from` can be told"
                + ("; with `mode: changes` it needs none" if changed[0] == "cursor" else "")
            )
        for name, column in self.mapping.columns.items():
            fitting = _PRODUCTS if column.times else _INSTANTS if column.epoch else ()
            if column.zone and (held := self.columns[name].type) != ColumnType.TIMESTAMP:
                raise ValueError(f"{name} is {held}, of which zone says nothing: it is of timestamps")
            if fitting and (held := self.columns[name].type) not in fitting:
                raise ValueError(f"{name} is {held}, of which {'times' if column.times else 'epoch'} says nothing")
        excluded = {name.casefold() for name in self.mapping.exclude}
        for role, names in asked.items():
            if gone := [n for n in names if (self.mapping.columns.get(n, _ITSELF).source or n).casefold() in excluded]:
                raise ValueError(f"{gone[0]} is its {role}, and can't be excluded")
        for name in self.open_rows:
            computed = self.mapping.columns.get(name, _ITSELF).is_computed
            if computed or self.mapping.zone_of(name, self.columns[name].type):
                raise ValueError(
                    f"{name} tells open rows (open_rows), and can't be read by a path, multiplied or of a zone"
                )
        if self.mapping.where and self.reconcile_hours:
            raise ValueError("with `where`, keys are compared in every run: reconcile_hours can't be told")
        return self

    @model_validator(mode="after")
    def _personal_can_be_kept_so(self) -> "TableEntry":
        for role, names in {**self._asked_by, "open_rows": [*self.open_rows]}.items():
            if told := next((n for n in names if n in self.personal and self.personal[n].keep != "clear"), None):
                raise ValueError(f"{told} is its {role}, by which rows are found in the source: keep it clear")
        for name in self.hashed:
            if self.columns[name].type not in (IDENTIFIER, "text"):
                raise ValueError(f"{name} is {self.columns[name].type}: of a hash, declare it text or identifier")
        if told := next((n for n in self.dropped if self.columns[n].required), None):
            raise ValueError(f"{told} is not null, and can't be dropped")
        for name, personal in self.personal.items():
            if personal.besides and (self.columns[name].type != "json" or personal.keep != "clear"):
                raise ValueError(f"{name}: `besides` is of JSON that is kept clear")
        if told := next((n for of, b in self.belongs_to.items() if of != CUSTOMER for n in b.columns[1:]), None):
            raise ValueError(f"{told}: a row belongs to another by one column")
        less = {*self.hashed, *self.dropped}
        of_less = {(self.mapping.columns.get(name, _ITSELF).source or name).casefold() for name in less}
        for name, column in self.mapping.columns.items():
            if name not in less and column.path is None and (column.source or "").casefold() in of_less:
                raise ValueError(
                    f"{name} is read from {column.source}, of which raw keeps less: say the same of {name}"
                )
        return self

    @model_validator(mode="after")
    def _age_can_be_told(self) -> "TableEntry":
        aged_by = self.aged_by
        if aged_by and (held := self.columns[aged_by].type) not in AGE_TYPES:
            raise ValueError(f"aged_by: {aged_by} is {held}, not {' or '.join(AGE_TYPES)}")
        if aged_by in self.personal and (self.personal[aged_by].keep != "clear" or aged_by in self.anonymised):
            raise ValueError(f"aged_by: raw does not keep {aged_by}, by which rows have their age")
        roles = {**self._asked_by, "open_rows": [*self.open_rows]}
        roles["belongs_to"] = [name for belonging in self.belongs_to.values() for name in belonging.named]
        for name, days in self.anonymised.items():
            what = f"{name}: anonymise_after_days"
            personal = self.personal[name]
            if personal.keep == "hash":
                raise ValueError(
                    f"{what} is of columns that are kept clear. Another pseudonym would be another customer, and "
                    "numbers would change: whoever is to go is erased (python -m ingestion erase)"
                )
            if personal.keep == "drop":
                raise ValueError(f"{what}: it is dropped, and never there")
            if personal.show:
                raise ValueError(f"{what}: models show it, whatever its age. If it is to go, say so: show: false")
            if personal.counted:
                raise ValueError(
                    f"{what}: models count by it, and numbers of days of more than {days} days ago would change. If "
                    "they may, say so: counted: false"
                )
            if self.columns[name].required:
                raise ValueError(f"{what}: it is not null, and can't be nothing")
            if role := next((role for role, names in roles.items() if name in names), None):
                raise ValueError(f"{what}: it is its {role}, by which rows are found")
            if aged_by is None:
                raise ValueError(
                    f"{what}: nothing tells how old a row is. Say by which column, of type "
                    f"{' or '.join(AGE_TYPES)}: aged_by: ..."
                )
        return self

    @property
    def freshness(self) -> Freshness:
        """When the table is too old."""
        return Freshness(self.read_within, self.rows_within, working_hours(self.hours) if self.hours else None)

    @property
    def _asked_by(self) -> dict[str, list[str]]:
        """The columns by which rows are asked for, by what they are, as far as the entry tells them."""
        key = self.key or ([] if self.mode is None else self.raw_key)
        return {"key": key, "cursor": [self.cursor] if self.cursor else []}

    @property
    def hashed(self) -> list[str]:
        """Columns of which raw has pseudonyms."""
        return [name for name, column in self.personal.items() if column.keep == "hash"]

    @property
    def dropped(self) -> list[str]:
        """Columns that are never read."""
        return [name for name, column in self.personal.items() if column.keep == "drop"]

    @property
    def shown(self) -> list[str]:
        """Personal columns that core and marts show."""
        return [name for name, column in self.personal.items() if column.show]

    @property
    def anonymised(self) -> dict[str, int]:
        """Columns of which nothing stays in rows of a certain age, in days."""
        told = {name: column.anonymise_after_days for name, column in self.personal.items()}
        return {name: days for name, days in told.items() if days is not None}

    @property
    def tells_key(self) -> bool:
        """Whether `raw_key` is the key, whatever the source has."""
        return self.key is not None or self.mode is not None

    @property
    def raw_key(self) -> list[str]:
        """The key of the raw table: `id` unless told; the first column where neither the entry nor a source tells.

        The last is of tables that the source does not have: they are empty, and take the source's key when it comes.
        """
        by_name = self.mode is not None or "id" in self.columns or not self.columns
        return self.key or (["id"] if by_name else [next(iter(self.columns))])

    def raw_table(self, source: str, name: str, found: dict[str, ColumnType] | None = None) -> RawTable:
        """The raw table for this entry: declared columns first, then what else the source has.

        Args:
            source: name of the source.
            name: name of the table.
            found: types of what the source has, by raw names; None where it has no such table.
        """
        found = found or {}
        hashed = set(self.hashed)
        declared = [
            Column(
                c,
                ColumnType.TEXT if c in hashed else entry.in_source(found.get(c)),
                entry.required or c in self.raw_key,
                is_needed=entry.type == IDENTIFIER or c == self.cursor,
                is_mapped=self._is_mapped(c),
            )
            for c, entry in self.columns.items()
        ]
        further = [Column(c, type_, is_declared=False) for c, type_ in found.items() if c not in self.columns]
        return RawTable(source, name, tuple(self.raw_key), (*declared, *further))

    def _is_mapped(self, column: str) -> bool:
        """Whether the owner's mapping tells what a column's values are made of; another name alone does not."""
        return not self.mapping.keeps_values(column)


class ExtractedEntry(TableEntry):
    """The entry of a table that no model knows: its columns are the source's."""

    columns: dict[str, Annotated[ColumnEntry, BeforeValidator(_parse_column)]] = {}

    def _is_mapped(self, column: str) -> bool:
        return column in self.mapping.columns
