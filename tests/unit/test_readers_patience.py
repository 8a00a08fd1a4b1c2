"""How long readers of a PostgreSQL warehouse may hold up its writers."""

from datetime import UTC, datetime, timedelta

from ingestion.warehouses.postgresql_readers import Patience

BEGAN = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_role_that_comes_again_is_given_no_more_time() -> None:
    patience = Patience(3)
    looks = [{"a"}, set(), {"a", "b"}, {"a"}, {"a"}, {"b"}]
    told = [patience.ended_for(roles, BEGAN + n * SECOND, SECOND) for n, roles in enumerate(looks, 1)]
    assert told == [
        {},
        {},
        {},
        {"a": "waited 3 s for a since 12:00:00 UTC"},
        {"a": "waited 4 s for a since 12:00:00 UTC"},
        {},
    ]
