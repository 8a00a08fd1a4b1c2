from pathlib import Path

import pytest

from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.catalogue.mapping import TableMapping
from ingestion.catalogue.review import unreviewed
from ingestion.errors import ConfigurationError
from ingestion.rows.columns import ColumnType
from ingestion.rows.names import with_digest
from ingestion.settings import Settings

TABLE = "whatsapp: {messages: {mode: full, columns: {id: identifier}}}"


def test_committed_catalogue_is_valid() -> None:
    catalogue = load_catalogue(Settings().ingestion_catalogue)
    assert set(catalogue) == {"consulting", "whatsapp", "restaurant", "shop", "erp"}


def test_identifier_takes_the_type_of_the_source(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text(TABLE)
    entry = load_catalogue(path)["whatsapp"]["messages"]
    assert entry.raw_table("whatsapp", "messages", {"id": ColumnType.INTEGER}).columns[0].type is ColumnType.INTEGER
    assert entry.raw_table("whatsapp", "messages").columns[0].type is ColumnType.TEXT


def test_further_columns_of_the_source_follow_the_declared_ones(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text(TABLE)
    found = {"extra": ColumnType.DOUBLE, "id": ColumnType.TEXT}
    table = load_catalogue(path)["whatsapp"]["messages"].raw_table("whatsapp", "messages", found)
    assert [(c.name, c.type) for c in table.columns] == [("id", ColumnType.TEXT), ("extra", ColumnType.DOUBLE)]


def test_owner_is_the_team_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yml"
    for told, owner in (
        ("", "team:data"),
        (", owner: ann@example.com", "ann@example.com"),
        (", owner: team:crm", "team:crm"),
    ):
        path.write_text(TABLE.replace("}}}", f"}}{told}}}}}"))
        assert load_catalogue(path)["whatsapp"]["messages"].owner == owner


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("whatsapp: [", "line 1 is not valid YAML"),
        ("- a", "must map source names"),
        ("whatsapp: {}\nshop: {}\nwhatsapp: {}", "line 1 is not valid YAML: whatsapp: twice"),
        ("crm: {}", "unknown source 'crm'. Use one of: consulting"),
        ("whatsapp: {messages: {mode: full, columns: {pk: text}}}", "id not among the columns"),
        ("whatsapp: {messages: {key: [pk], columns: {id: text}}}", "pk not among the columns"),
        ("whatsapp: {messages: {mode: full, key: [], columns: {id: text}}}", "messages.key: List should have at least"),
        ("whatsapp: {messages: {mode: full, columns: {id: txt}}}", "messages.columns.id.type: unknown type 'txt'"),
        ("whatsapp: {messages: {mode: full, columns: {id: text nil}}}", "not '<type>' or '<type> not null'"),
        ("whatsapp: {messages: {mode: cursor, columns: {id: text}}}", "mode 'cursor' needs a cursor"),
        ("whatsapp: {messages: {mode: full, cursor: id, columns: {id: text}}}", "mode 'full' takes no cursor"),
        ("whatsapp: {messages: {mode: cursor, cursor: at, columns: {id: text}}}", "at not among the columns"),
        ("whatsapp: {messages: {mode: full, columns: {id: text, _op: text}}}", "names that begin with _"),
        ("whatsapp: {messages: {mode: full, colums: {id: text}}}", "messages.columns: Field required. (1 more)"),
        ("whatsapp: {messages: {mode: full, columns: {id: text}, max_delete_share: 2}}", "max_delete_share"),
        (
            "whatsapp: {messages: {mode: full, columns: {id: text}, owner: ann}}",
            "messages.owner: 'ann' is no owner: an",
        ),
    ],
)
def test_malformed_catalogue_names_the_entry_in_one_line(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as error:
        load_catalogue(path)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_catalogue_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read: No such file"):
        load_catalogue(tmp_path / "none.yml")


def test_what_nobody_says_of_a_column_is_told_until_it_is_declared_or_excluded(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text(TABLE)
    entry = load_catalogue(path)["whatsapp"]["messages"]
    of_ours = ["id", "id_as_written", "_batch_seq", "_loaded_at", "_op", "_row_hash"]
    renamed = with_digest("Op")
    assert unreviewed(entry, [*of_ours, "Extra", renamed, "boss", "boss"]) == ["Extra", renamed, "boss"]
    excluding = entry.model_copy(update={"mapping": TableMapping(exclude=["extra", "Op"])})
    assert unreviewed(excluding, [*of_ours, "Extra", renamed, "boss"]) == ["boss"]
