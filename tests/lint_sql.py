"""sqlfluff, which looks for garbage seldom: what it holds of a file stays until the file is judged.

`python tests/lint_sql.py lint FILE...`, as sqlfluff itself is called; its processes begin by reading this file too.
"""

import gc

from sqlfluff.cli.commands import cli

gc.set_threshold(100_000, 10, 100)

if __name__ == "__main__":
    cli()
