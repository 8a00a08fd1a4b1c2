with

versions as (
    select
        {{ source_of('whatsapp', 'conversation_id') }} as source_system,
        _loaded_at
    from {{ ref('stg_whatsapp__conversation_versions') }}
),

final as (
    select
        source_system,
        min(_loaded_at) as first_extracted_at
    from versions
    group by source_system
)

select * from final
