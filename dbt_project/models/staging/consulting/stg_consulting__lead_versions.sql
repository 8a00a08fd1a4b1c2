with

source as (
    select versions.* from {{ raw_rows('consulting', 'leads') }} as versions
),

final as (
    select
        {{ identifier('id') }} as lead_id,
        {{ listed_code('lead_status', clean_code('status')) }} as status,
        _op = 'delete' as is_deleted,
        {{ plausible_instant('updated_at') }} as updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
