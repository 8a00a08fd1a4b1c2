{#
    The body of a model of changed customers, for systems whose facts have other keys: those
    of whom a changed key was before this build (in the models of changed keys), or is now.
    Which of them to look at because a day has come, `union_keys_of_passed_days` adds.

    `customer` is the column that tells the customer, in facts and models of changed keys.
    `counted` are [model of changed keys, its key, fact].
#}
{% macro changed_customers(customer, counted) -%}
    {% for changed, key, fact in counted -%}
    {{ 'union distinct' if not loop.first }}
    select {{ customer }}
    from {{ changed }}
    where {{ customer }} is not null
    union distinct
    select {{ customer }}
    from {{ fact }}
    where
        {{ customer }} is not null
        and {{ key }} in (select changed.{{ key }} from {{ changed }} as changed)
        {% if execute and last_built_batch() -%}
        {{ and_one_of(key, 'select ' ~ key ~ ' from ' ~ changed) }}
        {%- endif %}
    {% endfor %}
{%- endmacro %}
