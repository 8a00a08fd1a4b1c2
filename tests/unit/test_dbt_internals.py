"""What the orchestration replaces inside dbt does what the original does."""

import io
import json
from collections.abc import Callable
from contextvars import Context, ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dbt import compilation
from dbt.adapters.base.connections import BaseConnectionManager
from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.base.relation import BaseRelation
from dbt.adapters.bigquery.relation import BigQueryRelation
from dbt.adapters.cache import RelationsCache
from dbt.adapters.contracts.relation import FakeAPIObject, RelationType
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.relation import DuckDBRelation
from dbt.adapters.postgres.relation import PostgresRelation
from dbt.artifacts.resources import ModelConfig, SourceConfig, TestConfig, UnitTestConfig
from dbt.artifacts.resources.v1.components import InjectedCTE
from dbt.clients.jinja import MacroGenerator, MacroStack, get_rendered
from dbt.context.base import BaseContext, contextmember, contextproperty
from dbt.context.macros import MacroNamespaceBuilder
from dbt.contracts.graph.unparsed import (
    UnparsedModelUpdate,
    UnparsedSemanticModel,
    UnparsedSourceDefinition,
    UnparsedUnitTest,
)
from dbt.contracts.project import Project
from dbt.parser import partial
from dbt_common import context
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import (
    MacroFuzzEnvironment,
    MacroFuzzTemplate,
    NativeSandboxEnvironment,
    NativeSandboxTemplate,
    get_environment,
    get_template,
)
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.logger import LoggerConfig
from dbt_common.events.types import Formatting, Note, PrintEvent
from dbt_common.exceptions.events import EventCompilationError
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import Undefined
from jsonschema import Draft7Validator
from mashumaro.jsonschema import build_json_schema, schema

from orchestration.dbt_internals import (
    REPLACED,
    answers,
    connections,
    contexts,
    ctes,
    events,
    invocations,
    parsing,
    relations,
    schemas,
    templates,
)

ORIGINAL = {
    (BaseContext, "__init__"): contexts._make_context,
    (BaseContext, "generate_builtins"): contexts._generate_builtins,
    (MacroNamespaceBuilder, "build_namespace"): contexts._build_namespace,
    (MacroFuzzTemplate, "new_context"): contexts._new_context,
    (NativeSandboxTemplate, "new_context"): contexts._new_native_context,
    (MacroFuzzEnvironment, "compile"): templates._compile,
    (NativeSandboxEnvironment, "from_string"): templates._from_string,
    (compilation, "inject_ctes_into_sql"): ctes._inject,
    (BaseEvent, "__init__"): events._make,
    (BaseEvent, "__getattr__"): events._get,
    (BaseEvent, "__setattr__"): events._set,
    (BehaviorFlagRendered, "_default_source"): staticmethod(events._source_of_flag),
    (BaseAdapter, "_make_match"): answers._make_match,
    (RelationsCache, "get_relations"): answers._get_relations,
    (BaseRelation, "incorporate"): relations._incorporate,
    (agate_helper, "build_type_tester"): answers._build_type_tester,
    (agate_helper, "empty_table"): answers._empty_table,
    (context, "reliably_get_invocation_var"): invocations._reliably_get_invocation_var,
    (schema, "_default"): schemas._default,
    (partial, "parse_file_type_to_key"): parsing._keys,
    (partial, "key_to_prefix"): parsing._prefixes,
    (BaseConnectionManager, "release"): connections._release,
}


