{% set named = 'case when is_inferred then 0 else 1 end' -%}
{{ quality_adds_up('restaurant', [
    ['restaurants', ref('int_restaurant__tenants'), named],
    ['customers', ref('int_restaurant__customers'), named],
    ['visits', ref('fct_visits'), '1'],
    ['campaigns', ref('dim_campaigns'), named],
    ['outreach_events', ref('fct_outreach'), 'source_rows'],
]) }}
