"""Less history: versions of rows that later ones superseded long ago leave raw. The archive keeps all.

Belongs here: what may go. Not here: the statement (warehouses/).

Models are built from raw, so that nothing may go which they have not seen superseded. They note in `_state` what their
last good build saw; models that were built of several systems read those systems' models, not raw.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ingestion.catalogue.catalogue_file import Catalogue
from ingestion.log.state import MODELS
from ingestion.warehouses.base import Warehouse


@dataclass(frozen=True, slots=True)
class Compaction:
    """What was done with a source.

    Attributes:
        source: its name.
        removed: versions removed by table; tables whose key the catalogue does not tell are left alone.
        obstacle: why nothing was removed, where something stands against it.
    """

    source: str
    removed: dict[str, int]
    obstacle: str | None = None


def compact(
    catalogue: Catalogue, warehouse: Warehouse, tables: Mapping[str, list[str]], before: datetime
) -> list[Compaction]:
    """Remove versions that were superseded before an instant, each table in a transaction of its own.

    Args:
        catalogue: the declared tables.
        warehouse: where raw is.
        tables: source → tables to compact.
        before: the instant.

    Returns:
        One result per source that was ever loaded.

    Raises:
        WarehouseError: the warehouse can't be opened or written; tables before the failing one are compacted.
    """
    results = []
    with warehouse.session() as session:
        for source, names in tables.items():
            states = session.states(source)
            loaded = [name for name in names if name in states]
            models = states.get(MODELS)
            if not loaded:
                continue
            if models is None or models.watermark is None or not models.batch_seq:
                obstacle = "its models have never been built, or their last build failed. Build them: make run"
                results.append(Compaction(source, {}, obstacle))
                continue
            removed = {
                name: session.compact(catalogue[source][name].raw_table(source, name), models.batch_seq, before)
                for name in loaded
                if catalogue[source][name].tells_key and not catalogue[source][name].keep_versions
            }
            results.append(Compaction(source, removed))
    return results
