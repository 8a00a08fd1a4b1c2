"""`python -m marts write`: the dbt models and YAML of every declared mart; `check` says what is not up to date."""

import argparse
import sys
from collections.abc import Sequence

from ingestion.errors import ConfigurationError
from ingestion.output.terminal import say_error
from ingestion.settings import PROJECT_ROOT
from marts.written import stale_files

MODELS = PROJECT_ROOT / "dbt_project" / "models"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when a declaration is wrong or a file is not what it says."""
    parser = argparse.ArgumentParser(prog="python -m marts", description="The dbt models of the declared marts.")
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")
    commands.add_parser("write", help="write what dbt needs of every *.mart.yml, remove what it needs no longer")
    commands.add_parser("check", help="say which files are not what the declarations give")
    options = parser.parse_args(arguments)
    try:
        stale = stale_files(MODELS)
    except ConfigurationError as error:
        say_error(error)
        return 1
    for path, text in stale.items():
        print(path.relative_to(MODELS))
        if options.command == "write":
            path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    if stale and options.command == "check":
        print("These are not what the declarations give: python -m marts write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
