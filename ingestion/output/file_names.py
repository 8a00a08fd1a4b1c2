"""Names of files and folders out of text that somebody else chose.

Belongs here: what a disk, a share or an object store may hold as one part of a path. Not here: which parts a path has.
"""

import hashlib
import re
from functools import lru_cache
from urllib.parse import quote

LONGEST = 200
"""Bytes of a name. Disks take 255, and files get endings."""

_READABLE = 80
_ESCAPES = re.compile("%..")
_CUT_ESCAPE = re.compile("%.?$")
_NOTHING = "%00"
"""The name of an empty text."""

_RESERVED = re.compile(rf"{_NOTHING}|con|prn|aux|nul|com[0-9]|lpt[0-9]")
"""What is no other text's name, and what Windows takes for a device."""


@lru_cache(10_000)
def file_name(text: str) -> str:
    """A name of its own for every text, in ASCII and one part of a path, always the same.

    Plain text is its own name; other characters are percent-encoded. Names that a disk might take for one another
    or refuse (upper-case letters, what is too long, what Windows takes for a device), and the one that an empty text
    has, end in `@` and a hash of the text.
    """
    if not text:
        return _NOTHING
    # A leading dot would name a hidden folder, or the one above.
    name = quote(text, safe="", errors="surrogatepass").replace(".", "%2E")
    has_capitals = any(part != part.lower() for part in _ESCAPES.split(name))
    if not has_capitals and len(name) <= LONGEST and not _RESERVED.fullmatch(name):
        return name
    readable = _CUT_ESCAPE.sub("", name[:_READABLE])
    return f"{readable}@{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