@pytest.fixture(autouse=True)
def _as_dbt_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever another test of the process has replaced."""
    for owner, name, _ in REPLACED:
        monkeypatch.setattr(owner, name, ORIGINAL[owner, name])


MACROS = {
    "dbt": ["statement", "is_incremental", "default__year", "should_full_refresh"],
    "dbt_duckdb": ["duckdb__year", "statement"],
    "crm_warehouse": ["clock", "should_full_refresh", "in_both"],
    "other_package": ["in_both", "only_there"],
}


@pytest.mark.parametrize("package", ["crm_warehouse", "other_package", "dbt"])
def test_macros_are_found_as_dbt_finds_them(package: str) -> None:
    by_package = {
        name: {macro: SimpleNamespace(name=macro, package_name=name, unique_id=f"{name}.{macro}") for macro in those}
        for name, those in MACROS.items()
    }
    stack, names = MacroStack(), {macro for those in MACROS.values() for macro in those}

    def made(build: Any, context: Any) -> Any:
        """A context as dbt fills one, and the namespace in it."""
        namespace = build(
            MacroNamespaceBuilder("crm_warehouse", package, stack, ["dbt_duckdb", "dbt"]), by_package, context
        )
        context.update({"clock": "a built-in", "this": "context"})
        context.update(namespace)
        context.update({"in_both": "later"} if package == "dbt" else {})
        return context, namespace

    original, namespace = made(contexts._build_namespace, {})
    ours, our_namespace = made(contexts.build_namespace, contexts.Scope())

    def shown(found: Any, context: Any) -> Any:
        if isinstance(found, MacroGenerator):
            assert found.context is context
            return found.macro, found.node, found.stack
        return {name: shown(found.get(name), context) for name in names} if isinstance(found, dict) else found

    assert set(our_namespace) == set(namespace) and len(our_namespace) == len(namespace)
    for name in [*names, *by_package, "this", "dbt_duckdb", "nothing"]:
        assert (name in ours) == (name in original)
        assert shown(ours.get(name), ours) == shown(original.get(name), original)
        if name in original:
            assert shown(ours[name], ours) == shown(original[name], original)
        for place in (None, "dbt", "dbt_duckdb", "crm_warehouse", "other_package", "nowhere"):
            ends = [
                _ends(lambda: shown(one.get_from_package(place, name), context))  # noqa: B023
                for one, context in [(namespace, original), (our_namespace, ours)]
            ]
            assert ends[0] == ends[1]
    # A unit test puts another in a macro's place.
    ours["crm_warehouse"]["in_both"] = "another"
    assert ours["crm_warehouse"]["in_both"] == "another"


class OfSomething(BaseContext):
    """A context with what dbt's have: properties, functions, values, and a property that is empty."""

    asked = 0

    @contextproperty("counted")
    def told_otherwise(self) -> int:
        self.asked += 1
        return self.asked

    @contextproperty()
    def nothing(self) -> None:
        return None

    @contextmember()
    def twice(self, text: str) -> str:
        return text * 2


def test_built_ins_are_those_of_dbt_and_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    original = OfSomething({"a": 1}).to_dict()
    monkeypatch.setattr(BaseContext, "__init__", contexts.make_context)
    monkeypatch.setattr(BaseContext, "generate_builtins", contexts.generate_builtins)
    ours = OfSomething({"a": 1}).to_dict()
    for name in [*original, "nowhere"]:
        assert (name in ours, name in ours["builtins"]) == (name in original, name in original["builtins"])
        assert type(ours.get(name)) in (type(original.get(name)), contexts.Scope, contexts.BuiltIns)
    assert ours["counted"] == original["counted"] == ours["counted"] == ours["builtins"]["counted"] == 1
    assert ours["nothing"] is original["nothing"] is None and ours["twice"]("a") == original["twice"]("a") == "aa"
    assert ours["var"]("a") == original["var"]("a") == 1 and ours["context"] is ours
    for one in (original, ours):
        one.update({"twice": "another"})
        one.update(nothing="something")
    assert [ours[name] for name in ("twice", "nothing")] == [original[name] for name in ("twice", "nothing")]


def test_macro_sees_what_its_context_came_to_hold_between_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    macro = SimpleNamespace(
        name="told",
        package_name="crm_warehouse",
        unique_id="macro.told",
        macro_sql="{% macro told(a) %}{{ a }} {{ said() }} {{ this }}{% endmacro %}",
    )
    other = SimpleNamespace(
        name="said", package_name="dbt", unique_id="macro.said", macro_sql="{% macro said() %}{{ this }}!{% endmacro %}"
    )
    for template in (MacroFuzzTemplate, NativeSandboxTemplate):
        monkeypatch.setattr(template, "new_context", contexts.new_context)
    scope = contexts.Scope()
    builder = MacroNamespaceBuilder("crm_warehouse", "crm_warehouse", MacroStack(), ["dbt"])
    scope.update(contexts.build_namespace(builder, {"crm_warehouse": {"told": macro}, "dbt": {"said": other}}, scope))
    called = []
    for this in ("one", "two"):
        scope["this"] = this
        called.append(scope["told"](this).strip())
        # As dbt renders a model, and a test's argument.
        called += [get_rendered("{{ said() }}{{ range(1)[0] }}", scope, native=native) for native in (False, True)]
    assert called == ["one one! one", "one!0", "one!0", "two two! two", "two!0", "two!0"]


