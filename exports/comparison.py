"""What is done with a file: the one that should be there beside the one that was published.

Belongs here: what is unchanged, new or restated, and what a restatement tells. Not here: reading and writing
(folders.py).
"""

import hashlib
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Literal

from exports import restatements
from exports.catalogue import Export
from exports.files import File, Maker, Rendered
from exports.formats import FORMATS
from exports.manifest import PublishedFile
from exports.rows import PeriodRows

Verdict = Literal["unchanged", "published", "restated"]


def verdict(export: Export, maker: Maker, file: File, old: PublishedFile | None, is_same: bool) -> Verdict:
    """What a file is to one that was published under its name.

    A whole history that only grew by later periods, a last period after another, and a table as it stands are news.

    Args:
        export: the catalogue's entry.
        maker: what made the file.
        file: as it should be.
        old: what was published; None where nothing was.
        is_same: whether it has the same rows.
    """
    if old is None:
        return "published"
    if is_same:
        return "unchanged"
    if export.cadence is None or (export.files == "latest" and old.period_start_date != file.start):
        return "published"
    before = _published_before(file, old) if export.files == "history" else None
    return "published" if before is not None and maker.digest(before) == old.rows_sha256 else "restated"


def news(file: File, old: PublishedFile | None) -> list[PeriodRows]:
    """The periods of a file that was not there, or has grown: those that were not published."""
    before = set(_published_before(file, old) or ()) if old else set()
    return [period for period in file.periods if period not in before]


def restatement(
    export: Export,
    maker: Maker,
    old: PublishedFile,
    content: bytes,
    new: tuple[File, Rendered],
    stamp: str,
    header: tuple[Sequence[str], Collection[str]],
) -> restatements.Record | None:
    """The record of a file that is restated; None where its bytes are there already, and their record in the log.

    Args:
        export: the catalogue's entry.
        maker: what made the new file.
        old: what was published.
        content: what lies there now.
        new: the file, and its bytes.
        stamp: now.
        header: the columns that tell a row from the others, and those whose changes are not told.
    """
    file, rendered = new
    if hashlib.sha256(content).hexdigest() == rendered.sha256:
        return None
    before = (_published_before(file, old) if export.files == "history" else None) or file.periods
    former = _as_csv(file.format_name, content)
    changed = None if former is None else restatements.changes(former, maker.as_csv(before), *header)
    return restatements.record(file.name, stamp, (old.as_of, old.sha256), rendered.sha256, changed)


def withdrawal(
    export: Export, name: str, old: PublishedFile, content: bytes, stamp: str, dimensions: Sequence[str]
) -> restatements.Record | None:
    """The record of a file that is withdrawn; None where it is gone already.

    Of a table as it stands no row is told: of somebody who is gone nothing is to stay.
    """
    if not content:
        return None
    former = _as_csv(name.rpartition(".")[2], content) if export.cadence else None
    changed = None if former is None else restatements.changes(former, b"", dimensions)
    return restatements.record(name, stamp, (old.as_of, old.sha256), None, changed)


def _published_before(file: File, old: PublishedFile) -> list[PeriodRows] | None:
    """The periods that the published file can have had; None where the last one of a tenant is gone, or not known."""
    if old.through is None:
        return None
    found: list[PeriodRows] = []
    tenants = set()
    for tenant, group in groupby(file.periods, lambda period: period.tenant_key or ""):
        periods = list(group)
        last = [number for number, period in enumerate(periods) if period.start == old.through.get(tenant)]
        if tenant in old.through:
            if not last:
                return None
            found += periods[: last[-1] + 1]
            tenants.add(tenant)
    return found if tenants == old.through.keys() else None


def _as_csv(format_name: str, content: bytes) -> bytes | None:
    """A published file as a CSV file; None where its format does not tell."""
    as_csv = FORMATS[format_name].as_csv
    if as_csv is None:
        return None
    try:
        return as_csv(content)
    # Somebody may have made anything of it.
    except Exception:
        return b""
