{#
    The source systems that there are (variable `systems`) and that have a model
    int_<source>__<feeder>, for models over all of them. `feeder` is purchases or
    customer_activity; all have the others: tenants, customers, data_quality, ...

    While one was never built, as its source could not be read yet, they are made of the others.
#}
{% macro feeding_sources(feeder) -%}
    {%- set all = all_kinds() -%}
    {%- set feeding = {
        'purchases': ['restaurant', 'shop'],
        'customer_activity': ['erp', 'restaurant', 'shop', 'whatsapp'],
        'outreach': ['restaurant'],
    }.get(feeder, all) -%}
    {%- set systems = var('systems') -%}
    {%- if systems is string or not systems or systems | reject('in', all) | list -%}
        {%- do exceptions.raise_compiler_error(
            'The variable systems is ' ~ systems ~ '. It is a list of one or more of '
            ~ all | join(', ') ~ '.'
        ) -%}
    {%- endif -%}
    {%- set unbuilt = systems_never_built() if execute and model.resource_type != 'unit_test' else [] -%}
    {{ return(feeding | select('in', systems) | reject('in', unbuilt) | list) }}
{%- endmacro %}

{#
    The systems that lack a table from which models of all systems together are made, where
    this invocation does not make it either. None where all do: then nothing can be said.
#}
{% macro systems_never_built() -%}
    {%- set known = graph.setdefault('systems_never_built', {}) -%}
    {%- if invocation_id not in known -%}
        {%- set unbuilt, read = [], [] -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == 'model' and 'cross_source' in node.tags -%}
            {%- do read.extend(node.depends_on.nodes) -%}
        {%- endfor -%}
        {%- for unique_id in read | unique | reject('in', selected_resources)
            if unique_id.startswith('model.') -%}
            {%- set node = graph.nodes[unique_id] -%}
            {%- for system in all_kinds() if system in node.tags and system not in unbuilt
                and not load_relation(relation_of(node.name)) -%}
                {%- do unbuilt.append(system) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do known.update({
            invocation_id: unbuilt if var('systems') | reject('in', unbuilt) | list else []
        }) -%}
    {%- endif -%}
    {{ return(known[invocation_id]) }}
{%- endmacro %}

{# Every kind of source system that there are models for. #}
{% macro all_kinds() -%}
    {{ return(['consulting', 'erp', 'restaurant', 'shop', 'whatsapp']) }}
{%- endmacro %}
