{{ config(materialized='incremental', unique_key='membership_id') }}
{{ clustered_by(['customer_id', 'membership_id']) }}
{{ waits_for('int_erp__build') }}

with

source as (
    select *
    from {{ latest_versions('erp', 'customer_segments') }} as latest
),

final as (
    select
        {{ identifier('id') }} as membership_id,
        {{ optional_identifier('organization_id') }} as organization_id,
        {{ identifier('customer_id') }} as customer_id,
        {{ clean_text('segment_name') }} as segment_name,
        {{ clean_text('segment_value') }} as segment_value,
        {{ clean_text('description') }} as description,
        is_active,
        {{ is_implausible_instant('assigned_date') }} as has_implausible_assigned_at,
        {{ is_implausible_instant('updated_at') }} as has_implausible_updated_at,
        {{ plausible_instant('assigned_date') }} as assigned_at,
        {{ plausible_instant('updated_at') }} as updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
