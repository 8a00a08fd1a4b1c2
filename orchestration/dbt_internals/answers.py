"""Answers of a database, looked through no more than they are asked about.

Belongs here: relations by their names, types of a result's columns. Not here: what is asked.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.base.relation import BaseRelation
from dbt_common.clients import agate_helper

_make_match, _build_type_tester = BaseAdapter._make_match, agate_helper.build_type_tester


def make_match(
    self: BaseAdapter, relations: Iterable[BaseRelation], database: str, schema: str, identifier: str
) -> list[BaseRelation]:
    """The relations of a name, of which dbt compares every part with every relation of the schema."""
    wanted = _folded(identifier)
    named = [relation for relation in relations if _folded(relation.identifier) == wanted]
    return _make_match(self, named, database, schema, identifier)


def _folded(name: str | None) -> str | None:
    return name and name.lower().strip('"`')


@cache
def _type_tester(text_columns: frozenset[str], null_values: tuple[str, ...] | None) -> Any:
    return _build_type_tester(text_columns, string_null_values=null_values)


def build_type_tester(text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")) -> Any:
    """What tells the types of a result's columns: it knows all forms of dates, and remembers nothing of a result."""
    return _type_tester(frozenset(text_columns), None if string_null_values is None else tuple(string_null_values))
