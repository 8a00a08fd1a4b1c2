"""Workbooks that open with a password only: encrypted as Office does (ECMA-376, agile).

Belongs here: the encryption. Not here: which workbooks, and where passwords stand.
"""

import io

from msoffcrypto.format.ooxml import OOXMLFile

from exports.delivery.errors import NotSentError


def protected(workbook: bytes, password: str) -> bytes:
    """A workbook's bytes, encrypted. They differ from call to call: keys and salts are random.

    Raises:
        NotSentError: it is no workbook.
    """
    encrypted = io.BytesIO()
    try:
        OOXMLFile(io.BytesIO(workbook)).encrypt(password, encrypted)
    # Somebody may have put anything in its place.
    except Exception:
        raise NotSentError(
            "the workbook can't be given a password: it is none. Remove it, and the next publication makes it anew"
        ) from None
    return encrypted.getvalue()
