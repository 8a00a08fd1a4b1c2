"""A shop of which every row is odd: each value of each column is one that applications are known to write.

All models stand it on every engine, hold what the oracle makes of it, count what they leave out, and after further such
rows equal a full refresh.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from bigquery import Bigquery
from end_to_end.model_history import ModelHistory
from end_to_end.test_incremental_models import content
from oracle.check import disagreements_of_system
from parsed_project import ParsedProject
from postgresql import Server

ENGINES = ("duckdb", "postgresql", *(("bigquery",) if "MODEL_HISTORIES" in os.environ else ()))
"""BigQuery's emulator takes many minutes: it belongs to long tests."""

TIMES = (
    "0001-01-01T00:00:00Z",
    "1970-01-01 00:00:00+00:00",
    "1989-12-31T23:59:59.999999Z",
    "1990-01-01T00:00:00Z",
    "2026-10-01T00:00:00Z",
    "2099-12-31T23:59:59.999999Z",
    "2100-01-01 00:00:00+00:00",
    "9999-12-31T23:59:59Z",
)
AMOUNTS = (None, 0, 0.01, -5, 19.99, 5000, 999999999999999.99, 10**15, -(10**15), 1e20, -1e28, "n/a")
COUNTS = (None, 0, 1, 3, -1, 10**9, 10**12 - 1, 10**12, 2**63 - 1, -(2**63), "n/a")
NAMES: tuple[object, ...] = (
    *(None, "", "EUR", " jpy\r\n", "usd", "XX?", "{", '{"code": "EUR"}', "\ufeffchf\u200b", 978, True, 1.5, [], {}),
    *({"code": "EUR"}, {"currency_code": "kwd"}, {"code": None}, {"code": {"code": "EUR"}}, {"iso": "EUR"}),
)
ADDRESSES: tuple[object, ...] = (
    *(
        None,
        "",
        "/",
        "/sale/",
        " /sale?q=1#top",
        "https://shop.example",
        "//shop.example:80/sale",
        "home",
        "a > b",
        "#",
    ),
    *(
        7,
        True,
        [],
        "HTTPS://www.Google.co.uk/search?q=1",
        "google.de.",
        "google.evil.example",
        "Google",
        "direct",
        "(none)",
    ),
    *("user@mail.google.com:443", "http://[::1]/", "\ufefft.co\u200b", "/" * 3000 + "x", "\u6f22/" * 2000),
    "https://" + "a." * 1500 + "example",
)
SAID: dict[str, tuple[object, ...]] = {
    "product_id": (1, 2, "1", " 2 ", "nobody", None, "", [1]),
    "product_name": ("Lamp", " lamp ", "\u30ab\u30c3\u30d7", 7, True, "", None, {"en": "Lamp"}),
    "title": ("Lamp", "Chair"),
    "category": ("Lamps", "Chairs\r\n", "unknown", 0, 1.5, "", {"id": 1}, ["Lamps"]),
    "product_category": ("Home > Lamps", "/sale", "\U0001f381" * 300),
    "query": ("lamp", "Lamp ", "", "a" * 199 + " b", "\u6f22" * 300, '{"a": 1}', 7, ["lamp"]),
    "q": ("chair", "%'\\"),
    "result_count": (0, 0.0, "0", 3, "12", -1, 10**12, 10**20, "many", True, [1]),
    "results": (5, [], None),
    "recommender": ("Similar", "similar\t", "trending", "", None, {}),
    "recommendation_source": ("bundle",),
    **dict.fromkeys(("path", "url", "referrer", "referer"), ADDRESSES),
    "utm_source": ("google", "Facebook ", "m.facebook.com", "partner.example", "banana", "(direct)", "null", ""),
    "utm_medium": ("cpc", "EMAIL", "organic", "(none)", "banana", None, 1.5),
    "utm_campaign": ("autumn", "newsletter", "(not set)"),
    "registration_method": ("email", "Invite\r\n", "facebook", "passkey"),
}
"""What data says of products, searches, recommendations, pages and where visitors come from, by its keys."""
DATA = (None, "", "null", "[]", "{", '"EUR"', "7", "{}", '{"currency": "EUR"')
AGENTS = (None, "", "Mozilla/5.0 (Linux; Android 9; CUBOT X19)", "Mozilla/5.0 (compatible; Examplebot/2.1)", "curl/8.5")
CODES = ("", "\t", "{}", "{}\r\n", " {}", "\u00a0{}\u2003", "\ufeff{}", "{}_again")
IDS = (None, "", "1", "10", "9", "a", "A", "a ", "ä", "session:a", "a:1")
TABLES = ("user_events", "product_events", "order_events")
PAGES = ("page_view", "product_view")
WEB = (*PAGES, "search", "add_to_cart", "checkout_start", "checkout_complete", "login", "registration")
PRODUCT = ("purchase", "view", "cart_add")
ORDER = ("payment_completed", "created", "payment_started", "cancelled", "refunded", "refunded", "delivered")
ORDERS = tuple(f"o{number}" for number in range(60))


