"""The list of digests beside a table's archive files: a line per file, as `sha256sum` writes and checks it.

Belongs here: the list's form. Not here: when it is written and what is made of a file that differs (archive.py).

Digests lie in one list and not in the next file, so that one file can be written anew for a reason without all that
follow it. A file gets its name, then its line, then its batch commits: a killed run leaves at most one file beyond the
last commit, and no line without a file.
"""

import re

LIST = "digests.txt"

_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[0-9]+\.parquet)\n")


def digest_line(name: str, digest: str) -> bytes:
    """A file's line."""
    return f"{digest}  {name}\n".encode()


def parse_digests(content: bytes) -> dict[str, str]:
    """Digests by file name.

    Raises:
        ValueError: a line is none, or says something else than another one.
    """
    digests: dict[str, str] = {}
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        found = _parsed(line)
        if not found or digests.setdefault(found["name"], found["digest"]) != found["digest"]:
            raise ValueError(f"line {number} is damaged")
    return digests


def with_digest_of(content: bytes, name: str, digest: str) -> bytes:
    """The list with another digest of a file that was written anew."""
    lines = content.splitlines(keepends=True)
    kept = [line for line in lines if not ((found := _parsed(line)) and found["name"] == name)]
    return b"".join([*kept, digest_line(name, digest)])


def without_batches_after(content: bytes, batch_seq: int) -> bytes:
    """The list without the lines of later batches, and without one that a killed run did not end."""
    whole = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
    return b"".join(line for line in whole if _batch(line) <= batch_seq)


def _batch(line: bytes) -> int:
    # A damaged line stays, to be told.
    found = _parsed(line)
    return int(found["name"].partition(".")[0]) if found else 0


def _parsed(line: bytes) -> re.Match[str] | None:
    return _LINE.fullmatch(line.decode("ascii", "replace"))
