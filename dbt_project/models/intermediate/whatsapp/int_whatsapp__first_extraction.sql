with

versions as (
    select * from {{ ref('stg_whatsapp__conversation_versions') }}
),

final as (
    select min(_loaded_at) as first_extracted_at
    from versions
)

select * from final
