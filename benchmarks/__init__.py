"""Side-by-side measurements against peers and against what the machine can do at best.

Nothing in the project imports this package, nor do its tests; it has an environment of its own.
"""

TABLE = "messages"
"""The table that is moved."""
