"""What is due, waits and is held back, where something has no tables: test_never_built.py runs these in a process.

What runs are told of is read of the environment when the orchestration is imported, which one process can do once.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pytest

from exports.catalogue import Export
from ingestion.catalogue.source_tables import empty_tables
from ingestion.loading.privacy import REMEDY
from ingestion.loading.run import Ingestion
from ingestion.log.state import TableState
from ingestion.settings import Settings
from orchestration import chain, changes, nodes, publications, standing
from orchestration.configuration import CROSS_SOURCE, JOB, REFRESH_JOBS
from orchestration.models import keys_of_models

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_what_reads_tables_that_are_not_there_waits_through_whatever_lies_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Models of one's own too, and tests of theirs; what reads tables that are there does not."""

    tree = {
        "visits": node("visits", "model", "restaurant"),
        "calls": node("calls", "model", "whatsapp"),
        "of_all": node("of_all", "model", "cross_source", "visits", "calls"),
        "mine": node("mine", "model", "", "visits"),
        "of_mine": node("of_mine", "model", "", "mine"),
        "other": node("other", "model", "", "calls", "of_all"),
        "t_visits": node("t_visits", "test", "", "visits", "of_all"),
        "t_mine": node("t_mine", "test", "", "of_mine"),
        "t_all": node("t_all", "test", "", "of_all"),
        "t_other": node("t_other", "test", "", "other"),
    }
    for module in (standing, nodes):
        monkeypatch.setitem(module.manifest, "nodes", tree)

    class _Warehouse:
        def tables(self, schemas: set[str]) -> set[tuple[str, str]]:
            return {("marts", "calls")} if schemas == {"marts"} else set()

    class _Ingestion:
        warehouse = _Warehouse()

    monkeypatch.setattr(standing, "ingestion", _Ingestion())
    monkeypatch.setattr(standing, "KINDS", ("restaurant", "whatsapp"))
    missing = standing.missing_tables()
    assert standing.is_any_system_built(missing)
    monkeypatch.setattr(standing, "KINDS", ("restaurant",))
    assert not standing.is_any_system_built(missing)
    assert sorted(standing.waiting_for(missing)) == ["mine", "of_mine", "t_mine", "t_visits"]


def node(name: str, kind: str, tag: str, *reads: str) -> dict[str, object]:
    told = {"name": name, "alias": name, "resource_type": kind, "tags": [tag] * bool(tag)}
    return told | {"config": {"schema": "marts"}, "depends_on": {"nodes": [*reads]}}


@pytest.fixture
def remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ingestion:
    """A warehouse of whatsapp alone, whose models were built, and which knows restaurant."""
    urls = {f"{name}_database_url": f"sqlite:///{tmp_path / name}.sqlite" for name in ("whatsapp", "restaurant")}
    ingestion = Ingestion(Settings.model_validate({"warehouse_url": f"duckdb:///{tmp_path / 'w.duckdb'}"} | urls))
    kinds = ingestion.sources_of_kinds()
    monkeypatch.setattr(changes, "ingestion", ingestion)
    monkeypatch.setattr(changes, "SOURCES_OF_KINDS", kinds)
    monkeypatch.setattr(changes, "KINDS", ("restaurant", "whatsapp"))
    with ingestion.warehouse.session() as session:
        session.prepare(empty_tables("whatsapp", ingestion.catalogue["whatsapp"]))
    changes.end(["whatsapp"])
    changes.end([CROSS_SOURCE])
    assert changes.read().due_models(NOW) == []
    return ingestion


def test_what_reads_all_systems_is_due_when_one_that_came_later_is_taken_away(remembered: Ingestion) -> None:
    """Though the systems that stay are as they were when there were no others."""
    with remembered.warehouse.session() as session:
        session.prepare(empty_tables("restaurant", remembered.catalogue["restaurant"]))
    assert changes.read().due_models(NOW) == ["restaurant", CROSS_SOURCE]
    changes.end(["restaurant"])
    # Killed before what reads them all.
    assert changes.read().due_models(NOW) == [CROSS_SOURCE]
    changes.end([CROSS_SOURCE])
    assert changes.read().due_models(NOW) == []
    with remembered.warehouse.session() as session:
        session.remove("restaurant", [])
    assert changes.read().due_models(NOW) == [CROSS_SOURCE]


def test_system_that_waits_for_another_key_keeps_nobody_waiting(remembered: Ingestion) -> None:
    with remembered.warehouse.session() as session:
        session.prepare(empty_tables("restaurant", remembered.catalogue["restaurant"]))
        session.remember("restaurant", TableState("customers", last_error=f"Bring it to what is declared: {REMEDY}"))
        session.remember("whatsapp", TableState("customers", batch_seq=1))
    memory = changes.read()
    assert memory.due_models(NOW) == ["whatsapp", CROSS_SOURCE]
    assert REMEDY in (memory.awaits_rotation("restaurant") or "")
    assert memory.awaits_rotation("whatsapp") is None
    changes.end(["whatsapp"])
    changes.end([CROSS_SOURCE])
    assert changes.read().due_models(NOW) == []


