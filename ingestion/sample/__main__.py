"""Make sample sources, or move them on: `python -m ingestion.sample create|advance`."""

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter

from ingestion.sample import files

KINDS = ("inserted", "updated", "late", "deleted")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0, or 2 with a message on stderr."""
    parser = argparse.ArgumentParser(prog="python -m ingestion.sample", description=__doc__)
    parser.add_argument("command", choices=("create", "advance"))
    parser.add_argument("--directory", type=Path, default=Path("data/sample"))
    parser.add_argument("--scale", type=float, default=1.0, help="1 is about 100,000 rows")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--last-day",
        type=date.fromisoformat,
        metavar="DATE",
        help="create: the last of its 184 days; default: yesterday",
    )
    options = parser.parse_args(arguments)
    started = perf_counter()
    try:
        if options.command == "create":
            _create(options.directory, options.scale, options.seed, options.last_day)
        else:
            _advance(options.directory)
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    day = files.last_day(options.directory)
    print(f"{options.directory} is at {day} ({perf_counter() - started:.1f} s).")
    if day > datetime.now(UTC).date():
        print("That day has not come yet: marts count its rows from then on, or as of a day that AS_OF names.")
    return 0


def _create(directory: Path, scale: float, seed: int, last_day: date | None) -> None:
    progress = _show_progress if sys.stderr.isatty() else None
    rows = files.create(directory, scale=scale, seed=seed, last_day=last_day, progress=progress)
    print(f"{'table':<34}{'rows':>12}")
    for table, number in rows.items():
        print(f"{table:<34}{number:>12,}")
    print(f"{'in all':<34}{sum(rows.values()):>12,}")


def _advance(directory: Path) -> None:
    changes = files.advance(directory)
    print(f"{'table':<34}" + "".join(f"{kind:>10}" for kind in KINDS))
    for table, counts in changes.items():
        numbers = (counts.get(kind, 0) for kind in KINDS)
        print(f"{table:<34}" + "".join(f"{number or '-':>10}" for number in numbers))


def _show_progress(source: str, done: int, total: int) -> None:
    end = "\r" if done < total else " " * 10 + "\r"
    print(f"{source}: day {done} of {total}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
