"""Why a report shows another figure than it did, as far as the warehouse knows.

Belongs here: what is known of the cause, in words. Not here: which figures are others (record.py).

Nothing is guessed: which row changed which figure is not known, only where rows came from since somebody last looked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from exports.catalogue import ALL_SOURCES
from exports.reports.declaration import Declaration
from exports.reports.measures import rows_of
from exports.reports.sections.queried import of_kind
from ingestion.warehouses import Query

_MOST_TABLES = 5


@dataclass(frozen=True)
class Arrivals:
    """When rows last arrived in the source tables of a report: `<source>.<table>` → UTC."""

    of_tables: Mapping[str, datetime]

    @classmethod
    def of(cls, query: Query, declaration: Declaration) -> "Arrivals":
        """Those of the system that feeds a report, or of all."""
        only = "" if declaration.source == ALL_SOURCES else f" and {of_kind(declaration.source)}"
        rows = rows_of(
            query,
            "select source_system, relation_name, newest_row_at from marts.freshness"
            f" where kind = 'source_table' and newest_row_at is not null{only} order by 1, 2",
        )
        return cls({f"{row['source_system']}.{row['relation_name']}": _utc(row["newest_row_at"]) for row in rows})

    @property
    def newest(self) -> str | None:
        """When the newest row arrived, ISO, UTC; None where there is none."""
        return max(self.of_tables.values()).isoformat() if self.of_tables else None

    def since(self, instant: datetime) -> list[str]:
        """The tables in which rows arrived after an instant."""
        return [table for table, at in self.of_tables.items() if at > instant]


def reason(arrivals: Arrivals, since: str, *, is_declared_otherwise: bool, was_place: str | None) -> str:
    """Why a figure is another one, in sentences.

    Args:
        arrivals: of the report.
        since: when the newest row had arrived when it was last looked at, ISO, UTC.
        is_declared_otherwise: whether the report's declaration or look has changed since.
        was_place: where the figure stood, under a name that is another now.
    """
    instant = datetime.fromisoformat(since)
    told = f"{instant:%Y-%m-%d %H:%M} UTC"
    if tables := arrivals.since(instant):
        more = f" and {len(tables) - _MOST_TABLES} more" if len(tables) > _MOST_TABLES else ""
        sentences = [f"Rows arrived or changed after {told} in {', '.join(tables[:_MOST_TABLES])}{more}."]
    else:
        sentences = [f"No row arrived after {told}: what there was is counted anew."]
    if is_declared_otherwise:
        sentences.append("The report is declared or laid out otherwise than before.")
    if was_place:
        sentences.append(f'It stood as "{was_place}" before.')
    return " ".join(sentences)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
