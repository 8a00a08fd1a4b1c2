{#
    The body of int_<system>__changed_windows: for tenants whose local day is another one, or of
    whose windows a day changed, the 7, 28, 30 and 90 days that end with the last complete one
    (window_days), and as many before them (is_prior); for all where everything is built anew.

    `changed_periods` are the models that tell which days changed. Where marts have balances
    (`has_balances`), days before the windows count as well: a state is of all that came. Tenants that an unfinished
    build noted are kept: it may have replaced their windows, as of another day. Written for
    systems with declared marts by `python -m marts write`.
#}
{% macro changed_windows(system, changed_periods, has_balances=false) -%}
    {%- set last = last_built_batch() if execute else 0 -%}
    {%- set earlier = load_relation(this) if execute and last -%}
    {%- set widths = [7, 28, 30, 90] -%}
    {%- set windows = [] -%}
    {%- for width in widths -%}
        {%- do windows.append([width, 'false', -width]) -%}
        {%- do windows.append([width, 'true', -2 * width]) -%}
    {%- endfor -%}
    with

    tenants as (
        select * from {{ ref('int_' ~ system ~ '__tenants') }}
    ),

    {% if execute and last -%}
    changed_days as (
        {% for relation in changed_periods -%}
        {{ 'union distinct' if not loop.first }}
        select
            tenant_key,
            period_start_date as date_day
        from {{ relation }}
        where grain = 'day'
        {% endfor %}
    ),

    changed as (
        select tenant_key
        from tenants
        where previous_local_date is null or previous_local_date <> local_date
        union distinct
        select tenants.tenant_key
        from tenants
        inner join changed_days
            on
                tenants.tenant_key = changed_days.tenant_key
                and changed_days.date_day < tenants.local_date
                {%- if not has_balances %}
                and changed_days.date_day >= cast(
                    {{ dbt.dateadd('day', -2 * widths[-1], 'tenants.local_date') }} as date
                )
                {%- endif %}
        {% if earlier -%}
        union distinct
        select tenant_key
        from {{ earlier }}
        where from_batch_seq = {{ last }}
        {%- endif %}
    ),
    {%- else -%}
    changed as (
        select tenant_key from tenants
    ),
    {%- endif %}

    final as (
        {% for width, is_prior, first in windows -%}
        {{ 'union distinct' if not loop.first }}
        select
            tenant_key,
            cast({{ width }} as bigint) as window_days,
            {{ is_prior }} as is_prior,
            cast({{ dbt.dateadd('day', first, 'local_date') }} as date)
                as period_start_date,
            cast({{ dbt.dateadd('day', first + width - 1, 'local_date') }} as date)
                as period_end_date,
            cast({{ last }} as bigint) as from_batch_seq
        from tenants
        where tenant_key in (select changed.tenant_key from changed)
        {% endfor %}
        {% if execute and last -%}
        -- Of a tenant that is gone nothing is left but what is to be removed.
        union distinct
        select
            tenant_key,
            cast(0 as bigint) as window_days,
            false as is_prior,
            cast(null as date) as period_start_date,
            cast(null as date) as period_end_date,
            cast({{ last }} as bigint) as from_batch_seq
        from changed_days
        where tenant_key not in (select tenants.tenant_key from tenants)
        {%- endif %}
    )

    select * from final
{%- endmacro %}
