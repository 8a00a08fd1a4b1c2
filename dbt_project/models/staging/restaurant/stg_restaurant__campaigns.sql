with

source as (
    select *
    from {{ latest_versions(source('restaurant', 'campaigns')) }} as latest
),

final as (
    select
        {{ identifier('id') }} as campaign_id,
        {{ optional_identifier('restaurant_id') }} as restaurant_id,
        {{ clean_text('name') }} as campaign_name,
        {{ clean_code('status') }} as status,
        {{ clean_code('segment_type') }} as segment_type,
        {{ clean_text('message_template') }} as message_template,
        segment_value,
        created_at,
        updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
