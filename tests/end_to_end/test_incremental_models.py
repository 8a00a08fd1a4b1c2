"""After any history of sources, what incremental builds made equals what a full refresh makes, cell by cell.

And both equal what the oracle makes of the rows in raw, of each source as if it were alone.

`MODEL_HISTORIES=20` makes it longer.
"""

import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from bigquery import Bigquery
from end_to_end.model_history import ModelHistory
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from oracle.check import disagreements_of_system
from parsed_project import ParsedProject
from postgresql import Server

from ingestion.settings import SOURCES
from ingestion.warehouses.sql import relation

SCHEMAS = ("staging", "intermediate", "core", "marts")
EXAMPLES = int(os.environ.get("MODEL_HISTORIES", "1"))
BUILDS = 1 if EXAMPLES == 1 else 3
"""How many builds there may be between the first and the last, which is compared with a full refresh."""

NUMBERS = st.integers(min_value=0, max_value=10_000)
EDITS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), min_size=5, max_size=40)
SOURCES_OF_KIND = st.sampled_from(("both", "first", "second"))
"""Which sources of the kind there are: that of its name, another one, or both."""

STATE = ("__build", "__built", "__changed_", "__renamed_", "builds")
"""Notes of builds: which they were, what they found changed or renamed, what they did, and when."""

RARE = {"outreach_errors_daily": ("intermediate", "int_restaurant__failed_outreach")}
"""Daily marts of what is so seldom in a small source that a history may leave none of a day that has come: what they
count, with its day as the last column."""

DAY_BEFORE = "previous_local_date"
"""Such a note among the columns of tenants: their day as of the last build."""

Content = dict[tuple[str, str], Counter[tuple[object, ...]]]
"""Schema and table → its rows."""


class RandomModelHistory(RuleBasedStateMachine):
    """Rows of any table come, change, move, go and come back between extractions and builds, of which some fail.

    So do sources of one kind with the same ids, of which one may fail to be read, or be removed and followed by another
    of its name.
    """

    system = ""
    server: Server | Bigquery | None = None
    """Where the warehouse is; a DuckDB file without one."""
    parsed: ParsedProject

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.history: ModelHistory
        self.last: list[str] = []
        self.builds = 0

    @initialize(number=NUMBERS, first=SOURCES_OF_KIND, last=SOURCES_OF_KIND, edits=EDITS)
    def first_build(self, number: int, first: str, last: str, edits: list[tuple[int, int, int, int]]) -> None:
        # The first example is always the simplest: all numbers are 0, and all steps the same.
        assume(number)
        self.history = ModelHistory(self.system, Path(self.folder.name), self.parsed, self.server, others=["b"])
        self.history.names, self.last = self._named(first), self._named(last)
        self.history.extract()
        self.history.build()
        self.history.leave_customers_without_rows()
        self.history.leave_rows_without_customers()
        # Steps may be all of one kind, in a history as Hypothesis draws it.
        self.edit(edits)

    @rule(edits=EDITS)
    def edit(self, edits: list[tuple[int, int, int, int]]) -> None:
        for place, row, donor, column in edits:
            self.history.edit(place, row, donor, column)

    @rule(spoils=EDITS)
    def spoil(self, spoils: list[tuple[int, int, int, int]]) -> None:
        for place, row, column, value in spoils:
            self.history.spoil(place, row, column, value)

    @rule(rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=15))
    def delete(self, rows: list[tuple[int, int]]) -> None:
        for place, row in rows:
            self.history.delete(place, row)

    @rule(count=st.integers(1, 10))
    def put_back(self, count: int) -> None:
        for _ in range(count):
            self.history.put_back()

    @rule(rows=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=15))
    def copy(self, rows: list[tuple[int, int, int]]) -> None:
        for place, row, key in rows:
            self.history.copy(place, row, key)

    def _named(self, sources: str) -> list[str]:
        return {"first": [self.system], "both": [self.system, "b"], "second": ["b"]}[sources]

    @rule(sources=SOURCES_OF_KIND)
    def sources_come_or_go(self, sources: str) -> None:
        self.history.names = self._named(sources)

    @rule(is_second=st.booleans(), seed=NUMBERS)
    def another_has_the_name_of_one_that_is_removed(self, is_second: bool, seed: int) -> None:
        self.history.replace_source("b" if is_second else self.system, seed)

    @rule(is_second=st.booleans())
    def only_the_other_source_can_be_read(self, is_second: bool) -> None:
        self.history.down = "b" if is_second else self.system

    @rule()
    def both_can_be_read(self) -> None:
        self.history.down = ""

    @rule()
    def live_a_day(self) -> None:
        self.history.live_a_day()

    @rule(days=st.integers(1, 12))
    def let_days_pass(self, days: int) -> None:
        self.history.as_of += timedelta(days=days)

    @rule(days=st.integers(1, 3))
    def find_that_the_clock_was_wrong(self, days: int) -> None:
        self.history.as_of -= timedelta(days=days)

    @rule()
    def extract_without_a_build(self) -> None:
        self.history.extract()

    @precondition(lambda self: self.builds < BUILDS)
    @rule()
    def build(self) -> None:
        self.builds += 1
        self.history.extract()
        self.history.build()

    @precondition(lambda self: self.builds < BUILDS)
    @rule(model=NUMBERS, others=st.booleans())
    def build_that_ends_early(self, model: int, others: bool) -> None:
        """As if a model had failed: what comes after it is left as it was. It may be of files that are taken back."""
        self.builds += 1
        self.history.extract()
        models = self.history.models()
        self.history.build("--exclude", f"{models[model % len(models)]}+", others=others)

    @precondition(lambda self: self.builds < BUILDS)
    @rule(model=NUMBERS)
    def full_refresh_of_one_model(self, model: int) -> None:
        self.builds += 1
        self.history.extract()
        models = self.history.models()
        self.history.build("--full-refresh", "--select", models[model % len(models)])

    def teardown(self) -> None:
        try:
            if self.last:
                self.end()
        finally:
            self.folder.cleanup()

    def end(self) -> None:
        """Build once more, and compare."""
        self.let_days_pass(days=1)
        self.history.names = self.last
        self.history.extract()
        self.history.build()
        refreshed = content_of_full_refresh_too(self.history)
        empty = {name for (_, name), rows in refreshed.items() if name.endswith("_daily") and not rows}
        today = self.history.as_of.date()
        left = {name for name, counted in RARE.items() if any(d and d < today for *_, d in refreshed.get(counted, ()))}
        assert empty <= RARE.keys() - left
        warehouse, as_of = self.history.warehouse, self.history.as_of
        assert disagreements_of_system(warehouse, self.system, as_of, self.last) == []


