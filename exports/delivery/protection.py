"""Workbooks that open with a password only: encrypted as Office does (ECMA-376, agile).

Belongs here: the encryption. Not here: which workbooks, and where passwords stand.
"""

import io

from msoffcrypto.format.ooxml import OOXMLFile


def protected(workbook: bytes, password: str) -> bytes:
    """A workbook's bytes, encrypted. They differ from call to call: keys and salts are random."""
    encrypted = io.BytesIO()
    OOXMLFile(io.BytesIO(workbook)).encrypt(password, encrypted)
    return encrypted.getvalue()
