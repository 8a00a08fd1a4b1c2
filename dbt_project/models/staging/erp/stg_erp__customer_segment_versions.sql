with

source as (
    select versions.* from {{ raw_rows('erp', 'customer_segments') }} as versions
),

final as (
    select
        {{ identifier('id') }} as membership_id,
        {{ optional_identifier('customer_id') }} as customer_id,
        {{ clean_text('segment_name') }} as segment_name,
        {{ clean_text('segment_value') }} as segment_value,
        is_active,
        _op = 'delete' as is_deleted,
        {{ is_implausible_instant('assigned_date') }} as has_implausible_assigned_at,
        {{ plausible_instant('assigned_date') }} as assigned_at,
        {{ plausible_instant('updated_at') }} as updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