def test_events_of_debugging_are_heard_where_a_log_asks_for_them() -> None:
    levels = [EventLevel.DEBUG, EventLevel.INFO, EventLevel.WARN, EventLevel.ERROR]
    assert _heard(EventLevel.INFO, levels) == ["info", "warn", "error"]
    assert _heard(EventLevel.DEBUG, levels) == ["debug", "info", "warn", "error"]


@pytest.mark.parametrize("logged", [EventLevel.INFO, EventLevel.WARN, EventLevel.ERROR])
def test_events_that_neither_a_log_nor_a_listener_asks_for_are_not_made(logged: EventLevel) -> None:
    manager, shown, heard = events.Events(), io.StringIO(), []
    manager.add_logger(LoggerConfig("log", level=logged, output_stream=shown))
    manager.add_callback(events.Listener(["Note"], lambda message: heard.append(message.info.msg)))
    unseen = Formatting(msg="a line")
    for event, level in [
        (Note(msg="a note"), EventLevel.INFO),
        (Note(msg="for debugging"), EventLevel.DEBUG),
        (unseen, EventLevel.INFO),
        (PrintEvent(msg="printed"), EventLevel.INFO),
        (Formatting(msg="a warning"), EventLevel.WARN),
        (Formatting(msg="an error"), EventLevel.ERROR),
    ]:
        manager.fire_event(event, level=level)
    assert heard == ["a note"]
    lines = [line.split("  ")[-1] for line in shown.getvalue().splitlines()]
    from_level = {EventLevel.INFO: 0, EventLevel.WARN: 2, EventLevel.ERROR: 3}[logged]
    told = ["a note", "a line", "a warning", "an error"]
    assert [line for line in lines if line != "printed"] == told[from_level:] and "printed" in lines


def test_warning_that_is_an_error_is_one_though_nobody_looks() -> None:
    manager = events.Events()
    manager.warn_error = True
    with pytest.raises(EventCompilationError, match="a warning"):
        manager.fire_event(Formatting(msg="a warning"), EventLevel.WARN, force_warn_or_error_handling=True)


def _heard(logged: EventLevel, levels: list[EventLevel]) -> list[str]:
    manager = events.Events()
    manager.add_logger(LoggerConfig("log", level=EventLevel.INFO, output_stream=io.StringIO()))
    manager.add_logger(LoggerConfig("other", level=logged, output_stream=io.StringIO()))
    heard: list[str] = []
    manager.add_callback(lambda message: heard.append(message.info.level))
    for level in levels:
        manager.fire_event(Note(msg="told"), level=level)
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
    monkeypatch.setattr(MacroFuzzEnvironment, "compile", templates.compile_once)
    monkeypatch.setattr(templates, "_compiled", {})
    assert rendered() == original == rendered()
    assert len(templates._compiled) == 1


def test_what_was_compiled_is_known_to_the_next_process_of_the_same_python_and_jinja(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MacroFuzzEnvironment, "compile", templates.compile_once)
    compiled: list[str] = []
    monkeypatch.setattr(
        templates,
        "_compile",
        lambda env, source: (compiled.append(source), ORIGINAL[MacroFuzzEnvironment, "compile"](env, source))[1],
    )

    def process(*sources: str) -> list[str]:
        """Texts that templates give, in what has as much memory as a new process."""
        for name, empty in (("_compiled", {}), ("_asked_for", set()), ("_remembered", set())):
            monkeypatch.setattr(templates, name, empty)
        templates.recall(tmp_path)
        rendered = [get_template(source, {}).render({"a": 1}) for source in sources]
        templates.remember(tmp_path)
        return rendered

    assert process("{{ a }}", "x{{ a }}") == process("{{ a }}", "x{{ a }}", "{{ a }}{{ a }}")[:2]
    assert process("{{ a }}{{ a }}", "{{ a }}") == ["11", "1"]
    assert compiled == ["{{ a }}", "x{{ a }}", "{{ a }}{{ a }}"]
    # Not what another Python made, nor half a file; nor does it grow for ever.
    monkeypatch.setattr(templates, "_MADE_WITH", "another")
    assert process("{{ a }}") == ["1"] and compiled[3:] == ["{{ a }}"]
    whole = (tmp_path / templates.FILE).read_bytes()
    (tmp_path / templates.FILE).write_bytes(whole[:-9])
    assert process("{{ a }}") == ["1"] and compiled[4:] == ["{{ a }}"]
    monkeypatch.setattr(templates, "MOST", 1)
    process("{{ a }}", "y{{ a }}")
    process("z{{ a }}")
    assert process("{{ a }}") == ["1"] and compiled[5:] == ["y{{ a }}", "z{{ a }}", "{{ a }}"]
    assert [*tmp_path.iterdir()] == [tmp_path / templates.FILE]


