"""The register of people that were erased: by what their rows are known again when they are read.

Belongs here: its file in the archive, and what stands there. Not here: what is left of a row (rows/erased.py), the
steps of an erasure (operations/erasure.py).

It holds no value of anyone: rows are named by keyed hashes of their keys, and what stands in the place of pseudonyms is
made of chance. What it was made with (`secret`) is there until the erasure is done, so that one that was killed can go
on.
"""

import hmac
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ingestion.errors import ConfigurationError, StorageError
from ingestion.output.storage import Storage
from ingestion.rows.erased import Tokens
from ingestion.rows.pseudonyms import SourceKey

_NAME = "operations/erasures.json"

Stage = Literal["raw", "built", "done"]


@dataclass
class SourceErasure:
    """What was erased of a source.

    Attributes:
        fingerprint: of the key that its rows are named with.
        tables: table → name of a row → tokens of its pseudonyms; None: the row is gone.
        is_told: whether it was told that the source still has some of it.
    """

    fingerprint: str
    tables: dict[str, dict[str, Tokens | None]]
    is_told: bool = False


@dataclass
class Erasure:
    """One erasure.

    Attributes:
        erased_at: when it was asked for, ISO 8601.
        with_rows: whether the rows themselves were to go.
        stage: what is done next: `raw` and the archive, what is `built` of them, or nothing.
        secret: of its tokens, in hexadecimal; None when it is done.
        sources: source → what of it.
        counts: what it came to, by place.
    """

    erased_at: str
    with_rows: bool
    stage: Stage
    secret: str | None
    sources: dict[str, SourceErasure] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def token(self, pseudonym: str) -> str:
        """What stands in the place of a pseudonym: for equal ones the same, so that numbers stay."""
        assert self.secret is not None, "an erasure that is done makes no more"
        return hmac.digest(bytes.fromhex(self.secret), pseudonym.encode(), "sha256").hex()


@dataclass(frozen=True)
class Register:
    """What the register has of a source.

    Attributes:
        tables: its rows by table, as later erasures have them; what is gone once stays so.
        is_told: whether all that it still has was told of.
        fingerprints: of the keys that rows are named with.
    """

    tables: dict[str, dict[str, Tokens | None]]
    is_told: bool
    fingerprints: set[str]


@dataclass(frozen=True)
class Erasures:
    """The register of an archive. Where there is no file, nobody was ever erased."""

    storage: Storage

    def read(self) -> dict[str, Erasure]:
        """All erasures by id, in their order.

        Raises:
            StorageError: the register is damaged, or can't be read.
        """
        content = self.storage.read(_NAME)
        if content is None:
            return {}
        try:
            return {id_: _parsed(record) for id_, record in json.loads(content).items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StorageError(f"The archive's file {_NAME} is damaged. Put a whole copy of it in its place.") from None

    def write(self, erasures: Mapping[str, Erasure]) -> None:
        """Have these in the place of those that there are.

        Raises:
            StorageError: the archive can't be written.
        """
        content = json.dumps({id_: _record(erasure) for id_, erasure in erasures.items()}, indent=1)
        self.storage.write(_NAME, content.encode() + b"\n")

    def of_source(self, source: str) -> Register:
        """What it has of a source.

        Raises:
            StorageError: the register is damaged, or can't be read.
        """
        return register_of(self.read(), source)

    def note_told(self, source: str) -> None:
        """Note that it was told that a source still has some of what was erased.

        Raises:
            StorageError: the archive can't be read or written.
        """
        erasures = self.read()
        for one in _of(erasures, source):
            one.is_told = True
        self.write(erasures)

    def rewritten(self, source: str, key: SourceKey) -> None:
        """Have a source's rows named under another key, and tokens be what rotation makes of them in raw.

        Raises:
            ConfigurationError: they are named under a key that this one does not replace.
            StorageError: the archive can't be read or written.
        """
        erasures = self.read()
        unlike = [e for e in _of(erasures, source) if e.fingerprint != key.fingerprint]
        if any(one.fingerprint not in key.fingerprints for one in unlike):
            raise ConfigurationError(
                f"PRIVACY_KEY is not the one that people erased from {source} are known again by, and neither "
                "PRIVACY_KEY_BEFORE nor the archive tells that one. Set PRIVACY_KEY_BEFORE to it. Nothing was changed."
            )
        for one in unlike:
            again = SourceKey(key.chain[key.fingerprints.index(one.fingerprint) + 1 :])
            one.tables = {
                table: {again.pseudonym(name.encode()): _again(again, tokens) for name, tokens in rows.items()}
                for table, rows in one.tables.items()
            }
            one.fingerprint = key.fingerprint
        if unlike:
            self.write(erasures)


def _again(key: SourceKey, tokens: Tokens | None) -> Tokens | None:
    return tokens and {column: key.pseudonym(token.encode()) for column, token in tokens.items()}


def register_of(erasures: Mapping[str, Erasure], source: str, through: Collection[str] = ()) -> Register:
    """What a register has of a source.

    Args:
        erasures: all of it.
        source: its name.
        through: ids of erasures that rows have been through; only what came after the last of them is meant.
    """
    found: dict[str, dict[str, Tokens | None]] = {}
    last = max((place for place, id_ in enumerate(erasures) if id_ in through), default=-1)
    erased = list(_of(dict([*erasures.items()][last + 1 :]), source))
    for one in erased:
        for table, rows in one.tables.items():
            known = found.setdefault(table, {})
            known.update({name: tokens for name, tokens in rows.items() if known.get(name, tokens) is not None})
            known.update({name: None for name, tokens in rows.items() if tokens is None})
    return Register(found, all(one.is_told for one in erased), {one.fingerprint for one in erased})


def _of(erasures: Mapping[str, Erasure], source: str) -> Iterator[SourceErasure]:
    yield from (erasure.sources[source] for erasure in erasures.values() if source in erasure.sources)


def _record(erasure: Erasure) -> dict[str, Any]:
    sources = {name: {**vars(source)} for name, source in erasure.sources.items()}
    return {**vars(erasure), "sources": sources}


def _parsed(record: Mapping[str, Any]) -> Erasure:
    sources = {name: SourceErasure(**source) for name, source in record["sources"].items()}
    return Erasure(**{**record, "sources": sources})
