"""What is due, waits and is held back, where something has no tables: test_never_built.py runs these in a process.

What runs are told of is read of the environment when the orchestration is imported, which one process can do once.
"""

import shutil
from collections.abc import Collection
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import combinations, product
from pathlib import Path

import pytest

from alerts.looks import of_tables, of_unreachable
from alerts.telling import open_incidents, tell
from exports.catalogue import Export
from ingestion.catalogue.source_tables import empty_tables
from ingestion.loading.privacy import REMEDY
from ingestion.loading.results import LoadResult
from ingestion.loading.run import Ingestion
from ingestion.log.state import TableState
from ingestion.settings import Settings
from orchestration import chain, changes, dbt, marks, nodes, profile, publications, standing, told
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
        "rates": node("rates", "seed", "") | {"depends_on": {"macros": []}},
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
    told["original_file_path"] = f"models/{name}.sql"
    return told | {"config": {"schema": "marts"}, "depends_on": {"nodes": [*reads]}}


def _placed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ingestion:
    """A warehouse in a folder, as what runs reads it."""
    urls = {f"{name}_database_url": f"sqlite:///{folder / name}.sqlite" for name in ("whatsapp", "restaurant")}
    ingestion = Ingestion(Settings.model_validate({"warehouse_url": f"duckdb:///{folder / 'w.duckdb'}"} | urls))
    monkeypatch.setattr(changes, "ingestion", ingestion)
    monkeypatch.setattr(changes, "SOURCES_OF_KINDS", ingestion.sources_of_kinds())
    monkeypatch.setattr(changes, "KINDS", ("restaurant", "whatsapp"))
    return ingestion


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a warehouse that each test gets a copy of: to make it takes as long as most of them."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as monkeypatch:
        ingestion = _placed(folder, monkeypatch)
        with ingestion.warehouse.session() as session:
            session.prepare(empty_tables("whatsapp", ingestion.catalogue["whatsapp"]))
        changes.end(["whatsapp"])
        changes.end([CROSS_SOURCE])
        assert changes.read().due_models(NOW) == []
    return folder


