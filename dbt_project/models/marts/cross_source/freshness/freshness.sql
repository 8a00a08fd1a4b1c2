{{ config(materialized='view') }}

with

states as (
    {% for kind in feeding_sources('states') -%}
    {% set is_first = loop.first -%}
    {% for name in sources_of(kind) -%}
    {{ 'union all' if not (is_first and loop.first) }}
    select
        '{{ name }}' as source_system,
        '{{ kind }}' as source_kind,
        table_name,
        last_run_at,
        last_appended_at
    from {{ raw_relation(kind, name, '_state') }}
    -- Beside tables it remembers what builds, copies and exports were made from.
    where substr(table_name, 1, 1) <> '_'
    {% endfor -%}
    {% endfor %}
),

builds as (
    select * from {{ ref('int_cross_source__builds') }}
),

source_tables as (
    select
        states.source_system,
        states.source_kind,
        'raw_' || states.source_system as relation_schema,
        states.table_name as relation_name,
        'source_table' as kind,
        states.last_run_at as last_extracted_at,
        states.last_appended_at as newest_row_at,
        builds.built_at as last_built_at,
        builds.row_count
    from states
    left join builds
        on
            states.source_system = builds.source_system
            and builds.relation_schema = 'staging'
            and builds.relation_name
            = 'stg_' || states.source_kind || '__' || states.table_name
),

extracted as (
    select
        source_system,
        source_kind,
        min(last_extracted_at) as last_extracted_at,
        max(newest_row_at) as newest_row_at,
        cast(sum(row_count) as bigint) as row_count
    from source_tables
    group by
        source_system,
        source_kind
),

-- What marts are made of.
extracted_for_marts as (
    select
        source_kind as source_system,
        source_kind,
        min(last_extracted_at) as last_extracted_at,
        max(newest_row_at) as newest_row_at
    from extracted
    group by source_kind
    union all
    select
        'cross_source' as source_system,
        'cross_source' as source_kind,
        min(last_extracted_at) as last_extracted_at,
        max(newest_row_at) as newest_row_at
    from source_tables
),

systems as (
    select
        extracted.source_system,
        extracted.source_kind,
        'raw_' || extracted.source_system as relation_schema,
        extracted.source_system as relation_name,
        'system' as kind,
        extracted.last_extracted_at,
        extracted.newest_row_at,
        builds.built_at as last_built_at,
        extracted.row_count
    from extracted
    left join builds
        on
            builds.relation_schema = 'intermediate'
            and builds.relation_name = 'int_' || extracted.source_kind || '__built'
),

marts as (
    select
        builds.source_system,
        extracted.source_kind,
        builds.relation_schema,
        builds.relation_name,
        'mart' as kind,
        extracted.last_extracted_at,
        extracted.newest_row_at,
        builds.built_at as last_built_at,
        builds.row_count
    from builds
    left join extracted_for_marts as extracted
        on builds.source_system = extracted.source_system
    where builds.relation_schema = 'marts'
),

unioned as (
    select * from source_tables
    union all
    select * from systems
    union all
    select * from marts
),

final as (
    select
        source_system,
        relation_schema,
        relation_name,
        kind,
        row_count,
        last_extracted_at,
        newest_row_at,
        last_built_at
    from unioned
)

select * from final
