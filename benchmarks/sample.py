"""The sample's five source systems, as benchmarks make them, move them on and run on them.

Belongs here: commands and variables. Not here: the sample itself (ingestion/sample).
"""

from pathlib import Path

SYSTEMS = ("consulting", "whatsapp", "restaurant", "shop", "erp")


def create(folder: Path, scale: float) -> tuple[str, ...]:
    """Arguments of Python that make the sample; a scale of 1 is about 100,000 rows."""
    return ("-m", "ingestion.sample", "create", "--directory", str(folder), "--scale", str(scale))


def advance(folder: Path) -> tuple[str, ...]:
    """Arguments of Python that let a day pass in it."""
    return ("-m", "ingestion.sample", "advance", "--directory", str(folder))


def urls(folder: Path) -> dict[str, str]:
    """The variables that name its files as sources."""
    return {f"{system.upper()}_DATABASE_URL": f"sqlite:///{folder / system}.sqlite" for system in SYSTEMS}
