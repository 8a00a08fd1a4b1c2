"""An export's files as they should be.

Belongs here: which files rows make, their digests and bytes. Not here: rows (rows.py), a format's bytes (formats), what
is done with a file (comparison.py).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from tempfile import SpooledTemporaryFile

from exports import places
from exports.catalogue import Export
from exports.formats import FORMATS
from exports.formats.delimited import Files, csv_files
from exports.formats.spool import IN_MEMORY_BYTES, parts_of
from exports.manifest import PublishedFile
from exports.rows import PeriodRows, Rows


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file's bytes on their way."""

    file: SpooledTemporaryFile[bytes]
    sha256: str
    size: int

    def parts(self) -> Iterator[bytes]:
        """The bytes."""
        return parts_of(self.file)


@dataclass(frozen=True, slots=True)
class File:
    """A file that an export should have.

    Attributes:
        name: in the recipient's folder of the export.
        format_name: its ending.
        periods: whose rows it holds; they stand together.
        start: first day of its first period, ISO; None where there are no periods.
        rows_sha256: of what makes it another file, whatever the format.
    """

    name: str
    format_name: str
    periods: Sequence[PeriodRows]
    start: str | None
    rows_sha256: str

    def entry(self, rendered: Rendered, stamp: str, is_history: bool) -> PublishedFile:
        """What the manifest says of it when these bytes are published."""
        through = {period.tenant_key or "": period.start for period in self.periods if period.start}
        return PublishedFile(
            rows=self.periods[-1].end - self.periods[0].first,
            sha256=rendered.sha256,
            period_start_date=self.start,
            period_end_date=max((p.last for p in self.periods if p.last), key=_day, default=None),
            as_of=stamp,
            size=rendered.size,
            rows_sha256=self.rows_sha256,
            through=through if is_history else None,
        )


class Maker:
    """Makes an export's files from its rows."""

    def __init__(self, export: Export, rows: Rows) -> None:
        self._export = export
        self._rows = rows
        # What is the same is put into words once.
        self._told = csv_files(rows.published)
        self._compared = self._told if rows.compared is rows.published else csv_files(rows.compared)
        self._made = {
            str(name): self._told if name == "csv" else FORMATS[name].files(rows.published) for name in export.formats
        }

    def files(self, periods: Sequence[PeriodRows]) -> Iterator[File]:
        """The files, one per format, that hold some periods."""
        start = min((period.start for period in periods if period.start), key=_day, default=None)
        digest = self.digest(periods)
        for format_name in self._made:
            of_period = start if self._export.files == "period" else None
            name = places.name(self._export.name, of_period, format_name)
            yield File(name, format_name, periods, start, digest)

    def render(self, file: File, open_files: ExitStack) -> Rendered:
        """Make a file's bytes.

        Raises:
            ExportError: its format can't hold its rows.
        """
        spool = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - the caller closes it
        open_files.callback(spool.close)
        sha256 = hashlib.sha256()
        for part in self._made[file.format_name](file.periods[0].first, file.periods[-1].end):
            spool.write(part)
            sha256.update(part)
        return Rendered(spool, sha256.hexdigest(), spool.tell())

    def digest(self, periods: Sequence[PeriodRows]) -> str:
        """The sha256 of what makes a file with some periods another one."""
        sha256 = hashlib.sha256()
        for part in _parts(self._compared, periods):
            sha256.update(part)
        return sha256.hexdigest()

    def as_csv(self, periods: Sequence[PeriodRows]) -> bytes:
        """Some periods as a CSV file has them."""
        return b"".join(_parts(self._told, periods))


def _parts(files: Files, periods: Sequence[PeriodRows]) -> Iterable[bytes]:
    """A file's bytes, of periods that need not stand together: one header, then their lines."""
    if not periods:
        return files(0, 0)
    spans: list[tuple[int, int]] = []
    for period in periods:
        if spans and spans[-1][1] == period.first:
            spans[-1] = (spans[-1][0], period.end)
        else:
            spans.append((period.first, period.end))
    first, *others = spans
    return chain(files(*first), *(islice(files(*span), 1, None) for span in others))


def _day(text: str) -> tuple[int, str]:
    """What orders ISO dates, years of more than four digits and before year 0 among them."""
    year = text[: -len("-01-01")]
    return int(year), text[len(year) :]