def content(history: ModelHistory) -> Content:
    """All rows of all models, but for the notes of builds."""
    warehouse = history.warehouse
    tables = {table for table in warehouse.tables(SCHEMAS) if not any(part in table[1] for part in STATE)}
    with warehouse.reader() as read:
        found = {table: read(f"select * from {relation(*table)}") for table in tables}
    return {table: Counter(rows_of(columns)) for table, columns in found.items()}


def rows_of(table: pa.Table) -> Iterator[tuple[object, ...]]:
    columns = [name for name in table.column_names if name != DAY_BEFORE]
    return zip(*(table[name].to_pylist() for name in columns), strict=True)


def content_of_full_refresh_too(history: ModelHistory, *arguments: str) -> Content:
    """All rows as the last builds left them, which a full refresh must not change."""
    changed = content(history)
    history.build("--full-refresh", *arguments)
    refreshed = content(history)
    assert changed.keys() == refreshed.keys()
    for table, rows in refreshed.items():
        assert changed[table] == rows, table
    return refreshed


LIMITS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=12,
    # What chance finds is for `make test-long`: a change fails by itself and not by the day on which it is tested.
    derandomize=EXAMPLES == 1,
    suppress_health_check=list(HealthCheck),
    # A build takes many seconds: shrinking would take an hour, and the steps printed tell enough.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


