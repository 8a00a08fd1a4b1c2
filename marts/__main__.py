"""`python -m marts write`: dbt's models and YAML of every declared mart, and Superset's dashboard over them.

`check` says what is not up to date, `superset` packs the dashboard.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL, make_url

from ingestion.errors import ConfigurationError
from ingestion.output.terminal import say_error
from ingestion.settings import PROJECT_ROOT, Settings
from marts.bundle import stale_dashboard, write_archive
from marts.files import read_marts
from marts.written import stale_files

MODELS = PROJECT_ROOT / "dbt_project" / "models"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when a declaration is wrong or a file is not what it says."""
    parser = argparse.ArgumentParser(prog="python -m marts", description="The dbt models of the declared marts.")
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")
    commands.add_parser("write", help="write what dbt needs of every *.mart.yml, remove what it needs no longer")
    commands.add_parser("check", help="say which files are not what the declarations give")
    packed = commands.add_parser("superset", help="pack the dashboard for Apache Superset, to be imported there")
    packed.add_argument("url", nargs="?", type=make_url, help="the warehouse, as WAREHOUSE_URL; default: the BI copy")
    packed.add_argument("--to", type=Path, default=PROJECT_ROOT / "data" / "superset.zip", help="data/superset.zip")
    options = parser.parse_args(arguments)
    try:
        if options.command == "superset":
            copy = URL.create("duckdb", database=str(Settings.read().bi_snapshot.absolute()))
            write_archive(options.url or copy, options.to)
            print(f"Import it in Superset, under Dashboards: {options.to}")
            return 0
        stale = stale_files(MODELS) | stale_dashboard(read_marts(MODELS))
    except ConfigurationError as error:
        say_error(error)
        return 1
    for path, text in stale.items():
        print(path.relative_to(PROJECT_ROOT))
        if options.command == "write" and text is None:
            path.unlink()
        elif options.command == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text or "", encoding="utf-8")
    if stale and options.command == "check":
        print("These are not what the declarations give: python -m marts write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
