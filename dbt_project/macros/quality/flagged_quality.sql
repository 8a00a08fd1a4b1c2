{#
    A query, for int_<system>__data_quality: how many rows of a fact or dimension have each
    of some flags, per tenant.

    `rules` are [boolean expression of the relation's columns, rule, effect]. `seen_at` is an
    instant of the rows (in UTC): the first and the last of the counted ones are told.
#}
{% macro flagged_quality(system, table_name, relation, rules, seen_at, row_count='1') -%}
    {% for condition, rule, effect in rules -%}
    {{ 'union all' if not loop.first }}
    select
        tenant_key,
        {{ source_system_of(system, 'tenant_key') }} as source_system,
        '{{ table_name }}' as table_name,
        '{{ rule }}' as rule,
        '{{ effect }}' as effect,
        cast(sum({{ row_count }}) as bigint) as row_count,
        min({{ seen_at }}) as first_seen_at,
        max({{ seen_at }}) as last_seen_at
    from {{ relation }}
    where {{ condition }}
    group by tenant_key
    {% endfor %}
{%- endmacro %}
