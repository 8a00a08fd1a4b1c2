{#
    Which raw versions a build has to look at: those after the batch that the last complete
    build of the source system saw.

    `int_<system>__build` is the first model of a build, `int_<system>__built` the last. A
    build that ends early leaves the latter alone, so the next one begins where it began: what
    it does is replace whole groups, and doing it twice changes nothing.
#}

{#
    One row: the first model of a build. `variables` are the names of those that the facts of
    this system depend on, beside those of all.
#}
{% macro build_range(system, variables=[]) -%}
    {%- set built = load_relation(relation_of('int_' ~ system ~ '__built')) if execute -%}
    {%- set fingerprint = fingerprint_of(system, variables) -%}
    with

    loaded as (
        select cast(coalesce(max(batch_seq), 0) as bigint) as to_batch_seq
        from {{ source(system, '_state') }}
    ),

    built as (
        {% if built and not flags.FULL_REFRESH -%}
        select
            max(to_batch_seq) as to_batch_seq,
            max(fingerprint) as fingerprint
        from {{ built }}
        {%- else -%}
        select
            cast(null as bigint) as to_batch_seq,
            cast(null as {{ dbt.type_string() }}) as fingerprint
        {%- endif %}
    )

    select
        cast(
            case
                -- Another model, seed or variable, or another log: everything is to be done.
                when
                    built.fingerprint = '{{ fingerprint }}'
                    and built.to_batch_seq <= loaded.to_batch_seq
                    then built.to_batch_seq
                else 0
            end as bigint
        ) as from_batch_seq,
        loaded.to_batch_seq,
        '{{ fingerprint }}' as fingerprint
    from loaded
    cross join built
{%- endmacro %}

{#
    One row: the last model of a build, after all `models` that are incremental. Written for
    systems with declared marts by `python -m marts write`.
#}
{% macro complete_build(system, models) -%}
    select
        to_batch_seq,
        fingerprint,
        {{ as_of() }} as as_of
    from {{ ref('int_' ~ system ~ '__build') }}
{%- endmacro %}

{# What rows are made from beside raw: models, seeds and variables of the system, the salt. #}
{% macro fingerprint_of(system, variables) -%}
    {%- set parts = [contact_hash_salt()] -%}
    {%- for name in variables + [
        'unknown_id', 'default_currency_code', 'first_plausible_date', 'last_plausible_date',
        'default_country_codes'
    ] -%}
        {%- do parts.append(name ~ '=' ~ var(name)) -%}
    {%- endfor -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() | sort(attribute='unique_id')
            if system in node.tags and node.resource_type in ('model', 'seed') -%}
            {%- do parts.append(node.unique_id ~ '=' ~ node.checksum.checksum) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(local_md5(parts | join('\n'))) }}
{%- endmacro %}

{#
    The last batch of the last complete build of the running model's system; 0: do everything.
    Asked for several times by each model, looked up once in a build: `graph` is what all nodes
    of one invocation share.
#}
{% macro last_built_batch() -%}
    {%- set systems = model.tags | reject('equalto', 'cross_source') | list -%}
    {%- set build = 'int_' ~ systems[0] ~ '__build' -%}
    {%- set known = graph.setdefault('last_built_batches', {}) -%}
    {%- set key = invocation_id ~ build -%}
    {%- if key not in known -%}
        {%- set relation = load_relation(relation_of(build)) -%}
        {%- set rows = run_query('select from_batch_seq from ' ~ relation) if relation -%}
        {%- do known.update({key: rows.columns[0].values()[0] | int if relation else 0}) -%}
    {%- endif -%}
    {{ return(known[key]) }}
{%- endmacro %}

{#
    Makes the running model wait for another. Unlike ref() it asks no unit test for rows of a
    model that is read in incremental builds only.
#}
{% macro waits_for(name) -%}
    {%- if not execute -%}{%- do ref(name) -%}{%- endif -%}
{%- endmacro %}

{# A model's relation without depending on it: what an earlier build left of it. #}
{% macro relation_of(name) -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ name] -%}
    {{ return(api.Relation.create(node.database, node.schema, node.alias)) }}
{%- endmacro %}

{# Whether the running model only replaces what changed; never in its unit tests. #}
{% macro replaces_changes() -%}
    {{ return(this is not none and is_incremental()) }}
{%- endmacro %}

{# Overrides dbt's: where everything is to be done, an incremental model is built anew. #}
{% macro should_full_refresh() -%}
    {%- if flags.FULL_REFRESH or config.get('full_refresh') -%}{{ return(true) }}{%- endif -%}
    {{ return(model.config.materialized == 'incremental' and last_built_batch() == 0) }}
{%- endmacro %}

{#
    For on-run-end: after `--full-refresh` of some of a system's incremental models only, the
    next build does everything. What those models counted before is not known any more.
#}
{% macro forget_builds_refreshed_in_part(results) -%}
    {%- if flags.FULL_REFRESH and execute -%}
        {%- set built = [] -%}
        {%- set refreshed = [] -%}
        {%- for result in results if result.node.resource_type == 'model' -%}
            {%- if result.node.name.endswith('__built') and result.status == 'success' -%}
                {%- do built.append(result.node.name) -%}
            {%- elif result.node.config.materialized == 'incremental' -%}
                {%- do refreshed.append('int_' ~ result.node.tags[0] ~ '__built') -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for name in refreshed | unique | reject('in', built) -%}
            {%- set relation = load_relation(relation_of(name)) -%}
            {%- if relation -%}
                {%- do run_query('delete from ' ~ relation) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