ENGINES = {
    "duckdb": SOURCES,
    # A server takes twice as long: short tests try there the system whose facts depend on the most other rows but
    # whatsapp's, of which `test_servers.py` compares increments on all engines.
    "postgresql": SOURCES if EXAMPLES > 1 else ("erp",),
    # Its emulator takes longer still; `test_servers.py` runs on it in short tests too.
    "bigquery": SOURCES if EXAMPLES > 1 else (),
}


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "system"), [(engine, system) for engine in ENGINES for system in ENGINES[engine]])
def test_incremental_equals_full_refresh_after_any_history(
    engine: str,
    system: str,
    parsed_project: ParsedProject,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fixtures = {"postgresql": "postgresql_server", "bigquery": "bigquery_service"}
    server = request.getfixturevalue(fixtures[engine]) if engine in fixtures else None
    if isinstance(server, Bigquery):
        server.reach_by(monkeypatch)
    machine = type("History", (RandomModelHistory,), {"system": system, "server": server, "parsed": parsed_project})
    run_state_machine_as_test(machine, settings=LIMITS)


@pytest.mark.slow
def test_what_has_waited_for_a_year_and_is_gone_is_in_no_window_any_more(
    tmp_path: Path, parsed_project: ParsedProject
) -> None:
    """What is open at the end of a window is of all days before it, too."""
    history = ModelHistory("consulting", tmp_path, parsed_project)
    recent = "from {} where created_at between '2026-08-20' and '2026-09-04' order by id limit 1"
    with closing(sqlite3.connect(history.file)) as db, db:
        # Windows have rows for those alone that were active in them.
        db.execute(
            "insert into deals select -1, account_id, lead_id, 'proposal', amount_cents, currency_code, null,"
            f" '2025-09-01 10:00:00+00:00', updated_at {recent.format('deals')}"
        )
        db.execute(
            "insert into event_outbox select -1, event_type, aggregate_type, aggregate_id, payload,"
            f" '2025-09-01 10:00:00+00:00', null {recent.format('event_outbox')}"
        )
    states = (
        "select (select sum(open_deals) from marts.pipeline_trailing where window_days = 90 and not is_prior) as deals,"
        " (select sum(unprocessed_events) from marts.outbox_trailing where window_days = 90 and not is_prior) as events"
    )
    history.extract()
    history.build()
    [before] = history.warehouse.query(states).to_pylist()
    with closing(sqlite3.connect(history.file)) as db, db:
        db.execute("delete from deals where id = -1")
        db.execute("update event_outbox set processed_at = '2025-09-02 10:00:00+00:00' where id = -1")
    history.extract()
    history.build()
    assert history.warehouse.query(states).to_pylist() == [{name: count - 1 for name, count in before.items()}]
    assert disagreements_of_system(history.warehouse, "consulting", history.as_of) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("system", "is_later"), [("restaurant", True), ("consulting", False)], ids=["of a later day", "of other files"]
)
def test_build_that_never_ended_leaves_nothing_that_the_next_would_not_make(
    system: str, is_later: bool, tmp_path: Path, parsed_project: ParsedProject
) -> None:
    """It was told a wrong clock, or made of files that were taken back since: what it put into facts and measures."""
    history = ModelHistory(system, tmp_path, parsed_project)
    history.extract()
    history.build()
    last = history.as_of
    history.as_of += timedelta(days=5) if is_later else timedelta()
    history.build("--exclude", f"int_{system}__changed_windows+", others=not is_later)
    before = content(history)
    history.as_of = last
    history.build()
    refreshed = content_of_full_refresh_too(history)
    assert any(before[table] != rows for table, rows in refreshed.items() if table[1].endswith("_measures"))


@pytest.mark.slow
def test_names_come_and_go_as_it_is_said_of_their_source(tmp_path: Path, parsed_project: ParsedProject) -> None:
    """By an incremental build, in every model."""
    history = ModelHistory("consulting", tmp_path, parsed_project, others=["b"])
    history.names = ["consulting", "b"]
    for name in history.names:
        with closing(sqlite3.connect(history.file_of(name))) as db, db:
            db.execute("update leads set owner = ? || owner", (f"zq-{name}-",))
    history.extract()
    history.shown = ["b.leads.owner"]
    history.build()
    assert held_in(history, "zq-b-") == OWNED
    history.shown = ["consulting.leads.owner"]
    history.build()
    assert held_in(history, "zq-b-") == set()
    assert held_in(history, "zq-consulting-") == OWNED
    content_of_full_refresh_too(history)


OWNED = {
    *("account_360", "dim_leads", "fct_deals", "fct_lead_stages", "int_consulting__account_records"),
    *("int_consulting__lead_funnel_measures", "int_consulting__pipeline_measures", "stg_consulting__leads"),
    *(
        f"{mart}_{grain}"
        for mart in ("lead_funnel", "pipeline")
        for grain in ("daily", "weekly", "monthly", "trailing")
    ),
}
"""Where owners of leads are shown."""


def held_in(history: ModelHistory, text: str) -> set[str]:
    """The tables and views of all models in which a text is."""
    return {name for (_, name), rows in content(history).items() if any(text in str(row) for row in rows)}
