with

source as (
    select *
    from {{ latest_versions(source('restaurant', 'restaurants')) }} as latest
),

final as (
    select
        {{ identifier('id') }} as restaurant_id,
        {{ clean_text('name') }} as restaurant_name,
        {{ known_timezone('timezone') }} as timezone,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
