{#
    Which raw versions a build has to look at: those after the batch that the last complete
    build of the source system saw.

    `int_<system>__build` is the first model of a build, `int_<system>__built` the last. A
    build that ends early leaves the latter alone, so the next one begins where it began: what
    it does is replace whole groups, and doing it twice changes nothing.
#}

{#
    The first model of a build: a row for each source. `variables` are the names of those that
    the facts of this system depend on, beside those of all.
#}
{% macro build_range(system, variables=[]) -%}
    {%- set built = last_build_to_go_on_from(system) if execute and not flags.FULL_REFRESH -%}
    {%- set fingerprint = fingerprint_of(system, variables) -%}
    with

    loaded as (
        {% for name in sources_of(system) -%}
        {{ 'union all' if not loop.first }}
        select
            '{{ name }}' as source_name,
            cast(coalesce(max(batch_seq), 0) as bigint) as to_batch_seq
        from {{ raw_relation(system, name, '_state') }}
        {% endfor %}
    ),

    built as (
        {% if built -%}
        select
            source_name,
            to_batch_seq,
            fingerprint
        from {{ built }}
        {%- else -%}
        select
            cast(null as {{ dbt.type_string() }}) as source_name,
            cast(null as bigint) as to_batch_seq,
            cast(null as {{ dbt.type_string() }}) as fingerprint
        {%- endif %}
    ),

    -- Another model, seed or variable, another log, or none any more: everything is to be done.
    outdated as (
        select count(*) as sources
        from built
        left join loaded on built.source_name = loaded.source_name
        where
            loaded.source_name is null
            or built.fingerprint <> '{{ fingerprint }}'
            or built.to_batch_seq > loaded.to_batch_seq
    )

    select
        loaded.source_name,
        cast(
            case when outdated.sources = 0 then coalesce(built.to_batch_seq, 0) else 0 end
            as bigint
        ) as from_batch_seq,
        loaded.to_batch_seq,
        '{{ fingerprint }}' as fingerprint
    from loaded
    left join built on loaded.source_name = built.source_name
    cross join outdated
{%- endmacro %}

{#
    What the last complete build left, where this one may go on from it: nothing where it knew
    of no sources, or where ids that it left would be shown otherwise by now. That is so of
    those of the source that is named as the kind, if they begin with the name of a source that
    has come since.
#}
{% macro last_build_to_go_on_from(system) -%}
    {%- set built = load_relation(relation_of('int_' ~ system ~ '__built')) -%}
    {%- if not built or 'source_name' not in column_names_of(built) -%}{{ return(none) }}{%- endif -%}
    {%- set known = run_query('select source_name from ' ~ built).columns[0].values() | list -%}
    {%- set names = sources_of(system) -%}
    {%- if system not in known or system not in names or not names | reject('in', known) | list -%}
        {{ return(built) }}
    {%- endif -%}
    {%- set new = names if known == [system] else names | reject('in', known) | list -%}
    {%- for node in graph.nodes.values() if system in node.tags and node.config.schema == 'staging'
        and node.config.materialized == 'incremental' -%}
        {%- set staged = load_relation(relation_of(node.name)) -%}
        {%- set conditions = [] -%}
        {%- for column in column_names_of(staged) if staged and column.endswith('_id') -%}
            {%- for name in new -%}
                {%- do conditions.append(begins_with(column, name)) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if conditions and run_query(
            'select 1 from ' ~ staged ~ ' where ' ~ conditions | join(' or ') ~ ' limit 1'
        ).rows -%}
            {{ return(none) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(built) }}
{%- endmacro %}

{% macro column_names_of(relation) -%}
    {{ return(
        adapter.get_columns_in_relation(relation) | map(attribute='name') | list
        if relation else []
    ) }}
{%- endmacro %}

{#
    The last model of a build, a row for each source, after all `models` that are incremental. Written for
    systems with declared marts by `python -m marts write`.
#}
{% macro complete_build(system, models) -%}
    select
        source_name,
        to_batch_seq,
        fingerprint,
        {{ as_of() }} as as_of
    from {{ ref('int_' ~ system ~ '__build') }}
{%- endmacro %}

{# What rows are made from beside raw: models, seeds and variables of the system. #}
{% macro fingerprint_of(system, variables) -%}
    {%- set parts = [] -%}
    {%- for name in variables + [
        'unknown_id', 'default_currency_code', 'first_plausible_date', 'last_plausible_date'
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
    How far the last complete build of the running model's system saw, over all sources: greater
    after each that saw a new batch; 0: do everything. Bounds are those of each source.
#}
{% macro last_built_batch() -%}
    {{ return(last_batches().values() | sum) }}
{%- endmacro %}

{#
    Source: its last batch that the last complete build of the running model's system saw.
    Asked for several times by each model, looked up once in a build: `graph` is what all nodes
    of one invocation share.
#}
{% macro last_batches() -%}
    {%- set build = 'int_' ~ running_kind() ~ '__build' -%}
    {%- set known = graph.setdefault('last_batches', {}) -%}
    {%- set key = invocation_id ~ build -%}
    {%- if key not in known -%}
        {%- set relation = load_relation(relation_of(build)) -%}
        {%- set batches = {} -%}
        {# That of an earlier version has no sources, and everything is to be done. -#}
        {%- if 'source_name' in column_names_of(relation) -%}
            {%- for row in run_query('select source_name, from_batch_seq from ' ~ relation).rows -%}
                {%- do batches.update({row[0]: row[1] | int}) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do known.update({key: batches}) -%}
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
