"""What the orchestration replaces inside dbt does what the original does."""

import io
from types import SimpleNamespace
from typing import Any

import pytest
from dbt.clients.jinja import MacroGenerator, MacroStack
from dbt.context.macros import MacroNamespaceBuilder
from dbt_common.events.base_types import EventLevel
from dbt_common.events.logger import LoggerConfig
from dbt_common.events.types import Note

from orchestration.dbt_internals import Events, build_namespace

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
