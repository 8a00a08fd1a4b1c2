"""The SQL that this project shares between engines, in BigQuery's words.

Belongs here: quoting, literals, names of datasets, and what has to be other text. Not here: a load's statements
(bigquery_load.py).

Every engine is sent the same text where it can be: identifiers in double quotes, literals in single ones, relations as
schema.name. BigQuery quotes with backticks, escapes with backslashes, and has datasets of a whole project instead of
schemas of one database, so ours go by a prefix.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from ingestion.log.state import TableState
from ingestion.rows.names import NameRules
from ingestion.warehouses import sql

SCHEMA = r"raw_\w+|staging|intermediate|core|marts|operations|reporting"

_TOKENS = re.compile(
    rf"""
    (?P<instant>timestamp\ with\ time\ zone\ (?='))
    | '(?P<text>(?:[^']|'')*)'
    | "(?P<quoted>(?:[^"]|"")*)"
    | (?<![\w.`])(?P<schema>{SCHEMA})(?=\.)
    """,
    re.VERBOSE,
)
NAME_RULES = NameRules(
    most_columns=10_000,
    most_characters=300,
    characters=r"[\w &%=+:'<>#|-]+",
    table_characters=r"[\w -]+",
    reserved_beginnings=(
        "_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier", "_change_",
    ),
)  # fmt: skip
"""What it takes as flexible column names, and as names of tables."""


def translated(statement: str, prefix: str) -> str:
    """A statement of ours as BigQuery takes it.

    Args:
        statement: in double and single quotes; a relation is `schema.name` or `"schema"."name"`.
        prefix: of the datasets.
    """

    def word(found: re.Match[str]) -> str:
        if found["instant"]:
            return "timestamp "
        if found["text"] is not None:
            return literal(found["text"].replace("''", "'"))
        if found["schema"]:
            return f"`{prefix}_{found['schema']}`"
        name = found["quoted"].replace('""', '"')
        before, after = statement[: found.start()], statement[found.end() :]
        is_schema = after.startswith(".") and not before.endswith(".") and re.fullmatch(SCHEMA, name)
        return quoted(f"{prefix}_{name}" if is_schema else name)

    return _TOKENS.sub(word, statement)


def literal(text: str) -> str:
    """Text as a literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def quoted(name: str) -> str:
    """An identifier; no name that BigQuery takes holds a backtick."""
    return f"`{name}`"


def put_row(schema: str, table: str, row: Mapping[str, str | int | datetime | None], rising: str | None = None) -> str:
    """Put a row in the place of the one that has its key, which is the first column; a rising one never goes back."""
    told = {name: sql.literal(value) for name, value in row.items()}
    key, *others = told
    replaced = ", ".join(
        f"{name} = " + (f"greatest(known.{name}, {told[name]})" if name == rising else told[name]) for name in others
    )
    return f"""
        merge into {sql.relation(schema, table)} as known
        using (select {told[key]} as {key}) as told on known.{key} = told.{key}
        when matched then update set {replaced}
        when not matched then insert ({", ".join(told)}) values ({", ".join(told.values())})
    """


def replace_state(schema: str, state: TableState) -> str:
    """Put one entry into a schema's `_state`; its batch number never goes back."""
    return put_row(schema, "_state", asdict(state), rising="batch_seq")
