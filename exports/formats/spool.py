"""What is on its way to its place: in memory while it is small, else in a temporary file.

Belongs here: handing such a file on. Not here: what it holds.
"""

from collections.abc import Iterator
from typing import IO

IN_MEMORY_BYTES = 8 << 20
_PART_BYTES = 1 << 20


def parts_of(file: IO[bytes]) -> Iterator[bytes]:
    """A file's bytes from its beginning, in parts."""
    file.seek(0)
    while part := file.read(_PART_BYTES):
        yield part
