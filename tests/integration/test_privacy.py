"""What raw, archive and records keep of personal columns, and how another key or catalogue comes into force."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from canary import places_of
from killing import KilledError, killed_at
from sandbox import OwnSources, Sandbox, message

from ingestion import sample
from ingestion.__main__ import main
from ingestion.errors import ConfigurationError
from ingestion.loading.run import Ingestion
from ingestion.log.archive import Archive, BatchFile
from ingestion.log.keyring import Keyring
from ingestion.rows.columns import RawTable
from ingestion.settings import SAMPLE_KEY
from ingestion.warehouses.duckdb import DuckdbSession
from ingestion.warehouses.duckdb_load import DuckdbLoad
from orchestration.profile import shown_names

pytestmark = pytest.mark.slow

PEOPLE = ("15550001", "15557777", "agent.smith", "4917000")
"""Of telephone numbers the digits that no spelling parts."""


KEYS = tuple(f"key number {n}, which has more than thirty-two letters" for n in range(3))


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    sandbox = Sandbox(tmp_path).fill()
    sandbox.sql(
        "insert into conversations select 'c' || n, 't1', null, phone, 'active', '2026-03-01 10:00:00+00:00', null,"
        " '2026-03-01 10:05:00+00:00' from (select 2 as n, 'whatsapp:+15550001' as phone union all select 3,"
        " '+15557777' union all select 4, null union all select 5, ' ')",
        "insert into messages values (1, 'c1', 'agent', 'agent.smith', 'hi', '2026-03-01 10:00:00+00:00', null)",
        "insert into messages values (2, 'c1', 'customer', '+4917000', 'hi', '2026-03-01 10:00:00+00:00', null)",
    )
    return sandbox


def clear(sandbox: Sandbox) -> None:
    """Let the catalogue keep what it keeps no more by default."""
    sandbox.catalogue("personal: {customer_phone: phone}", "personal: {customer_phone: {is: phone, keep: clear}}")
    path = sandbox.folder / "catalogue.yml"
    text = path.read_text(encoding="utf-8")
    assert "sender_id: identifier, content" in text
    path.write_text(text.replace("sender_id: identifier, content", "content"), encoding="utf-8")


def declared(sandbox: Sandbox) -> None:
    """The project's catalogue."""
    del sandbox.more["ingestion_catalogue"]


def left(sandbox: Sandbox) -> dict[str, set[str]]:
    return places_of(sandbox.folder, PEOPLE, but=[sandbox.source])


def phones(sandbox: Sandbox) -> list[object]:
    return [phone for (phone,) in sandbox.latest("conversations", "customer_phone")]


def live_two_days(sandbox: Sandbox, key: str) -> None:
    """Have batches under a key: two of some tables."""
    sandbox.more["privacy_key"] = key
    sandbox.run()
    sandbox.sql("update conversations set status = 'resolved' where id = 'c3'", message(9))
    sandbox.run()


def rotate(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, **more: object) -> int:
    sandbox.more |= more
    with monkeypatch.context() as patch:
        sandbox.export_settings(patch)
        return main(["rotate-key"])


def test_raw_has_pseudonyms_and_nothing_of_the_person(sandbox: Sandbox) -> None:
    assert sandbox.run().errors == []
    first, second, third, *none = phones(sandbox)
    assert first == second != third
    assert none == [None, None]
    assert all(len(str(phone)) == 64 for phone in (first, third))
    [(agent,), (customer,)] = sandbox.latest("messages", "sender_id")
    assert agent != customer
    assert left(sandbox) == {}
    assert [result.state.rows_appended for result in sandbox.run().tables] == [0] * 4


def test_number_that_is_only_written_otherwise_is_no_new_version(sandbox: Sandbox) -> None:
    sandbox.run()
    sandbox.sql("update conversations set customer_phone = 'tel:+1 555 0001' where id = 'c1'")
    assert sum(result.state.rows_appended for result in sandbox.run().tables) == 0


