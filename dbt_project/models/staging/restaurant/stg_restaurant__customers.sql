{{ config(materialized='incremental', unique_key='customer_id') }}
{{ clustered_by('customer_id') }}
{{ waits_for('int_restaurant__build') }}

with

source as (
    select *
    from {{ latest_versions('restaurant', 'customers') }} as latest
),

final as (
    select
        {{ identifier('id') }} as customer_id,
        {{ optional_identifier('restaurant_id') }} as restaurant_id,
        {{ pseudonym('email') }} as email_hash,
        total_spend_cents,
        {{ is_implausible_instant('last_visit_at') }} as has_implausible_last_visit_at,
        {{ plausible_instant('last_visit_at') }} as last_visit_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
