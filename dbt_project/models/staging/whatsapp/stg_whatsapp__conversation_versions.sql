with

source as (
    select versions.* from {{ raw_rows('whatsapp', 'conversations') }} as versions
),

final as (
    select
        {{ identifier('id') }} as conversation_id,
        {{ listed_code('conversation_status', clean_code('status')) }} as status,
        _op = 'delete' as is_deleted,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
