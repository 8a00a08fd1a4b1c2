"""A recipient's folder of an export, brought to what it should hold.

Belongs here: reading, writing and removing what lies there, and in which order. Not here: which files there should be
(files.py), what is done with one (comparison.py), where it lies (places.py).
"""

import hashlib
import posixpath
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version

from exports import comparison, manifest, places, restatements
from exports.catalogue import Export
from exports.faults import Faults
from exports.files import File, Maker, Rendered
from exports.formats import FORMATS
from exports.manifest import MANIFEST, Listed, Manifest, PublishedFile
from exports.periods import PeriodResult
from exports.places import Sizes
from exports.restatements import RESTATEMENTS
from exports.rows import PeriodRows, Rows
from ingestion.output.storage import Storage, without_aside

_PROJECT = "crm-warehouse"


@cache
def _version() -> str:
    return version(_PROJECT)


@dataclass(slots=True)
class _Folder:
    """What is to be done in a folder.

    Attributes:
        path: below EXPORTS_URL.
        present: the files that are there.
        told: what the manifest says.
        published: what was published before: what the manifest says, and more where it is in doubt.
        files: what should be there, of what is asked for.
        kept: what of the manifest is not asked for.
        entries: what the manifest is to say.
        rendered: the files that are written.
        restated: those of them that were published otherwise.
    """

    path: str
    present: Sizes
    told: Listed
    published: dict[str, PublishedFile]
    files: dict[str, File]
    kept: dict[str, PublishedFile]
    entries: dict[str, PublishedFile] = field(default_factory=dict)
    rendered: dict[str, Rendered] = field(default_factory=dict)
    restated: list[str] = field(default_factory=list)

    @property
    def withdrawn(self) -> list[str]:
        """The files that are removed."""
        return sorted(set(self.published) - set(self.files) - set(self.kept))


