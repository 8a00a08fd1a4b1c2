"""Words of SQL that no column may be called.

Belongs here: those that one of the engines takes for itself where a column is named without quotes. Not here: names
that marts have of their own (declaration.py).
"""

_RESERVED = """
all analyse analyze and anti any array as asc asof assert_rows_modified asymmetric at authorization between
binary both by case cast check collate collation column columns concurrently constraint contains create cross
cube current current_catalog current_date current_role current_schema current_time current_timestamp default
deferrable define desc describe distinct do else end enum escape except exclude exists false fetch following
for foreign freeze from full generated glob grant group grouping groups hash having if ignore ilike in include
initially inner intersect interval into is isnull join lambda lateral leading like limit localtime
localtimestamp lookup map merge natural new no not notnull null nulls of offset on only or order outer over
overlaps partition pivot pivot_longer pivot_wider placing positional preceding primary proto qualify range
recursive references respect returning right rollup rows select semi session_user set show similar some struct
summarize symmetric table tablesample then to trailing treat true try_cast tuple unbounded union unique unnest
unpack unpivot user using variadic verbose when where window with within
"""

WORDS = frozenset(_RESERVED.split())
"""Reserved words of DuckDB, PostgreSQL and BigQuery; but for `left`, which is quoted where it is a column."""
