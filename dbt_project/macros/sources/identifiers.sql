{#
    Identifiers of a kind that several sources may have.

    They are shown as text. One of a source that is named as its kind is shown as it is, one of
    any other source with the source's name in front: helpdesk_eu:17. What would look like the
    latter and is of the former is shown with that source's name too, so that no two are the
    same. Where a kind has the one source of its own name, nothing is added to any.

    A key is the same with a name in front in any case: whatsapp:17, helpdesk_eu:17.
#}

{# An identifier of a source's row, given as the source has it, as it is shown. #}
{% macro shown_identifier(kind, source_name, expression) -%}
    {%- if has_plain_ids(kind) -%}
    {{ expression }}
    {%- elif source_name == kind -%}
    case
        when {{ names_its_source(kind, identifier(expression)) }}
            then '{{ kind }}:' || {{ identifier(expression) }}
        else {{ identifier(expression) }}
    end
    {%- else -%}
    '{{ source_name }}:' || {{ identifier(expression) }}
    {%- endif -%}
{%- endmacro %}

{# The same of a text that a row (its shown id is `of`) tells elsewhere than in its columns. #}
{% macro told_identifier(kind, expression, of) -%}
    {{ by_source(kind, of, expression, shown_identifier) }}
{%- endmacro %}

{# The key of a shown identifier; null of null. #}
{% macro source_key(kind, expression) -%}
    {%- if has_plain_ids(kind) -%}
    '{{ kind }}:' || {{ expression }}
    {%- elif kind not in sources_of(kind) -%}
    {{ expression }}
    {%- else -%}
    case
        when {{ names_its_source(kind, expression) }} then {{ expression }}
        else '{{ kind }}:' || {{ expression }}
    end
    {%- endif -%}
{%- endmacro %}

{#
    The tenant's key: of the tenant with the shown id `expression`, else of the unknown one of
    the source of the row whose shown id is `of`.
#}
{% macro tenant_key(kind, expression, of) -%}
    {%- if has_plain_ids(kind) -%}
    '{{ kind }}:' || coalesce({{ expression }}, '{{ var("unknown_id") }}')
    {%- else -%}
    coalesce({{ source_key(kind, expression) }}, {{ unknown_tenant_key(kind, of) }})
    {%- endif -%}
{%- endmacro %}

{# The key of the unknown tenant of a row's source; `of` is the row's shown id. #}
{% macro unknown_tenant_key(kind, of) -%}
    {{ key_in_source(kind, of, var('unknown_id')) }}
{%- endmacro %}

{# The key of the only tenant of a row's source, for kinds without tenants. #}
{% macro only_tenant_key(kind, of) -%}
    {{ key_in_source(kind, of, 'default') }}
{%- endmacro %}

{% macro key_in_source(kind, of, natural_id) -%}
    {%- if has_plain_ids(kind) -%}
    '{{ kind }}:{{ natural_id }}'
    {%- else -%}
    {{ source_of(kind, of) }} || ':{{ natural_id }}'
    {%- endif -%}
{%- endmacro %}

{# A shown identifier, or the unknown one of the source of the row whose shown id is `of`. #}
{% macro known_identifier(kind, expression, of) -%}
    coalesce({{ expression }}, {{ by_source(kind, of, "'" ~ var('unknown_id') ~ "'", unknown_identifier) }})
{%- endmacro %}

{% macro unknown_identifier(kind, source_name, expression='') -%}
    '{{ source_name ~ ":" if source_name != kind }}{{ var("unknown_id") }}'
{%- endmacro %}

{# The unknown identifiers of a kind's sources, as text literals. #}
{% macro unknown_identifiers(kind) -%}
    {%- for name in sources_of(kind) -%}
    {{ ', ' if not loop.first }}{{ unknown_identifier(kind, name) }}
    {%- endfor -%}
{%- endmacro %}

{# The name of the source of a shown identifier, which is not null. #}
{% macro source_of(kind, expression) -%}
    {{ by_source(kind, expression, '', name_of_source) }}
{%- endmacro %}

{% macro name_of_source(kind, source_name, expression) -%}
    '{{ source_name }}'
{%- endmacro %}

{# A shown identifier as the source has it, as text. #}
{% macro natural_identifier(kind, expression) -%}
    {%- if has_plain_ids(kind) -%}
    {{ expression }}
    {%- else -%}
    case
        {% for name in sources_of(kind) -%}
        when {{ begins_with(expression, name) }}
            then substr({{ expression }}, {{ name | length + 2 }})
        {% endfor -%}
        else {{ expression }}
    end
    {%- endif -%}
{%- endmacro %}

{# The shown identifier of a key. #}
{% macro shown_identifier_of_key(kind, expression) -%}
    {%- set natural = natural_of_key(expression) -%}
    {%- if has_plain_ids(kind) -%}
    {{ natural }}
    {%- else -%}
    case
        when
            {{ begins_with(expression, kind) }}
            and not {{ names_its_source(kind, natural) }}
            then {{ natural }}
        else {{ expression }}
    end
    {%- endif -%}
{%- endmacro %}

{# The source and the identifier, as the source has it, of a key. #}
{% macro source_of_key(expression) -%}
    substr({{ expression }}, 1, strpos({{ expression }}, ':') - 1)
{%- endmacro %}

{# The same source, of a key of a known kind. #}
{% macro source_system_of(kind, key) -%}
    {{ "'" ~ kind ~ "'" if has_plain_ids(kind) else source_of_key(key) }}
{%- endmacro %}

{% macro natural_of_key(expression) -%}
    substr({{ expression }}, strpos({{ expression }}, ':') + 1)
{%- endmacro %}

{# Whether a text begins with the name of one of the kind's sources and a colon. #}
{% macro names_its_source(kind, expression) -%}
    (
        {%- for name in sources_of(kind) %}
        {{ 'or ' if not loop.first }}{{ begins_with(expression, name) }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro begins_with(expression, source_name) -%}
    substr({{ expression }}, 1, {{ source_name | length + 1 }}) = '{{ source_name }}:'
{%- endmacro %}

{#
    What `value`, a macro of kind, name of a source and `expression`, gives for the source of
    the row whose shown id is `of`.
#}
{% macro by_source(kind, of, expression, value) -%}
    {%- set names = sources_of(kind) -%}
    {%- set others = names | reject('equalto', kind) | list -%}
    {%- set last = kind if kind in names else names[-1] -%}
    {%- if names | length == 1 -%}
    {{ value(kind, last, expression) }}
    {%- else -%}
    case
        {% for name in others if name != last -%}
        when {{ begins_with(of, name) }} then {{ value(kind, name, expression) }}
        {% endfor -%}
        else {{ value(kind, last, expression) }}
    end
    {%- endif -%}
{%- endmacro %}