class Publication:
    """One export on its way to its recipients.

    Attributes:
        counts: of files, in the folders that are done: published, unchanged, restated, withdrawn.
        periods: what became of each, by its first day, ISO, in the folders that are done.
        faults: of the others, and manifests that were not believed.
    """

    def __init__(self, storage: Storage, export: Export, rows: Rows, stamp: str, wanted: Collection[str] = ()) -> None:
        self.counts = Counter[str]()
        self.periods: dict[str, PeriodResult] = defaultdict(PeriodResult)
        self.faults = Faults()
        self._storage = storage
        self._export = export
        self._stamp = stamp
        self._rows = rows
        self._wanted = wanted
        self._maker = Maker(export, rows)

    def publish(
        self, recipient: str, tenant_key: str | None, files: Sequence[Sequence[PeriodRows]], present: Sizes
    ) -> None:
        """Bring a recipient's folder to what it should hold.

        Restatements are recorded before files are written, and these before the manifest that lists them: what fails
        leaves the old manifest, and the next run writes again what it does not list.

        Args:
            recipient: the folder that holds that of the export.
            tenant_key: whose it is; None of all tenants', and of a tenant of which there is nothing any more.
            files: the periods of each file.
            present: what lies there.
        """
        whose = f"tenant {tenant_key or recipient}" if recipient != places.WHOLE else ""
        with self.faults.of(whose), ExitStack() as open_files:
            path = posixpath.join(recipient, self._export.name)
            made = {file.name: file for periods in files for file in self._maker.files(periods)}
            present = self._without_asides(path, present)
            before = self._storage.read(f"{path}/{MANIFEST}", manifest.MOST_BYTES + 1) if MANIFEST in present else None
            told = manifest.listed(self._export.name, before) if before is not None else Listed({})
            published, kept = self._published(path, told, made, present), {}
            # Of a manifest in doubt nothing can be kept.
            if self._wanted and not told.doubt:
                made = {name: file for name, file in made.items() if self._is_wanted(file)}
                kept = {name: entry for name, entry in told.files.items() if name not in made}
            folder = _Folder(path, present, told, published, made, kept, entries={**kept})
            for file in made.values():
                self._judge(folder, file, open_files)
            restatements.log(self._storage, path, list(self._records(folder)))
            for name, rendered in folder.rendered.items():
                self._storage.write(f"{path}/{name}", rendered.parts())
            for name in folder.withdrawn:
                self._storage.remove(f"{path}/{name}")
            if before is not None and told.doubt:
                self.faults.add(whose, self._keep(path, before, told.doubt))
            is_theirs = told.tenant_key is not None and places.recipient(told.tenant_key) == recipient
            self._write_manifest(folder, tenant_key or (told.tenant_key if is_theirs else None))
            self._count(folder)

    def _is_wanted(self, file: File) -> bool:
        return any(period.start in self._wanted for period in file.periods)

    def _without_asides(self, path: str, present: Sizes) -> Sizes:
        """The files that are there, after those that killed runs left on their way are removed."""
        sizes = {}
        for name, size in present.items():
            base = without_aside(name) or ""
            if base in (MANIFEST, RESTATEMENTS) or base.rpartition(".")[2] in FORMATS:
                self._storage.remove(f"{path}/{name}")
            else:
                sizes[name] = size
        return sizes

    def _published(self, path: str, told: Listed, made: Mapping[str, File], present: Sizes) -> dict[str, PublishedFile]:
        """What was published before; where the manifest is in doubt, the files that are there too, by their bytes."""
        found = dict(told.files)
        for name in made if told.doubt else ():
            if name not in found and name in present and (digest := self._storage.digest(f"{path}/{name}")):
                found[name] = PublishedFile(0, digest, None, None, "")
        return found

    def _judge(self, folder: _Folder, file: File, open_files: ExitStack) -> None:
        """Decide what is done with a file, and make its bytes where it is written."""
        old, rendered = folder.published.get(file.name), None
        is_same = old is not None and old.rows_sha256 == file.rows_sha256
        size = old.size if old else None
        if old and old.rows_sha256 is None:
            # Of what earlier versions published only the bytes are known.
            rendered = self._maker.render(file, open_files)
            is_same, size = old.sha256 == rendered.sha256, rendered.size
        verdict = comparison.verdict(self._export, self._maker, file, old, is_same)
        # A published file that somebody removed or that lost its end is written again. No file is read for this; some
        # servers do not tell sizes.
        is_there = file.name in folder.present and folder.present[file.name] in (size, None)
        known = folder.told.files.get(file.name)
        if known and is_there and self._wanted:
            # Who asks for it once more doubts what lies there.
            is_there = self._storage.digest(f"{folder.path}/{file.name}") == known.sha256
        if verdict == "unchanged" and is_there and known:
            folder.entries[file.name] = known
            return
        rendered = rendered or self._maker.render(file, open_files)
        entry = file.entry(rendered, self._stamp, self._export.files == "history")
        folder.entries[file.name] = known if known and known.sha256 == rendered.sha256 else entry
        if verdict != "unchanged" or not is_there:
            folder.rendered[file.name] = rendered
        if verdict == "restated":
            folder.restated.append(file.name)

    def _records(self, folder: _Folder) -> Iterator[restatements.Record]:
        ignored = set(self._rows.published.column_names) - set(self._rows.compared.column_names)
        for name in [*folder.restated, *folder.withdrawn]:
            old = folder.published[name]
            content = self._storage.read(f"{folder.path}/{name}") or b""
            if name in folder.restated:
                new = (folder.files[name], folder.rendered[name])
                header = (self._rows.dimensions, ignored)
                found = comparison.restatement(self._export, self._maker, old, content, new, self._stamp, header)
            else:
                found = comparison.withdrawal(self._export, name, old, content, self._stamp, self._rows.dimensions)
            if found:
                yield found

    def _keep(self, path: str, before: bytes, doubt: str) -> str:
        """Put a manifest aside that is not believed; returns what is told of it."""
        kept = f"manifest.damaged-{hashlib.sha256(before).hexdigest()[:16]}.json"
        self._storage.write(f"{path}/{kept}", before)
        return f"{path}/{MANIFEST} was not believed: {doubt}. It is kept as {kept}; the files are published anew"

    def _write_manifest(self, folder: _Folder, tenant_key: str | None) -> None:
        columns = self._rows.published.column_names
        after = Manifest(self._export.name, self._export.mart, columns, _version(), tenant_key, folder.entries)
        if after.content() != folder.told.content and (folder.files or MANIFEST in folder.present):
            self._storage.write(f"{folder.path}/{MANIFEST}", after.to_json())

    def _count(self, folder: _Folder) -> None:
        restated, written = len(folder.restated), len(folder.rendered)
        self.counts.update(
            published=written - restated,
            unchanged=len(folder.files) - written,
            restated=restated,
            withdrawn=len(folder.withdrawn),
        )
        # The same periods are in a file of each format.
        for period in {period for file in folder.files.values() for period in file.periods if period.start}:
            self.periods[str(period.start)].tenants += period.tenants
        for name in folder.rendered:
            file, old = folder.files[name], folder.published.get(name)
            is_restated = name in folder.restated or (old and old.rows_sha256 == file.rows_sha256)
            for period in file.periods if is_restated else comparison.news(file, old):
                if period.start:
                    self.periods[period.start].written += 1
