{{ config(materialized='incremental', unique_key='deal_id') }}
{{ clustered_by('deal_id') }}
{{ waits_for('int_consulting__build') }}

with

source as (
    select *
    from {{ latest_versions(source('consulting', 'deals')) }} as latest
),

final as (
    select
        {{ identifier('id') }} as deal_id,
        {{ optional_identifier('account_id') }} as account_id,
        {{ optional_identifier('lead_id') }} as lead_id,
        {{ clean_code('stage') }} as stage,
        {{ upper_case(clean_text('currency_code')) }} as currency_code,
        amount_cents,
        closed_at,
        created_at,
        updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
