{#
    Facts and dimensions know which of their rows are doubtful, staging when they came: only
    those rows are looked up there.
#}
with

flagged_restaurants as (
    select
        {{ source_key('restaurant', 'restaurant_id') }} as tenant_key,
        has_unknown_timezone,
        _loaded_at
    from {{ ref('stg_restaurant__restaurants') }}
    where has_unknown_timezone
),

flagged_customers as (
    select
        totals.*,
        staged._loaded_at
    from {{ ref('int_restaurant__customer_totals') }} as totals
    inner join {{ ref('stg_restaurant__customers') }} as staged
        on totals.customer_id = staged.customer_id
    where
        totals.has_other_total
        or totals.has_implausible_total_spend_amount
        or totals.has_implausible_last_visit_at
),

flagged_visits as (
    select
        facts.*,
        staged._loaded_at
    from {{ ref('fct_visits') }} as facts
    inner join {{ ref('stg_restaurant__visits') }} as staged
        on facts.visit_id = staged.visit_id
    where
        facts.has_implausible_visited_at
        or facts.has_implausible_spend_amount
        or not facts.has_customer
),

flagged_campaigns as (
    select
        {{ tenant_key('restaurant', 'restaurant_id', of='campaign_id') }}
            as tenant_key,
        has_segment_rule,
        has_implausible_segment_value,
        has_implausible_instant,
        _loaded_at
    from {{ ref('stg_restaurant__campaigns') }}
    where
        not has_segment_rule
        or has_implausible_segment_value
        or has_implausible_instant
),

flagged_outreach as (
    select
        facts.*,
        staged._loaded_at
    from {{ ref('fct_outreach') }} as facts
    inner join {{ ref('stg_restaurant__outreach_events') }} as staged
        on facts.outreach_event_id = staged.outreach_event_id
    where
        facts.implausible_rows > 0
        or not facts.has_customer
        or not facts.has_campaign
),

final as (
    {{ rejected_quality('restaurant', [
        'restaurants', 'customers', 'visits', 'campaigns', 'outreach_events'
    ]) }}
    union all
    {{ flagged_quality('restaurant', 'restaurants', 'flagged_restaurants', [
        ['has_unknown_timezone', 'unknown_time_zone', 'value'],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('restaurant', 'customers', 'flagged_customers', [
        ['has_implausible_last_visit_at', 'implausible_instant', 'value'],
        ['has_implausible_total_spend_amount', 'implausible_amount', 'value'],
        ['has_other_total', 'stored_total_differs', 'check'],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('restaurant', 'visits', 'flagged_visits', [
        ['has_implausible_visited_at', 'implausible_instant', 'value'],
        ['has_implausible_spend_amount', 'implausible_amount', 'value'],
        ['not has_customer', 'orphan', 'check'],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('restaurant', 'campaigns', 'flagged_campaigns', [
        ['has_implausible_instant', 'implausible_instant', 'value'],
        ['has_implausible_segment_value', 'implausible_amount', 'value'],
        ['not has_segment_rule', 'unusable_segment', 'check'],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('restaurant', 'outreach_events', 'flagged_outreach', [
        ['implausible_rows > 0', 'implausible_instant', 'value'],
    ], '_loaded_at', row_count='implausible_rows') }}
    union all
    {{ flagged_quality('restaurant', 'outreach_events', 'flagged_outreach', [
        ['not has_customer or not has_campaign', 'orphan', 'check'],
    ], '_loaded_at', row_count='source_rows') }}
)

select * from final