def test_rejected_rows_and_errors_hold_nothing_of_the_person(sandbox: Sandbox) -> None:
    sandbox.sql(
        "insert into messages values (3, null, 'customer', '15557777', 'hi', '2026-03-01 10:00:00+00:00', null)",
        "insert into messages values (4, 'c1', 'customer', x'ff' || 'agent.smith', 'hi', '2026-03-01', null)",
    )
    sandbox.run()
    [(content,)] = sandbox.query("select row_content from raw_whatsapp._rejected where row_key = '{\"id\": 3}'")
    assert "sender_id" in str(content)
    assert left(sandbox) == {}


def test_source_without_a_key_for_its_people_keeps_no_other_from_being_read(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample.create(sandbox.folder / "sample", scale=0.01, first_day=date(2026, 11, 1), last_day=date(2026, 11, 2))
    sandbox.more["erp_database_url"] = f"sqlite:///{sandbox.folder / 'sample' / 'erp.sqlite'}"
    monkeypatch.delenv("PRIVACY_KEY")
    result = sandbox.run()
    assert {table.source for table in result.tables} == {"erp"}
    [error] = result.errors
    assert "conversations.customer_phone" in error and "PRIVACY_KEY" in error


@pytest.mark.parametrize("key", [None, SAMPLE_KEY])
def test_real_sources_are_not_read_without_a_key_that_is_theirs(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    monkeypatch.delenv("PRIVACY_KEY")
    sandbox.more["privacy_key"] = key
    with pytest.raises(ConfigurationError, match=r"conversations.customer_phone.*PRIVACY_KEY.*secrets.token_urlsafe"):
        sandbox.run()
    assert not (sandbox.folder / "warehouse.duckdb").exists()


def test_short_key_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRIVACY_KEY", "hunter2")
    assert main(["status"]) == 64
    told = capsys.readouterr().err
    assert "PRIVACY_KEY can't be used" in told
    assert "hunter2" not in told


def test_another_key_is_refused_until_it_takes_the_place_of_the_first(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = "the first key, of more than thirty-two", "the second key, of more than thirty-two"
    sandbox.more["privacy_key"] = old
    sandbox.sql("create table agents as select * from messages", "delete from messages")
    sandbox.run()
    before = phones(sandbox)
    sandbox.sql("insert into messages select * from agents")
    sandbox.more["privacy_key"] = new
    errors = sandbox.run().errors
    # A table that raw has no row of is not begun under a key that the others do not have.
    assert {error.split(":")[0] for error in errors} == {"whatsapp.conversations", "whatsapp.messages"}
    assert all("of another PRIVACY_KEY" in error for error in errors)
    assert any("rotate-key" in error for error in errors)
    assert phones(sandbox) == before
    # Whoever does not know the first key can't replace it, and whoever mistyped it still can.
    assert rotate(sandbox, monkeypatch) == 1
    assert "neither PRIVACY_KEY_BEFORE nor the archive tells" in capsys.readouterr().err
    assert rotate(sandbox, monkeypatch, privacy_key_before="a key that never was") == 1
    assert "whatsapp.conversations.customer_phone were made with. Nothing was changed" in capsys.readouterr().err
    assert phones(sandbox) == before
    assert rotate(sandbox, monkeypatch, privacy_key_before=old) == 0
    assert sandbox.run().errors == []
    assert len(sandbox.latest("messages")) == 2


def test_list_of_former_keys_that_is_damaged_or_gone_stops_every_run_and_changes_nothing(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = KEYS[:2]
    sandbox.more["privacy_key"] = keys[0]
    sandbox.run()
    assert rotate(sandbox, monkeypatch, privacy_key=keys[1], privacy_key_before=keys[0]) == 0
    del sandbox.more["privacy_key_before"]
    before, file = phones(sandbox), sandbox.folder / "archive" / "operations" / "pseudonym_keys"
    whole = file.read_bytes()
    for damaged in (b"", b"\xff", whole[:-9]):
        file.write_bytes(damaged)
        with pytest.raises(ConfigurationError, match="operations/pseudonym_keys is damaged: put a whole copy"):
            sandbox.run()
    file.unlink()
    assert len(sandbox.run().errors) == 2
    assert phones(sandbox) == before
    # Of one key that was replaced the owner can tell it once more.
    assert rotate(sandbox, monkeypatch, privacy_key_before=keys[0]) == 0
    assert [result.state.rows_appended for result in sandbox.run().tables] == [0] * 4
    assert phones(sandbox) == before


def test_key_is_replaced_and_nothing_else_changes(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = KEYS[:3]
    live_two_days(sandbox, keys[0])
    seen = [phones(sandbox)]
    for former, key in pairwise(keys):
        assert rotate(sandbox, monkeypatch, privacy_key=key, privacy_key_before=former) == 0
        sandbox.more.pop("privacy_key_before")
        # The source's rows are those that raw has: pseudonyms made now are those that were renewed.
        assert [result.state.rows_appended for result in sandbox.run().tables] == [0] * 4
        seen.append(phones(sandbox))
    assert len({one[0] for one in seen}) == len(keys)
    assert all([one.index(phone) for phone in one] == [0, 0, 2, 3, 3] for one in seen)
    capsys.readouterr()
    assert rotate(sandbox, monkeypatch) == 0
    assert "nothing to do" in capsys.readouterr().out
    # A key that was replaced is none any more, and no file of the archive shows one.
    sandbox.more["privacy_key"] = keys[0]
    with pytest.raises(ConfigurationError, match="not the one that raw's pseudonyms were last made with"):
        sandbox.run()
    assert places_of(sandbox.folder, keys) == {}


def test_values_that_raw_held_become_pseudonyms_in_every_version(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear(sandbox)
    sandbox.sql(
        "insert into messages values (3, null, 'customer', '15557777', 'hi', '2026-03-01 10:00:00+00:00', null)"
    )
    sandbox.run()
    sandbox.sql("update conversations set customer_phone = '+15557777' where id = 'c1'", message(9))
    sandbox.run()
    versions = sandbox.query("select id, _batch_seq, _op from raw_whatsapp.conversations order by 1, 2")
    assert left(sandbox).keys() == {*PEOPLE}
    declared(sandbox)
    refused = sandbox.run().errors
    assert {error.split(":")[0] for error in refused} == {"whatsapp.conversations", "whatsapp.messages"}
    assert all("raw holds" in error and "rotate-key" in error for error in refused)
    assert rotate(sandbox, monkeypatch) == 0
    assert left(sandbox) == {}
    assert sandbox.query("select id, _batch_seq, _op from raw_whatsapp.conversations order by 1, 2") == versions
    result = sandbox.run()
    assert result.errors == []
    assert [table.state.rows_appended for table in result.tables] == [0] * 4
    first, second, third, *_ = phones(sandbox)
    assert first == third != second


def test_files_that_say_nothing_of_themselves_become_pseudonyms(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As early versions wrote them."""
    clear(sandbox)
    sandbox.run()
    archive = Archive(str(sandbox.folder / "archive"))
    for file in (sandbox.folder / "archive" / "whatsapp").glob("*/*.parquet"):
        pq.write_table(pq.read_table(file, partitioning=None).replace_schema_metadata(), file)
        table, number = RawTable("whatsapp", file.parent.name, (), ()), int(file.stem)
        archive.renew_digest(table, number, str(archive.digest(table, number)))
    declared(sandbox)
    assert rotate(sandbox, monkeypatch) == 0
    assert left(sandbox) == {}


def test_column_that_was_a_number_becomes_a_pseudonym(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox(tmp_path).fill()
    sandbox.sql(
        "drop table messages",
        "create table messages (id integer primary key, conversation_id text, sender_type text, sender_id integer,"
        " content text, timestamp timestamp, metadata json)",
        "insert into messages values (1, 'c1', 'agent', 4917000, 'hi', '2026-03-01 10:00:00+00:00', null)",
    )
    clear(sandbox)
    path = sandbox.folder / "catalogue.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("sender_id: text", "sender_id: integer"), encoding="utf-8")
    assert sandbox.run().errors == []
    assert sandbox.latest("messages", "sender_id") == [(4917000,)]
    sandbox.sql("insert into messages select 2, 'c1', 'agent', 4917001, 'hi', timestamp, null from messages")
    assert sandbox.run().errors == []
    declared(sandbox)
    assert len(sandbox.run().errors) == 2
    # What the archive lacks raw keeps: it could not be made again.
    last = max((sandbox.folder / "archive" / "whatsapp" / "messages").glob("*.parquet"))
    noted = last.with_name("digests.txt")
    kept = noted.read_bytes()
    noted.write_bytes(b"".join(line for line in kept.splitlines(keepends=True) if last.name.encode() not in line))
    last.rename(sandbox.folder / last.name)
    assert rotate(sandbox, monkeypatch) == 1
    assert len(sandbox.latest("messages")) == 2
    (sandbox.folder / last.name).rename(last)
    noted.write_bytes(kept)
    assert rotate(sandbox, monkeypatch) == 0
    [(sender,), _] = sandbox.latest("messages", "sender_id")
    assert len(str(sender)) == 64
    assert [table.state.rows_appended for table in sandbox.run().tables] == [0] * 4


def test_file_of_a_run_that_was_killed_is_not_made_raw_by_rotation(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear(sandbox)
    sandbox.run()
    sandbox.sql(message(9))
    with monkeypatch.context() as patch:
        patch.setattr(DuckdbLoad, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            sandbox.run()
    declared(sandbox)
    assert rotate(sandbox, monkeypatch) == 0
    assert len(sandbox.latest("messages")) == 2
    assert sandbox.run().errors == []
    assert len(sandbox.latest("messages")) == 3


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


STEPS = (
    (Keyring, "note"),
    (Archive, "begin"),
    (BatchFile, "replace"),
    (Archive, "renew_digest"),
    (DuckdbSession, "prepare"),
    (DuckdbSession, "forget_rejected"),
)


def test_rotation_that_is_killed_at_any_step_is_finished_by_the_next(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = KEYS[:2]
    live_two_days(sandbox, keys[0])
    killed, is_done = 0, False
    while not is_done:
        with monkeypatch.context() as patch:
            killed_at(patch, killed + 1, STEPS)
            try:
                assert rotate(sandbox, patch, privacy_key=keys[1], privacy_key_before=keys[0]) == 0
                is_done = True
            except KilledError:
                killed += 1
                continue
    # Each call goes on where the one before it ended.
    assert killed >= len(STEPS)
    assert [result.state.rows_appended for result in sandbox.run().tables] == [0] * 4
    found = phones(sandbox)
    assert [found.index(phone) for phone in found] == [0, 0, 2, 3, 3]


def test_column_that_is_to_be_dropped_is_not_read_and_goes_from_raw(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear(sandbox)
    sandbox.run()
    sandbox.catalogue(
        "personal: {customer_phone: {is: phone, keep: clear}}", "personal: {customer_phone: {is: phone, keep: drop}}"
    )
    assert any("the catalogue no longer keeps" in error for error in sandbox.run().errors)
    assert rotate(sandbox, monkeypatch) == 0
    assert phones(sandbox) == [None] * 5
    sandbox.sql("update conversations set customer_phone = '+15559999', status = 'resolved' where id = 'c1'")
    assert sandbox.run().errors == []
    assert phones(sandbox) == [None] * 5


def test_column_that_is_to_be_kept_clear_again_is_read_anew(sandbox: Sandbox) -> None:
    sandbox.run()
    clear(sandbox)
    assert sandbox.run().errors == []
    assert phones(sandbox)[:3] == ["+15550001", "whatsapp:+15550001", "+15557777"]


def test_country_code_that_changes_reads_numbers_anew(sandbox: Sandbox) -> None:
    sandbox.sql("update conversations set customer_phone = '030 1234567' where id = 'c4'")
    sandbox.sql("update conversations set customer_phone = '+49301234567' where id = 'c5'")
    sandbox.run()
    assert len({*phones(sandbox)[3:]}) == 2
    sandbox.more["default_country_code"] = "49"
    sandbox.run()
    assert len({*phones(sandbox)[3:]}) == 1


@pytest.mark.parametrize(
    ("personal", "fault"),
    [
        ("[customer_phone]", "personal is a list. Say what each column is: personal: {customer_phone: ...}"),
        ("{customer_phone: telephone}", "Input should be 'phone', 'email'"),
        ("{id: identifier}", "id is its key, by which rows are found in the source: keep it clear"),
        ("{last_message_at: {is: text, keep: drop}}", "last_message_at is its cursor"),
        ("{tenant_id: {is: text, keep: drop}}", "tenant_id is not null, and can't be dropped"),
        ("{ended_at: {is: text, keep: hash}}", "ended_at is timestamp: of a hash, declare it text or identifier"),
        ("{status: {is: text, keep: hash}}", "status is its open_rows"),
        ("{status: {is: text, show: true}}", "show: it is of names, and this is text"),
        ("{customer_phone: {is: name, keep: hash, show: true}}", "show: raw does not have it with keep: hash"),
    ],
)
def test_what_cannot_be_kept_so_is_refused(sandbox: Sandbox, personal: str, fault: str) -> None:
    sandbox.catalogue("personal: {customer_phone: phone}", f"personal: {personal}")
    with pytest.raises(ConfigurationError) as raised:
        sandbox.run()
    assert fault in str(raised.value)


CRM = """
crm_eu:
  kind: consulting
  url: sqlite:///crm.sqlite
  tables: {{{table}: {{personal: {{{personal}}}}}}}
"""


def shown(crm: OwnSources, table: str, personal: str) -> list[str]:
    """What models show of a source of kind consulting and of the others, given what is told of one of its tables."""
    crm.configured(CRM.format(table=table, personal=personal))
    return shown_names(Ingestion(crm.settings()).catalogue, ["consulting", "crm_eu", "erp"])


def test_owner_says_of_each_source_which_names_are_shown(tmp_path: Path) -> None:
    crm, others = OwnSources(tmp_path), ["consulting.leads.owner", "consulting.accounts.name"]
    by_default = [*others, "crm_eu.leads.owner", "crm_eu.accounts.name"]
    assert shown(crm, "leads", "owner: name") == by_default
    for hidden in ("owner: {is: name, show: false}", "owner: {is: name, keep: hash}", "owner: identifier"):
        assert shown(crm, "leads", hidden) == [*others, "crm_eu.accounts.name"]
    assert shown(crm, "accounts", "name: {is: name, show: false}") == [*others, "crm_eu.leads.owner"]


def test_what_is_shown_has_a_place_in_models_and_no_age(tmp_path: Path) -> None:
    crm = OwnSources(tmp_path)
    with pytest.raises(ConfigurationError, match=r"source: show: models have no place for it; .* for owner"):
        shown(crm, "leads", "source: {is: name, show: true}")
    with pytest.raises(ConfigurationError, match=r"industry: show: models have no place for it; .* for name"):
        shown(crm, "accounts", "industry: {is: name, show: true}")
    with pytest.raises(ConfigurationError, match="of this table for none"):
        shown(crm, "deals", "stage: {is: name, show: true}")
    with pytest.raises(ConfigurationError, match="name: anonymise_after_days: models show it, whatever its age"):
        shown(crm, "accounts", "name: {is: name, anonymise_after_days: 9}")


PERSON = """
desk:
  kind: raw
  url: sqlite:///{source}
  tables: {{people: {{{told}}}}}
"""
HELD = (
    "create table people (id text primary key collate nocase, Email text collate nocase, tel text, nick text, f real,"
    " d decimal(10, 2), t timestamp, b blob, j json, day date, yes boolean)",
    "insert into people values ('Ab', 'Agent.Smith', '+1 555 0001', 'zq-nick', 0.1, 1.10, '2026-01-01 10:00:00.123456',"
    " x'ff00', '{\"a\": 1.0}', '2026-01-01', true), ('zz', null, null, '', 1e300, -5, null, x'', '[]', null, 0)",
)
"""A value of every type."""


@pytest.fixture
def desk(tmp_path: Path) -> OwnSources:
    desk = OwnSources(tmp_path)
    desk.source = tmp_path / "desk.sqlite"
    desk.sql(*HELD)
    return desk


def declare(desk: OwnSources, told: str) -> None:
    desk.configured(PERSON.format(source=desk.source, told=told))


def test_rows_of_every_type_are_those_that_are_read_again(desk: OwnSources, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though raw spelled the column otherwise, which nobody had declared."""
    declare(desk, "")
    desk.again()
    declare(desk, "personal: {email: email, nick: {is: name, keep: drop}}")
    assert "raw holds" in desk.run().errors[0]
    assert rotate(desk, monkeypatch) == 0
    assert [table.state.rows_appended for table in desk.again().tables] == [0]
    assert places_of(desk.folder / "archive", ["agent.smith", "zq-nick"]) == {}
    held = str(desk.query("from raw_desk.people"))
    assert "Smith" not in held
    assert "zq-nick" not in held


def test_column_under_whose_name_raw_held_the_values_is_emptied(
    desk: OwnSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(desk, "")
    desk.again()
    declare(desk, "columns: {phone: tel}, personal: {phone: phone}")
    assert rotate(desk, monkeypatch) == 0
    desk.again()
    assert places_of(desk.folder / "archive", ["555"]) == {}
    assert desk.query("select count(tel) from raw_desk.people") == [(0,)]
    assert [len(str(phone)) for (phone,) in desk.latest("people", "phone", "desk")] == [64, 4]


def test_personal_column_that_is_not_there_is_refused(desk: OwnSources) -> None:
    """Its owner meant another one, which would be in raw as it is."""
    declare(desk, "personal: {e_mail: email}")
    [error] = desk.run().errors
    assert "personal names e_mail, and the source's table has no such column; it has Email" in error
    assert places_of(desk.folder, ["agent.smith"], but=[desk.source]) == {}


def test_personal_column_that_is_the_key_is_refused(desk: OwnSources) -> None:
    declare(desk, "personal: {ID: identifier}")
    assert "ID is its key, by which rows are found in the source: keep it clear" in desk.run().errors[0]


@pytest.mark.parametrize("keep", ["hash", "drop"])
def test_personal_column_is_not_read_for_another_one(desk: OwnSources, keep: str) -> None:
    declare(desk, f"columns: {{contact: EMAIL}}, personal: {{email: {{is: email, keep: {keep}}}}}")
    with pytest.raises(ConfigurationError, match="contact is read from EMAIL, of which raw keeps less"):
        desk.run()


@pytest.mark.parametrize(
    ("mapped", "value"), [("other", "+4917000000"), ("{from: other, path: phone}", '{"phone": "+4917000000"}')]
)
def test_namesake_of_a_personal_column_is_not_read(sandbox: Sandbox, mapped: str, value: str) -> None:
    sandbox.sql("alter table conversations add column other text", f"update conversations set other = '{value}'")
    sandbox.more["sources_file"] = file = sandbox.folder / "sources.yml"
    columns = f"{{columns: {{customer_phone: {mapped}}}}}"
    file.write_text(
        f"whatsapp: {{kind: whatsapp, url: '{sandbox.url}', tables: {{conversations: {columns}}}}}", encoding="utf-8"
    )
    assert sandbox.run().errors == []
    assert len({*phones(sandbox)}) == 1
    assert left(sandbox) == {}
