{#
    A visit is counted for the restaurant of its guest, a message for that of its campaign,
    both in the restaurant's time zone.
#}
{% set text = dbt.type_string() -%}
{% set changed %}
    select cast(customer_id as {{ text }}) as customer_id
    from {{ touched_versions('restaurant', 'visits') }} as versions
    union distinct
    select cast(customer_id as {{ text }}) as customer_id
    from {{ touched_versions('restaurant', 'outreach_events') }} as versions
    union distinct
    select cast(id as {{ text }}) as customer_id
    from {{ new_versions('restaurant', 'customers') }} as new_versions
    union distinct
    select cast(id as {{ text }}) as customer_id
    from {{ raw_rows('restaurant', 'customers') }} as versions
    where cast(restaurant_id as {{ text }}) in (
        select cast(new_versions.id as {{ text }})
        from {{ new_versions('restaurant', 'restaurants') }} as new_versions
    )
    union distinct
    select cast(customer_id as {{ text }}) as customer_id
    from {{ raw_rows('restaurant', 'outreach_events') }} as versions
    where cast(campaign_id as {{ text }}) in (
        select cast(new_versions.id as {{ text }})
        from {{ new_versions('restaurant', 'campaigns') }} as new_versions
        union distinct
        select cast(campaigns.id as {{ text }})
        from {{ raw_rows('restaurant', 'campaigns') }} as campaigns
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
