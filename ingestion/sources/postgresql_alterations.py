"""What was done to a PostgreSQL table between the snapshot and its read.

Belongs here: the question after a read. Not here: when it is asked (adbc_postgresql.py).

A statement finds tables and their files by the catalog as it is, and rows by the snapshot. Of a table that was
truncated, or rewritten by ALTER TABLE, or took another's name since, the snapshot shows no row; of one that lost a
partition, not the partition's. Whoever takes that for the truth deletes rows that are there.

What a read used is what it locked, views and policies included. The locks keep each of these as it was found, so
that it can be compared with the snapshot's catalog afterwards.
"""

from ingestion.sources.postgresql_sql import literal

# A refresh of a materialized view leaves rows that every snapshot shows: newer than it, but whole.
# Indexes may come and go meanwhile. A partition that is being detached is none to any read.
_ALTERATIONS = """
with recursive used as (
    select l.relation as oid
    from pg_locks as l
    inner join pg_database as d on d.oid = l.database and d.datname = current_database()
    where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.relation >= 16384
),
partitioned as (
    select c.oid from used inner join pg_class as c on c.oid = used.oid and c.relkind = 'p'
),
present as (
    select oid from used
    union
    select t.relid::oid from partitioned cross join lateral pg_partition_tree(partitioned.oid) as t
),
heirs as (
    select i.inhparent, i.inhrelid
    from pg_inherits as i
    where not coalesce(cast(to_jsonb(i) ->> 'inhdetachpending' as boolean), false)
),
shown as (
    select {root}::oid as oid
    union
    select heirs.inhrelid from shown inner join heirs on heirs.inhparent = shown.oid
)
select {table}::text, 'another table has its name' where {root}::oid not in (select oid from used)
union all
select used.oid::regclass::text, 'it is new'
from used
left join pg_class as c on c.oid = used.oid
where c.oid is null and pg_get_indexdef(used.oid) is null
union all
select used.oid::regclass::text, 'it was truncated or rewritten'
from used
inner join pg_class as c on c.oid = used.oid and c.relkind = 'r'
where c.relfilenode is distinct from pg_relation_filenode(c.oid)
union all
select heirs.inhrelid::regclass::text, 'it was detached'
from heirs
inner join used on used.oid = heirs.inhparent
inner join pg_class as c on c.oid = heirs.inhparent and c.relkind in ('r', 'p', 'f')
where heirs.inhrelid not in (select oid from present)
union all
select t.relid::regclass::text, 'it was attached'
from partitioned
cross join lateral pg_partition_tree(partitioned.oid) as t
where partitioned.oid = {root}::oid and t.relid::oid not in (select oid from shown)
limit 1
"""


def alterations_query(table: str, oid: int) -> str:
    """A relation that is another one than in the snapshot, and how; no row where there is none.

    To be asked after a read, while what it locked is locked.

    Args:
        table: what was read.
        oid: the snapshot's oid of it.
    """
    return _ALTERATIONS.format(table=literal(table), root=oid)
