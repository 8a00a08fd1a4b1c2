"""Answers of a database, looked through no more than they are asked about.

Belongs here: relations by their names, types of a result's columns, results without rows. Not here: what is asked, nor
relations in themselves (relations.py).
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.base.relation import BaseRelation
from dbt.adapters.cache import RelationsCache
from dbt.adapters.exceptions.cache import NoneRelationFoundError
from dbt_common.clients import agate_helper
from dbt_common.utils.formatting import lowercase

_make_match, _build_type_tester = BaseAdapter._make_match, agate_helper.build_type_tester
_get_relations = RelationsCache.get_relations
_empty_table: Callable[[], Any] = agate_helper.empty_table


def get_relations(self: RelationsCache, database: str | None, schema: str | None) -> list[Any]:
    """The relations of a schema, by the keys that they are kept under; dbt folds the names of all there are.

    Raises:
        NoneRelationFoundError: one of them is none.
    """
    wanted = lowercase(database), lowercase(schema)
    with self.lock:
        found = [kept.inner for key, kept in self.relations.items() if (key.database, key.schema) == wanted]
    if None in found:
        raise NoneRelationFoundError()  # type: ignore[no-untyped-call]
    return found


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
def empty_table() -> Any:
    """What a statement without a result gives. Nobody can change it; dbt makes it each time, with readers of dates."""
    return _empty_table()


@cache
def _type_tester(text_columns: frozenset[str], null_values: tuple[str, ...] | None) -> Any:
    return _build_type_tester(text_columns, string_null_values=null_values)


def build_type_tester(text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")) -> Any:
    """What tells the types of a result's columns: it knows all forms of dates, and remembers nothing of a result."""
    return _type_tester(frozenset(text_columns), None if string_null_values is None else tuple(string_null_values))
