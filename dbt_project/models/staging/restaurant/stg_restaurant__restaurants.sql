with

source as (
    select *
    from {{ latest_versions('restaurant', 'restaurants') }} as latest
),

final as (
    select
        {{ identifier('id') }} as restaurant_id,
        {{ clean_text('name') }} as restaurant_name,
        {{ known_timezone('timezone') }} as timezone,
        (
            {{ clean_text('timezone') }} is not null
            and {{ known_timezone('timezone') }} is null
        ) as has_unknown_timezone,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
