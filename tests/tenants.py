"""What one tenant's role can find out in a PostgreSQL warehouse, and what its catalogue says of that.

Belongs here: ways to ask for another tenant's rows and values. Not here: warehouses to ask (tests).
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import StringIO
from itertools import cycle
from typing import Any

import psycopg2
from postgresql import Server
from sqlalchemy import make_url

from ingestion.settings import PROJECT_ROOT

SCHEMAS = ("core", "marts", "reporting")
_CATALOGUE = f"""
    select
        nspname as schema,
        relname as name,
        relkind::text as kind,
        relrowsecurity and relforcerowsecurity as is_guarded,
        coalesce('security_invoker=true' = any(reloptions), false) as asks_as_reader,
        has_table_privilege('public', pg_class.oid, 'select') as is_open,
        tenant.attnum is not null as has_tenant,
        coalesce(
            (
                select array_agg(polname::text || ' at once: ' || (pg_policy.xmin = tenant.xmin)::text order by polname)
                from pg_policy where polrelid = pg_class.oid
            ),
            '{{}}'
        ) as policies
    from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace
    left join pg_attribute as tenant on attrelid = pg_class.oid and attname = 'tenant_key'
    where nspname in {SCHEMAS} and relkind not in ('i', 'c')
    order by 1, 2
"""
POLICIES = ["builder at once: true", "readers at once: true"]
"""Of every table, made by the transaction that made the table: nobody can have seen it without."""

Digest = tuple[int, str | None]
"""How many rows, and what they are."""

_GOES_AWAY = "does not exist|could not open relation with OID"
"""A view while the table that it reads is replaced; that it went once its name was looked up."""


@dataclass(frozen=True)
class Relation:
    """A table or view as PostgreSQL's catalogue has it; see `_CATALOGUE`."""

    schema: str
    name: str
    kind: str
    is_guarded: bool
    asks_as_reader: bool
    is_open: bool
    has_tenant: bool
    policies: list[str]

    @property
    def place(self) -> str:
        return f'{self.schema}."{self.name}"'


def relations(url: str) -> list[Relation]:
    """All tables and views that BI tools may be shown."""
    with _session(url) as ask:
        return [Relation(*row) for row in ask(_CATALOGUE)]


def faults(found: Collection[Relation], public: Collection[str]) -> list[str]:
    """What of the catalogue is not as it should be, a line each.

    Args:
        found: all tables and views.
        public: names of tables without a tenant that all may read.
    """
    return [
        f"{relation}, not {expected}"
        for relation in found
        for expected in [_expected(relation, public)]
        if relation != expected
    ]


def _expected(it: Relation, public: Collection[str]) -> Relation:
    is_view, is_reporting = it.kind == "v", it.schema == "reporting"
    has_rows = it.has_tenant and not is_view
    return Relation(
        it.schema,
        it.name,
        "v" if is_reporting or is_view else "r",
        is_guarded=has_rows,
        asks_as_reader=is_reporting,
        is_open=is_reporting or has_rows or it.name in public,
        has_tenant=it.has_tenant,
        policies=POLICIES if has_rows else [],
    )


