"""Any history of a source, read, compared, rebuilt and compacted at any moments, ends with raw equal to the source."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sandbox import WHATSAPP_TABLES, Sandbox

from ingestion.loading.progress import LogListener
from ingestion.loading.run import Ingestion
from ingestion.log.state import MODELS, TableState
from ingestion.operations.compaction import compact
from ingestion.operations.rebuild import rebuild

KEYS = st.integers(min_value=1, max_value=12)
DAYS = st.integers(min_value=1, max_value=28)


class RandomHistory(RuleBasedStateMachine):
    """Conversations and messages come, change, move in time, go and come back between runs."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.sandbox = Sandbox(Path(self.folder.name))
        # A row that stays, since a source that empties is refused.
        stays = "insert into messages values (0, 'c', 'customer', null, 'stays', '2026-01-01', null)"
        self.sandbox.sql(*WHATSAPP_TABLES, stays)
        self.is_loaded = self.has_run = False

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(id_=KEYS, day=DAYS, content=st.sampled_from(["a", "b"]))
    def put_message(self, id_: int, day: int, content: str) -> None:
        at = f"2026-02-{day:02} 10:00:00+00:00"
        self._exist(f"insert or ignore into messages values ({id_}, 'c', 'llm', null, '{content}', '{at}', null)")

    @rule(id_=KEYS)
    def delete_message(self, id_: int) -> None:
        self._exist(f"delete from messages where id = {id_}")

    @rule(id_=KEYS, day=st.none() | DAYS, status=st.sampled_from(["active", "handed_off"]))
    def put_conversation(self, id_: int, day: int | None, status: str) -> None:
        last = "null" if day is None else f"'2026-02-{day:02} 10:00:00'"
        self._exist(
            "insert or replace into conversations values"
            f" ('c{id_}', 't', null, null, '{status}', '2026-01-01', null, {last})"
        )

    @rule(id_=KEYS)
    def resolve_conversation(self, id_: int) -> None:
        # Only from a state that every run reads again: what changes unseen is the sweep's to find.
        self._exist(f"update conversations set status = 'resolved' where id = 'c{id_}'")

    def _exist(self, statement: str) -> None:
        self.sandbox.sql(statement)
        self.is_loaded = False

    @precondition(lambda self: not self.is_loaded)
    @rule()
    def run(self) -> None:
        assert self.sandbox.run().errors == []
        self.is_loaded = self.has_run = True

    @precondition(lambda self: self.has_run)
    @rule()
    def reconcile(self) -> None:
        assert Ingestion(self.sandbox.settings()).run(LogListener(), keys_only=True).errors == []

    @precondition(lambda self: self.has_run)
    @rule(share=st.floats(0, 1))
    def compact(self, share: float) -> None:
        """As if models had been built some time ago."""
        ingestion = Ingestion(self.sandbox.settings())
        [(last,)] = self.sandbox.query("select max(batch_seq) from raw_whatsapp._state")
        with ingestion.warehouse.session() as session:
            session.remember("whatsapp", TableState(MODELS, "built", int(int(str(last)) * share)))
        tables = ingestion.chosen_tables("whatsapp", None)
        compact(ingestion.catalogue, ingestion.warehouse, tables, datetime.now(UTC))

    @precondition(lambda self: self.has_run)
    @rule()
    def rebuild(self) -> None:
        i = Ingestion(self.sandbox.settings())
        tables = i.chosen_tables("whatsapp", None)
        results = rebuild(i.archive, i.catalogue, i.warehouse, LogListener(), tables, replace_rows=True)
        assert [result.error for result in results if result.error] == []

    @invariant()
    def raw_equals_the_source_after_a_run(self) -> None:
        if not self.is_loaded:
            return
        assert self.sandbox.latest("messages", "id, content, strftime(timestamp, '%d')") == self.sandbox.rows(
            "select id, content, substr(timestamp, 9, 2) from messages order by id"
        )
        assert self.sandbox.latest("conversations", "id, status, last_message_at is null") == self.sandbox.rows(
            "select id, status, last_message_at is null from conversations order by id"
        )
        assert (
            self.sandbox.query("select id, _batch_seq from raw_whatsapp.messages group by all having count(*) > 1")
            == []
        )


RandomHistory.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    suppress_health_check=list(HealthCheck),
    # A run takes a quarter of a second: shrinking would take minutes, and the steps printed tell enough.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
TestRandomHistory = pytest.mark.slow(RandomHistory.TestCase)
