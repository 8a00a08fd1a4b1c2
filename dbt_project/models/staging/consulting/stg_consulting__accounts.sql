with

source as (
    select *
    from {{ latest_versions(source('consulting', 'accounts')) }} as latest
),

final as (
    select
        {{ identifier('id') }} as account_id,
        {{ clean_text('name') }} as account_name,
        {{ clean_text('industry') }} as industry,
        created_at,
        updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