@given(st.text(st.sampled_from("{}%#-x1 \t\r\n'\\\u2028")) | st.text())
def test_text_without_jinja_is_what_jinja_makes_of_it(text: str) -> None:
    env = get_environment(native=True)
    ours = _ends(lambda: templates.from_string(env, text).render({}))
    assert ours == _ends(lambda: NativeSandboxEnvironment.from_string(env, text).render({}))


def _ends(call: Callable[[], Any]) -> Any:
    """What a call gives, or of what kind its error is."""
    try:
        return call()
    except Exception as error:
        return type(error)


PARTS = ["with", "WITH", "recursive", "x as (select 1)", '"x" as (select ";")', "`x` as (select 1)", "select", "within"]
BETWEEN = [" ", "\n", "\t", "-- with\n", "--\r\n", "/* with */", "/**/", "/*", "--", "'with'", ";", "(", ")", ",", "1"]


@given(st.lists(st.sampled_from([*PARTS, *BETWEEN])).map("".join), st.integers(0, 2))
@example("-- of\n/* a * b **/\n  with\n  recursive own as (select 1)\nselect * from own", 2)
def test_expressions_that_are_given_go_where_dbt_puts_them(sql: str, given: int) -> None:
    expressions = [InjectedCTE(id=f"{n}", sql=f" given_{n} as (\nselect {n}\n)") for n in range(given)]
    ours = _ends(lambda: ctes.inject_ctes_into_sql(sql, expressions))
    assert ours == _ends(lambda: ctes._inject(sql, expressions))


def test_event_holds_what_it_was_made_of_whenever_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Note(msg="told")
    monkeypatch.setattr(BaseEvent, "__init__", events.make_event)
    monkeypatch.setattr(BaseEvent, "__getattr__", events.of_event)
    monkeypatch.setattr(BaseEvent, "__setattr__", events.set_of_event)
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

    assert found(answers.make_match) == found(BaseAdapter._make_match)


@pytest.mark.parametrize("schema", ["marts", "MARTS", "core", "nowhere", None])
@pytest.mark.parametrize("database", ["db", "DB", "other", None])
def test_relations_of_a_schema_are_those_that_dbt_knows(database: str | None, schema: str | None) -> None:
    cache = RelationsCache()
    for place, name in [("marts", "messages"), ("Marts", "Costs"), ("core", "costs"), ("core", "gone"), (None, "bare")]:
        cache.add(BaseRelation.create(database="Db", schema=place, identifier=name))
    cache.rename(
        BaseRelation.create(database="db", schema="core", identifier="costs"),
        BaseRelation.create(database="db", schema="marts", identifier="costs_of_all"),
    )
    cache.drop(BaseRelation.create(database="db", schema="core", identifier="gone"))
    assert answers.get_relations(cache, database, schema) == RelationsCache.get_relations(cache, database, schema)


GIVEN: list[dict[str, Any]] = [
    {},
    {"type": "table"},
    {"type": "view", "path": {"identifier": "made__dbt_tmp"}},
    {"type": RelationType.MaterializedView},
    {"type": None},
    {"type": "no type"},
    {"type": 1},
    {"path": {"schema": None, "database": None}},
    {"path": {"identifier": Undefined()}},
    {"path": {"no part": "x"}},
    {"path": None},
    {"dbt_created": True, "type": "table"},
    {"nothing": 1},
]


def _told(relation: BaseRelation) -> dict[str, Any]:
    """All that a relation holds, which is what dbt compares; of sets, which come in any order, in one."""
    return {name: sorted(value) if isinstance(value, list) else value for name, value in relation.to_dict().items()}


@pytest.mark.parametrize("given", GIVEN, ids=str)
@pytest.mark.parametrize("of", [BaseRelation, DuckDBRelation, PostgresRelation, BigQueryRelation])
def test_relation_becomes_what_dbt_makes_of_it(of: type[BaseRelation], given: dict[str, Any]) -> None:
    plain = of.create(database="db", schema="marts", identifier="messages", type="table")
    quoted = of.create(database="db", schema="marts", identifier="m", quote_policy={"identifier": False}, limit=1)
    for relation in (plain, quoted):
        before = relation.to_dict()
        ours, original = (
            _ends(lambda: made(relation, **given))  # noqa: B023
            for made in (relations.incorporate, FakeAPIObject.incorporate)
        )
        if isinstance(original, BaseRelation):
            assert (type(ours), _told(ours), str(ours)) == (type(original), _told(original), str(original))
            assert type(ours.type) is type(original.type)
        else:
            assert ours == original
        assert relation.to_dict() == before


