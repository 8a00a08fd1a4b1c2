-- depends_on: {{ ref('conversations_trailing') }}
-- depends_on: {{ ref('costs_trailing') }}
-- depends_on: {{ ref('handoffs_trailing') }}
-- depends_on: {{ ref('int_whatsapp__customer_activity') }}
-- depends_on: {{ ref('int_whatsapp__customers') }}
-- depends_on: {{ ref('int_whatsapp__flawed_messages') }}
-- depends_on: {{ ref('int_whatsapp__tenant_lifetime_responses') }}
-- depends_on: {{ ref('messages_trailing') }}
-- depends_on: {{ ref('tenant_summary_trailing') }}
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
