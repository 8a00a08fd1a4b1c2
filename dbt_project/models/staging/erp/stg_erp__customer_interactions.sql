{{ config(materialized='incremental', unique_key='interaction_id') }}
{{ clustered_by(['customer_id', 'interaction_id']) }}
{{ waits_for('int_erp__build') }}

with

source as (
    select *
    from {{ latest_versions('erp', 'customer_interactions') }} as latest
),

final as (
    select
        {{ identifier('id') }} as interaction_id,
        {{ optional_identifier('organization_id') }} as organization_id,
        {{ optional_identifier('customer_id') }} as customer_id,
        {{ listed_code('interaction_type', clean_code('interaction_type')) }}
            as interaction_type,
        {{ listed_code('interaction_status', clean_code('status')) }} as status,
        {{ is_implausible_instant('interaction_date') }}
            as has_implausible_interaction_at,
        {{ is_implausible_instant('created_at') }} as has_implausible_created_at,
        {{ is_implausible_instant('updated_at') }} as has_implausible_updated_at,
        {{ plausible_instant('interaction_date') }} as interaction_at,
        {{ plausible_instant('created_at') }} as created_at,
        {{ plausible_instant('updated_at') }} as updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
