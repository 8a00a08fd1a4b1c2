{#
    For models of changed keys whose facts tell what is so as of the local day (is a membership
    current, has a lead gone further): a further part of the union of changed keys, those with a
    date that has come, or that the clock went back behind, since the last complete build.

    `dates` are columns of the fact. Nothing where everything is built anew; rows without a key are
    nobody's.
#}
{% macro union_keys_of_passed_days(fact, key, dates) -%}
    {{- waits_for(tenants_of_system()) -}}
    {%- set relation = load_relation(relation_of(fact)) if execute and last_built_batch() -%}
    {%- if relation -%}
    union distinct
    select facts.{{ key }}
    from {{ relation }} as facts
    inner join {{ relation_of(tenants_of_system()) }} as tenants
        on
            facts.tenant_key = tenants.tenant_key
            and (
                {% for date in dates -%}
                {{ 'or ' if not loop.first -}}
                (
                    facts.{{ date }} > least(tenants.previous_local_date, tenants.local_date)
                    and facts.{{ date }} <= greatest(
                        tenants.previous_local_date, tenants.local_date
                    )
                )
                {% endfor %}
            )
    where facts.{{ key }} is not null
    {%- endif -%}
{%- endmacro %}
