"""Delivery to a folder or an object store: the files, by the paths that they have below EXPORTS_URL.

Belongs here: writing them there. Not here: which files.
"""

from collections.abc import Collection
from typing import Literal

from exports.delivery.message import Message
from ingestion.output.storage import Storage


class Folder:
    """A place that fsspec reaches; whole files only, and the same ones again are no others."""

    is_repeatable = True
    takes_attachments = True

    def __init__(self, variable: str, root: str) -> None:
        self._storage = Storage(root, variable)

    def default_forms(self, _: Literal["report", "export"], offered: Collection[str]) -> Collection[str]:
        """All of them."""
        return offered

    def send(self, message: Message) -> None:
        """Write the files.

        Raises:
            StorageError: the place can't be written.
        """
        for attachment in message.attachments:
            self._storage.write(attachment.path, attachment.content)
