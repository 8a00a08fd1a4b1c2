{{ config(
    materialized='incremental',
    unique_key='session_scope',
    meta={'changed': 'int_shop__changed_sessions'}
) }}
{{ clustered_by('session_scope') }}

{#-
    Columns, and among which names of the seed each is looked up; the first knows best.
-#}
{%- set told = [
    ('utm_medium', 'medium'),
    ('utm_source', 'source'),
    ('utm_campaign', 'medium'),
    ('site', 'source'),
    ('registration_method', 'registration_method'),
] %}

with

events as (
    select
        session_scope,
        session_key,
        tenant_key,
        event_number,
        utm_medium,
        utm_source,
        utm_campaign,
        registration_method,
        {{ referring_site('referrer') }} as referring_site,
        min(
            case when event_type in ('page_view', 'product_view') then event_number end
        ) over (partition by session_key) as landing_number
    from {{ ref('fct_web_events') }}
    {{ where_changed('int_shop__changed_sessions', 'session_scope') }}
),

-- Who has seen a page comes to the next from the shop itself, or back from who takes
-- the payment.
landed as (
    select
        *,
        case
            when event_number <= coalesce(landing_number, event_number)
                then referring_site
        end as site
    from events
    where session_key is not null
),

told as (
    {% for column, field in told -%}
    {{ 'union all' if not loop.first }}
    select
        session_scope,
        session_key,
        tenant_key,
        event_number,
        {{ loop.index }} as place,
        '{{ field }}' as field,
        {{ column }} as word
    from landed
    -- Programs write null for nothing; a seed can't list it, as dbt reads it so there.
    where {{ column }} <> 'null'
    {% endfor %}
),

words as (
    select distinct
        field,
        word
    from told
),

channels as (
    select
        field,
        {{ clean_code('name') }} as name,
        channel
    from {{ ref('acquisition_channels') }}
),

-- A host stands for its subdomains too; one that ends in .* for every such ending,
-- short as those of countries are. The longest name knows best.
named as (
    select
        words.field,
        words.word,
        channels.channel,
        row_number() over (
            partition by words.field, words.word
            order by length(channels.name) desc, {{ bytewise('channels.name') }}
        ) as preference
    from words
    inner join channels
        on
            words.field = channels.field
            and (
                words.word = channels.name
                {% for ending in ['__', '___', '__.__', '___.__'] -%}
                or (
                    channels.name like '%.%'
                    and '.' || words.word
                    like '%.' || replace(channels.name, '*', '{{ ending }}')
                )
                {% endfor %}
            )
),

known as (
    select
        words.field,
        words.word,
        coalesce(
            named.channel,
            case
                when words.field = 'source' and {{ is_host('words.word') }}
                    then 'referral'
            end
        ) as channel
    from words
    left join named
        on
            words.field = named.field
            and words.word = named.word
            and named.preference = 1
),

ranked as (
    select
        told.session_scope,
        told.session_key,
        told.tenant_key,
        coalesce(known.channel, 'other') as channel,
        row_number() over (
            partition by told.session_key
            order by
                told.event_number,
                case when known.channel is null then 1 else 0 end,
                told.place
        ) as preference
    from told
    inner join known
        on
            told.field = known.field
            and told.word = known.word
            and coalesce(known.channel, 'other') <> 'direct'
),

final as (
    select
        session_scope,
        session_key,
        tenant_key,
        channel
    from ranked
    where preference = 1
)

select * from final
