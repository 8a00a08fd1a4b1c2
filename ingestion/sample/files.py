"""The sample on disk: one SQLite file per source, created whole and moved on a day at a time.

Belongs here: files, transactions, what a killed run leaves. Not here: what happens in a source on a day.

The last day lived through is each file's `user_version`, so it commits together with the day's rows. Seed, scale,
first day and the end that incidents are dated from are in sample.json beside the files: the files hold the sources'
own tables and no others.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ingestion.sample import consulting, erp, restaurant, shop, whatsapp
from ingestion.sample.source import Counts, Source, apply, live_through
from ingestion.sample.today import Today

_SOURCES = {module.SOURCE.name: module.SOURCE for module in (consulting, whatsapp, restaurant, shop, erp)}
SOURCES: tuple[str, ...] = tuple(_SOURCES)

ONE_DAY = timedelta(days=1)
LENGTH = 184 * ONE_DAY
"""Half a year: a quarter to look at and one before it."""

Progress = Callable[[str, int, int], None]
"""Called with source, days done, days in all."""


@dataclass(frozen=True)
class Settings:
    """What a sample was created with."""

    seed: int
    scale: float
    first_day: date
    end: date

    @classmethod
    def read(cls, directory: Path) -> "Settings":
        """Read sample.json."""
        values = json.loads(_settings_path(directory).read_text(encoding="utf-8"))
        first_day = date.fromisoformat(values["first_day"])
        # A sample made before its end was noted was half a year long, unless a test wanted it otherwise.
        end = date.fromisoformat(values["end"]) if "end" in values else first_day + LENGTH - ONE_DAY
        return cls(int(values["seed"]), float(values["scale"]), first_day, end)

    def write(self, directory: Path) -> None:
        """Write sample.json."""
        path = _settings_path(directory)
        text = json.dumps(asdict(self), default=str, indent=2)
        aside = path.with_suffix(".json.new")
        aside.write_text(text + "\n", encoding="utf-8")
        aside.replace(path)

    def day(self, source: str, day: date) -> Today:
        """The given day in a source."""
        return Today.of(source, seed=self.seed, scale=self.scale, first_day=self.first_day, end=self.end, day=day)


def exists(directory: Path) -> bool:
    """Whether a whole sample is there."""
    paths = [_settings_path(directory), *(source_path(directory, name) for name in SOURCES)]
    return all(path.is_file() for path in paths)


def source_path(directory: Path, source: str) -> Path:
    """Where a source's file is."""
    return directory / f"{source}.sqlite"


