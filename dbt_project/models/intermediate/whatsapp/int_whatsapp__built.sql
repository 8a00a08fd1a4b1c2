-- depends_on: {{ ref('int_whatsapp__conversation_measures') }}
-- depends_on: {{ ref('int_whatsapp__customer_activity') }}
-- depends_on: {{ ref('int_whatsapp__customers') }}
-- depends_on: {{ ref('int_whatsapp__flawed_messages') }}
-- depends_on: {{ ref('int_whatsapp__handoff_measures') }}
-- depends_on: {{ ref('int_whatsapp__message_measures') }}
-- depends_on: {{ ref('int_whatsapp__response_measures') }}
-- depends_on: {{ ref('int_whatsapp__tenant_lifetime_responses') }}
-- depends_on: {{ ref('int_whatsapp__tenant_response_measures') }}
with

build as (
    select * from {{ ref('int_whatsapp__build') }}
),

final as (
    select
        to_batch_seq,
        fingerprint,
        {{ as_of() }} as as_of
    from build
)

select * from final
