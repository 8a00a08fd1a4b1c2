{#
    A clean code as core and marts show it: itself where the variable `codes` lists it under
    a name, as one of some values, or of a seed's column; else `other`. Null stays null, and
    `unknown` is what a mapping of the owner's gives. Where the variable says `own`: see own_word.
#}
{% macro listed_code(name, code, other='other') -%}
    {%- set listed = var('codes')[name] -%}
    {%- if listed == 'own' -%}
    {{ own_word(code, other) }}
    {%- else -%}
    case
        when {{ code }} in (
            {%- if listed is string %}
            select {{ listed.split('.')[1] }} from {{ ref(listed.split('.')[0]) }}
            {%- else -%}
            {%- for value in listed + [var('unknown_id')] -%}
            '{{ value }}'{{ ', ' if not loop.last }}
            {%- endfor -%}
            {%- endif -%}
        ) then {{ code }}
        when {{ code }} is not null then '{{ other }}'
    end
    {%- endif -%}
{%- endmacro %}

{#
    A word of a business's own, of which nobody can list all: itself, unless it is more than
    a code: over 64 characters, over four words, with an @ or seven digits of a number in it,
    or of several lines. A model's name with a date (gpt-4o-2024-08-06) is no number: its
    digits go on with a word.
#}
{% macro own_word(code, other='other') -%}
    {%- set more = [
        '@',
        '(^|[^0-9A-Za-z_-])[0-9]([ ()./+-]{0,3}[0-9]){6}',
        '([^ ]+ +){4}[^ ]',
        '[\\t\\r\\n]',
    ] -%}
    {%- set any = '(.|\\n)*' -%}
    {{ regexp_replaced(
        code, '^' ~ any ~ '(' ~ more | join('|') ~ ')' ~ any ~ '$|^.{65,}$', other
    ) }}
{%- endmacro %}
