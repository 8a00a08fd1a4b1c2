"""Google's own SQL engine, set up to be as BigQuery is: it says what BigQuery would refuse, and what it would compute.

The wheel `zetasql` has the analyzer that is BigQuery's front end, and the language's reference implementation. Their
WebAssembly is compiled once per machine, in half a minute; wasmtime keeps that in the user's cache folder.

Belongs here: the engine and what it knows of tables. Not here: what BigQuery refuses beyond its language
(bigquery_limits.py), whole runs of dbt (analyzed_dbt.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import wasmtime
from bigquery_limits import limits_of
from google.protobuf.message import Message
from zetasql import types
from zetasql.core import ServerError, wasm_client
from zetasql.core.local_service import ZetaSqlLocalService
from zetasql.types import LanguageFeature, SignatureArgumentKind, TypeKind
from zetasql.wasi._pb2.zetasql.local_service.local_service_pb2 import AnalyzeResponse

Columns = dict[str, str]
"""Name → type, as BigQuery writes it, without precision."""

_FEATURES = """
    ANALYTIC_FUNCTIONS TABLESAMPLE NULL_HANDLING_MODIFIER_IN_ANALYTIC QUALIFY PIVOT UNPIVOT
    ORDER_BY_COLLATE ORDER_BY_IN_AGGREGATE LIMIT_IN_AGGREGATE HAVING_IN_AGGREGATE NULL_HANDLING_MODIFIER_IN_AGGREGATE
    NULLS_FIRST_LAST_IN_ORDER_BY SELECT_STAR_EXCEPT_REPLACE WITH_ON_SUBQUERY WITH_RECURSIVE FOR_SYSTEM_TIME_AS_OF
    GROUP_BY_ROLLUP GROUPING_SETS GROUPING_BUILTIN GROUP_BY_ALL IS_DISTINCT LIKE_ANY_SOME_ALL ALLOW_CONSECUTIVE_ON
    NUMERIC_TYPE BIGNUMERIC_TYPE DECIMAL_ALIAS CIVIL_TIME INTERVAL_TYPE RANGE_TYPE GEOGRAPHY PARAMETERIZED_TYPES
    JSON_TYPE JSON_ARRAY_FUNCTIONS JSON_VALUE_EXTRACTION_FUNCTIONS JSON_LAX_VALUE_EXTRACTION_FUNCTIONS
    JSON_CONSTRUCTOR_FUNCTIONS JSON_MUTATOR_FUNCTIONS JSON_KEYS_FUNCTION NAMED_ARGUMENTS SAFE_FUNCTION_CALL
    FORMAT_IN_CAST WEEK_WITH_WEEKDAY DATE_TIME_CONSTRUCTORS DATE_ARITHMETICS EXTENDED_DATE_TIME_SIGNATURES
    ADDITIONAL_STRING_FUNCTIONS ALLOW_REGEXP_EXTRACT_OPTIONALS ROUND_WITH_ROUNDING_MODE
    ALLOW_DASHES_IN_TABLE_NAME OMIT_INSERT_COLUMN_LIST DML_UPDATE_WITH_JOIN
    CREATE_TABLE_PARTITION_BY CREATE_TABLE_CLUSTER_BY CREATE_TABLE_NOT_NULL CREATE_TABLE_FIELD_ANNOTATIONS
    CREATE_TABLE_AS_SELECT_COLUMN_LIST CREATE_TABLE_LIKE CREATE_TABLE_COPY CREATE_TABLE_CLONE COLUMN_DEFAULT_VALUE
    CREATE_VIEW_WITH_COLUMN_LIST CREATE_VIEWS_WITH_COLUMN_OPTIONS UNENFORCED_PRIMARY_KEYS FOREIGN_KEYS
    ALTER_COLUMN_SET_DATA_TYPE ALTER_TABLE_RENAME_COLUMN TABLE_VALUED_FUNCTIONS CREATE_TABLE_FUNCTION
    TEMPLATE_FUNCTIONS CREATE_AGGREGATE_FUNCTION ANNOTATION_FRAMEWORK COLLATION_SUPPORT
"""
"""What BigQuery has of the features that the language may have. All others are off: FILTER, LATERAL, `array[0]`,
comparison of arrays, and so on; so are those on which BigQuery's manual is not clear."""

