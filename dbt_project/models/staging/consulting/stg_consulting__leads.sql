{{ config(materialized='incremental', unique_key='lead_id') }}
{{ clustered_by('lead_id') }}
{{ waits_for('int_consulting__build') }}

with

leads as (
    select *
    from {{ latest_versions('consulting', 'leads') }} as latest
),

final as (
    select
        {{ identifier('id') }} as lead_id,
        {{ optional_identifier('account_id') }} as account_id,
        {{ shown_name('consulting', 'leads', 'owner') }} as owner,
        {{ listed_code('lead_source', clean_code('source')) }} as lead_source,
        {{ listed_code('lead_status', clean_code('status')) }} as status,
        value_cents,
        {{ is_implausible_instant('created_at') }} as has_implausible_created_at,
        {{ is_implausible_instant('updated_at') }} as has_implausible_updated_at,
        {{ plausible_instant('created_at') }} as created_at,
        {{ plausible_instant('updated_at') }} as updated_at,
        _batch_seq,
        _loaded_at
    from leads
)

select * from final
