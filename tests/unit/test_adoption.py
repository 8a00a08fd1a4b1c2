import stat
from pathlib import Path

import pytest
import yaml

from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.catalogue.recommendation import recommend
from ingestion.errors import ConfigurationError
from ingestion.operations.adoption import adopt, personal_entry, personal_kind
from ingestion.operations.inspection import Inspection
from ingestion.rows.columns import ColumnType
from ingestion.sources.shape import COUNTED_ROWS, RowCount, SourceColumn, TableShape

SHAPE = TableShape(
    "orders",
    {
        "id": SourceColumn(ColumnType.INTEGER, False),
        "on": SourceColumn(ColumnType.BOOLEAN),
        "customer_email": SourceColumn(ColumnType.TEXT, False),
        "updated_at": SourceColumn(ColumnType.TIMESTAMP, False),
        "_internal": SourceColumn(ColumnType.TEXT),
    },
    primary_key=("id",),
    rows=RowCount(COUNTED_ROWS, "more than"),
)
OLD = "messages: {mode: full, columns: {id: text}}"


def found(source: str, table: str = "orders") -> Inspection:
    return Inspection(source, table, SHAPE, None, recommend(SHAPE), ())


def written(tmp_path: Path, before: str, *inspections: Inspection) -> str:
    path = tmp_path / "catalogue.yml"
    path.write_bytes(before.encode())
    adopt(path, inspections or [found("shop")])
    after = path.read_bytes().decode()
    assert [p.name for p in tmp_path.iterdir()] == ["catalogue.yml"]
    return after


ENTRY = """  orders:
    # Suggested by `python -m ingestion inspect`.
    # The key is the primary key.
    # By its name, updated_at moves when a row changes; the sweep finds changes that did not move it.
    # No index begins with it, so each read scans the table: add an index on updated_at.
    # Deletes are found by comparing keys in every run; reconcile_hours relaxes that.
    mode: cursor
    cursor: updated_at
    overlap_hours: 24
    sweep_hours: 168
    # Guessed from the names: add what is missing, take out what is not personal.
    personal: {customer_email: email}
    columns:
      id: identifier
      'on': boolean
      customer_email: text not null
      updated_at: timestamp not null
"""


@pytest.mark.parametrize(
    ("before", "head", "tail"),
    [
        (f"shop:\n  {OLD}\n", f"shop:\n  {OLD}\n", ""),
        (f"shop:\n  {OLD}", f"shop:\n  {OLD}\n", ""),
        (
            f"# top\nshop:  # the shop\n  {OLD}  # why\n  # calls: later\n\n# next\nwhatsapp:\n  {OLD}\n",
            f"# top\nshop:  # the shop\n  {OLD}  # why\n  # calls: later\n",
            f"\n# next\nwhatsapp:\n  {OLD}\n",
        ),
        (
            "shop:\n  messages:\n    mode: full\n    columns:\n      id: text  # ü\n\n\n# end\n",
            "shop:\n  messages:\n    mode: full\n    columns:\n      id: text  # ü\n",
            "\n\n# end\n",
        ),
        (f"shop: {{}}  # none yet\nerp:\n  {OLD}\n", "shop:  # none yet\n", f"erp:\n  {OLD}\n"),
        (f"erp:\n  {OLD}\n# end\n", f"erp:\n  {OLD}\n# end\n\nshop:\n", ""),
    ],
)
def test_entry_goes_below_its_source_and_every_other_byte_stays(
    tmp_path: Path, before: str, head: str, tail: str
) -> None:
    assert written(tmp_path, before) == head + ENTRY + tail


def test_indentation_and_line_ends_of_the_file_are_taken_up(tmp_path: Path) -> None:
    before = "shop:\r\n    messages:\r\n        mode: full\r\n        columns: {id: text}\r\n"
    after = written(tmp_path, before)
    assert after.startswith(before + "    orders:\r\n        # Suggested")
    assert "\r\n            id: identifier\r\n" in after
    assert after.count("\n") == after.count("\r\n")


def test_entries_of_several_sources_are_written_at_once(tmp_path: Path) -> None:
    after = written(tmp_path, f"shop:\n  {OLD}\n", found("erp"), found("shop"), found("shop", "weird: name"))
    assert {s: list(t) for s, t in yaml.safe_load(after).items()} == {
        "shop": ["messages", "orders", "weird: name"], "erp": ["orders"],
    }  # fmt: skip


def test_written_entry_means_what_was_recommended(tmp_path: Path) -> None:
    written(tmp_path, f"shop:\n  {OLD}\n")
    entry = load_catalogue(tmp_path / "catalogue.yml")["shop"]["orders"]
    assert (entry.mode, entry.raw_key, entry.cursor, entry.sweep_hours) == ("cursor", ["id"], "updated_at", 168)
    assert entry.hashed == ["customer_email"]
    assert "_internal" not in entry.columns


@pytest.mark.parametrize(
    "before",
    [
        f"shop: {{{OLD}}}\n",
        f"{{shop: {{{OLD}}}}}\n",
        f"whatsapp: &same\n  {OLD}\nshop: *same\n",
        f"shop:\n  {OLD}\n  orders: {{mode: full, columns: {{id: text}}}}\n",
    ],
)
def test_file_that_can_not_be_added_to_is_left_as_it_is(tmp_path: Path, before: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Catalogue catalogue.yml .* it is unchanged"):
        written(tmp_path, before)
    assert (tmp_path / "catalogue.yml").read_bytes().decode() == before
    assert [p.name for p in tmp_path.iterdir()] == ["catalogue.yml"]


def test_link_and_permissions_of_the_file_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yml", tmp_path / "link.yml"
    real.write_text(f"shop:\n  {OLD}\n")
    real.chmod(0o640)
    link.symlink_to(real)
    adopt(link, [found("shop")])
    assert link.is_symlink()
    assert "orders" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_personal_columns_are_guessed_from_their_names() -> None:
    guessed = {
        "phone": "phone",
        "customerEmail": "email",
        "name": "name",
        "first_name": "name",
        "billing_address": "address",
        "ip": "ip",
        "e_mail": "email",
        "birthday": "text",
        "device_id": "identifier",
    }
    for name, kind in guessed.items():
        assert personal_kind(name) == kind
    assert [personal_kind(name) for name in ("id", "status", "segment_name", "total")] == [None] * 4


def test_guess_that_could_not_be_kept_so_is_kept_clear() -> None:
    """A key finds rows in the source, a number is no text, and what is never null can't be left out."""
    types = {"device_id": "identifier", "phone": "integer", "email": "text", "ip": "text not null", "nick_ip": "text"}
    assert personal_entry(types, ["device_id"]) == {
        "device_id": "{is: identifier, keep: clear}",
        "phone": "{is: phone, keep: clear}",
        "email": "email",
        "ip": "{is: ip, keep: hash}",
        "nick_ip": "ip",
    }
