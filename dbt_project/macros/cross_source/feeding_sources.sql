{#
    The source systems that have a model int_<source>__<feeder>, for models over all of
    them. `feeder` is customers, purchases, customer_activity or data_quality.
#}
{% macro feeding_sources(feeder) -%}
    {{ return({
        'customers': ['consulting', 'erp', 'restaurant', 'shop', 'whatsapp'],
        'purchases': ['restaurant', 'shop'],
        'customer_activity': ['erp', 'restaurant', 'shop', 'whatsapp'],
        'data_quality': ['consulting', 'erp', 'restaurant', 'shop', 'whatsapp'],
    }[feeder]) }}
{%- endmacro %}