@pytest.fixture
def remembered(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ingestion:
    """A warehouse of whatsapp alone, whose models were built, and which knows restaurant."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return _placed(tmp_path, monkeypatch)


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


def test_builds_of_two_projects_that_end_or_are_killed_leave_no_table_of_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Files may be taken back after a build that failed. All histories of four builds, by whose the tables may be."""

    def note(memory: changes.Memory, step: str, entries: dict[str, changes.Entry]) -> None:
        noted["whatsapp"][step] = entries["whatsapp"]

    noted: dict[str, dict[str, changes.Entry]] = {}
    monkeypatch.setattr(type(changes.ingestion.warehouse), "at_hand", lambda _: nullcontext())
    monkeypatch.setattr(changes, "read", lambda: changes.Memory(noted, {}))
    monkeypatch.setattr(changes, "_note", note)
    for builds in product(product("ab", (True, False)), repeat=4):
        noted["whatsapp"] = {}
        tables_of: set[str] = set()
        for project, is_ended in builds:
            monkeypatch.setattr(changes, "_files", lambda _, project=project: project)
            is_full = changes.read().is_new_project("whatsapp")
            # Where all are of one, a build costs what changed.
            assert is_full == (tables_of != {project}), builds
            changes.begin(["whatsapp"], is_full=is_full)
            assert "whatsapp" in changes.read().due_models(NOW)
            # The first has not ended: there may be all tables, or not.
            tables_of = {project} if is_full and is_ended else tables_of | {project, *"?" * is_full}
            if is_ended:
                changes.end(["whatsapp"])


def test_seed_of_your_own_is_built_with_your_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one of all systems: those of the project carry the tags of who reads them."""
    own = {"name": "rates", "resource_type": "seed", "tags": [], "depends_on": {"macros": []}}
    assert nodes.own_models() == []
    monkeypatch.setitem(nodes.manifest, "nodes", nodes.manifest["nodes"] | {"rates": own})
    assert nodes.own_models() == ["rates"]
    assert nodes.system_of_node("rates") == CROSS_SOURCE
    assert nodes.files_of_own_models() == []


def test_model_of_your_own_makes_no_system_due_but_what_it_is_built_with(
    remembered: Ingestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"name": "mine", "resource_type": "model", "tags": [], "original_file_path": "models/custom/mine.sql"}
    monkeypatch.setitem(nodes.manifest, "nodes", nodes.manifest["nodes"] | {"mine": own})
    hashes = [*dbt._hashes(), ("models/custom/mine.sql", "its hash")]
    monkeypatch.setattr(dbt, "_hashes", lambda: hashes)
    assert changes.read().due_models(NOW) == [CROSS_SOURCE]
    assert [s for s in ("whatsapp", CROSS_SOURCE) if changes.read().is_new_project(s)] == [CROSS_SOURCE]
    # A system's own file is of all.
    hashes.append(("models/custom/../staging/whatsapp/more.sql", "its hash"))
    assert changes.read().due_models(NOW) == ["whatsapp", CROSS_SOURCE]


@pytest.mark.parametrize(("project", "is_plain"), [("as it was", True), ("as it was", False), ("another", True)])
def test_next_run_makes_everything_anew_after_dbt_by_hand_built_what_no_run_would(
    remembered: Ingestion, monkeypatch: pytest.MonkeyPatch, project: str, is_plain: bool
) -> None:
    own = {"name": "mine", "resource_type": "model", "tags": [], "original_file_path": "models/custom/mine.sql"}
    monkeypatch.setitem(nodes.manifest, "nodes", nodes.manifest["nodes"] | {"mine": own})
    changes.end([], own=["mine"])
    if project == "another":
        monkeypatch.setattr(profile, "fingerprint", lambda _=(): "another")
    monkeypatch.setattr(type(remembered.warehouse), "loaded_sources", lambda *_: {"whatsapp"})
    profile._expect_other_tables(remembered, is_as_runs=is_plain)
    is_as_runs = is_plain and project != "another"
    assert changes.read().due_models(NOW) == ([] if is_as_runs else ["whatsapp", CROSS_SOURCE])
    assert changes.read().is_new_project("whatsapp") is not is_as_runs
    # Those of your own are made anew with what is made of all systems, if that is, and not by themselves.
    assert changes.read().lacking() == []


def test_refresh_that_failed_is_not_begun_once_more(remembered: Ingestion) -> None:
    """It is due as before, and would fail once more; the next run that somebody or a schedule launches takes it on."""
    changes.begin(["whatsapp"], is_full=True)
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
        changes.begin(systems, asked, is_full=False)
        its, faulty = nodes.at_fault(faults)
        unreached = {name for one in faults for name in READ_BY[one]} - {*faults}
        changes.end(systems - its, asked - faulty - unreached)

    # Opened once: that is what most of this costs.
    with remembered.warehouse.at_hand():
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


def test_what_is_published_is_due_where_what_lies_there_is_not_what_was_made_last(
    remembered: Ingestion, tmp_path: Path
) -> None:
    """Folder, copy or warehouse were restored to an older state. A folder that is not there may be on another disk."""
    declared = {"calls": Export.model_validate({"name": "calls", "source": "whatsapp", "mart": "calls"})}
    of_exports = publications.Step("exports", str(tmp_path / "exports"), None, declared)
    copy, file = publications.Step("copy", str(tmp_path / "bi.duckdb")), tmp_path / "bi.duckdb"

    def make() -> None:
        memory = changes.read()
        file.write_text(str(memory.built("whatsapp")), encoding="utf-8")
        for step in (of_exports, copy):
            changes.publish(step, memory.due(step), memory)

    def due() -> list[str]:
        memory = changes.read()
        return memory.due(of_exports) + memory.due(copy)

    with remembered.warehouse.at_hand():
        make()
        assert due() == []
        older = {path: path.read_bytes() for path in (file, *tmp_path.rglob(f"*{marks.EXPORTS_MARK}"))}
        assert len(older) == 3
        changes.end(["whatsapp", CROSS_SOURCE])
        assert due() == ["whatsapp", "whatsapp", CROSS_SOURCE]
        make()
        assert due() == []
        for path, content in older.items():
            newer = path.read_bytes()
            path.write_bytes(content)
            assert due() == (["whatsapp"] if path.parent.name == "exports" else ["whatsapp", CROSS_SOURCE]), path
            path.write_bytes(newer)
            make()
            assert due() == []
        (tmp_path / "exports" / marks.EXPORTS_MARK).write_text("[1", encoding="utf-8")
        assert due() == ["whatsapp"]
        shutil.rmtree(tmp_path / "exports")
        assert due() == []
        file.unlink()
        assert due() == ["whatsapp", CROSS_SOURCE]


def test_what_was_wrong_of_a_source_that_is_removed_is_over_with_the_next_run(
    remembered: Ingestion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one whose URL is missing and that raw holds, it is not."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    settings = remembered.settings
    monkeypatch.setattr(told, "settings", settings)
    faults = dict.fromkeys(("restaurant", "erp"), "It does not answer.")
    tell(settings, of_unreachable(faults, {name: (name,) for name in faults}))
    failed = LoadResult("erp", "customers", "", TableState("customers"), 0.0, "It is gone")
    tell(settings, of_tables("erp", [failed], ["erp"]))
    monkeypatch.setattr(told, "SOURCES", ("whatsapp", "restaurant"))
    told.tables("whatsapp", [])
    assert [one.finding.subject for one in open_incidents(settings)] == ["restaurant"]
    assert (tmp_path / "alerts.json").exists()


def launched_after(job: str) -> object:
    launch = chain.next_launch(job)
    return launch and launch.assets
