"""What may be wrong with a delivery, by what follows from it.

A message is one line for a person and the ledger: it never holds an address or a password.
"""

from exports.errors import ExportError


class NotSentError(ExportError):
    """Nothing reached anybody; it is tried again at the next call."""


class UnreachableError(NotSentError):
    """The address does not answer, or lets nobody in: nothing else for it is tried in this call."""


class PerhapsSentError(ExportError):
    """Nobody can tell whether it arrived: a person looks, and says what is to be done."""
