"""The SQL that this project shares between engines, in BigQuery's words.

Belongs here: quoting, literals, names of datasets, and what has to be other text. Not here: a load's statements
(bigquery_load.py).

Every engine is sent the same text where it can be: identifiers in double quotes, literals in single ones, relations as
schema.name. BigQuery quotes with backticks, escapes with backslashes, and has datasets of a whole project instead of
schemas of one database, so ours go by a prefix.
"""

import re
from dataclasses import astuple

from ingestion.log.state import STATE_COLUMNS, TableState
from ingestion.rows.names import NameRules
from ingestion.warehouses import sql

SCHEMA = r"raw_\w+|staging|intermediate|core|marts|reporting"

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


def replace_state(schema: str, state: TableState) -> str:
    """Put one entry into a schema's `_state`; its batch number never goes back."""
    names = [c.name for c in STATE_COLUMNS]
    values = [sql.literal(value) for value in astuple(state)]
    told = dict(zip(names, values, strict=True))
    kept = f"greatest(known.batch_seq, {told['batch_seq']})"
    replaced = ", ".join(f"{name} = {kept if name == 'batch_seq' else told[name]}" for name in names[1:])
    return f"""
        merge into {sql.relation(schema, "_state")} as known
        using (select {told["table_name"]} as table_name) as told on known.table_name = told.table_name
        when matched then update set {replaced}
        when not matched then insert ({", ".join(names)}) values ({", ".join(values)})
    """
