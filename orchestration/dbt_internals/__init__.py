"""Parts of dbt that it has no settings for, and that cost a build more than its SQL.

Belongs here: what is replaced in dbt, or asked of its inside; each is private to dbt, whose version is pinned, and is
compared with the original by a test. Not here: builds (orchestration/dbt.py), nor anything that changes what dbt does,
but for what it forgets (parsing.py).
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dbt import compilation
from dbt.adapters.base.connections import BaseConnectionManager
from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.base.relation import BaseRelation
from dbt.adapters.cache import RelationsCache
from dbt.context.base import BaseContext
from dbt.context.macros import MacroNamespaceBuilder
from dbt.parser import partial
from dbt_common import context
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import (
    MacroFuzzEnvironment,
    MacroFuzzTemplate,
    NativeSandboxEnvironment,
    NativeSandboxTemplate,
)
from dbt_common.events.base_types import BaseEvent
from dbt_common.events.event_manager_client import ctx_set_event_manager
from mashumaro.jsonschema import schema

from orchestration.dbt_internals import (
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

REPLACED: Sequence[tuple[Any, str, Any]] = (
    (BaseContext, "__init__", contexts.make_context),
    (BaseContext, "generate_builtins", contexts.generate_builtins),
    (MacroNamespaceBuilder, "build_namespace", contexts.build_namespace),
    (MacroFuzzTemplate, "new_context", contexts.new_context),
    (NativeSandboxTemplate, "new_context", contexts.new_context),
    (MacroFuzzEnvironment, "compile", templates.compile_once),
    (NativeSandboxEnvironment, "from_string", templates.from_string),
    (compilation, "inject_ctes_into_sql", ctes.inject_ctes_into_sql),
    (BaseEvent, "__init__", events.make_event),
    (BaseEvent, "__getattr__", events.of_event),
    (BaseEvent, "__setattr__", events.set_of_event),
    (BehaviorFlagRendered, "_default_source", staticmethod(events.source_of_flag)),
    (BaseAdapter, "_make_match", answers.make_match),
    (RelationsCache, "get_relations", answers.get_relations),
    (BaseRelation, "incorporate", relations.incorporate),
    (agate_helper, "build_type_tester", answers.build_type_tester),
    (agate_helper, "empty_table", answers.empty_table),
    (context, "reliably_get_invocation_var", invocations.reliably_get_invocation_var),
    (schema, "_default", schemas.leave_out_default),
    (partial, "parse_file_type_to_key", parsing.KEYS),
    (partial, "key_to_prefix", parsing.PREFIXES),
    (BaseConnectionManager, "release", connections.release),
)
"""Whose, which, and what stands in its place."""


def hurry(target: Path | None = None) -> None:
    """Replace what is replaced, in this process.

    Args:
        target: dbt's folder of artefacts, where an earlier process may have left what it compiled.
    """
    ctx_set_event_manager(events.Events())
    for owner, name, ours in REPLACED:
        setattr(owner, name, ours)
    if target:
        templates.recall(target)


def release() -> None:
    """Let others open the DuckDB file, which dbt keeps open for as long as its process lives."""
    adapter = sys.modules.get("dbt.adapters.duckdb.connections")
    if adapter and (environment := adapter.DuckDBConnectionManager._ENV):
        environment.close()
        adapter.DuckDBConnectionManager._ENV = None
