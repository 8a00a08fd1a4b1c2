"""What docs/recipes says of a system, on tables as that system has them.

Belongs here: what a recipe's test is made of, and its page. Not here: a certain system's tables and rows (a
module each).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from ingestion.settings import PROJECT_ROOT

HIDDEN = "hush"
"""What stands in every column that an entry excludes, and in further ones that no view gives."""


@dataclass(frozen=True)
class Compared:
    """What is to be the same: of our tables, and of the system's by SQL that knows nothing of ours.

    Attributes:
        ours: a query on the warehouse, or the columns of a raw table.
        theirs: a query on the system.
    """

    ours: str
    theirs: str


@dataclass(frozen=True)
class Variant:
    """What the page proposes beside its entry.

    Attributes:
        table: our table of the entry.
        told: what the page says of it, each in backticks.
        columns: what it says of its columns.
        changes: statements in the system, after which it is read again.
        raw: what the table holds then.
    """

    table: str
    told: tuple[str, ...]
    changes: tuple[str, ...]
    raw: Compared
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """A system that has a page, by the name of its source.

    Attributes:
        name: of the page, and of the source in its entry.
        database: the kind of server that it is made on.
        tables: the system's, as far as they are read.
        rows: statements that fill them.
        changes: statements with which later days insert, edit and delete.
        raw: our table → what of it is compared.
        marts: what marts are compared by.
        unknown: our column → how many values the entry's list lacks of it, by SQL on the system.
        variant: what the page proposes beside its entry.
    """

    name: str
    database: str
    tables: tuple[str, ...]
    rows: tuple[str, ...]
    changes: tuple[str, ...]
    raw: Mapping[str, Compared]
    marts: tuple[Compared, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)
    variant: Variant | None = None

    @property
    def variable(self) -> str:
        """Where the entry has its URL from."""
        return f"{self.name.upper()}_URL"

    @cached_property
    def page(self) -> str:
        """The text of docs/recipes."""
        return (PROJECT_ROOT / "docs" / "recipes" / f"{self.name}.md").read_text(encoding="utf-8")

    @property
    def entry(self) -> str:
        """The page's entry for sources.yml, word by word."""
        [entry] = _blocks(self.page, "yaml")
        return entry

    def preparation(self, entry: str) -> list[str]:
        """The page's statements for the system: views that an entry reads, those that they are made of, and rights."""
        statements = re.split(r";\n+", "\n".join(_blocks(self.page, "sql")))
        idle: list[str] = []
        read = entry
        for statement in reversed(statements):
            if view := re.match(r"create view (\w+) as\s", statement):
                if re.search(rf"\b{view[1]}\b", read):
                    read += statement
                else:
                    idle.append(view[1])
        return [s for s in statements if s and not any(re.search(rf"\b{view}\b", s) for view in idle)]


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def texts(row: tuple[object, ...]) -> tuple[str, ...]:
    """A row whose values are texts, numbers without zeros at their end: drivers have different numbers."""
    told = (format(value, "f") if isinstance(value, Decimal) else str(value) for value in row)
    return tuple(text.rstrip("0").rstrip(".") if re.fullmatch(r"-?\d+\.\d+", text) else text for text in told)
