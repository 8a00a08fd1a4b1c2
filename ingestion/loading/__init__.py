"""The way from a source's snapshot into the raw log: a run, its sources, their tables."""
