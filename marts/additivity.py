"""How numbers add up, in a sentence for people.

Belongs here: what descriptions of columns say of it, whoever shows them. Not here: which column adds up how
(declaration.py).
"""

_ADDS_UP = {
    "sum": "Adds up over days.",
    "max": "Of several days the largest counts.",
    "last": "Of several days the last counts: a balance, never to be added.",
    "distinct": "Distinct: never to be added over days, nor over what it is told apart by.",
    "quantile": "A quantile: never to be added or averaged; other grains have their own.",
    "ratio": "Ratio: add up {} and {}, then divide; never to be averaged.",
}


def told_with_additivity(
    description: str, unit: str | None, additivity: str, quotient: tuple[str, str] | None = None
) -> str:
    """A number's description as BI tools, dbt's documentation and the UI show it.

    Args:
        description: what it is, as whole sentences.
        unit: its unit, where it has one.
        additivity: sum, max, last, distinct, quantile or ratio.
        quotient: of a ratio, the columns that are divided.
    """
    adds_up = _ADDS_UP[additivity].format(*quotient or ("", ""))
    return " ".join(part for part in (description, unit and f"Unit: {unit}.", adds_up) if part)
