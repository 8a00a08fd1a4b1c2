-- depends_on: {{ ref('int_whatsapp__conversations_measures') }}
-- depends_on: {{ ref('int_whatsapp__costs_measures') }}
-- depends_on: {{ ref('int_whatsapp__customer_activity') }}
-- depends_on: {{ ref('int_whatsapp__customers') }}
-- depends_on: {{ ref('int_whatsapp__flawed_messages') }}
-- depends_on: {{ ref('int_whatsapp__handoffs_measures') }}
-- depends_on: {{ ref('int_whatsapp__messages_measures') }}
-- depends_on: {{ ref('int_whatsapp__tenant_lifetime_responses') }}
-- depends_on: {{ ref('int_whatsapp__tenant_summary_measures') }}
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
