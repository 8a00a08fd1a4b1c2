{{ config(materialized='view') }}

with

states as (
    {% for source_system in feeding_sources('states') %}
    {{ 'union all' if not loop.first }}
    select
        '{{ source_system }}' as source_system,
        table_name,
        last_run_at,
        last_appended_at
    from {{ source(source_system, '_state') }}
    -- Beside tables it remembers what builds, copies and exports were made from.
    where substr(table_name, 1, 1) <> '_'
    {% endfor %}
),

builds as (
    select * from {{ ref('int_cross_source__builds') }}
),

source_tables as (
    select
        states.source_system,
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
            builds.relation_schema = 'staging'
            and builds.relation_name
            = 'stg_' || states.source_system || '__' || states.table_name
),

extracted as (
    select
        source_system,
        min(last_extracted_at) as last_extracted_at,
        max(newest_row_at) as newest_row_at,
        cast(sum(row_count) as bigint) as row_count
    from source_tables
    group by source_system
    union all
    select
        'cross_source' as source_system,
        min(last_extracted_at) as last_extracted_at,
        max(newest_row_at) as newest_row_at,
        cast(sum(row_count) as bigint) as row_count
    from source_tables
),

systems as (
    select
        extracted.source_system,
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
            and builds.relation_name = 'int_' || extracted.source_system || '__built'
    where extracted.source_system <> 'cross_source'
),

marts as (
    select
        builds.source_system,
        builds.relation_schema,
        builds.relation_name,
        'mart' as kind,
        extracted.last_extracted_at,
        extracted.newest_row_at,
        builds.built_at as last_built_at,
        builds.row_count
    from builds
    left join extracted on builds.source_system = extracted.source_system
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
