"""The page for analysts: its queries, and the results that it shows beneath them."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise, takewhile

import pyarrow as pa

from ingestion.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "analysts.md"
AS_OF = "2026-11-01T12:00:00Z"
"""The instant that the page speaks for."""


@dataclass(frozen=True, slots=True)
class Example:
    """One query of the page, the heading that it answers and the Markdown table beneath it."""

    question: str
    sql: str
    result: str


def examples() -> list[Example]:
    found, question = [], ""
    blocks = re.split(r"^```sql\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for before, block in pairwise(blocks):
        question = ["", question, *re.findall(r"^#{2,} (.*)$", before, flags=re.MULTILINE)][-1]
        sql, rest = block.split("```\n", maxsplit=1)
        found.append(Example(question, sql, _first_table(rest)))
    return found


def shown(table: pa.Table) -> str:
    """A result as the page shows it."""
    rows = [table.column_names, ["---"] * table.num_columns]
    rows += [[_cell(row[name]) for name in table.column_names] for row in table.to_pylist()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(value: object) -> str:
    if isinstance(value, Decimal):
        # No exponent, and no zeros that only the column's type brings.
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _first_table(text: str) -> str:
    return "".join(takewhile(lambda line: line.startswith("|"), text.lstrip("\n").splitlines(keepends=True)))