def test_refresh_that_failed_is_not_begun_once_more(remembered: Ingestion) -> None:
    """It is due as before, and would fail once more; the next run that somebody or a schedule launches takes it on."""
    changes.begin(["whatsapp"])
    of_all = keys_of_models(CROSS_SOURCE)
    assert launched_after(REFRESH_JOBS["whatsapp"]) == of_all
    for job in (REFRESH_JOBS["restaurant"], JOB):
        assert launched_after(job) == [*keys_of_models("whatsapp"), *of_all]


PUBLISHED = {
    "of_all": {"mart": "of_all"},
    "mine": {"mart": "mine"},
    "reads_mine": {"query": 'select * from "marts"."of_mine"'},
    "other": {"source": "whatsapp", "mart": "other"},
}
READ_BY = {
    "calls": set(),
    "of_all": {"of_all"},
    "t_all": {"of_all"},
    "mine": {"mine", "of_mine"},
    "t_mine": {"mine", "of_mine"},
    "of_mine": {"of_mine"},
    "t_of_mine": {"of_mine"},
    "other": {"other"},
    "t_other": {"other"},
}
"""A node that may fail → what is not whole then of all systems together, or of your own."""


@pytest.mark.parametrize("failed", [fs for n in range(3) for fs in combinations(READ_BY, n)], ids="+".join)
def test_what_fails_holds_back_what_is_made_of_it_and_nothing_else(
    failed: tuple[str, ...], remembered: Ingestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = {
        "calls": node("calls", "model", "whatsapp"),
        "of_all": node("of_all", "model", "cross_source", "calls"),
        "mine": node("mine", "model", "", "of_all"),
        "of_mine": node("of_mine", "model", "", "mine"),
        "other": node("other", "model", "", "calls"),
        "t_all": node("t_all", "test", "", "of_all"),
        "t_mine": node("t_mine", "test", "", "mine", "of_all"),
        "t_of_mine": node("t_of_mine", "test", "", "of_mine"),
        "t_other": node("t_other", "test", "", "other", "calls"),
    }
    monkeypatch.setitem(nodes.manifest, "nodes", tree)
    own = {"mine", "of_mine", "other"}
    assert {*nodes.own_models()} == own
    declared = {name: Export.model_validate({"name": name, **told}) for name, told in PUBLISHED.items()}
    monkeypatch.setattr(publications, "exports", declared)
    step = publications.Step("exports", "somewhere", None, declared)
    steps = [(step, "whatsapp"), (step, CROSS_SOURCE), (publications.copy_step, CROSS_SOURCE)]

    def build(systems: set[str], asked: set[str], faults: Collection[str]) -> None:
        changes.begin(systems, asked)
        its, faulty = nodes.at_fault(faults)
        unreached = {name for one in faults for name in READ_BY[one]} - {*faults}
        changes.end(systems - its, asked - faulty - unreached)

    # Opened once: that is what most of this costs.
    with remembered.warehouse.exclusive():
        build({"whatsapp", CROSS_SOURCE}, own, failed)
        memory = changes.read()
        unwhole = {name for one in failed for name in READ_BY[one]}
        assert (memory.built("whatsapp") is None) == ("calls" in failed)
        assert (memory.built(CROSS_SOURCE) is None) == ("of_all" in unwhole)
        assert {*memory.lacking()} == unwhole & own
        shown = {"of_all": "", "mine": "mine", "reads_mine": "of_mine", "other": "other"}
        assert {name for name in declared if memory.lacking(declared[name])} == {
            name for name, model in shown.items() if model in unwhole
        }
        if memory.built(CROSS_SOURCE):
            assert {*memory.due_own_models()} == unwhole & own
            # What was published is due once more with what was left out, and not before.
            told = [memory.published(*one) for one in steps]
            build(set(), unwhole & own, failed)
            assert [changes.read().published(*one) for one in steps] == told
            build(set(), unwhole & own, ())
            now = [changes.read().published(*one) for one in steps]
            changed = [bool(unwhole & its) for its in ({"other"}, {"mine", "of_mine"}, own)]
            assert [a != b for a, b in zip(now, told, strict=True)] == [
                is_other and bool(before) for is_other, before in zip(changed, told, strict=True)
            ]
            assert changes.read().due_own_models() == []
        # With all systems together what is your own is due, whatever was asked for.
        build({CROSS_SOURCE}, set(), ())
        assert {*changes.read().due_own_models()} == own


def launched_after(job: str) -> object:
    launch = chain.next_launch(job)
    return launch and launch.assets