class OddShop:
    """Rows without end, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)
        self._noon = datetime(2026, 9, 20, 12, tzinfo=UTC)

    def rows(self, count: int) -> Iterator[tuple[str, tuple[object, ...]]]:
        """Some rows of each table."""
        pick = self._rng.choice
        for _ in range(count):
            event = (self._code(WEB), pick(IDS[:6]), pick(IDS), self._data(), pick(IDS), self._agent(), self._time())
            yield "user_events", event
            sold = (self._code(PRODUCT), pick((None, 1, 2)), pick(IDS), pick(COUNTS), pick(AMOUNTS))
            yield "product_events", (*sold, self._data(), self._time())
            order = (self._code(ORDER), pick(ORDERS), pick(IDS), pick(AMOUNTS), pick(COUNTS))
            yield "order_events", (*order, self._code(("card", "invoice")), self._data(), self._time())

    def _time(self) -> str:
        rng = self._rng
        if rng.random() < 0.15:
            return rng.choice(TIMES)
        # Pauses around half an hour, sessions around a day, days around the build's.
        minutes = rng.choice((0, 1, 29, 30, 31, 60, 24 * 60 - 1, 24 * 60, 24 * 60 + 1, 5 * 24 * 60, 20 * 24 * 60))
        instant = self._noon + timedelta(
            minutes=minutes * rng.randint(0, 3), microseconds=rng.choice((0, 0, 1, 999999))
        )
        return instant.isoformat(" ")

    def _code(self, kinds: tuple[str, ...]) -> str:
        return self._rng.choice(kinds) if self._rng.random() < 0.8 else self._rng.choice(CODES).format(kinds[0])

    def _agent(self) -> str | None:
        return self._rng.choice(AGENTS) if self._rng.random() < 0.2 else AGENTS[1]

    def _data(self) -> str | None:
        rng = self._rng
        if rng.random() < 0.2:
            return rng.choice(DATA)
        if rng.random() < 0.6:
            return json.dumps({key: rng.choice(SAID[key]) for key in rng.sample(sorted(SAID), 9)})
        return json.dumps({key: rng.choice(NAMES) for key in rng.sample(("currency", "currency_code", "x"), 2)})


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_a_shop_of_odd_rows_is_counted_as_it_should_be(
    engine: str,
    tmp_path: Path,
    parsed_project: ParsedProject,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fixtures = {"postgresql": "postgresql_server", "bigquery": "bigquery_service"}
    server: Server | Bigquery | None = request.getfixturevalue(fixtures[engine]) if engine in fixtures else None
    if isinstance(server, Bigquery):
        server.reach_by(monkeypatch)
    history = ModelHistory("shop", tmp_path, parsed_project, server)
    history.as_of = datetime(2026, 10, 1, tzinfo=UTC)
    shop = OddShop(seed=7)
    for count in (120, 15):
        write(tmp_path / "sources" / "shop.sqlite", shop, count, first=count == 120)
        history.extract()
        history.build()
        assert disagreements_of_system(history.warehouse, "shop", history.as_of) == []
    changed = content(history)
    history.build("--full-refresh")
    assert content(history) == changed


def write(path: Path, shop: OddShop, count: int, *, first: bool) -> None:
    """Put rows into the source; the first ones are all there is, and many of them are one visitor's."""
    with closing(sqlite3.connect(path)) as source, source:
        for table in TABLES if first else ():
            source.execute(f"delete from {table}")
        for table, row in shop.rows(count):
            source.execute(f"insert into {table} values (null, {', '.join('?' * len(row))})", row)
        if first:
            many = [("page_view", "u1", "busy", f"2026-09-20 10:00:{number % 60:02d}+00:00") for number in range(501)]
            sql = "insert into user_events (event_type, user_id, session_id, timestamp) values (?, ?, ?, ?)"
            source.executemany(sql, many)
