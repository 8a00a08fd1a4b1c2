"""What the shop sells, and what its events say of it.

Belongs here: products, searches for them, where visitors come from. Not here: who does what in the shop (shop.py).
"""

from random import Random

from ingestion.sample.flaws import Value

PRODUCTS = 80
CATEGORIES = {
    "Lighting": ("lamp", "lantern", "candle"),
    "Textiles": ("scarf", "blanket", "cushion"),
    "Kitchen": ("mug", "teapot", "bowl"),
    "Furniture": ("sofá", "stool", "shelf"),
}
ADJECTIVES = ("Blue", "Linen", "Oak", "Small", "Striped", "Grey", "Round")
UNNAMED = 79
"""The product of which no event tells more than its number."""
MOVED, MOVED_ON, MOVED_TO = 1, 20, "Gifts"
"""The product that gets into another category, and on which day of the sample."""
SEARCHES = ("lamp", "blue scarf", 'mug, "large"', "カップ", "sofá", "gift 🎁", "")
RECOMMENDERS = ("similar_items", "bought_together", "trending")
ARRIVALS: tuple[tuple[float, dict[str, Value]], ...] = (
    (0.34, {}),
    (0.24, {"referrer": "https://www.google.com/"}),
    (0.06, {"referrer": "https://duckduckgo.com/"}),
    (0.09, {"referrer": "https://www.instagram.com/"}),
    (0.06, {"referrer": "https://blog.example/the-ten-best-lamps"}),
    (0.12, {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "autumn"}),
    (
        0.09,
        {"referrer": "https://www.google.com/", "utm_source": "google", "utm_medium": "cpc", "utm_campaign": "brand"},
    ),
)
"""How visitors come, each with its share."""


def price_cents(product: int) -> int:
    """List price of a product: 2.99 to some 300, most of them cheap."""
    return 299 + 100 * (product * product * 37 % 97) * (1 + product % 7) // 2


def described(product: int, day: int) -> dict[str, Value]:
    """What events of a day of the sample say of a product."""
    if product == UNNAMED:
        return {}
    category, things = list(CATEGORIES.items())[product % len(CATEGORIES)]
    name = f"{ADJECTIVES[product % len(ADJECTIVES)]} {things[product % len(things)]}"
    if product == MOVED and day >= MOVED_ON:
        category = MOVED_TO
    return {"product_name": name, "category": category}


def results(query: str) -> int:
    """How many products a search finds: those of whose names it is a part."""
    names = (str(described(product, 0).get("product_name", "")) for product in range(1, PRODUCTS + 1))
    return sum(query.lower() in name.lower() for name in names)


def searched(rng: Random, query: str) -> dict[str, Value]:
    """What the event of a search says; one in twenty does not tell what it found."""
    return {"query": query} | ({"result_count": results(query)} if rng.random() < 0.95 else {})


def arrived(rng: Random) -> dict[str, Value]:
    """Where a visitor comes from."""
    [said] = rng.choices([said for _, said in ARRIVALS], weights=[share for share, _ in ARRIVALS])
    return said


def recommended(rng: Random) -> dict[str, Value]:
    """What led to a product: one view in six comes from a recommendation."""
    return {"recommender": rng.choice(RECOMMENDERS)} if rng.random() < 1 / 6 else {}


def registered(rng: Random) -> dict[str, Value]:
    """How a visitor registers."""
    return {"registration_method": rng.choice(("email", "email", "google", "apple"))}
