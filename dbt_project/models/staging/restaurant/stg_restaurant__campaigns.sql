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
        {{ plausible_amount('segment_value') }} as segment_value,
        {{ is_implausible_amount('segment_value') }} as has_implausible_segment_value,
        (
            {{ is_implausible_instant('created_at') }}
            or {{ is_implausible_instant('updated_at') }}
        ) as has_implausible_instant,
        {{ plausible_instant('created_at') }} as created_at,
        {{ plausible_instant('updated_at') }} as updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
