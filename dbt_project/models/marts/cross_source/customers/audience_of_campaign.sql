with

campaigns as (
    {% if feeding_sources('outreach') -%}
    select
        campaign_id,
        tenant_key,
        segment_type,
        segment_value
    from {{ ref('dim_campaigns') }}
    where has_segment_rule
    {%- else -%}
    select
        cast(null as {{ dbt.type_string() }}) as campaign_id,
        cast(null as {{ dbt.type_string() }}) as tenant_key,
        cast(null as {{ dbt.type_string() }}) as segment_type,
        cast(null as numeric(38, 9)) as segment_value
    limit 0
    {%- endif %}
),

customers as (
    select * from {{ ref('customer_360') }}
    where source_system in ({{ names_of_sources(['restaurant']) }})
),

selected as (
    select
        campaigns.campaign_id,
        campaigns.segment_type,
        campaigns.segment_value,
        customers.*
    from campaigns
    inner join customers on campaigns.tenant_key = customers.tenant_key
    where
        case campaigns.segment_type
            when 'inactive_days' then customers.recency_days > campaigns.segment_value
            when 'high_spenders'
                then customers.monetary_amount >= campaigns.segment_value
        end
),

final as (
    select
        tenant_key,
        campaign_id,
        customer_key,
        customer_id,
        case segment_type
            when 'inactive_days' then {{ reason_of_inactive(
                identifier('cast(segment_value as bigint)')
            ) }}
            else {{ reason_of_high_spender('segment_value') }}
        end as reason,
        as_of_date
    from selected
)

select * from final
