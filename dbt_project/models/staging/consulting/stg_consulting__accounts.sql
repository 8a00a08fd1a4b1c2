with

source as (
    select *
    from {{ latest_versions('consulting', 'accounts') }} as latest
),

final as (
    select
        {{ identifier('id') }} as account_id,
        {{ shown_name('consulting', 'accounts', 'name') }} as account_name,
        {{ listed_code('industry', clean_text('industry')) }} as industry,
        {{ is_implausible_instant('created_at') }} as has_implausible_created_at,
        {{ is_implausible_instant('updated_at') }} as has_implausible_updated_at,
        {{ plausible_instant('created_at') }} as created_at,
        {{ plausible_instant('updated_at') }} as updated_at,
        _batch_seq,
        _loaded_at
    from source
)

select * from final
