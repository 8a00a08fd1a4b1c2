with

source as (
    select *
    from {{ latest_versions(source('erp', 'organizations')) }} as latest
),

final as (
    select
        {{ identifier('id') }} as organization_id,
        {{ clean_text('name') }} as organization_name,
        {{ known_timezone('timezone') }} as timezone,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
