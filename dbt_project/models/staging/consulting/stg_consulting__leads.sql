{{ config(materialized='incremental', unique_key='lead_id') }}
{{ clustered_by('lead_id') }}
{{ waits_for('int_consulting__build') }}

with

leads as (
    select *
    from {{ latest_versions(source('consulting', 'leads')) }} as latest
),

final as (
    select
        {{ identifier('id') }} as lead_id,
        {{ optional_identifier('account_id') }} as account_id,
        {{ clean_text('owner') }} as owner,
        {{ clean_code('source') }} as lead_source,
        {{ clean_code('status') }} as status,
        value_cents,
        created_at,
        updated_at,
        _batch_seq,
        _loaded_at
    from leads
)

select * from final
