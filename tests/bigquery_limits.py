"""What BigQuery refuses although its language allows it, as far as a statement shows it.

Source: BigQuery's manual (join types, correlated subqueries, aggregate function calls, partitioned and clustered
tables, multi-statement transactions, quotas), read strictly. Not shown: limits of time, memory and cost, rights, what
is wrong in values.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from zetasql import types
from zetasql.types import ProtoModel, TypeKind

_JOINS = types.ResolvedJoinScanEnums.JoinType
_ORDERS = types.ResolvedOrderByItemEnums.NullOrderMode
_SUBQUERIES = types.ResolvedSubqueryExprEnums.SubqueryType
# Of no interest, and most of what there is.
_SKIPPED = {"signature", "column_list", "type", "type_annotation_map", "hint_list"}
_ANALYTIC_ONLY = {"percentile_cont", "percentile_disc"}
_CLUSTERED_COLUMNS = 4
_NOT_CLUSTERED = {TypeKind.TYPE_DOUBLE, TypeKind.TYPE_BYTES, TypeKind.TYPE_JSON, TypeKind.TYPE_ARRAY}
_PARTITIONED_BY = {"date", "date_trunc", "timestamp_trunc", "datetime_trunc", "range_bucket"}
_QUERY_BYTES = 1024 * 1024
_IN_NO_TRANSACTION = (types.ResolvedCreateStatement, types.ResolvedDropStmt, types.ResolvedAlterObjectStmt)


def limits_of(sql: str, statement: types.ResolvedStatement, is_in_transaction: bool) -> Iterator[str]:
    """Why BigQuery would refuse a statement that the analyzer has accepted, much in BigQuery's words."""
    if len(sql.encode()) > _QUERY_BYTES:
        yield "the query is too large: it has more than 1 MB"
    if is_in_transaction and isinstance(statement, _IN_NO_TRANSACTION):
        yield "statements that make or change tables are not supported in a transaction"
    if isinstance(statement, types.ResolvedQueryStmt):
        names = sorted(column.name.casefold() for column in statement.output_column_list)
        yield from (f"duplicate column name {one} in the result" for one, other in pairwise(names) if one == other)
    if isinstance(statement, types.ResolvedCreateTableStmtBase):
        yield from _faults_of_storage(statement)
    for node in _nodes(statement):
        match node:
            case types.ResolvedJoinScan() if node.join_type is not _JOINS.INNER and not _is_equality_join(node):
                yield f"{node.join_type.name} JOIN without a condition that is an equality of fields from both sides"
            case types.ResolvedSubqueryExpr() if node.parameter_list and _reads_tables(node.subquery):
                yield from _faults_of_correlation(node)
            case types.ResolvedAggregateFunctionCall():
                name = _function(node)
                if name in _ANALYTIC_ONLY:
                    yield f"{name} is an analytic function, and needs OVER"
                if any(map(_is_against_the_order, node.order_by_item_list)):
                    yield f"NULLS FIRST or LAST against the sort order in {name}"


def _nodes(node: ProtoModel, apart_from: type | tuple[()] = ()) -> Iterator[ProtoModel]:
    """A node and all below it, but not what is below nodes of one kind."""
    yield node
    for name, value in vars(node).items():
        if name in _SKIPPED:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ProtoModel) and not isinstance(child, apart_from):
                yield from _nodes(child, apart_from)


def _function(call: types.ResolvedFunctionCallBase) -> str:
    return str(call.function.name.partition(":")[2])


def _conjuncts(condition: types.ResolvedExpr | None) -> Iterator[types.ResolvedExpr]:
    if isinstance(condition, types.ResolvedFunctionCall) and _function(condition) == "$and":
        for argument in condition.argument_list:
            yield from _conjuncts(argument)
    elif condition is not None:
        yield condition


def _equalities(condition: types.ResolvedExpr | None) -> Iterator[Sequence[list[types.ResolvedColumnRef]]]:
    """The columns on both sides of each equality that a condition demands."""
    for part in _conjuncts(condition):
        if isinstance(part, types.ResolvedFunctionCall) and _function(part) == "$equal":
            yield [[n for n in _nodes(side) if isinstance(n, types.ResolvedColumnRef)] for side in part.argument_list]


def _is_equality_join(join: types.ResolvedJoinScan) -> bool:
    of_left = {column.column_id for column in join.left_scan.column_list}

    def place(refs: list[types.ResolvedColumnRef]) -> set[bool]:
        return {ref.column.column_id in of_left for ref in refs}

    return any(
        {*map(frozenset, map(place, sides))} == {frozenset([True]), frozenset([False])}
        for sides in _equalities(join.join_expr)
    )


def _reads_tables(scan: types.ResolvedScan) -> bool:
    return any(isinstance(node, types.ResolvedTableScan | types.ResolvedWithRefScan) for node in _nodes(scan))


def _faults_of_correlation(subquery: types.ResolvedSubqueryExpr) -> Iterator[str]:
    """BigQuery turns a correlated subquery into a join, if it can."""
    own = list(_nodes(subquery.subquery, types.ResolvedSubqueryExpr))
    conditions = [n.filter_expr for n in own if isinstance(n, types.ResolvedFilterScan)]
    conditions += [n.join_expr for n in own if isinstance(n, types.ResolvedJoinScan)]
    sides = [sides for condition in conditions for sides in _equalities(condition)]
    is_in = subquery.subquery_type is _SUBQUERIES.IN
    if not is_in and not any(
        {frozenset(r.is_correlated for r in side) for side in both} == {frozenset([True]), frozenset([False])}
        for both in sides
    ):
        yield "correlated subquery without an equality of fields from both sides, which can't be de-correlated"
    is_limited = any(isinstance(node, types.ResolvedLimitOffsetScan) for node in own)
    if is_limited and subquery.subquery_type is not _SUBQUERIES.EXISTS:
        yield "correlated subquery with a limit, which can't be de-correlated"
    if any(isinstance(node, types.ResolvedAnalyticScan) for node in own):
        yield "correlated subquery with analytic functions, which can't be de-correlated"


def _is_against_the_order(item: types.ResolvedOrderByItem) -> bool:
    against = _ORDERS.NULLS_FIRST if item.is_descending else _ORDERS.NULLS_LAST
    return item.null_order is against


def _faults_of_storage(statement: types.ResolvedCreateTableStmtBase) -> Iterator[str]:
    if len(statement.cluster_by_list) > _CLUSTERED_COLUMNS:
        yield f"more than {_CLUSTERED_COLUMNS} columns to cluster by"
    if any(expression.column.type.type_kind in _NOT_CLUSTERED for expression in statement.cluster_by_list):
        yield "a column to cluster by is of a type that is not clustered by"
    for expression in statement.partition_by_list:
        match expression:
            case types.ResolvedColumnRef() if expression.column.type.type_kind is TypeKind.TYPE_DATE:
                pass
            case types.ResolvedFunctionCall() if _function(expression) in _PARTITIONED_BY:
                pass
            case _:
                yield "PARTITION BY is no date, and no function of a column that partitions may be made by"