def create(
    directory: Path,
    *,
    scale: float = 1.0,
    seed: int = 7,
    first_day: date | None = None,
    last_day: date | None = None,
    end: date | None = None,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Make the five files, replacing those of an earlier sample.

    The same days, scale and seed make the same rows. Files are written aside and put in place at the end.

    Args:
        directory: Where to; made if missing.
        scale: Size; 1 is about 100,000 rows, and rows grow with it.
        seed: Another seed makes another sample.
        first_day: First day lived through; half a year before the last if None.
        last_day: Last day lived through, not before the first; yesterday in UTC if None.
        end: The day from which incidents (incidents.py) are counted back; the last one if None.
        progress: Told after every day of every source.

    Returns:
        Rows by "source.table".

    Raises:
        ValueError: The scale is not positive, or the days are in the wrong order.
    """
    last_day = last_day or datetime.now(UTC).date() - ONE_DAY
    first_day = first_day or last_day + ONE_DAY - LENGTH
    if scale <= 0:
        raise ValueError(f"Sample scale is {scale}, expected more than 0.")
    if last_day < first_day:
        raise ValueError(f"Sample's last day {last_day} is before its first day {first_day}.")
    directory.mkdir(parents=True, exist_ok=True)
    settings = Settings(seed, scale, first_day, end or last_day)
    rows: dict[str, int] = {}
    for source in _SOURCES.values():
        aside = _aside_path(directory, source.name)
        _remove(aside)
        rows |= _write(aside, source, settings, last_day, progress)
    # From here to the end the directory holds no sample: a kill in between is seen by `exists`.
    _settings_path(directory).unlink(missing_ok=True)
    for name in SOURCES:
        path = source_path(directory, name)
        # A journal left by a killed advance would be rolled back into the new file.
        _remove(path)
        _aside_path(directory, name).replace(path)
    settings.write(directory)
    return rows


def advance(directory: Path) -> dict[str, dict[str, int]]:
    """Move the five files one day on, each in one transaction.

    After a kill, another call takes the files left behind to the day that the others have reached.

    Returns:
        Rows by "source.table" and kind: inserted, late (inserted with a timestamp of an earlier day), updated,
        deleted. Tables that nothing happened to are left out.

    Raises:
        FileNotFoundError: There is no whole sample in the directory.
    """
    if not exists(directory):
        raise FileNotFoundError(f"There is no sample in {directory}. Make one: python -m ingestion.sample create.")
    settings = Settings.read(directory)
    days = {name: _last_day(source_path(directory, name)) for name in SOURCES}
    target = max(days.values())
    if len(set(days.values())) == 1:
        target += ONE_DAY
    result: dict[str, dict[str, int]] = {}
    for source in _SOURCES.values():
        counts = _catch_up(source_path(directory, source.name), source, settings, target)
        for (table, kind), number in counts.items():
            if number:
                result.setdefault(f"{source.name}.{table}", {})[kind] = number
    return result


def last_day(directory: Path) -> date:
    """The last day that all files have lived through."""
    return min(_last_day(source_path(directory, name)) for name in SOURCES)


def _write(path: Path, source: Source, settings: Settings, last_day: date, progress: Progress | None) -> dict[str, int]:
    """Make a source's file; its rows by "source.table"."""
    total = (last_day - settings.first_day).days + 1
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        # Nobody reads the file before it is whole, so nothing in it needs to survive a crash.
        db.execute("pragma journal_mode = off")
        db.execute("pragma synchronous = off")
        db.execute("pragma cache_size = -65536")
        db.execute("begin")
        for name, table in source.tables.items():
            for statement in table.statements(name):
                db.execute(statement)
        apply(db, source, source.found(settings.day(source.name, settings.first_day - ONE_DAY)))
        for done in range(total):
            day = settings.first_day + done * ONE_DAY
            live_through(db, source, settings.day(source.name, day))
            if progress is not None:
                progress(source.name, done + 1, total)
        _note_day(db, last_day)
        db.execute("commit")
        return {
            f"{source.name}.{name}": db.execute(f'select count(*) from "{name}"').fetchone()[0]
            for name in source.tables
        }


def _catch_up(path: Path, source: Source, settings: Settings, target: date) -> Counts:
    """Live through the days up to `target` that a file has not lived through yet."""
    counts: Counts = Counter()
    with _transaction(path) as db:
        # Asked inside the transaction: another process may have just done it.
        day = _noted_day(db)
        while day < target:
            day += ONE_DAY
            counts += live_through(db, source, settings.day(source.name, day))
        _note_day(db, day)
    return counts


@contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as db:
        db.execute("begin immediate")
        try:
            yield db
        except BaseException:
            db.execute("rollback")
            raise
        db.execute("commit")


def _last_day(path: Path) -> date:
    with closing(sqlite3.connect(path)) as db:
        return _noted_day(db)


def _noted_day(db: sqlite3.Connection) -> date:
    return date.fromordinal(db.execute("pragma user_version").fetchone()[0])


def _note_day(db: sqlite3.Connection, day: date) -> None:
    db.execute(f"pragma user_version = {day.toordinal()}")


def _settings_path(directory: Path) -> Path:
    return directory / "sample.json"


def _aside_path(directory: Path, source: str) -> Path:
    return directory / f".{source}.sqlite.new"


def _remove(path: Path) -> None:
    for suffix in ("-journal", "-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
