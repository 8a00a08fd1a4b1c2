"""Rows of people that were erased: what is left of them, and by what they are known again.

Belongs here: what becomes of a row's values, and a row's name in the register. Not here: which rows are a person's
(operations/persons.py), where they are noted (log/erasures.py).
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.rows.columns import CONTROL_COLUMNS
from ingestion.rows.conformance import Conformed, Effect, Rejection, json_object
from ingestion.rows.conversion import texts
from ingestion.rows.pseudonyms import SourceKey

_CONTROL = {column.name for column in CONTROL_COLUMNS}
_NO_OBJECT = "[]"
"""What stands in the place of a document that is no object: models count these."""

BETWEEN = "\x1f"
"""What parts the columns of a key."""

Tokens = Mapping[str, str]
"""What stands in a row's columns that held pseudonyms: column → token."""

Tokenized = Callable[[str, pa.Array], pa.Array]
"""What stands in the place of a column's pseudonyms, given its name and them."""


def told(column: pa.Array) -> Any:
    """Values of a key or a reference as text, so that equal ones are equal whatever their type."""
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_binary(column.type):
        return pa.array([None if v is None else v.hex() for v in column.to_pylist()], pa.string())
    return pc.cast(column, pa.string())


def keys_of(rows: pa.RecordBatch, key: Sequence[str]) -> Any:
    """The keys of rows, each as one text."""
    return pc.binary_join_element_wise(*(told(rows.column(name)) for name in key), BETWEEN)


def told_key(record: str, key: Sequence[str]) -> str | None:
    """The key of a row that was set aside, as `keys_of` has it, given what is recorded; None where nobody knows it."""
    values = json.loads(record)
    told = [values.get(name) for name in key]
    return None if None in told else BETWEEN.join(map(str, told))


@dataclass(frozen=True)
class Blanking:
    """What becomes of the values of a table's rows when they are erased.

    Attributes:
        key: the table's.
        hashed: columns of pseudonyms, which tokens stand in the place of.
        kept: columns that nothing is taken of, its key among them; of all others nothing stays.
        besides: columns of JSON objects, and the keys of them that stay.
    """

    key: tuple[str, ...]
    hashed: frozenset[str]
    kept: frozenset[str]
    besides: Mapping[str, Sequence[str]]

    def of(self, rows: pa.RecordBatch, which: pa.Array, tokenized: Tokenized) -> pa.RecordBatch:
        """Rows, those of which nothing personal is left that `which` (booleans) names. Nulls stay null."""
        arrays = []
        for name in rows.schema.names:
            values = rows.column(name)
            if name not in self.kept | _CONTROL:
                values = pc.if_else(which, self._left(name, values, tokenized), values)
            arrays.append(values)
        return pa.RecordBatch.from_arrays(arrays, schema=rows.schema)

    def _left(self, name: str, values: pa.Array, tokenized: Tokenized) -> Any:
        if name in self.hashed:
            return tokenized(name, values)
        if besides := self.besides.get(name):
            return pa.array([_without(text, besides) for text in texts(values, "replace")], values.type)
        return pa.nulls(len(values), values.type)


def _without(text: str | None, besides: Sequence[str]) -> str | None:
    """A JSON object with some of its keys alone, and of these no objects and lists."""
    try:
        value = json.loads(text, parse_constant=_nothing) if text is not None and text.strip() else None
    except (ValueError, RecursionError):
        return _NO_OBJECT
    if not isinstance(value, dict):
        return None if value is None else _NO_OBJECT
    # An escape may be of what is no character.
    return json_object(_besides(value, besides)).encode(errors="replace").decode()


def _besides(value: Mapping[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    """What lies at paths in an object, as far as it is no object or list itself, at its place."""
    found: dict[str, Any] = {}
    for path in paths:
        name, _, rest = path.partition(".")
        held = value.get(name)
        if rest and isinstance(held, dict) and (inner := _besides(held, [rest])):
            found[name] = {**found.get(name, {}), **inner}
        elif not rest and _is_plain(held):
            found[name] = held
    return found


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _nothing(_: str) -> None:
    """In the place of NaN and Infinity, which are no JSON."""


@dataclass
class ErasedRows:
    """A table's rows that were erased, for whoever reads it.

    Attributes:
        blanking: what is left of one.
        key: of the names in the register.
        rows: name → tokens; None: the row itself is gone.
        is_told: whether it was told that the source still has some of it.
        still_there: the names of rows of which the source still had something that is personal, or that were to go.
    """

    blanking: Blanking
    key: SourceKey
    rows: Mapping[str, Tokens | None]
    is_told: bool = False
    still_there: set[str] = field(default_factory=set)

    def names(self, rows: pa.RecordBatch) -> list[str]:
        """The names that rows have in the register."""
        return row_names(self.key, keys_of(rows, self.blanking.key).to_pylist())

    def of(self, conformed: Conformed, *, are_keys: bool = False) -> Conformed:
        """What was read, as it stays: without what was erased.

        Args:
            conformed: rows in raw's types, or keys alone; what is set aside of an erased row has its key alone.
            are_keys: whether they are keys, which show nothing of what the source has.
        """
        rows = conformed.batch
        names = self.names(rows)
        known = pa.array([name in self.rows for name in names], pa.bool_())
        rejections = [left for rejection in conformed.rejections if (left := self._left(rejection))]
        if not pc.any(known).as_py():
            return Conformed(rows, rejections)
        blank = rows if are_keys else self.blanking.of(rows, known, lambda column, _: self._tokens(names, column))
        gone = pa.array([name in self.rows and self.rows[name] is None for name in names], pa.bool_())
        if not are_keys:
            self._note(rows, blank, names, gone)
        return Conformed(blank.filter(pc.invert(gone)), rejections)

    def _tokens(self, names: Sequence[str], column: str) -> pa.Array:
        return pa.array([(self.rows.get(name) or {}).get(column) for name in names], pa.string())

    def _note(self, rows: pa.RecordBatch, blank: pa.RecordBatch, names: Sequence[str], gone: pa.Array) -> None:
        differs = gone
        for before, after in zip(rows.columns, blank.columns, strict=True):
            differs = pc.or_(differs, pc.and_(pc.is_valid(before), pc.invert(_equal(before, after))))
        self.still_there.update(names[place] for place in pc.indices_nonzero(differs).to_pylist())

    def _left(self, rejection: Rejection) -> Rejection | None:
        if (text := told_key(rejection.key, self.blanking.key)) is None:
            return rejection
        [name] = row_names(self.key, [text])
        if name not in self.rows:
            return rejection
        is_of_nothing = rejection.effect is Effect.VALUE and rejection.column not in self.blanking.kept
        if self.rows[name] is None or is_of_nothing:
            return None
        return replace(rejection, value=None, content=rejection.key)


def _equal(before: pa.Array, after: pa.Array) -> Any:
    return pc.fill_null(pc.equal(before, after), False)


def row_names(key: SourceKey, keys: Iterable[str]) -> list[str]:
    """Names of rows in the register: keyed hashes, as there are few enough ids to try them all."""
    return [key.pseudonym(b"row " + text.encode(errors="surrogateescape")) for text in keys]
