"""Where an export's files lie, below EXPORTS_URL: <recipient>/<export>/<file>.

Belongs here: folders of recipients, names of files, and which of the files there are an export's. Not here: what lies
in them.
"""

import posixpath
from collections import defaultdict
from functools import cached_property

from exports.formats import FORMATS
from ingestion.output.file_names import file_name
from ingestion.output.private import Readers
from ingestion.output.storage import Storage

INDEX = "index.html"
"""The page that lists all reports, below EXPORTS_URL and in each recipient's folder of them."""

WHOLE = "all"
"""The recipient of files that span all tenants."""

Sizes = dict[str, int | None]
"""Names of files, and how many bytes they have; None where the place does not tell."""


def recipient(tenant_key: str | None) -> str:
    """`whatsapp:42` → `whatsapp/42`, whatever characters the id holds and however long it is."""
    if tenant_key is None:
        return WHOLE
    system, _, tenant_id = tenant_key.partition(":")
    return posixpath.join(file_name(system), file_name(tenant_id))


def name(export: str, period_start: str | None, format_name: str) -> str:
    """The file of a period that begins on an ISO date; without one, the export's only file of its format."""
    return f"{export if period_start is None else file_name(period_start)}.{format_name}"


def is_file_of(export: str, listed: str, period_start: str | None) -> bool:
    """Whether this package can have given a file its name."""
    return any(listed in (name(export, None, f), name(export, period_start, f)) for f in FORMATS)


class Destination:
    """EXPORTS_URL for one run. It is listed once, for all exports.

    Args:
        root: EXPORTS_URL, as fsspec takes it.
        readers: who may read it beside its owner.
    """

    def __init__(self, root: str, readers: Readers | None = None) -> None:
        self.storage = Storage(root, "EXPORTS_URL", readers)

    def folders(self, export: str) -> dict[str, Sizes]:
        """Recipient → the files in its folder of an export.

        Raises:
            StorageError: the place can't be listed.
        """
        return {recipient: dict(sizes) for recipient, sizes in self._folders.get(export, {}).items()}

    @cached_property
    def former(self) -> list[str]:
        """The exports whose files lie where earlier versions put them (former_layout.py)."""
        paths = (path.split("/") for path in self.sizes)
        return sorted(folders[0] for *folders, file in paths if len(folders) == 1 and file == "manifest.json")

    @cached_property
    def sizes(self) -> Sizes:
        """All files below EXPORTS_URL."""
        return self.storage.sizes()

    @cached_property
    def _folders(self) -> dict[str, dict[str, Sizes]]:
        found: dict[str, dict[str, Sizes]] = defaultdict(lambda: defaultdict(dict))
        for path, size in self.sizes.items():
            *folders, export, file = path.split("/") if "/" in path else ("", path)
            if folders == [WHOLE] or len(folders) == 2:
                found[export]["/".join(folders)][file] = size
        return found
