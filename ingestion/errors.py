"""The errors of this package, grouped by what the caller should do.

Belongs here: exception types, and words that messages share. Not here: messages of a certain system; they are written
where the fault is seen. A message says what, where and what to do, in one line, and never holds a URL (it may hold a
password).
"""

from collections.abc import Mapping, Sequence


class IngestionError(Exception):
    """Anything that ends a run, a source or a table in a way that a person should read."""


class ConfigurationError(IngestionError):
    """Settings or catalogue are wrong: nothing was started; correct them and run again."""


class SourceError(IngestionError):
    """A source can't be read as configured: nothing of it was written; check the source, run again."""


class TransientSourceError(SourceError):
    """A source failed in a way that passes by itself (a restart, a lost connection, a deadlock): try again shortly."""


class TableError(IngestionError):
    """One table can't be loaded: its raw table is as before, the other tables go on."""


class WarehouseError(IngestionError):
    """The warehouse can't be opened or written: nothing was committed; the next run continues."""


class WarehouseBusyError(WarehouseError):
    """Another process has the warehouse, and keeps others out meanwhile: wait for it to end."""


class WarehouseAbsentError(WarehouseError):
    """There is no warehouse yet, or nothing was ever loaded into it: run, and there is."""


class StorageError(IngestionError):
    """Files of the archive or the exports can't be read or written: what was there is as it was; check the setting."""


def one_line(error: BaseException) -> str:
    """What an error says, as one line without the statement or the URL behind it."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].strip()


def without_tls(option: str, variable: str) -> str:
    """What to do about a server that has no TLS, as the end of a sentence: `option` lets it go without."""
    return (
        "Have it support TLS, or, if the network between is yours alone, let it go without: add "
        f"{option} to the options of {variable}"
    )


def nearest(name: str, names: Mapping[str, object] | Sequence[str]) -> str:
    """Names that may have been meant, the nearest first, as the end of a sentence."""
    # Only where something is wrong.
    import difflib  # noqa: PLC0415

    folded = {n.casefold(): n for n in names}
    parts = [n for n in names if name.casefold() in n.casefold() or n.casefold() in name.casefold()]
    close = [folded[n] for n in difflib.get_close_matches(name.casefold(), list(folded), n=5, cutoff=0.5)]
    found = list(dict.fromkeys([*close, *parts]))[:5] or list(names)[:5]
    return ", ".join(found) or "nothing"
