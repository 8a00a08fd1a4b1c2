"""Invented names: none is a person's, some are hard to print, sort, quote or export."""

from random import Random

FIRST_NAMES = (
    "Ana", "Bo", "Chidi", "Dara", "Elif", "Farid", "Grete", "Hana", "Ivo", "Jun", "Kaia", "Lior",
    "Mei", "Nils", "Oona", "Priya", "Quentin", "Rosa", "Søren", "Tomasz", "Uma", "Vera", "Wen",
    "Ximena", "Yusuf", "Zoë", "Анна", "さくら", "Mary Jane",
)  # fmt: skip
LAST_NAMES = (
    "Okafor", "Lindqvist", "O'Hara", "García Peña", "Nakamura", "van der Berg", "Şahin", "Rossi",
    "Kowalczyk", "Abara", "Dubois", "Iyer", "Mbeki-Stone", "Þórsdóttir", "Иванова", "王", "Smith, Jr.",
    "Álvarez", "Haddad", "Papadakis", "Novák", "Ōta", "Quispe", "Bianchi",
)  # fmt: skip
COMPANY_WORDS = (
    "Northern", "Quiet", "Copper", "Ömer", "Tidal", "Amber", "Second", "Lucky", "Polar", "Velvet",
    "Granite", "Éclair", "Mango", "Orbit", "Cedar", "Juniper",
)  # fmt: skip
COMPANY_KINDS = (
    "Foods", "Logistics", "& Sons", "GmbH", "Labs", "Textiles, Inc.", "Travel", "Mühlen", "合同会社",
    "Energy", "Clinic", '"Works"', "Studio 🎬",
)  # fmt: skip


def pick(rng: Random, values: tuple[str, ...]) -> str:
    """Choose one, all as likely."""
    return values[int(len(values) * rng.random())]


def company(rng: Random) -> str:
    """Invent a company's name."""
    return f"{pick(rng, COMPANY_WORDS)} {pick(rng, COMPANY_KINDS)}"
