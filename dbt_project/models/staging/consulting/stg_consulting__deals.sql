{{ config(materialized='incremental', unique_key='deal_id') }}
{{ clustered_by('deal_id') }}
{{ waits_for('int_consulting__build') }}

with

source as (
    select *
    from {{ latest_versions('consulting', 'deals') }} as latest
),

final as (
    select
        {{ identifier('id') }} as deal_id,
        {{ optional_identifier('account_id') }} as account_id,
        {{ optional_identifier('lead_id') }} as lead_id,
        {{ listed_code('deal_stage', clean_code('stage')) }} as stage,
        {{ clean_currency('currency_code') }} as currency_code,
        amount_cents,
        {{ is_implausible_instant('closed_at') }} as has_implausible_closed_at,
        {{ is_implausible_instant('created_at') }} as has_implausible_created_at,
        {{ is_implausible_instant('updated_at') }} as has_implausible_updated_at,
        {{ plausible_instant('closed_at') }} as closed_at,
        {{ plausible_instant('created_at') }} as created_at,
        {{ plausible_instant('updated_at') }} as updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
