{{ config(materialized='incremental', unique_key='customer_id') }}
{{ clustered_by('customer_id') }}
{{ waits_for('int_erp__build') }}

with

source as (
    select *
    from {{ latest_versions('erp', 'customers') }} as latest
),

final as (
    select
        {{ identifier('id') }} as customer_id,
        {{ optional_identifier('organization_id') }} as organization_id,
        {{ shown_name('erp', 'customers', 'name') }} as customer_name,
        {{ is_implausible_instant('created_at') }} as has_implausible_created_at,
        {{ is_implausible_instant('updated_at') }} as has_implausible_updated_at,
        {{ plausible_instant('created_at') }} as created_at,
        {{ plausible_instant('updated_at') }} as updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
