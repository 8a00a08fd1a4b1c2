{{ config(materialized='incremental', unique_key='visit_id') }}
{{ clustered_by(['customer_id', 'visit_id']) }}
{{ waits_for('int_restaurant__build') }}

with

source as (
    select *
    from {{ latest_versions('restaurant', 'visits') }} as latest
),

final as (
    select
        {{ identifier('id') }} as visit_id,
        {{ identifier('customer_id') }} as customer_id,
        spend_cents,
        {{ is_implausible_instant('visited_at') }} as has_implausible_visited_at,
        {{ plausible_instant('visited_at') }} as visited_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
