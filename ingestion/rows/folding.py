"""Text that a source compares without case or trailing spaces, in the one form that all engines compare alike.

Belongs here: how a column is compared, and the canonical form of its values. Not here: how that is found out
(sources/), which columns it matters for (catalogue/).
"""

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Folding:
    """What a source does not tell apart when it compares a column's text.

    Attributes:
        case: letters that differ in case: those of ASCII alone, or all.
        trailing_spaces: how many spaces come at the end.
        accents: letters that differ in an accent. That is told, but values keep theirs.
    """

    case: Literal["ascii", "all"] | None = None
    trailing_spaces: bool = False
    accents: bool = False

    @property
    def changes_values(self) -> bool:
        """Whether values have a canonical form other than what is written."""
        return self.case is not None or self.trailing_spaces

    @property
    def words(self) -> str:
        """What is not told apart, for people."""
        told = [("case", self.case), ("trailing spaces", self.trailing_spaces), ("accents", self.accents)]
        return " and ".join(word for word, is_so in told if is_so)

    def canonical(self, values: pa.Array) -> pa.Array:
        """Values in lower case and without trailing spaces, as far as the source takes them for the same."""
        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
            return values
        try:
            return self._canonical(values)
        except pa.ArrowInvalid:
            # Some are not UTF-8: they stay as they are, to be rejected alone.
            return pa.concat_arrays([self._one(values.slice(row, 1)) for row in range(len(values))])

    def _one(self, value: pa.Array) -> pa.Array:
        try:
            return self._canonical(value)
        except pa.ArrowInvalid:
            return value

    def _canonical(self, values: pa.Array) -> pa.Array:
        if self.case:
            values = pc.ascii_lower(values) if self.case == "ascii" else pc.utf8_lower(values)
        return pc.ascii_rtrim(values, " ") if self.trailing_spaces else values


FAITHFUL = Folding()


def as_written(values: pa.Array, canonical: pa.Array) -> pa.Array:
    """What was written, where it is not the canonical form; else null."""
    if values.type != canonical.type or not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return pa.nulls(len(values), pa.string())
    return pc.if_else(pc.equal(values.cast(pa.binary()), canonical.cast(pa.binary())), None, values)
