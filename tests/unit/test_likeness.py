import pytest

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.likeness import like_columns, like_tables, likeness, words
from ingestion.rows.columns import ColumnType
from ingestion.sources.shape import SourceColumn, TableShape


def shape(table: str, **columns: ColumnType) -> TableShape:
    return TableShape(table, {n: SourceColumn(t) for n, t in columns.items()}, primary_key=(next(iter(columns)),))


MESSAGES = TableEntry.model_validate(
    {
        "mode": "full",
        "columns": {"id": "identifier", "conversation_id": "identifier", "content": "text", "timestamp": "timestamp"},
    }
)
TENANTS = TableEntry.model_validate({"mode": "full", "columns": {"id": "identifier", "name": "text"}})
CHAT = shape(
    "chat_messages",
    key=ColumnType.INTEGER,
    chat_id=ColumnType.INTEGER,
    account_id=ColumnType.INTEGER,
    body=ColumnType.TEXT,
    created_at=ColumnType.TIMESTAMP,
)


def test_names_are_told_apart_into_words() -> None:
    assert words("ChatMessages") == ["chat", "message"]
    assert words("HTTP_statuses") == ["http", "status"]
    assert words("campañas_niño") == ["campana", "nino"]
    assert words("inboxes of companies address") == ["inbox", "of", "company", "address"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("tenants", "accounts"), ("outlet_id", "inbox_id"), ("started_at", "created_at"), ("status", "state")],
)
def test_what_systems_call_the_same_is_alike(ours: str, theirs: str) -> None:
    assert likeness(ours, theirs) > 0.5
    assert likeness(ours, ours) == 1
    assert likeness(ours, "wombat") == 0


def test_columns_are_found_by_words_and_types_and_none_twice() -> None:
    found = like_columns(MESSAGES, CHAT, {})
    assert found == {"id": "key", "conversation_id": "chat_id", "content": "body", "timestamp": "created_at"}
    text = shape("chat_messages", key=ColumnType.INTEGER, created_at=ColumnType.TEXT)
    assert like_columns(MESSAGES, text, {}) == {"id": "key"}


@pytest.mark.parametrize(
    ("ours", "theirs", "is_like"),
    [
        ("conversation_id", "chat_uuid", True),
        ("conversation_id", "chatGuid", True),
        ("conversation_id", "id_chat", True),
        # Both are ids: of what tells whether they are the same.
        ("conversation_id", "wombat_id", False),
        ("conversation_id", "message_uuid", False),
        ("conversation_id", "chat", False),
        ("content", "content_id", False),
        ("id", "message_id", False),
    ],
)
def test_ids_are_alike_by_what_they_are_ids_of(ours: str, theirs: str, is_like: bool) -> None:
    there = shape("messages", key=ColumnType.TEXT, **{theirs: ColumnType.TEXT})
    assert (like_columns(MESSAGES, there, {}).get(ours) == theirs) is is_like


def test_column_that_is_read_for_another_is_not_found_again() -> None:
    assert "timestamp" not in like_columns(MESSAGES, CHAT, {"content": "created_at"})


def test_tables_are_found_by_words_and_columns() -> None:
    accounts = shape("accounts", id=ColumnType.INTEGER, name=ColumnType.TEXT)
    shapes = {"chat_messages": CHAT, "accounts": accounts, "migrations": shape("migrations", id=ColumnType.INTEGER)}
    entries = {"messages": MESSAGES, "tenants": TENANTS}
    assert like_tables(entries, entries, shapes) == {"messages": "chat_messages", "tenants": "accounts"}
