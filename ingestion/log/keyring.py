"""The keys that the owner's one replaced, which pseudonyms are still made with below it.

Belongs here: where they lie, and that nobody reads them who has not the owner's. Not here: how a pseudonym is made
(rows/pseudonyms.py), when a key is replaced (operations/rotation.py).

They lie in the archive, whose pseudonyms need them, sealed by Fernet (AES-128-CBC and HMAC) under a key derived from
PRIVACY_KEY.
"""

import base64
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingestion.errors import ConfigurationError
from ingestion.output.storage import Storage
from ingestion.rows.pseudonyms import key_bytes

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_NAME = "operations/pseudonym_keys"
_USE = b"crm-warehouse/keyring"


@dataclass(frozen=True)
class Keyring:
    """The file of an archive. Where there is none, no key was ever replaced."""

    storage: Storage

    def former(self, secret: str) -> tuple[str, ...]:
        """The keys that a key replaced, the oldest first.

        Raises:
            ConfigurationError: the archive's are sealed under another key, or damaged.
            StorageError: the archive can't be read.
        """
        sealed = self.storage.read(_NAME)
        if sealed is None:
            return ()
        # Most archives have none, and every run asks.
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            return tuple(json.loads(_seal(secret).decrypt(sealed.strip())))
        except InvalidToken:
            raise ConfigurationError(
                "PRIVACY_KEY is not the one that raw's pseudonyms were last made with. Set that one, or replace it: "
                "python -m ingestion rotate-key (docs/privacy.md). If it is that one, the archive's file "
                f"{_NAME} is damaged: put a whole copy in its place."
            ) from None

    def note(self, secret: str, former: tuple[str, ...]) -> None:
        """Have a key in the place of others.

        Raises:
            StorageError: the archive can't be written.
        """
        self.storage.write(_NAME, _seal(secret).encrypt(json.dumps(former).encode()) + b"\n")


def _seal(secret: str) -> "Fernet":
    from cryptography.fernet import Fernet  # noqa: PLC0415

    return Fernet(base64.urlsafe_b64encode(hmac.digest(key_bytes(secret), _USE, "sha256")))
