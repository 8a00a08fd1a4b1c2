"""Names of tables and columns as raw has them.

Belongs here: which names a warehouse takes, and the name that a source's column gets where it can't have its own. Not
here: which of a source's columns are the declared ones (catalogue/matching.py), any engine's rules (warehouses/).
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ingestion.rows.columns import CONTROL_COLUMNS, RESERVED_COLUMNS

_TABLES = re.compile(r"_state|_rejected|_models.*", re.DOTALL)
"""What lies beside raw tables, and what `_state` tells of that is none."""

_LEAST_BYTES = 63
_DIGITS = 8
_HARMFUL = re.compile(r"[/\\\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class NameRules:
    """What a warehouse takes for a name, whatever stands in quotes.

    Attributes:
        most_columns: of one table; None for no limit.
        most_bytes: of a name in UTF-8; likewise.
        most_characters: of a name; likewise.
        characters: a regular expression for what a name of a column may consist of.
        table_characters: likewise for a table.
        reserved: names in lower case that columns can't have.
        reserved_beginnings: in lower case, of names that columns can't have.
    """

    most_columns: int | None = None
    most_bytes: int | None = None
    most_characters: int | None = None
    characters: str = "[^\0]+"
    table_characters: str = "[^\0]+"
    reserved: frozenset[str] = frozenset()
    reserved_beginnings: tuple[str, ...] = ()

    def fault(self, name: str) -> str | None:
        """Why a column can't be called so; None if it can."""
        folded = name.casefold()
        if folded in self.reserved or folded.startswith(self.reserved_beginnings):
            return "is the warehouse's own"
        return self._fault(name, self.characters)

    def table_fault(self, name: str) -> str | None:
        """Why a table can't be called so; None if it can."""
        return self._fault(name, self.table_characters)

    def _fault(self, name: str, characters: str) -> str | None:
        if self.most_bytes is not None and len(name.encode(errors="replace")) > self.most_bytes:
            return f"is longer than the {self.most_bytes} bytes that the warehouse takes"
        if self.most_characters is not None and len(name) > self.most_characters:
            return f"is longer than the {self.most_characters} characters that the warehouse takes"
        if not re.fullmatch(characters, name, re.DOTALL):
            return "has a character that the warehouse does not take" if name else "is empty"
        return None


ANY_NAME = NameRules()


def table_fault(name: str) -> str | None:
    """Why no raw table can be called so, in any warehouse; None if one can: it names a folder of the archive too."""
    if _TABLES.fullmatch(name.casefold()):
        return "is the raw log's own"
    if not name or name in (".", "..") or _HARMFUL.search(name) or len(name.encode(errors="replace")) > 255:
        return "can't name a folder of the archive"
    return None


def is_plain(name: str) -> bool:
    """Whether a column's name can be declared in the catalogue, whatever the warehouse."""
    return (
        bool(name)
        and not name.startswith("_")
        and len(name.encode(errors="replace")) <= _LEAST_BYTES
        and name.isprintable()
    )


def with_digest(name: str, taken: Collection[str] = ()) -> str:
    """A name that any warehouse takes and that no other column has: what is plain of it, and a digest of it.

    Args:
        name: a column of the source, exactly.
        taken: names, with case folded, that are not free.
    """
    plain = re.sub(r"\W", "_", name).lstrip("_") or "column"
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    for digits in range(_DIGITS, len(digest) + 1):
        kept = plain.encode()[: _LEAST_BYTES - digits - 1].decode(errors="ignore")
        found = f"{kept}_{digest[:digits]}"
        if found.casefold() not in taken:
            break
    return found


def raw_names(
    found: Iterable[str],
    declared: Mapping[str, str | None],
    existing: Collection[str] = (),
    rules: NameRules = ANY_NAME,
) -> dict[str, str]:
    """What each column of a source is called in raw.

    A column that a raw table has already keeps its name there, so that what came since never renames it. Of columns
    that differ in case alone, the declared one has its declared name, or else the one in lower case its own.

    Args:
        found: the source's columns.
        declared: declared columns, and which of the source's each is; None where it has no such column.
        existing: the raw table's columns, exactly as they are spelled.
        rules: the warehouse's.
    """
    names = {source: raw for raw, source in declared.items() if source is not None}
    own = {*existing} - {column.name for column in CONTROL_COLUMNS}
    spelled = {name.casefold(): name for name in sorted(own)}
    taken = {name.casefold(): name for name in (*RESERVED_COLUMNS, *declared)}

    def stays(name: str) -> bool:
        # Where a raw table has names that differ in case alone, its warehouse tells them apart.
        holder = taken.get(name.casefold())
        return name in own and (holder is None or (holder != name and holder in existing))

    further = [name for name in found if name not in names]
    for name in sorted(further, key=lambda n: (n not in own, n.casefold() != n, n)):
        folded, renamed = name.casefold(), with_digest(name)
        if stays(name):
            names[name] = name
        elif stays(renamed) or folded in taken or rules.fault(name):
            names[name] = renamed if stays(renamed) else with_digest(name, taken)
        else:
            names[name] = spelled.get(folded, name)
        taken.setdefault(names[name].casefold(), names[name])
    return names
