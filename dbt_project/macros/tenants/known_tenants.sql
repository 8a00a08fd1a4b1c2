{#
    A query: the tenants that the source has a row of, or the seed tenant_settings, whose values
    override the source's. Where which others there are is known by facts only, it is the body of
    int_<system>__known_tenants: facts take their zone from there.

    `staged` is the staging model with tenant's id, name and timezone.
#}
{% macro known_tenants(system, staged, id, name) -%}
    with

    named as (
        select
            {{ source_key(system, id) }} as tenant_key,
            {{ name }} as tenant_name,
            timezone
        from {{ staged }}
    ),

    settings as (
        select * from {{ ref('tenant_settings') }}
        where {{ names_its_source(system, 'tenant_key') }}
    ),

    final as (
        select
            coalesce(named.tenant_key, settings.tenant_key) as tenant_key,
            named.tenant_name,
            coalesce({{ known_timezone('settings.timezone') }}, named.timezone, 'UTC')
                as timezone,
            coalesce(
                {{ clean_currency('settings.currency_code') }}, {{ default_currency() }}
            ) as currency_code,
            settings.high_spender_amount,
            named.tenant_key is not null as is_named
        from named
        full outer join settings on named.tenant_key = settings.tenant_key
    )

    select * from final
{%- endmacro %}

{#
    The last common table expressions of int_<system>__tenants, `final` included: known
    tenants, and those that are only referenced. Both name such expressions of the model.
#}
{% macro all_tenants(system, known, referenced) -%}
joined as (
    select
        coalesce({{ known }}.tenant_key, {{ referenced }}.tenant_key) as tenant_key,
        {{ known }}.tenant_name,
        {{ known }}.timezone,
        {{ known }}.currency_code,
        {{ known }}.high_spender_amount,
        coalesce(not {{ known }}.is_named, true) as is_inferred,
        {{ referenced }}.tenant_key is not null as is_referenced
    from {{ known }}
    full outer join {{ referenced }}
        on {{ known }}.tenant_key = {{ referenced }}.tenant_key
),

tenants as (
    select
        tenant_key,
        {{ natural_of_key('tenant_key') }} as tenant_id,
        coalesce(tenant_name, {{ natural_of_key('tenant_key') }}) as tenant_name,
        coalesce(timezone, 'UTC') as timezone,
        coalesce(currency_code, {{ default_currency() }}) as currency_code,
        high_spender_amount,
        is_inferred
    from joined
    where is_referenced or not is_inferred
),

{{ local_days_of_tenants(system) }}
{%- endmacro %}

{#
    The body of int_<system>__tenants where sources have no tenants: one of each source, as soon
    as one of the staging models has a row of it. `staged` are [model, its id].
#}
{% macro only_tenant(system, tenant_name, staged) -%}
    with

    present as (
        {% for relation, id in staged -%}
        {{ 'union distinct' if not loop.first }}
        select {{ only_tenant_key(system, of=id) }} as tenant_key from {{ relation }}
        {% endfor %}
    ),

    settings as (
        select * from {{ ref('tenant_settings') }}
    ),

    tenants as (
        select
            present.tenant_key,
            'default' as tenant_id,
            '{{ tenant_name }}' as tenant_name,
            coalesce({{ known_timezone('settings.timezone') }}, 'UTC') as timezone,
            coalesce(
                {{ clean_currency('settings.currency_code') }}, {{ default_currency() }}
            ) as currency_code,
            settings.high_spender_amount,
            true as is_inferred
        from present
        left join settings on present.tenant_key = settings.tenant_key
    ),

    {{ local_days_of_tenants(system) | indent(4) }}

    select * from final
{%- endmacro %}
