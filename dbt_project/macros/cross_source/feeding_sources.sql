{#
    The source systems that there are (variable `systems`) and that have a model
    int_<source>__<feeder>, for models over all of them. `feeder` is purchases or
    customer_activity; all have the others: tenants, customers, data_quality, ...
#}
{% macro feeding_sources(feeder) -%}
    {%- set all = all_kinds() -%}
    {%- set feeding = {
        'purchases': ['restaurant', 'shop'],
        'customer_activity': ['erp', 'restaurant', 'shop', 'whatsapp'],
    }.get(feeder, all) -%}
    {%- set systems = var('systems') -%}
    {%- if systems is string or not systems or systems | reject('in', all) | list -%}
        {%- do exceptions.raise_compiler_error(
            'The variable systems is ' ~ systems ~ '. It is a list of one or more of '
            ~ all | join(', ') ~ '.'
        ) -%}
    {%- endif -%}
    {{ return(feeding | select('in', systems) | list) }}
{%- endmacro %}

{# Every kind of source system that there are models for. #}
{% macro all_kinds() -%}
    {{ return(['consulting', 'erp', 'restaurant', 'shop', 'whatsapp']) }}
{%- endmacro %}
