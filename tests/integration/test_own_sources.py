"""Sources that their owner names, and whose tables, columns and values are called otherwise."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from postgresql import Server
from sandbox import OwnSources, Sandbox, pseudonym

import ingestion.__main__ as cli
from ingestion.errors import ConfigurationError
from ingestion.loading.progress import LogListener
from ingestion.loading.retries import Retries
from ingestion.loading.run import Ingestion
from ingestion.log.state import MODELS, TableState
from ingestion.operations import rebuild, removal

pytestmark = pytest.mark.slow

HELPDESK = (
    "create table accounts (id integer primary key, name text)",
    "create table chats (id integer primary key, account_id integer, status integer, created_at timestamp,"
    " started_at text, last_activity_at timestamp, extra text, secret text)",
    "create table notes (id integer primary key, chat_id integer, message_type integer, private boolean,"
    " content text, created_at timestamp, picture blob)",
)
CONFIGURED = """
helpdesk:
  kind: whatsapp
  url: ${HELPDESK_URL}
  tables:
    tenants: {table: accounts, columns: {timezone: {default: Europe/Berlin}}}
    conversations:
      table: chats
      columns:
        tenant_id: account_id
        status: {from: status, values: {0: active, 1: resolved, 3: handed_off}}
        started_at: {from: created_at}
        last_message_at: {from: last_activity_at}
        customer_phone: {from: extra, path: contact.phone}
      exclude: [secret]
    messages:
      table: notes
      where: {private: [false]}
      columns:
        conversation_id: chat_id
        timestamp: {from: created_at}
        sender_type: {from: message_type, values: {0: customer, 1: agent}, default: llm}
