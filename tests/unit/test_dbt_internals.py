"""What the orchestration replaces inside dbt does what the original does."""

import io
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.base.relation import BaseRelation
from dbt.clients.jinja import MacroGenerator, MacroStack
from dbt.context.macros import MacroNamespaceBuilder
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import MacroFuzzEnvironment, NativeSandboxEnvironment, get_environment, get_template
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.logger import LoggerConfig
from dbt_common.events.types import Note
from hypothesis import given
from hypothesis import strategies as st

from orchestration import dbt_internals
from orchestration.dbt_internals import Events, _Original, build_namespace


@pytest.fixture(autouse=True)
def _as_dbt_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever another test of the process has replaced."""
    monkeypatch.setattr(MacroFuzzEnvironment, "compile", _Original.compile)
    monkeypatch.setattr(NativeSandboxEnvironment, "from_string", _Original.from_string)
    monkeypatch.setattr(BaseEvent, "__init__", _Original.make_event)
    monkeypatch.setattr(BaseEvent, "__getattr__", _Original.of_event)
    monkeypatch.setattr(BaseEvent, "__setattr__", _Original.set_of_event)
    monkeypatch.setattr(BaseAdapter, "_make_match", _Original.make_match)
    monkeypatch.setattr(agate_helper, "build_type_tester", _Original.build_type_tester)
    monkeypatch.setattr(MacroNamespaceBuilder, "build_namespace", _Original.build_namespace)


MACROS = {
    "dbt": ["statement", "is_incremental", "default__year", "should_full_refresh"],
    "dbt_duckdb": ["duckdb__year", "statement"],
    "crm_warehouse": ["clock", "should_full_refresh", "in_both"],
    "other_package": ["in_both", "only_there"],
}


@pytest.mark.parametrize("package", ["crm_warehouse", "other_package", "dbt"])
def test_macros_are_found_as_dbt_finds_them(package: str) -> None:
    by_package = {
        name: {macro: SimpleNamespace(name=macro, package_name=name, unique_id=f"{name}.{macro}") for macro in macros}
        for name, macros in MACROS.items()
    }

    def builder() -> MacroNamespaceBuilder:
        return MacroNamespaceBuilder("crm_warehouse", package, stack, ["dbt_duckdb", "dbt"])

    stack, context = MacroStack(), {"this": "context"}
    original: Any = builder().build_namespace(by_package, context)  # type: ignore[arg-type]
    ours: Any = build_namespace(builder(), by_package, context)
    assert _shown(dict(ours)) == _shown(dict(original))
    for name in (None, "dbt", "crm_warehouse", "other_package"):
        for macro in {macro for macros in MACROS.values() for macro in macros}:
            assert _shown(ours.get_from_package(name, macro)) == _shown(original.get_from_package(name, macro))


def _shown(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _shown(value) for name, value in found.items()}
    return found and (found.macro, found.context, found.node, found.stack, isinstance(found, MacroGenerator))


def test_events_of_debugging_are_heard_where_a_log_asks_for_them() -> None:
    levels = [EventLevel.DEBUG, EventLevel.INFO, EventLevel.WARN, EventLevel.ERROR]
    assert _heard(EventLevel.INFO, levels) == ["info", "warn", "error"]
    assert _heard(EventLevel.DEBUG, levels) == ["debug", "info", "warn", "error"]


def _heard(logged: EventLevel, levels: list[EventLevel]) -> list[str]:
    events = Events()
    events.add_logger(LoggerConfig("log", level=EventLevel.INFO, output_stream=io.StringIO()))
    events.add_logger(LoggerConfig("other", level=logged, output_stream=io.StringIO()))
    heard: list[str] = []
    events.add_callback(lambda message: heard.append(message.info.level))
    for level in levels:
        events.fire_event(Note(msg="told"), level=level)
    return heard


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize(
    "source",
    ["{{ unique(column) }}", "{% if column %}1{% endif %}", "{% set a = column %}{{ a }}{# no #}", "x"],
)
def test_template_of_the_same_text_is_compiled_once_and_knows_no_other_s_context(
    source: str, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    contexts = [{"column": name, "unique": lambda column: f"{column}!"} for name in ("id", "", "other")]

    def rendered() -> list[Any]:
        return [get_template(source, {}, native=native).render(context) for context in contexts]

    original = rendered()
    monkeypatch.setattr(MacroFuzzEnvironment, "compile", dbt_internals.compile_once)
    monkeypatch.setattr(dbt_internals, "_compiled", {})
    assert rendered() == original == rendered()
    assert len(dbt_internals._compiled) == 1


@given(st.text(st.sampled_from("{}%#-x1 \t\r\n'\\\u2028")) | st.text())
def test_text_without_jinja_is_what_jinja_makes_of_it(text: str) -> None:
    env = get_environment(native=True)
    ours = _ends(lambda: dbt_internals.from_string(env, text).render({}))
    assert ours == _ends(lambda: NativeSandboxEnvironment.from_string(env, text).render({}))


def _ends(call: Callable[[], Any]) -> Any:
    """What a call gives, or of what kind its error is."""
    try:
        return call()
    except Exception as error:
        return type(error)


def test_event_holds_what_it_was_made_of_whenever_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Note(msg="told")
    monkeypatch.setattr(BaseEvent, "__init__", dbt_internals.make_event)
    monkeypatch.setattr(BaseEvent, "__getattr__", dbt_internals.of_event)
    monkeypatch.setattr(BaseEvent, "__setattr__", dbt_internals.set_of_event)
    ours, changed = Note(msg="told"), Note(msg="told")
    changed.msg = "other"
    assert (ours.msg, ours.message(), ours.to_dict()) == (original.msg, original.message(), original.to_dict())
    assert (changed.msg, changed.to_dict()) == ("other", {"msg": "other"})
    with pytest.raises(Exception, match="positional"):
        Note("told").msg  # noqa: B018


@pytest.mark.parametrize("identifier", ["messages", "Messages", '"messages"', "costs", "none", ""])
@pytest.mark.parametrize("quotes", [True, False])
def test_relation_is_found_or_refused_as_dbt_does(identifier: str, quotes: bool) -> None:
    adapter: Any = SimpleNamespace(
        config=SimpleNamespace(quoting=dict.fromkeys(("database", "schema", "identifier"), quotes))
    )
    adapter._make_match_kwargs = lambda *names: BaseAdapter._make_match_kwargs(adapter, *names)
    relations = [
        BaseRelation.create(database="db", schema="marts", identifier=name) for name in ("messages", "costs", "Costs")
    ]

    def found(make_match: Callable[..., Any]) -> Any:
        return _ends(lambda: make_match(adapter, relations, "db", "marts", identifier))

    assert found(dbt_internals.make_match) == found(BaseAdapter._make_match)


@pytest.mark.parametrize(
    "rows", [[], [("1", "", 2, None)], [("null", "2026-01-01", True, "x"), ("", None, False, "1")]]
)
def test_types_of_results_are_told_as_dbt_tells_them(rows: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def told(texts: set[str] | None) -> Any:
        table = agate_helper.table_from_rows(rows, ("a", "b", "c", "d"), texts)
        return [type(kind) for kind in table.column_types], [tuple(row) for row in table.rows]

    asked: list[set[str] | None] = [{"a", "d"}, {"b"}, set(), None]
    original = [told(texts) for texts in asked]
    monkeypatch.setattr(agate_helper, "build_type_tester", dbt_internals.build_type_tester)
    assert [told(texts) for texts in [*asked, *asked]] == [*original, *original]
