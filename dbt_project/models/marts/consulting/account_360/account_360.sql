{%- set outcomes = ['open', 'won', 'lost'] -%}
{%- set counts = {
    'leads': "record = 'lead'",
    'open_leads': "record = 'lead' and outcome = 'open'",
    'leads_won': "record = 'lead' and outcome = 'won'",
    'leads_lost': "record = 'lead' and outcome = 'lost'",
    'deals': "record = 'deal'",
    'open_deals': "record = 'deal' and outcome = 'open'",
    'deals_won': "record = 'deal' and outcome = 'won'",
    'deals_lost': "record = 'deal' and outcome = 'lost'",
    'deals_decided': "record = 'deal' and outcome in ('won', 'lost')",
    'deals_in_other_currencies': 'is_in_other_currency',
} -%}

with

accounts as (
    select * from {{ ref('dim_accounts') }}
    where not is_inferred
),

records as (
    select * from {{ ref('int_consulting__account_records') }}
),

stays as (
    select * from {{ ref('fct_lead_stages') }}
),

tenants as (
    select * from {{ ref('int_consulting__tenants') }}
),

counted as (
    select
        {% for name, condition in counts.items() -%}
        count(case when {{ condition }} then 1 end) as {{ name }},
        {% endfor -%}
        {% for outcome in outcomes -%}
        sum(case when outcome = '{{ outcome }}' then amount end)
            as {{ outcome }}_amount,
        {% endfor -%}
        tenant_key,
        account_id
    from records
    group by
        tenant_key,
        account_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by tenant_key, account_id
            order by
                case when created_at is null then 1 else 0 end,
                created_at desc,
                {{ sortable_id('record_id') }} desc
        ) as recency
    from records
    where owner is not null
),

owners as (
    select * from ranked
    where recency = 1
),

active_days as (
    select
        tenant_key,
        account_id,
        created_date as active_date
    from records
    union all
    select
        tenant_key,
        account_id,
        closed_date as active_date
    from records
    union all
    select
        records.tenant_key,
        records.account_id,
        stays.entered_date as active_date
    from stays
    inner join records on stays.lead_id = records.record_id and records.record = 'lead'
    inner join tenants
        on
            stays.tenant_key = tenants.tenant_key
            and stays.entered_date <= tenants.local_date
),

activity as (
    select
        tenant_key,
        account_id,
        min(active_date) as first_activity_date,
        max(active_date) as last_activity_date
    from active_days
    group by
        tenant_key,
        account_id
),

final as (
    select
        accounts.account_id,
        accounts.tenant_key,
        accounts.account_name,
        accounts.industry,
        coalesce(owners.owner, '{{ var("unknown_id") }}') as owner,
        tenants.currency_code,
        {% for name in counts -%}
        coalesce(counted.{{ name }}, 0) as {{ name }},
        {% endfor -%}
        {{ ratio('counted.deals_won', 'counted.deals_decided') }} as win_rate,
        {% for outcome in outcomes -%}
        cast(coalesce(counted.{{ outcome }}_amount, 0) as numeric(38, 9))
            as {{ outcome }}_amount,
        {% endfor -%}
        cast(
            {{ dbt.datediff(
                'activity.last_activity_date', 'tenants.local_date', 'day'
            ) }} as bigint
        ) as days_since_last_activity,
        activity.first_activity_date,
        activity.last_activity_date
    from accounts
    inner join tenants on accounts.tenant_key = tenants.tenant_key
    {% for relation in ['counted', 'owners', 'activity'] -%}
    left join {{ relation }}
        on
            accounts.tenant_key = {{ relation }}.tenant_key
            and accounts.account_id = {{ relation }}.account_id
    {% endfor %}
)

select * from final
