with

source as (
    select *
    from {{ latest_versions('whatsapp', 'outlets') }} as latest
),

final as (
    select
        {{ identifier('id') }} as outlet_id,
        {{ optional_identifier('tenant_id') }} as tenant_id,
        {{ clean_text('name') }} as outlet_name,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
