with

source as (
    select *
    from {{ latest_versions('restaurant', 'campaigns') }} as latest
),

cleaned as (
    select
        *,
        {{ clean_code('segment_type') }} as known_segment_type,
        {{ plausible_amount('segment_value') }} as known_segment_value
    from source
),

final as (
    select
        {{ identifier('id') }} as campaign_id,
        {{ optional_identifier('restaurant_id') }} as restaurant_id,
        {{ clean_text('name') }} as campaign_name,
        {{ listed_code('campaign_status', clean_code('status')) }} as status,
        {{ listed_code('segment_type', 'known_segment_type') }} as segment_type,
        {{ clean_text('message_template') }} as message_template,
        known_segment_value as segment_value,
        coalesce(
            known_segment_value >= 0
            and (
                known_segment_type = 'high_spenders'
                or (
                    known_segment_type = 'inactive_days'
                    and known_segment_value = floor(known_segment_value)
                )
            ),
            false
        ) as has_segment_rule,
        {{ is_implausible_amount('segment_value') }} as has_implausible_segment_value,
        (
            {{ is_implausible_instant('created_at') }}
            or {{ is_implausible_instant('updated_at') }}
        ) as has_implausible_instant,
        {{ plausible_instant('created_at') }} as created_at,
        {{ plausible_instant('updated_at') }} as updated_at,
        _batch_seq,
        _loaded_at
    from cleaned
)

select * from final