class Tenant:
    """A role that reads some tenants, made as docs/deployment.md says."""

    def __init__(self, server: Server, url: str, role: str, *keys: str) -> None:
        name = make_url(url).database
        assert name
        for key in keys:
            server.psql("postgres", PROJECT_ROOT / "deploy" / "roles.sql", role=role, tenant=key, database=name)
        self.url = server.url(name, role)
        self.database = url
        self.own = f"tenant_key in {keys!r}".replace(",)", ")")
        """The condition that a row is the role's."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the role is answered.

        Raises:
            psycopg2.Error: It is not.
        """
        with _session(self.url) as ask:
            return ask(sql)

    def owned(self, relation: Relation) -> Digest:
        """Rows of the tenants as a superuser sees them; of a relation without tenants all."""
        its = f"where {self.own}" if relation.has_tenant else ""
        with _session(self.database) as ask:
            [digest] = ask(_digest(f"select t::text from {relation.place} as t {its}"))
        return digest

    def found(self, relation: Relation) -> dict[str, Digest]:
        """What each way of asking for all rows of a table or view gives."""
        it = relation.place
        asked = {
            "plain": f"select t::text from {it} as t",
            "joined": f"select t::text from (select 1) as one cross join lateral (select * from {it}) as t",
            "aggregated": f"select unnest(array_agg(t::text)) from {it} as t",
            "windowed": f"select max(t::text) over (rows between current row and current row) from {it} as t",
            "within": f"select t from (with recursive r as (select t::text from {it} as t) select * from r) as r (t)",
        }
        if relation.has_tenant:
            asked["doubted"] = f"select t::text from {it} as t where {self.own} or not {self.own} or tenant_key is null"
        if relation.kind == "r":
            asked["sampled"] = f"select t::text from {it} as t tablesample system (100)"
            asked["by place"] = f"select t::text from {it} as t where ctid >= '(0,0)'"
        together = " union all ".join(
            f"select '{way}', asked.* from ({_digest(q)}) as asked" for way, q in asked.items()
        )
        return {way: (count, digest) for way, count, digest in self.rows(together)}

    def leaks(self, relation: Relation, key: str, names: Collection[str]) -> dict[str, str]:
        """What an answer, or the lack of one, tells of another tenant's rows: questions and what came, as text.

        Args:
            relation: one with a tenant.
            key: the other tenant's.
            names: texts that only rows of others have.
        """
        it, other = relation.place, f"'{key}'"
        divided = f"1 / (case when tenant_key = {other} then 0 else 1 end)"
        asked = {
            "error where rows are": f"select 1 from {it} where {divided} = 1",
            "error of what is shown": f"select {divided} from {it}",
            "error in order": f"select 1 from {it} order by {divided}",
            "cast": f"select 1 from {it} where cast(tenant_key as integer) = 1",
            "cast of its own": f"select 1 from {it} where tenant_key = {other} and cast(tenant_key as integer) = 1",
            "cast of all": f"select 1 from {it} as t where cast(t::text as integer) = 1",
            "expression": f"select 1 from {it} as t where (t::text ~ '(')",
            "block": f"do $$ declare r record; begin for r in select * from {it} loop"
            " raise exception '%', r; end loop; end $$",
            "unsecured": f"select set_config('row_security', 'off', false); select t::text from {it} as t",
            "as XML": f"select query_to_xml('select * from {it} where tenant_key = ''{key}''', true, false, '')",
            "plan": f"explain (verbose) select * from {it}",
        }
        with _session(self.url) as ask:
            answers = {way: _answer_or_error(ask, sql) for way, sql in asked.items()}
        answers["copy"] = self._copied(f"select * from {it} where ({self.own}) is not true")
        expected = {"cast of its own": "[]", "copy": ""}
        return {
            way: answer
            for way, answer in answers.items()
            if any(name in answer for name in names)
            # An error tells of a row that was met with.
            or "division" in answer
            or answer != expected.get(way, answer)
            or (way == "as XML" and "tenant_key" in answer)
            or (way == "unsecured" and "row-level security" not in answer)
        }

    def _copied(self, sql: str) -> str:
        into = StringIO()
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.copy_expert(f"copy ({sql}) to stdout", into)
        return into.getvalue()

    @contextmanager
    def asking(self, found: Collection[Relation]) -> Iterator["Watch"]:
        """Ask all tables and views for others' rows, again and again until the block ends."""
        watch, ended = Watch(), threading.Event()

        def ask_all() -> None:
            with _session(self.url) as ask:
                for relation in cycle(found):
                    watch.note(
                        relation,
                        _answer_or_error(ask, f"select count(*) from {relation.place} where ({self.own}) is not true"),
                    )
                    # Builds are to go on, too.
                    if ended.wait(0.005):
                        return

        thread = threading.Thread(target=ask_all)
        thread.start()
        try:
            yield watch
        finally:
            ended.set()
            thread.join()


@dataclass
class Watch:
    """What a tenant was answered while builds went on."""

    faults: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)

    def note(self, relation: Relation, answer: str) -> None:
        """Note what was answered."""
        if answer == "[(0,)]":
            self.answers[relation.place] += 1
        elif not re.search(_GOES_AWAY, answer):
            self.faults.add(f"{relation.place}: {answer}")


@contextmanager
def _session(url: str) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Asks questions that do not depend on each other."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def ask(sql: str) -> list[tuple[Any, ...]]:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

        yield ask


def _answer_or_error(ask: Callable[[str], list[tuple[Any, ...]]], sql: str) -> str:
    try:
        return str(ask(sql))
    except psycopg2.Error as error:
        return str(error)


def _digest(sql: str) -> str:
    """Counts rows of one text and digests them, whatever their order."""
    return f"select count(*), md5(string_agg(t, e'\\n' order by t)) from ({sql}) as asked (t)"
