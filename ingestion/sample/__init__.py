"""Make five small source systems as SQLite files, and move them on day by day.

Belongs here: invented businesses that behave like real ones (seasons, late rows, deletes, dirty values, incidents), for
the first run, tests and benchmarks. Not here: reading sources (ingestion/sources), expectations about marts.
"""

from ingestion.sample.files import SOURCES, advance, create, exists

__all__ = ["SOURCES", "advance", "create", "exists"]
