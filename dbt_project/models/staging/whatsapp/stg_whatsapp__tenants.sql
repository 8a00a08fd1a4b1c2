with

source as (
    select *
    from {{ latest_versions('whatsapp', 'tenants') }} as latest
),

final as (
    select
        {{ identifier('id') }} as tenant_id,
        {{ clean_text('name') }} as tenant_name,
        {{ known_timezone('timezone') }} as timezone,
        {{ clean_text('timezone') }} is not null
        and {{ known_timezone('timezone') }} is null as has_unknown_timezone,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
