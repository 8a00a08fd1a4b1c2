"""The comparison of keys: what was missed is fetched, what is gone from the source is deleted.

Belongs here: what a comparison leads to, and what forbids deletes. Not here: an engine's statements (warehouses/).
"""

from dataclasses import dataclass

from ingestion.loading.batch import Batch
from ingestion.loading.rejections import Rejections
from ingestion.loading.rows import TableRows, pulled
from ingestion.loading.subject import SourceRun, Subject
from ingestion.rows.conformance import key_json
from ingestion.sources.base import EVERYTHING
from ingestion.warehouses.base import KeyDifference

MISSING_KEYS_LIMIT = 5_000
"""So many missing rows are fetched by key; where more are missing, the whole table is read."""

SMALL_DELETE = 100
"""So many deletes pass whatever share of the table they are."""

REFUSED = "deletes were refused"
"""What an error says that kept nothing but deletes back."""


@dataclass(frozen=True, slots=True)
class KeyComparison:
    """A comparison of the source's keys with the log's.

    Attributes:
        run: what the source's tables share.
        subject: the table.
        batch: where fetched rows and deletes go.
        rows: where fetched rows come from.
        rejections: what was kept out; its keys are missing for a reason.
    """

    run: SourceRun
    subject: Subject
    batch: Batch
    rows: TableRows
    rejections: Rejections

    def reconcile(self, *, is_full: bool) -> str | None:
        """Fetch what was missed, delete what is gone; returns why deletes were refused, if they were.

        After a read of everything only rejected rows are missing, and there is nothing to fetch.
        """
        difference = self._difference(is_full)
        if not is_full:
            self._fetch(difference.missing)
        if not difference.deleted:
            return None
        if refusal := self._refusal(difference):
            return refusal
        self.batch.append_deletes()
        return None

    def _difference(self, is_full: bool) -> KeyDifference:
        limit = 0 if is_full else MISSING_KEYS_LIMIT
        if is_full and not self.rejections.keys:
            # What a full read staged are the source's keys, unless it left rows out.
            return self.batch.load.compare_keys(None, limit)
        with pulled(self.rows.keys()) as keys:
            return self.batch.load.compare_keys(keys, limit)

    def _fetch(self, missing: list[tuple[object, ...]]) -> None:
        rejected = self.rejections.keys
        wanted = [key for key in missing if key_json(self.subject.table, key) not in rejected]
        if wanted:
            few = len(missing) <= MISSING_KEYS_LIMIT
            self.batch.append(self.rows.with_keys(wanted) if few else self.rows.of(EVERYTHING))

    def _refusal(self, difference: KeyDifference) -> str | None:
        """Why what is gone must not be deleted."""
        table, most = self.subject.table, self.subject.entry.max_delete_share
        if self.rejections.unparsed and not self.run.allow_deletes:
            return (
                f"{difference.deleted:,} of {difference.live:,} rows are gone from the source, but "
                f"{self.rejections.unparsed:,} of its rows can't be parsed and may be they: nothing was deleted. "
                f"What they are is in {table.schema}._rejected. If the others are gone indeed: "
                f"python -m ingestion reconcile --source {table.source} --table {table.name} --allow-deletes"
            )
        is_large = difference.deleted > SMALL_DELETE or difference.deleted == difference.live
        if not is_large or difference.deleted / difference.live <= most or self.run.allow_deletes:
            return None
        # A key that is gone since it is written in its canonical form now was appended in that one.
        if self.subject.may_renew_ids and self.batch.appended >= difference.deleted:
            return None
        return (
            f"{difference.deleted:,} of {difference.live:,} rows are gone from the source; {REFUSED} "
            f"(max_delete_share is {most:.0%}). If they are right: python -m ingestion "
            f"reconcile --source {table.source} --table {table.name} --allow-deletes"
        )
