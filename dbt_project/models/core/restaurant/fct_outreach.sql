{{ config(
    materialized='incremental',
    unique_key='customer_id',
    meta={'changed': 'int_restaurant__changed_customers'}
) }}
{{ clustered_by('customer_id', month_of='outreach_date') }}

with

outreach as (
    select * from {{ ref('int_restaurant__outreach') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

campaigns as (
    select * from {{ ref('stg_restaurant__campaigns') }}
),

customers as (
    select * from {{ ref('stg_restaurant__customers') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

tenants as (
    select * from {{ ref('int_restaurant__known_tenants') }}
),

attributed_visits as (
    select * from {{ ref('int_restaurant__attributed_visits') }}
    {{ where_changed('int_restaurant__changed_customers', 'customer_id') }}
),

owned as (
    select
        outreach.*,
        {{ tenant_key(
            'restaurant', 'campaigns.restaurant_id', of='outreach.outreach_event_id'
        ) }}
            as tenant_key,
        campaigns.campaign_id is not null as has_campaign
    from outreach
    left join campaigns on outreach.campaign_id = campaigns.campaign_id
),

located as (
    select
        owned.*,
        coalesce(tenants.timezone, 'UTC') as timezone,
        coalesce(tenants.currency_code, {{ default_currency() }}) as currency_code
    from owned
    left join tenants on owned.tenant_key = tenants.tenant_key
),

-- Added up before they are joined: a message may have several visits.
attributions as (
    select
        located.outreach_event_id,
        count(*) as attributed_visits,
        count(
            case
                when attributed_visits.currency_code <> located.currency_code then 1
            end
        ) as attributed_visits_in_other_currencies,
        cast(
            coalesce(
                sum(
                    case
                        when attributed_visits.currency_code = located.currency_code
                            then attributed_visits.spend_amount
                    end
                ), 0
            ) as numeric(38, 9)
        ) as attributed_spend_amount
    from located
    inner join attributed_visits
        on located.outreach_event_id = attributed_visits.outreach_event_id
    group by located.outreach_event_id
),

final as (
    select
        located.outreach_event_id,
        located.campaign_id,
        located.customer_id,
        {{ source_key('restaurant', 'located.customer_id') }} as customer_key,
        located.tenant_key,
        coalesce(located.status, 'unknown') as status,
        located.error_category,
        located.currency_code,
        coalesce(attributions.attributed_visits, 0) as attributed_visits,
        coalesce(attributions.attributed_visits_in_other_currencies, 0)
            as attributed_visits_in_other_currencies,
        cast(coalesce(attributions.attributed_spend_amount, 0) as numeric(38, 9))
            as attributed_spend_amount,
        located.source_rows,
        located.implausible_rows,
        attributions.outreach_event_id is not null as has_attributed_visit,
        located.has_error,
        located.has_campaign,
        customers.customer_id is not null as has_customer,
        {{ local_date('located.created_at', 'located.timezone') }} as outreach_date,
        located.created_at,
        located.sent_at
    from located
    left join customers on located.customer_id = customers.customer_id
    left join attributions
        on located.outreach_event_id = attributions.outreach_event_id
)

select * from final