def test_variable_of_the_invocation_is_found_where_dbt_finds_it() -> None:
    def found() -> list[Any]:
        return [find() for find in (invocations.reliably_get_invocation_var, context.reliably_get_invocation_var)]

    def outside() -> None:
        assert found() == [context._INVOCATION_CONTEXT_VAR] * 2

    def within() -> None:
        context.set_invocation_context({"A": "b"})
        assert found() == [context._INVOCATION_CONTEXT_VAR] * 2
        assert context.get_invocation_context().env == {"A": "b"}

    def of_another_import() -> None:
        other: ContextVar[Any] = ContextVar(context._INVOCATION_CONTEXT_VAR.name)
        other.set("of another import of the module")
        assert found() == [other, other]

    for case in (outside, within, of_another_import):
        Context().run(case)


def test_statement_without_a_result_has_dbt_s_empty_table() -> None:
    ours, original = answers.empty_table(), agate_helper.empty_table()
    assert (ours.column_names, list(ours.rows)) == (original.column_names, list(original.rows)) == ((), [])
    with pytest.raises(Exception, match=r".*"):
        ours.rows["x"] = 1


@pytest.mark.parametrize(
    "rows", [[], [("1", "", 2, None)], [("null", "2026-01-01", True, "x"), ("", None, False, "1")]]
)
def test_types_of_results_are_told_as_dbt_tells_them(rows: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def told(texts: set[str] | None) -> Any:
        table = agate_helper.table_from_rows(rows, ("a", "b", "c", "d"), texts)
        return [type(kind) for kind in table.column_types], [tuple(row) for row in table.rows]

    asked: list[set[str] | None] = [{"a", "d"}, {"b"}, set(), None]
    original = [told(texts) for texts in asked]
    monkeypatch.setattr(agate_helper, "build_type_tester", answers.build_type_tester)
    assert [told(texts) for texts in [*asked, *asked]] == [*original, *original]


def test_flag_is_of_the_module_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    original = BehaviorFlagRendered._default_source()
    monkeypatch.setattr(BehaviorFlagRendered, "_default_source", staticmethod(events.source_of_flag))
    assert BehaviorFlagRendered._default_source() == original == __name__
    flag = BehaviorFlagRendered({"name": "flag", "default": True, "description": "told"}, {})
    assert flag._behavior_change_event.flag_source == __name__


VALIDATED = (
    *(ModelConfig, SourceConfig, TestConfig, UnitTestConfig, UnparsedModelUpdate, UnparsedSemanticModel),
    *(UnparsedSourceDefinition, UnparsedUnitTest, Project, DuckDBCredentials),
)
"""What dbt validates of a project: its files, what is configured in SQL, and the profile."""


@pytest.mark.parametrize("validated", VALIDATED, ids=lambda validated: validated.__name__)
def test_schemas_are_those_of_dbt_but_for_defaults(validated: type, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = build_json_schema(validated).to_dict()
    monkeypatch.setattr(schema, "_default", schemas.leave_out_default)
    ours = build_json_schema(validated).to_dict()
    assert ours == _without_defaults(theirs)
    assert '"default"' not in json.dumps(ours)


def test_what_dbt_refuses_of_a_configuration_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_default", schemas.leave_out_default)
    validator = Draft7Validator(build_json_schema(ModelConfig).to_dict())
    config = ModelConfig().to_dict()
    assert not [*validator.iter_errors(config)]
    refused = config | {"enabled": "perhaps", "tags": 3}
    assert {error.json_path for error in validator.iter_errors(refused)} == {"$.enabled", "$.tags"}


def _without_defaults(told: Any) -> Any:
    """A JSON schema without what it says of values that are absent. Under `properties` are names of fields."""
    if not isinstance(told, dict):
        return [_without_defaults(one) for one in told] if isinstance(told, list) else told
    fields = {name: _without_defaults(field) for name, field in told.get("properties", {}).items()}
    rest = {key: _without_defaults(value) for key, value in told.items() if key not in ("default", "properties")}
    return rest | ({"properties": fields} if fields else {})
