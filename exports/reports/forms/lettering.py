"""How wide text is, where nothing can measure it.

Belongs here: estimates, on the wide side, for a usual sans serif font. Not here: where text is put (charts.py).
"""

import unicodedata

_NARROW = frozenset(" .,:;'|!ijltfrI()[]\u2019")
_WIDE = frozenset("mwMW@%\u2026")
_BOLD = 1.15
_JOINER = "\u200d"


def width(text: str, size: float, *, is_bold: bool = False) -> float:
    """About how wide text of a font size is."""
    return size * sum(map(_ems, text)) * (_BOLD if is_bold else 1)


def shortened(text: str, size: float, most: float) -> str:
    """Text that fits, with an ellipsis for what does not; marks stay with their letters."""
    if width(text, size) <= most:
        return text
    room = most / size - _ems("\u2026")
    end = 0
    while end < len(text) and (room := room - _ems(text[end])) >= 0:
        end += 1
    while end and (_belongs_to_what_is_before(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return text[:end].rstrip() + "\u2026"


def _ems(letter: str) -> float:
    if _belongs_to_what_is_before(letter) or unicodedata.category(letter) == "Cf":
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1
    if letter in _NARROW:
        return 0.4
    return 0.95 if letter in _WIDE else 0.7 if letter.isupper() else 0.62


def _belongs_to_what_is_before(letter: str) -> bool:
    return unicodedata.category(letter) in ("Mn", "Me") or letter == _JOINER