_NOT_IN_BIGQUERY = ("FN_IFERROR", "FN_ISERROR", "FN_NULLIFERROR", "FN_ARRAY_IS_DISTINCT")
_INTEGERS = ("int", "smallint", "integer", "bigint", "tinyint", "byteint")
_INFORMATION_SCHEMA = dict.fromkeys(("table_schema", "table_name", "column_name", "data_type"), "STRING")
_NOWHERE = {"signature", "annotation_map", "type_annotation_map", "function_call_info", "type_modifiers", "hint_list"}
_LEFT_OUT = {"ResolvedExprProto": ("type",), "ResolvedLiteralProto": ("value",)}
"""Of an answer what nobody looks at: anywhere, and in some messages; of listed columns all but their numbers."""
_SIMPLE = ("int64_value", "bool_value", "double_value", "string_value", "bytes_value", "json_value")


class GoogleSqlError(Exception):
    """What the engine says of a statement, in one line."""


class GoogleSql:
    """The engine, and the tables that it has been told of.

    A table goes by `dataset.table`: the project is left out.
    """

    def __init__(self) -> None:
        language = types.LanguageOptions(
            product_mode=types.ProductMode.PRODUCT_EXTERNAL,
            enabled_language_features=[LanguageFeature[f"FEATURE_{name}"] for name in _FEATURES.split()],
            reserved_keywords=["QUALIFY"],
        )
        self._language = language
        self._options = types.AnalyzerOptions(
            language_options=language,
            default_timezone="UTC",
            error_message_mode=types.ErrorMessageMode.ERROR_MESSAGE_ONE_LINE,
            # As BigQuery: what no one reads of a table is not carried through all of the answer.
            prune_unused_columns=True,
        )
        self._request = types.AnalyzeRequest(options=self._options).to_proto()
        self._builtin = types.ZetaSQLBuiltinFunctionOptions(
            language_options=language,
            exclude_function_ids=[types.FunctionSignatureId[name] for name in _NOT_IN_BIGQUERY],
        )
        self._tables: dict[str, Columns] = {}
        self._types: dict[str, types.Type] = {}
        self._told: dict[tuple[object, ...], Message] = {}
        self._settled: tuple[int, set[tuple[str, ...]]] | None = None

    @property
    def tables(self) -> Mapping[str, Columns]:
        """The tables that there are."""
        return self._tables

    def add_table(self, name: str, columns: Mapping[str, str]) -> None:
        """Tell of a table, or of other columns of one.

        Args:
            name: `dataset.table`.
            columns: its columns, with types as BigQuery takes them.
        """
        self._tables[_key(name)] = {column: name_of(self._type(type_)) for column, type_ in columns.items()}

    @contextmanager
    def settled(self, project: str) -> Iterator[None]:
        """In the block, statements take half the time that name only tables of a project that it begins with, in full.

        Otherwise the engine makes a catalogue, all of its functions in it, for each statement. A table that the block
        changes is seen as it was.
        """
        paths = {(project, *name.split(".")) for name in self._tables}
        registered = _service().register_catalog(simple_catalog=self._catalogue(paths)).registered_id
        self._settled = registered, paths
        try:
            yield
        finally:
            self._settled = None
            _service().unregister_catalog(registered_id=registered)

    def analyze(self, script: str) -> Columns:
        """Analyze statements one after the other; tables and views that they make are there for what follows.

        Returns:
            The columns of the last query, as it gives them: a table that is made of it may declare other types.

        Raises:
            GoogleSqlError: BigQuery would refuse one of them.
        """
        columns, is_in_transaction = Columns(), False
        for sql, altered in self._statements(script):
            statement = self._analyzed(sql, altered)
            for fault in limits_of(script, statement, is_in_transaction):
                raise GoogleSqlError(fault)
            columns = self._accept(statement) or columns
            if isinstance(statement, types.ResolvedBeginStmt | types.ResolvedCommitStmt | types.ResolvedRollbackStmt):
                is_in_transaction = isinstance(statement, types.ResolvedBeginStmt)
        return columns

    def evaluate(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query that reads no tables, as Python's values; instants and arrays are not among them.

        Raises:
            GoogleSqlError: BigQuery would refuse the query, or fail on its values.
        """
        with _told():
            answer = _service().evaluate_query(sql=query, options=self._options, simple_catalog=self._catalogue(()))
        return [tuple(map(_value, row.cell)) for row in answer.content.table_data.row]

    def _statements(self, script: str) -> Iterator[tuple[str, list[str]]]:
        """The statements of a script, each with the name of the table that it alters.

        The expressions of statements that only scripts have are queries here.
        """
        if ";" not in script.rstrip("; \n") and "alter" not in script.casefold():
            yield script, []
            return
        with _told():
            parsed = _service().parse(sql_statement=script, options=self._language, allow_script=True).parsed_script
        content = script.encode()
        for node in _statements(parsed):
            sql = content[node.parse_location_range.start : node.parse_location_range.end].decode()
            # The engine does not count the table of an ALTER among those that a statement names.
            altered = [name.id_string for name in node.path.names] if hasattr(node, "path") else []
            yield f"select {sql}" if isinstance(node, types.ASTExpression) else sql, altered

    def _analyzed(self, sql: str, altered: Sequence[str]) -> types.ResolvedStatement:
        request = type(self._request)(sql_statement=sql)
        request.MergeFrom(self._request)
        with _told():
            named = _service().extract_table_names_from_statement(sql_statement=sql, options=self._language)
            paths = {tuple(altered), *(tuple(name.table_name_segment) for name in named.table_name)} - {()}
            if self._settled and paths <= self._settled[1]:
                request.registered_catalog_id = self._settled[0]
            else:
                request.simple_catalog.CopyFrom(self._catalogue(paths).to_proto())
            answer = _service().wasm_client.call_grpc_func("ZetaSqlLocalService_Analyze", request, AnalyzeResponse)
        _shorten(answer)
        return types.parse_proto(answer).as_type(types.AnalyzeResponse).resolved_statement

    def _accept(self, statement: types.ResolvedStatement) -> Columns:
        """What a statement changes; returns the columns of its query."""
        match statement:
            case types.ResolvedCreateTableStmt():
                columns = {c.name: name_of(c.type) for c in statement.column_definition_list}
                self._tables[_key(".".join(statement.name_path))] = columns
                return Columns()
            case types.ResolvedCreateTableAsSelectStmt() | types.ResolvedCreateViewStmt():
                self._tables[_key(".".join(statement.name_path))] = _columns(statement.output_column_list)
                return _columns_of_query(statement)
            case types.ResolvedDropStmt():
                self._tables.pop(_key(".".join(statement.name_path)), None)
            case types.ResolvedAlterTableStmt():
                added = [a.column_definition for a in statement.alter_action_list if hasattr(a, "column_definition")]
                self._tables[_key(".".join(statement.name_path))] |= {c.name: name_of(c.type) for c in added}
            case types.ResolvedQueryStmt():
                return _columns(statement.output_column_list)
        return Columns()

    def _catalogue(self, paths: Iterable[Sequence[str]]) -> types.SimpleCatalog:
        """What a statement may see: functions, other words for types, and the tables of some names as it has them."""
        root = types.SimpleCatalog(
            name="bigquery",
            builtin_function_options=self._builtin,
            custom_function=[_extreme("max_by"), _extreme("min_by")],
            named_type=[
                types.SimpleCatalog.NamedType(name=name, type=types.Type(type_kind=TypeKind.TYPE_INT64))
                for name in _INTEGERS
            ],
        )
        for path in paths:
            key = _key(".".join(path))
            columns = _INFORMATION_SCHEMA if ".information_schema." in key else self._tables.get(key)
            if columns is None:
                continue
            place = root
            for name in path[:-1]:
                inner = next((c for c in place.catalog if c.name == name), None)
                if inner is None:
                    inner = types.SimpleCatalog(name=name)
                    place.catalog.append(inner)
                place = inner
            place.table.append(self._table(path[-1], columns))
        return root

    def _table(self, name: str, columns: Mapping[str, str]) -> Message:
        """A table as the engine is told of it, which is put together once."""
        key = (name, *columns.items())
        if key not in self._told:
            told = [types.SimpleColumn(name=column, type=self._type(type_)) for column, type_ in columns.items()]
            self._told[key] = types.SimpleTable(name=name, column=told).to_proto()
        return self._told[key]

    def _type(self, text: str) -> types.Type:
        """A type as the engine has it."""
        if text not in self._types:
            with _told():
                answer = _service().analyze(
                    sql_expression=f"cast(null as {text})", options=self._options, simple_catalog=self._catalogue(())
                )
            self._types[text] = answer.resolved_expression.type
        return self._types[text]


def name_of(type_: types.Type) -> str:
    """A type's name in BigQuery."""
    match type_.type_kind:
        case TypeKind.TYPE_ARRAY:
            return f"ARRAY<{name_of(type_.array_type.element_type)}>"
        case TypeKind.TYPE_STRUCT:
            listed = ", ".join(f"{f.field_name} {name_of(f.field_type)}".strip() for f in type_.struct_type.field)
            return f"STRUCT<{listed}>"
        case TypeKind.TYPE_DOUBLE:
            return "FLOAT64"
        case kind:
            return str(TypeKind(kind).name.removeprefix("TYPE_"))


class _CachedCompilation(wasmtime.Config):
    def __init__(self) -> None:
        super().__init__()
        self.cache = True


@cache
def _service() -> ZetaSqlLocalService:
    wasm_client.Config = _CachedCompilation
    return ZetaSqlLocalService()


def _shorten(message: Message) -> None:
    """Leave out most of an answer: to turn it into objects takes longer than to analyze."""
    left_out = _LEFT_OUT.get(message.DESCRIPTOR.name, ())
    for field, value in message.ListFields():
        if field.name in _NOWHERE or field.name in left_out:
            message.ClearField(field.name)
        elif field.name == "column_list":
            for column in value:
                for name in ("table_name", "name", "type"):
                    column.ClearField(name)
        elif field.message_type:
            for one in value if field.is_repeated else [value]:
                _shorten(one)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ServerError as error:
        raise GoogleSqlError(error.raw_error.partition("Message: ")[2].replace("\n", " ")) from None


def _key(name: str) -> str:
    """A table's name without its project, as its catalogue has it; INFORMATION_SCHEMA's have one part more."""
    parts = name.split(".")
    return ".".join(parts if "information_schema" in name.casefold() else parts[-2:]).casefold()


def _columns(listed: Iterable[types.ResolvedOutputColumn]) -> Columns:
    return {c.name: name_of(c.column.type) for c in listed}


def _columns_of_query(statement: types.ResolvedStatement) -> Columns:
    """What a query gives before it is made to fit the types that its table declares."""
    computed = getattr(statement.query, "expr_list", [])
    fitted = {c.column.column_id: c.expr.expr.column for c in computed if c.column.table_name == "$create_as_cast"}
    return {c.name: name_of(fitted.get(c.column.column_id, c.column).type) for c in statement.output_column_list}


def _statements(node: types.ASTNode) -> Iterator[types.ASTNode]:
    """The statements of a script in their order, and the expressions in those that only scripts have."""
    match node:
        case types.ASTScript():
            yield from _statements(node.statement_list_node)
        case types.ASTStatementList():
            for statement in node.statement_list:
                yield from _statements(statement)
        case types.ASTIfStatement():
            yield node.condition
            yield from _statements(node.then_list)
        case types.ASTRaiseStatement():
            yield node.message
        case _:
            yield node


def _extreme(name: str) -> types.Function:
    """MAX_BY and MIN_BY, which BigQuery alone has."""
    kinds = (SignatureArgumentKind.ARG_TYPE_ANY_1, SignatureArgumentKind.ARG_TYPE_ANY_2)
    value, order = (types.FunctionArgumentType(kind=kind, num_occurrences=1) for kind in kinds)
    return types.Function(
        name_path=[name],
        group="BigQuery",
        mode=types.FunctionEnums.Mode.AGGREGATE,
        signature=[types.FunctionSignature(argument=[value, order], return_type=value)],
    )


def _value(cell: types.Value) -> Any:
    if cell.numeric_value is not None:
        # Not scaleb(): it rounds to 28 digits.
        return Decimal(f"{int.from_bytes(cell.numeric_value, 'little', signed=True)}e-9")
    if cell.date_value is not None:
        return date(1970, 1, 1) + timedelta(cell.date_value)
    return next((value for value in (getattr(cell, name) for name in _SIMPLE) if value is not None), None)
