{#
    A visit is counted for the restaurant of its guest, a message for that of its campaign,
    both in the restaurant's time zone.
#}
{% set text = dbt.type_string() -%}
{% set changed %}
    select cast(customer_id as {{ text }}) as customer_id
    from {{ source('restaurant', 'visits') }}
    where id in (
        select new_versions.id
        from {{ new_versions('restaurant', 'visits') }} as new_versions
    )
    union distinct
    select cast(customer_id as {{ text }}) as customer_id
    from {{ source('restaurant', 'outreach_events') }}
    where id in (
        select new_versions.id
        from {{ new_versions('restaurant', 'outreach_events') }} as new_versions
    )
    union distinct
    select cast(id as {{ text }}) as customer_id
    from {{ new_versions('restaurant', 'customers') }} as new_versions
    union distinct
    select cast(id as {{ text }}) as customer_id
    from {{ source('restaurant', 'customers') }}
    where cast(restaurant_id as {{ text }}) in (
        select cast(new_versions.id as {{ text }})
        from {{ new_versions('restaurant', 'restaurants') }} as new_versions
    )
    union distinct
    select cast(customer_id as {{ text }}) as customer_id
    from {{ source('restaurant', 'outreach_events') }}
    where cast(campaign_id as {{ text }}) in (
        select cast(new_versions.id as {{ text }})
        from {{ new_versions('restaurant', 'campaigns') }} as new_versions
        union distinct
        select cast(campaigns.id as {{ text }})
        from {{ source('restaurant', 'campaigns') }} as campaigns
        inner join {{ new_versions('restaurant', 'restaurants') }} as new_versions
            on
                cast(campaigns.restaurant_id as {{ text }})
                = cast(new_versions.id as {{ text }})
    )
{%- endset %}
{{ with_days_before(
    changed,
    'customer_id',
    [['fct_outreach', 'outreach_date'], ['fct_visits', 'visit_date']]
) }}
