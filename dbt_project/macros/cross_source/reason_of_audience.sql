{# Why a guest of customer_360 is in an audience, in the words of the rule that selects him. #}

{% macro reason_of_inactive(days) -%}
    'inactive_days: last visit '
    || cast(last_activity_date as {{ dbt.type_string() }})
    || ', more than ' || {{ days }} || ' days before '
    || cast(as_of_date as {{ dbt.type_string() }})
{%- endmacro %}

{% macro reason_of_high_spender(amount) -%}
    'high_spenders: lifetime spend of at least '
    || {{ amount_text(amount) }} || ' ' || currency_code
{%- endmacro %}