"""


class Helpdesk(OwnSources):
    """A source whose tables are called otherwise than ours."""

    def rows_of(self, table: str, columns: str) -> list[tuple[object, ...]]:
        """The live rows of a raw table, by id."""
        return self.latest(table, columns, "helpdesk")


@pytest.fixture(params=["duckdb", "postgresql"])
def helpdesk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Helpdesk]:
    url = request.getfixturevalue("postgresql_warehouse_url") if request.param == "postgresql" else None
    sandbox = Helpdesk(tmp_path, url).configured(CONFIGURED)
    monkeypatch.setenv("HELPDESK_URL", f"sqlite:///{sandbox.source}")
    sandbox.sql(
        *HELPDESK,
        "insert into accounts values (1, 'Ah'), (2, 'Be')",
        """insert into chats values
            (10, 1, 0, '2026-03-01 10:00:00', 'never', '2026-03-01 11:00:00', '{"contact": {"phone": "+155"}}', 'hush'),
            (11, 2, 1, '2026-03-02 10:00:00', 'never', '2026-03-02 11:00:00', '{"contact": 7}', 'hush'),
            (12, 2, 9, '2026-03-03 10:00:00', 'never', '2026-03-03 11:00:00', 'no json', 'hush')""",
        """insert into notes values (1, 10, 0, 0, 'hi', '2026-03-01 10:00:00', null),
            (2, 10, 1, 0, 'yes', '2026-03-01 10:01:00', null), (3, 10, 1, 1, 'whispered', '2026-03-01 10:02:00', null),
            (4, 10, null, 0, 'bot', '2026-03-01 10:03:00', null)""",
    )
    return sandbox


def test_names_and_values_of_the_owner_are_ours_in_raw(helpdesk: Helpdesk) -> None:
    helpdesk.again()
    assert helpdesk.rows_of("tenants", "id, name, timezone") == [(1, "Ah", "Europe/Berlin"), (2, "Be", "Europe/Berlin")]
    assert helpdesk.rows_of("conversations", "id, tenant_id, status, customer_phone") == [
        (10, 1, "active", pseudonym("+155", "helpdesk")),
        (11, 2, "resolved", None),
        (12, 2, "unknown", None),
    ]
    assert helpdesk.rows_of("messages", "id, conversation_id, sender_type") == [
        (1, 10, "customer"),
        (2, 10, "agent"),
        (4, 10, "llm"),
    ]
    # What nobody declares is there under a name that is free; what is read for another column only once.
    columns = {
        name
        for (name,) in helpdesk.query(
            "select column_name from information_schema.columns where table_schema = 'raw_helpdesk'"
            " and table_name = 'conversations'"
        )
    }
    assert not columns & {"secret", "account_id", "created_at", "extra", "last_activity_at"}
    assert sum(name.startswith("started_at") for name in columns) == 2
    told = helpdesk.query("select row_key, column_name, original_value, effect from raw_helpdesk._rejected")
    assert told == [('{"id": 12}', "status", "9", "value")]


def test_edits_deletes_and_rows_that_leave_the_condition_are_followed(helpdesk: Helpdesk) -> None:
    helpdesk.again()
    helpdesk.sql(
        "update notes set private = 1 where id = 2",
        "update notes set private = 0 where id = 3",
        "insert into notes values (5, 11, 0, 0, 'late', '2026-03-05 10:00:00', null)",
        "delete from notes where id = 1",
        # An open conversation that is edited without a new message.
        "update chats set status = 1 where id = 10",
    )
    helpdesk.again()
    assert [row[0] for row in helpdesk.rows_of("messages", "id")] == [3, 4, 5]
    assert helpdesk.rows_of("conversations", "status")[0] == ("resolved",)
    assert [r.state.rows_appended for r in helpdesk.again().tables] == [0] * 4


def test_another_mapping_reads_all_rows_again(helpdesk: Helpdesk) -> None:
    helpdesk.again()
    helpdesk.configured(CONFIGURED.replace("1: resolved", "1: resolved, 9: active"))
    helpdesk.again()
    assert helpdesk.rows_of("conversations", "status")[2] == ("active",)
    assert helpdesk.query("select count(*) from raw_helpdesk._rejected where resolved_at is null") == [(0,)]


def test_undeclared_columns_are_read_unless_their_source_says_skip(helpdesk: Helpdesk) -> None:
    skipping = CONFIGURED.replace("kind: whatsapp", "kind: whatsapp\n  undeclared: skip")
    columns = (
        "select column_name from information_schema.columns where table_schema = 'raw_helpdesk'"
        " and table_name = 'messages' order by column_name"
    )
    told = "select note, unreviewed from raw_helpdesk._state where table_name = 'messages'"
    helpdesk.configured(skipping).again()
    declared = helpdesk.query(columns)
    assert {name for (name,) in declared} >= {"content", "conversation_id", "_op"}
    [(note, unreviewed)] = helpdesk.query(told)
    assert str(note).endswith('; columns that nobody declares are not read: "private", "picture"')
    assert unreviewed is None
    # One that comes later is told, and left as well.
    helpdesk.sql("alter table notes add column mood text", "update notes set mood = 'glad', content = 'more'")
    helpdesk.again()
    assert helpdesk.query(columns) == declared
    assert "mood" in str(helpdesk.query(told))
    # Read after all, they are there for old rows too.
    helpdesk.configured(CONFIGURED).again()
    assert helpdesk.rows_of("messages", "content, mood")[0] == ("more", "glad")
    [(note, unreviewed)] = helpdesk.query(told)
    assert "not read" not in str(note)
    assert json.loads(str(unreviewed)) == ["mood", "picture", "private"]
    # Skipped once more, they are empty from now on; raw is a log, and earlier versions stay.
    helpdesk.configured(skipping).again()
    assert helpdesk.rows_of("messages", "content, mood")[0] == ("more", None)
    assert helpdesk.query("select count(*) from raw_helpdesk.messages where mood = 'glad'") == [(3,)]
    assert json.loads(str(helpdesk.query(told)[0][1])) == ["mood", "picture", "private"]


def test_excluded_values_are_nowhere_on_the_disk(helpdesk: Helpdesk) -> None:
    helpdesk.again()
    helpdesk.sql("update chats set status = 'odd', last_activity_at = '2026-03-09' where id = 11")
    helpdesk.again()
    for path in (p for p in helpdesk.folder.rglob("*") if p.is_file() and p != helpdesk.source):
        assert b"hush" not in path.read_bytes(), path
    for path in helpdesk.folder.rglob("*.parquet"):
        assert "hush" not in json.dumps(pq.read_table(path).to_pylist(), default=str)
    for schema, table in helpdesk.query(
        "select table_schema, table_name from information_schema.tables where table_schema = 'raw_helpdesk'"
    ):
        assert "hush" not in str(helpdesk.query(f'select * from {schema}."{table}"'))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: whatsapp", "kind: zendesk", "unknown kind 'zendesk'. Use one of"),
        ("kind: whatsapp", "knd: whatsapp", "helpdesk: kind: Field required"),
        ("    messages:", "    massages:", "no such table. Near it: messages"),
        ("conversation_id: chat_id", "conversatoin_id: chat_id", "conversation_id"),
        ("url: ${HELPDESK_URL}", "url: postgresql://me:secret@host/db", "has a password in it"),
        ("url: ${HELPDESK_URL}", "url: postgresql://me@host/db?password=secret@", "has a password in it"),
        ("helpdesk:", "Help-Desk:", "is called by lower-case letters"),
        ("helpdesk:", "shop:", "the name is that of a kind"),
        ("kind: whatsapp", "kind: whatsapp\n  undeclared: drop", "undeclared: Input should be 'read' or 'skip'"),
        ("table: accounts,", "files: accounts.csv,", "say which files it is, as of the other tables"),
        ("url: ${HELPDESK_URL}", "url: s3://bucket/helpdesk", "Say which files its tables are"),
        ("exclude: [secret]", "exclude: [extra]", "extra, which is excluded"),
        ("table: chats\n", "table: chats\n      reconcile_hours: 3\n      where: {id: 1}\n", "reconcile_hours"),
        ("tenant_id: account_id", "id: {from: id, values: {1: a}}", "nothing but `from`"),
        ("tenant_id: account_id", "tenant_id: account_id\n        Tenant_ID: id", "differ in case alone"),
        ("{from: last_activity_at}", "{from: extra, path: at}", "nothing but `from` can be told; with `mode: changes`"),
        ("tenant_id: account_id", "tenant_id: {from: account_id, times: 2}", "tenant_id is identifier, of which times"),
        ("values: {0: customer", "epoch: seconds, values: {0: customer", "by `values` or by `epoch`, not both"),
        ("exclude: [secret]", "exclude: [ID]", "id is its key, and can't be excluded"),
        ("kind: whatsapp", "kind: whatsapp\n  zone: Europe/Madird", "zone 'Europe/Madird'. Near it: Europe/Madrid"),
        ("exclude: [secret]", "zone: europe/berlin", "unknown time zone 'europe/berlin'. Near it: Europe/Berlin"),
        ("{from: created_at}", "{from: created_at, zone: +01:00}", "unknown time zone '+01:00'"),
        ("path: contact.phone}", "path: contact.phone, zone: Europe/Rome}", "is text, of which zone says nothing"),
        ("{from: status, values", "{from: status, zone: UTC, values", "by `values` or by `zone`, not both"),
        ("exclude: [secret]", "open_rows: {started_at: ['2026-03-01']}\n      zone: UTC", "multiplied or of a zone"),
        ("exclude: [secret]", "exclude: [Last_Activity_At]", "last_message_at is read from last_activity_at"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, words: str
) -> None:
    assert old in CONFIGURED
    sandbox = Helpdesk(tmp_path).configured(CONFIGURED.replace(old, new))
    monkeypatch.setenv("HELPDESK_URL", "sqlite:///nowhere")
    with pytest.raises(ConfigurationError) as caught:
        Ingestion(sandbox.settings())
    assert words in str(caught.value)
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("table: chats", "table: chat", "the database has no table chat; it has chats"),
        ("exclude: [secret]", "exclude: [secrets]", "exclude names secrets, and the source's table has no such column"),
        ("where: {private: [false]}", "where: {privat: [false]}", "it has private"),
        ("where: {private: [false]}", "where: {message_type: [x]}", "which is integer"),
        ("where: {private: [false]}", "where: {message_type: '--1'}", "which is integer"),
        ("where: {private: [false]}", "where: {private: 2}", "which is boolean"),
        ("where: {private: [false]}", "where: {created_at: yesterday}", "which is timestamp"),
        ("started_at: {from: created_at}", "started_at: {from: begun_at}", "started_at is to be read from begun_at"),
        (
            # What is read of it in clear besides would be refused first.
            "started_at: {from: created_at}\n        last_message_at: {from: last_activity_at}\n"
            "        customer_phone: {from: extra, path",
            "last_message_at: {from: last_activity_at}\n        customer_phone: {from: created_at, path",
            "which is timestamp",
        ),
        ("        conversation_id: chat_id\n", "", "has no column conversation_id"),
        ("where: {private: [false]}", "where: {picture: x}", "column picture, which is bytes"),
        (
            "conversation_id: chat_id\n",
            "conversation_id: id\n",
            "column id, which by the catalogue is its key, is read for conversation_id alone. Say id: id beside",
        ),
    ],
)
def test_what_the_source_lacks_fails_its_table_and_names_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, words: str
) -> None:
    assert old in CONFIGURED
    sandbox = Helpdesk(tmp_path).configured(CONFIGURED.replace(old, new))
    monkeypatch.setenv("HELPDESK_URL", f"sqlite:///{sandbox.source}")
    sandbox.sql(*HELPDESK)
    assert words in "\n".join(sandbox.run().errors)


@pytest.mark.parametrize(
    ("type_", "value"),
    [("uuid", "x"), ("mood", "x"), ("inet", "x"), ("json", "'{}'"), ("smallint", "99999"),
     ("timestamp", "'0000-01-01'"), ("int[]", "1")],
)  # fmt: skip
def test_condition_that_a_server_refuses_is_told_as_the_owners(
    tmp_path: Path, postgresql_server: Server, monkeypatch: pytest.MonkeyPatch, type_: str, value: str
) -> None:
    sandbox = Helpdesk(tmp_path).configured(
        f"billing: {{kind: raw, url: '${{BILLING_URL}}', tables: {{bills: {{where: {{odd: {value}}}}}, others: {{}}}}}}"
    )
    with postgresql_server.database() as url:
        monkeypatch.setenv("BILLING_URL", url)
        postgresql_server.sql(
            "create type mood as enum ('ok')",
            f"create table bills (id int primary key, odd {type_})",
            "insert into bills values (1, null)",
            "create table others (id int primary key)",
            url=url,
        )
        result = sandbox.run()
    [error] = result.errors
    assert "where" in error and "odd" in error
    assert "BILLING_URL" not in error
    assert [t.table for t in result.tables if not t.error] == ["others"]


def test_source_without_its_url_is_told_and_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = CONFIGURED.replace("helpdesk:", "second:").replace("HELPDESK_URL", "SECOND_URL")
    sandbox = Helpdesk(tmp_path).configured(CONFIGURED + second)
    monkeypatch.setenv("HELPDESK_URL", f"sqlite:///{sandbox.source}")
    sandbox.sql(*HELPDESK)
    result = sandbox.run()
    assert result.errors == ["second: SECOND_URL is not set. Set it in the environment or in .env."]
    assert {t.source for t in result.tables} == {"helpdesk"}


def test_tables_that_no_model_knows_are_extracted_whatever_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = Helpdesk(tmp_path).configured(
        "billing:\n  kind: raw\n  url: ${BILLING_URL}\n"
        "  tables: {invoices: {}, payments: {key: [ref], exclude: [card]}, gone: {}}\n"
    )
    monkeypatch.setenv("BILLING_URL", f"sqlite:///{sandbox.source}")
    sandbox.sql(
        "create table invoices (number integer primary key, amount decimal(9, 2))",
        "create table payments (ref text, card text, paid_at timestamp)",
        "insert into invoices values (1, 9.5)",
        "insert into payments values ('a', '4111', '2026-03-01')",
    )
    ingestion = Ingestion(sandbox.settings(), Retries(()))
    [error] = ingestion.run(LogListener()).errors
    assert error == "billing.gone: the database has no table gone; it has invoices, payments"
    assert ingestion.systems() == ()
    assert sandbox.query("select number, amount, _op from raw_billing.invoices")[0][0] == 1
    assert "card" not in str(sandbox.query("select * from raw_billing.payments limit 0"))
    sandbox.sql("update invoices set amount = 10", "delete from payments")
    sandbox.run()
    assert sandbox.query("select count(*) from raw_billing.invoices") == [(2,)]


def test_source_of_which_no_table_is_found_says_so_and_goes_on_when_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = Helpdesk(tmp_path).configured("billing:\n  kind: raw\n  url: ${BILLING_URL}\n  tables: {invoices: {}}\n")
    monkeypatch.setenv("BILLING_URL", f"sqlite:///{sandbox.source}")
    sandbox.sql("create table invoice (id integer primary key)")
    told = "billing.invoices: the database has no table invoices; it has invoice"
    assert [sandbox.run().errors for _ in range(2)] == [[told], [told]]
    assert sandbox.query("select last_error from raw_billing._state") == [(told.partition(": ")[2],)]
    sandbox.sql("alter table invoice rename to invoices", "insert into invoices values (1)")
    assert sandbox.again().tables[0].state.rows_appended == 1


def test_columns_of_a_table_that_no_model_knows_are_renamed_and_its_key_and_cursor_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = Helpdesk(tmp_path).configured(
        "billing:\n  kind: raw\n  url: ${BILLING_URL}\n  tables:\n"
        "    invoices: {where: {day: 2026-03-01}, columns: {amount: betrag, paid: {from: bezahlt, values: {1: y}}}}\n"
        "    payments: {key: [ref], mode: cursor, cursor: paid_at, columns: {ref: beleg, paid_at: zeit}}\n"
    )
    monkeypatch.setenv("BILLING_URL", f"sqlite:///{sandbox.source}")
    sandbox.sql(
        "create table invoices (number integer primary key, betrag decimal(9, 2), bezahlt boolean, day date)",
        "create table payments (beleg integer, zeit timestamp)",
        "insert into invoices values (1, 9.5, 1, '2026-03-01'), (2, 9.5, 1, '2026-03-02')",
        "insert into payments values (7, '2026-03-01 10:00:00')",
    )
    sandbox.again()
    assert sandbox.query("select number, amount, paid from raw_billing.invoices") == [(1, "9.5", "y")]
    at = "strftime(paid_at at time zone 'UTC', '%Y-%m-%d %H:%M')"
    assert sandbox.query(f"select ref, {at} from raw_billing.payments") == [(7, "2026-03-01 10:00")]


def test_names_of_the_five_stay_as_they_are_without_a_file(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path).fill()
    sandbox.run()
    assert sandbox.query("select mapping from raw_whatsapp._state where mapping is not null") == []
    with closing(sqlite3.connect(sandbox.source)):
        assert Ingestion(sandbox.settings()).sources_of_kinds() == {"whatsapp": ("whatsapp",)}


def test_folder_of_files_is_a_source(tmp_path: Path) -> None:
    sandbox = Helpdesk(tmp_path).configured(
        f"hosted:\n  kind: consulting\n  url: files://{tmp_path}/exports_of_crm\n"
        "  tables:\n    leads: {files: leads-*.csv, each: snapshot, separator: ';', columns: {owner: sales_rep}}\n"
    )
    folder = tmp_path / "exports_of_crm"
    folder.mkdir()
    (folder / "leads-1.csv").write_text("id;sales_rep;created_at\n1;Ann;2026-03-01\n2;Bob;2026-03-02\n")
    assert sandbox.run().errors == []
    (folder / "leads-2.csv").write_text("id;sales_rep;created_at\n1;Cat;2026-03-01\n")
    assert sandbox.run().errors == []
    assert sandbox.query("select id, owner, _op from raw_hosted.leads order by _batch_seq, id") == [
        ("1", "Ann", "upsert"),
        ("2", "Bob", "upsert"),
        ("1", "Cat", "upsert"),
        ("2", None, "delete"),
    ]


def test_numbers_and_dates_of_files_are_read_by_their_options_whatever_else_is_told(tmp_path: Path) -> None:
    sandbox = Helpdesk(tmp_path).configured(
        f"hosted:\n  kind: consulting\n  url: files://{tmp_path}/exports_of_crm\n  tables:\n    deals:\n"
        "      {files: deals.csv, separator: ;, decimal: ',', dates: '%d.%m.%Y', columns: {"
        "amount_cents: {from: betrag, times: 100, default: 0}, created_at: {default: 2026-01-01}}}\n"
    )
    (tmp_path / "exports_of_crm").mkdir()
    (tmp_path / "exports_of_crm" / "deals.csv").write_text(
        "id;betrag;created_at\n1;45,5;31.03.2026\n2;;\n3;1.234;01.04.2026\n4;7;morgen\n"
    )
    assert sandbox.run().errors == []
    at = "strftime(created_at at time zone 'UTC', '%Y-%m-%d')"
    assert sandbox.query(f"select id, amount_cents, {at} from raw_hosted.deals order by id") == [
        ("1", 4550, "2026-03-31"),
        ("2", 0, "2026-01-01"),
        ("3", None, "2026-04-01"),
    ]
    told = sandbox.query("select row_key, original_value, effect from raw_hosted._rejected order by row_key")
    assert told == [('{"id": "3"}', "1.234", "value"), ('{"id": "4"}', "morgen", "row")]


def test_type_that_a_mapping_changes_is_to_be_changed_there(helpdesk: Helpdesk) -> None:
    told = CONFIGURED.replace("kind: whatsapp", "kind: raw").replace("status: {from: status", "code: {from: status")
    helpdesk.configured(told.replace("values: {0: active, 1: resolved, 3: handed_off}", "type: integer"))
    for table in ("tenants", "conversations", "messages"):
        assert table in told
    helpdesk.again()
    helpdesk.configured(told)
    [error] = helpdesk.run().errors
    assert "column code is text as sources.yml maps it and BIGINT in raw_helpdesk.conversations." in error.replace(
        "bigint", "BIGINT"
    )
    assert error.endswith("Change its mapping, or move the raw table away")


def test_source_that_was_never_read_has_empty_tables_where_others_of_its_kind_have_rows(
    helpdesk: Helpdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = CONFIGURED.replace("helpdesk:", "second:").replace("HELPDESK_URL", "SECOND_URL")
    helpdesk.configured(CONFIGURED + second)
    monkeypatch.setenv("SECOND_URL", f"sqlite:///{helpdesk.folder / 'down.sqlite'}")
    for _ in range(2):
        [error] = helpdesk.run().errors
        assert "there is no SQLite file down.sqlite" in error and "SECOND_URL" in error
        assert helpdesk.query("select count(*) from raw_second.conversations") == [(0,)]
    monkeypatch.setenv("SECOND_URL", f"sqlite:///{helpdesk.source}")
    helpdesk.again()
    assert helpdesk.query("select count(*) from raw_second.conversations") == [(3,)]


def test_source_that_was_taken_out_of_the_file_can_be_removed(helpdesk: Helpdesk) -> None:
    helpdesk.again()
    with pytest.raises(ConfigurationError, match="take it out of the file"):
        removal.find(Ingestion(helpdesk.settings()), "helpdesk")
    helpdesk.configured("other: {kind: whatsapp, url: '${HELPDESK_URL}', tables: {conversations: {table: chats}}}")
    ingestion = Ingestion(helpdesk.settings())
    found = removal.find(ingestion, "helpdesk")
    assert "conversations" in found.raw and not found.built
    removal.remove(ingestion, found, with_archive=True)
    assert ingestion.warehouse.loaded_sources(["helpdesk"]) == set()
    with pytest.raises(ConfigurationError, match="Unknown source 'helpdesk'"):
        removal.find(ingestion, "helpdesk")


OTHER = "other: {kind: whatsapp, url: '${HELPDESK_URL}', tables: {conversations: {table: chats}}}\n"


@pytest.mark.parametrize("held", ["helpdesk", "other"])
def test_models_forget_what_they_saw_of_others_where_they_have_rows_of_one_that_is_removed(
    helpdesk: Helpdesk, held: str
) -> None:
    """Another one of its name might have as many batches before they are built again."""
    helpdesk.configured(CONFIGURED + OTHER).run()
    helpdesk.change_warehouse("create schema intermediate")
    helpdesk.change_warehouse(f"create table intermediate.int_whatsapp__built as select '{held}' as source_name")
    helpdesk.configured(OTHER)
    ingestion = Ingestion(helpdesk.settings())
    with ingestion.warehouse.session() as session:
        session.remember("other", TableState(MODELS, "what they were made of", 7))
    found = removal.find(ingestion, "helpdesk")
    assert found.shared_with == (("other",) if held == "helpdesk" else ())
    removal.remove(ingestion, found, with_archive=False)
    with ingestion.warehouse.session() as session:
        watermark = session.states("other")[MODELS].watermark
    stays = ingestion.warehouse.tables(["intermediate"]) == {("intermediate", "int_whatsapp__built")}
    assert (watermark is not None, stays) == (held == "other", held == "other")


def test_what_was_built_goes_with_the_last_source_of_its_kind_whatever_that_is_called(helpdesk: Helpdesk) -> None:
    helpdesk.again()
    for schema in ("core", "intermediate"):
        helpdesk.change_warehouse(f"create schema {schema}")
    helpdesk.change_warehouse("create table core.fct_messages as select 1 as id")
    helpdesk.change_warehouse("create table core.fct_orders as select 1 as id")
    helpdesk.change_warehouse("create table intermediate.int_whatsapp__built as select 'helpdesk' as source_name")
    helpdesk.configured("billing: {kind: raw, url: '${HELPDESK_URL}', tables: {notes: {key: [id]}}}")
    ingestion = Ingestion(helpdesk.settings())
    found = removal.find(ingestion, "helpdesk")
    assert found.built == [("core", "fct_messages"), ("intermediate", "int_whatsapp__built")]
    removal.remove(ingestion, found, with_archive=False)
    assert ingestion.warehouse.tables(["core", "intermediate"]) == {("core", "fct_orders")}


def untold(folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> Helpdesk:
    """An empty database as a source of which nothing but its kind is told."""
    sandbox = Helpdesk(folder).configured(f"helpdesk: {{kind: {kind}, url: '${{HELPDESK_URL}}'}}\n")
    monkeypatch.setenv("HELPDESK_URL", f"sqlite:///{sandbox.source}")
    return sandbox


def test_inspect_proposes_a_mapping_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox = untold(tmp_path, monkeypatch, "whatsapp")
    sandbox.sql(
        "create table accounts (id integer primary key, name text)",
        "create table chats (id integer primary key, account_id integer, state integer, created_at timestamp,"
        " last_activity_at timestamp)",
        "create table chat_messages (id integer primary key, chat_id integer, body text, message_type integer,"
        " created_at timestamp)",
        "insert into accounts values (1, 'Ah')",
        "insert into chats values (10, 1, 0, '2026-03-01 10:00:00', '2026-03-01 11:00:00')",
        "insert into chat_messages values (1, 10, 'hi', 0, '2026-03-01 10:00:00')",
    )
    # By the message of the first hour, to the command that it names.
    [error] = sandbox.run().errors
    assert "It has 3 tables, among them: " in error and "python -m ingestion inspect --source helpdesk" in error
    sandbox.export_settings(monkeypatch)
    assert cli.main(["inspect", "--source", "helpdesk"]) == 0
    told = capsys.readouterr().out
    proposal = told[told.index("helpdesk:\n  kind: whatsapp") :]
    proposal = proposal[: proposal.index("\n\n") + 1]
    assert "# No table like these was found, and they would be empty: outlets." in proposal
    assert "Say what each value is: active, resolved, handed_off." in proposal
    assert "chats.created_at, chats.last_activity_at" in proposal.partition("# No zone is told in ")[2]
    sandbox.configured(proposal.replace("{0: unknown}", "{0: active}", 1))
    sandbox.again()
    assert sandbox.rows_of("conversations", "id, tenant_id, status") == [(10, 1, "active")]
    assert sandbox.rows_of("messages", "id, conversation_id, content") == [(1, 10, "hi")]
    # With what the comment asks for, all rows are read again.
    sandbox.configured(proposal.replace("{0: unknown}", "{0: active}", 1).replace("# zone", "zone")).again()
    began = "strftime(started_at at time zone 'UTC', '%Y-%m-%d %H:%M')"
    assert sandbox.rows_of("conversations", f"id, {began}") == [(10, "2026-03-01 09:00")]


def test_inspect_proposes_what_numbers_are_and_leaves_room_for_what_it_does_not_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox = untold(tmp_path, monkeypatch, "restaurant")
    sandbox.sql(
        "create table guests (guest_uuid text primary key, venue_uuid text, name text)",
        "create table bookings (id_booking integer primary key, guest_uuid text, booked integer, total decimal(9, 2),"
        " removedAt timestamp)",
        "create table campañas (id_campaña integer primary key, nombre text)",
        "insert into guests values ('g', 'v', 'Ann')",
        "insert into bookings values (1, 'g', 1772359200000, 45.5, null), (2, 'g', 1772359200000, 45, null),"
        " (3, 'g', 1772359200000, 9, '2026-03-01')",
    )
    sandbox.export_settings(monkeypatch)
    assert cli.main(["inspect", "--source", "helpdesk"]) == 0
    told = capsys.readouterr().out
    proposal = told[told.index("helpdesk:\n  kind: restaurant") :].rstrip()
    assert "# Not read so far: campañas." in proposal
    sandbox.configured(proposal).again()
    assert sandbox.rows_of("customers", "id, restaurant_id") == [("g", "v")]
    at = "strftime(visited_at at time zone 'UTC', '%Y-%m-%d %H:%M')"
    assert sandbox.rows_of("visits", f"id, customer_id, spend_cents, {at}") == [
        (1, "g", 4550, "2026-03-01 10:00"),
        (2, "g", 4500, "2026-03-01 10:00"),
    ]
    # What it leaves to be filled in is a table of the file once that is done.
    filled = proposal.replace("    # campaigns:", "    campaigns: {table: campañas, columns: {id: id_campaña}}", 1)
    assert Ingestion(sandbox.configured(filled).settings()).catalogue["helpdesk"]["campaigns"].mapping.table
    # Nor is anything proposed that the file has by now.
    assert cli.main(["inspect", "--source", "helpdesk"]) == 0
    assert "calls things otherwise" not in capsys.readouterr().out


def test_inspect_writes_a_mapping_where_the_file_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = Sandbox(tmp_path)
    sandbox.sql("create table chats (id integer primary key, account_id integer, created_at timestamp)")
    sandbox.export_settings(monkeypatch)
    before = sandbox.settings().ingestion_catalogue.read_bytes()
    assert cli.main(["inspect", "--write"]) == 0
    assert (tmp_path / "sources.yml").read_text().startswith("whatsapp:\n  kind: whatsapp\n  url: ${WHATSAPP_")
    assert sandbox.settings().ingestion_catalogue.read_bytes() == before
    assert Ingestion(sandbox.settings()).catalogue["whatsapp"]["conversations"].mapping.table == "chats"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "hosted: {kind: whatsapp, url: 'files:///x', tables: {messages: {files: m.csv}}}",
            "say which files conversations",
        ),
        ("hosted: {kind: raw, url: 's3://key:hush@x/y', tables: {m: {files: m.csv}}}", "has a secret in it"),
        ("hosted: {kind: raw, url: 'files:///x', tables: {m: {files: ../m.csv}}}", "is not a pattern of files"),
        ("hosted: {kind: raw, url: 'files:///x', tables: {m: {files: m.csv, where: {a: 1}}}}", "of files all rows are"),
        ("hosted: {kind: raw, url: 'files:///x', tables: {m: {files: m.csv, table: t}}}", "`table` is of databases"),
        ("hosted: {kind: raw, url: 'x'}", "say which tables are extracted"),
        ("- hosted", "must map names of sources"),
        ("hosted: {kind: [", "is not valid YAML"),
    ],
)
def test_what_is_wrong_with_a_folder_of_files_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Ingestion(Helpdesk(tmp_path).configured(text).settings())
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)


def test_raw_of_the_archive_is_as_it_was_and_is_read_on_from(helpdesk: Helpdesk) -> None:
    helpdesk.again()
    helpdesk.sql("update notes set private = 1 where id = 2", "update chats set status = 1 where id = 10")
    helpdesk.again()
    tables = ("tenants", "conversations", "messages")
    before = [helpdesk.query(f"select * from raw_helpdesk.{table} order by id, _batch_seq") for table in tables]
    ingestion = Ingestion(helpdesk.settings(), Retries(()))
    chosen = ingestion.chosen_tables("helpdesk", None)
    results = rebuild.rebuild(
        ingestion.archive, ingestion.catalogue, ingestion.warehouse, LogListener(), chosen, replace_rows=True
    )
    assert [result.error for result in results] == [None] * 3
    assert before == [helpdesk.query(f"select * from raw_helpdesk.{table} order by id, _batch_seq") for table in tables]
    # The value that `values` lacks is told again.
    helpdesk.again()
    assert helpdesk.query("select original_value from raw_helpdesk._rejected where resolved_at is null") == [("9",)]
    assert before == [helpdesk.query(f"select * from raw_helpdesk.{table} order by id, _batch_seq") for table in tables]
