{#
    Several sources of one kind (a second helpdesk, the shop of another country) feed the same
    models. Here is which sources there are, and what each is called.
#}

{#
    The names of a kind's sources: those that the variable `sources` lists, else one that is
    named as the kind. In unit tests always the latter: their rows are one source's.
#}
{% macro sources_of(kind) -%}
    {%- set named = var('sources', {}) if model.resource_type != 'unit_test' else {} -%}
    {%- set names = named.get(kind, [kind]) -%}
    {%- set all = [] -%}
    {%- for other in var('systems', []) if other != kind -%}
        {%- do all.extend(named.get(other, [other])) -%}
    {%- endfor -%}
    {%- do all.extend(names) -%}
    {%- set wrong = names is string or not names or all | unique | list | length < all | length -%}
    {%- for name in names if not wrong and kind and not modules.re.fullmatch('[a-z][a-z0-9_]*', name) -%}
        {%- do exceptions.raise_compiler_error(
            name ~ ' in the variable sources is no name of a source: small letters, digits and '
            ~ '_, the first a letter.'
        ) -%}
    {%- endfor -%}
    {%- if wrong -%}
        {%- do exceptions.raise_compiler_error(
            'The variable sources is ' ~ named ~ '. It is kind: [name of a source, ...], and no '
            ~ 'two sources have the same name.'
        ) -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}

{#
    For on-run-start: who calls dbt without the variable `sources` knows no sources but those
    that are named as their kinds. Where raw has others, rows of theirs would be taken away.
#}
{% macro refuse_untold_sources() -%}
    {%- set untold = [] -%}
    {%- set prefix = generate_schema_name('raw_', none) -%}
    {%- if execute and var('sources', none) is none -%}
        {%- for schema in schema_names() if schema.startswith(prefix) -%}
            {%- do untold.append(schema[prefix | length:]) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for name in untold | reject('in', all_kinds()) | sort -%}
        {%- do exceptions.raise_compiler_error(
            'Raw has the source ' ~ name ~ ', and dbt by itself does not know which models it '
            ~ 'feeds. Run `python -m orchestration dbt build` in the place of `dbt build`: it '
            ~ 'tells what sources.yml says. Or say it: `--vars "sources: {whatsapp: [whatsapp, '
            ~ name ~ ']}"`; `sources: {}` if no model reads it.'
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{# Whether a kind has the one source of its own name: then ids are shown as they are. #}
{% macro has_plain_ids(kind) -%}
    {{ return(sources_of(kind) == [kind]) }}
{%- endmacro %}

{# The kind of the running model or test: its tag. #}
{% macro running_kind() -%}
    {{ return(model.tags | reject('equalto', 'cross_source') | first) }}
{%- endmacro %}

{# All of some kinds' sources, as text literals; null where there is none. #}
{% macro names_of_sources(kinds) -%}
    {%- set names = [] -%}
    {%- for kind in kinds -%}
        {%- do names.extend(sources_of(kind)) -%}
    {%- endfor -%}
    {{ "'" ~ names | join("', '") ~ "'" if names else 'null' }}
{%- endmacro %}
