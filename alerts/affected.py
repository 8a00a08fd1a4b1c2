"""What people read that a fault concerns, by what is declared: marts, exports, reports, and the systems that go on.

Belongs here: following declarations. Not here: what is wrong (findings.py), or how it is told (message.py).
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from alerts.findings import Finding, Kind
from exports.catalogue import ALL_SOURCES, Export, load_exports
from exports.errors import ExportError
from exports.periods import CADENCES
from exports.reports.declaration import Declaration, load_reports
from exports.reports.reads import tables_of
from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.catalogue.sources_file import RAW, configured_sources
from ingestion.errors import IngestionError
from ingestion.settings import Settings

Published = TypeVar("Published", Export, Declaration)

_GRAIN = re.compile("_(daily|weekly|monthly|trailing)$")


@dataclass(frozen=True, slots=True)
class Affected:
    """What a fault concerns.

    Attributes:
        marts: those of its systems, by their names without a grain.
        shared: those over several systems, likewise.
        reports: by their titles → to how many addresses they go.
        exports: by their names → likewise.
        working: the sources that it does not concern.
    """

    marts: Sequence[str] = ()
    shared: Sequence[str] = ()
    reports: Mapping[str, int] | None = None
    exports: Mapping[str, int] | None = None
    working: Sequence[str] = ()


class Declared:
    """What is declared, read when it is asked for.

    What can't be read counts as nothing: a message goes out all the same.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def affected(self, findings: Collection[Finding]) -> Affected:
        """What findings of one kind and the same systems concern."""
        some = next(iter(findings))
        if some.kind == Kind.DELIVERY_FAILED:
            return self._of_addresses({finding.subject for finding in findings})
        systems = self._kinds(some.systems)
        tables = self._tables([finding.subject for finding in findings], some.kind, systems)
        reports = {
            report.title: len(report.deliver)
            for report in self._reports.values()
            if (report.source in systems or not systems or report.source == ALL_SOURCES)
            and (tables is None or tables & tables_of(report, CADENCES))
        }
        exports = {
            name: len(export.deliver)
            for name, export in self._exports.items()
            if (export.source in systems or not systems or export.source == ALL_SOURCES)
            and (tables is None or export.mart is None or (export.schema_, export.mart) in tables)
        }
        marts = tables if tables is not None else self._read_by(reports, exports)
        of_systems, shared = self._of_systems(marts, systems)
        return Affected(of_systems, shared, reports, exports, self._others(some.systems))

    def _of_addresses(self, names: Collection[str]) -> Affected:
        reports = {r.title: 0 for r in self._reports.values() if any(one.to in names for one in r.deliver)}
        exports = {name: 0 for name, e in self._exports.items() if any(one.to in names for one in e.deliver)}
        return Affected(reports=reports, exports=exports)

    def _kinds(self, systems: Iterable[str]) -> set[str]:
        """The systems whose models a finding's sources feed."""
        return {self._kind_of.get(name, name) for name in systems}

    def _others(self, systems: Sequence[str]) -> list[str]:
        told = {*systems}
        return [name for name, kind in self._kind_of.items() if told and not told & {name, kind}]

    def _tables(self, subjects: Collection[str], kind: Kind, systems: set[str]) -> set[tuple[str, str]] | None:
        """Schema and name of what is made of it; None where dbt's manifest can't tell."""
        nodes: Mapping[str, Any] = self._manifest.get("nodes", {})
        if not nodes:
            return None
        begin = [one for one, node in nodes.items() if node["name"] in subjects] if kind == Kind.TEST_FAILED else []
        # What a test looks at is what waits for it.
        begin += [parent for one in begin for parent in nodes[one]["depends_on"]["nodes"] if _is_test(nodes[one])]
        begin = begin or [one for one, node in nodes.items() if not systems or systems & {*node["tags"]}]
        seen: set[str] = set()
        while begin:
            one = begin.pop()
            if one not in seen and nodes.get(one, {}).get("resource_type") == "model":
                seen.add(one)
                begin += self._manifest["child_map"].get(one, [])
        return {(nodes[one]["schema"], nodes[one]["name"]) for one in sorted(seen)}

    def _read_by(self, reports: Collection[str], exports: Collection[str]) -> set[tuple[str, str]]:
        """Without dbt's manifest: the marts that are published."""
        found = {(e.schema_, e.mart) for name, e in self._exports.items() if name in exports and e.mart}
        return found.union(*(tables_of(r, r.cadences) for r in self._reports.values() if r.title in reports))

    def _of_systems(self, tables: Iterable[tuple[str, str]], systems: set[str]) -> tuple[list[str], list[str]]:
        """The marts of some systems, and those over several; as far as can be told."""
        tags: dict[tuple[str, str], set[str]] = {
            (e.schema_, e.mart): {e.source} for e in self._exports.values() if e.mart
        }
        tags |= {(node["schema"], node["name"]): {*node["tags"]} for node in self._manifest.get("nodes", {}).values()}
        marts = [one for one in tables if one[0] == "marts"]
        own = [one for one in marts if not systems or systems & tags.get(one, {ALL_SOURCES})]
        return _named(name for _, name in own), _named(name for _, name in {*marts} - {*own})

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        try:
            content = json.loads((self._settings.dagster_home / "dbt" / "manifest.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    @cached_property
    def _exports(self) -> dict[str, Export]:
        return self._there(load_exports, self._settings.exports_catalogue)

    @cached_property
    def _reports(self) -> dict[str, Declaration]:
        return self._there(load_reports, self._settings.reports_catalogue)

    def _there(self, load: Callable[[Path], Mapping[str, Published]], catalogue: Path) -> dict[str, Published]:
        """What is declared of the systems that there are."""
        try:
            found = load(catalogue)
        except ExportError:
            return {}
        kinds = {ALL_SOURCES, *self._kind_of.values()}
        return {name: one for name, one in found.items() if one.source in kinds or not self._kind_of}

    @cached_property
    def _kind_of(self) -> dict[str, str]:
        """Source → the system whose models it feeds, of the sources that are configured."""
        try:
            found = configured_sources(self._settings, load_catalogue(self._settings.ingestion_catalogue))
        except IngestionError:
            return {}
        return {name: one.kind for name, one in found.items() if one.kind != RAW}


def _is_test(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "test")


def _named(names: Iterable[str]) -> list[str]:
    return sorted({_GRAIN.sub("", name) for name in names})
