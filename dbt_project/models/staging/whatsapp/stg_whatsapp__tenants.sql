with

source as (
    select *
    from {{ latest_versions(source('whatsapp', 'tenants')) }} as latest
),

final as (
    select
        {{ identifier('id') }} as tenant_id,
        {{ clean_text('name') }} as tenant_name,
        {{ known_timezone('timezone') }} as timezone,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
