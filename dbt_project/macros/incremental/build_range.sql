{#
    Which raw versions a build has to look at: those after the batch that the last complete
    build of the source system saw.

    `int_<system>__build` is the first model of a build, `int_<system>__built` the last. A
    build that ends early leaves the latter alone, so the next one begins where it began: what
    it does is replace whole groups, and doing it twice changes nothing.
#}

{#
    The first model of a build: a row for each source, and one without a last batch for each
    whose rows this build takes away. `variables` are the names of those that the facts of this
    system depend on, beside those of all.
#}
{% macro build_range(system, variables=[]) -%}
    {{- config(pre_hook=[
        "{{ note_sources('" ~ system ~ "') }}",
        "{{ forget_outdated_build('" ~ system ~ "', " ~ variables ~ ") }}",
    ]) -}}
    {%- set built = last_build_to_go_on_from(system) if execute and not flags.FULL_REFRESH -%}
    with

    loaded as (
        {{ loaded_sources(system, variables) }}
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

    final as (
        select
            loaded.source_name,
            cast(coalesce(built.to_batch_seq, 0) as bigint) as from_batch_seq,
            loaded.to_batch_seq,
            loaded.fingerprint
        from loaded
        left join built on loaded.source_name = built.source_name
        {% if built -%}
        union all
        select
            source_name,
            to_batch_seq as from_batch_seq,
            cast(null as bigint) as to_batch_seq,
            fingerprint
        from built
        where source_name not in (select loaded.source_name from loaded)
        {%- endif %}
    )

    select
        final.*,
        {{ as_of() }} as as_of
    from final
{%- endmacro %}

{# A query: the sources that there are, how far raw has them, and what their rows are made from. #}
{% macro loaded_sources(system, variables) -%}
    {%- set fingerprint = fingerprint_of(system, variables) -%}
    {% for name in sources_of(system) -%}
    {{ 'union all' if not loop.first }}
    select
        '{{ name }}' as source_name,
        cast(coalesce(max(batch_seq), 0) as bigint) as to_batch_seq,
        '{{ fingerprint_of_source(fingerprint, name) }}' as fingerprint
    from {{ raw_relation(system, name, '_state') }}
    {% endfor %}
{%- endmacro %}

{#
    Before a build: one that nothing can go on from is forgotten, and everything is to be done.
    It is so before the first table is another one: were this build killed, the next might be
    one of the models as they were, and would take tables of these for those that it left.

    That is where models, seeds or variables are others, or the log, or where a build that did
    not end was of a later day (the clock was wrong): it counted what has not come.
#}
{% macro forget_outdated_build(system, variables) -%}
    {%- set built = load_relation(relation_of('int_' ~ system ~ '__built')) if execute -%}
    {%- if sources_of_last_build(built) %}
    {%- set begun = load_relation(this) -%}
    delete from {{ built }}
    where
        exists (
            select 1
            from {{ built }} as built
            inner join ({{ loaded_sources(system, variables) }}) as loaded
                on built.source_name = loaded.source_name
            where
                built.fingerprint <> loaded.fingerprint
                or built.to_batch_seq > loaded.to_batch_seq
        )
        {% if 'as_of' in column_names_of(begun) -%}
        or {{ as_of() }} < (
            select max(begun.as_of)
            from {{ begun }} as begun
            where begun.as_of <> (select max(built.as_of) from {{ built }} as built)
        )
        {%- endif %}
    {%- endif %}
{%- endmacro %}

{#
    Before a build: int_<system>__built names every source that models may hold rows of, also
    if this build ends early. One that has come is noted with no batch seen. One that is gone
    gets another fingerprint: were it back before all its rows are, those left would be taken
    for all. Where the build can't go on from the last one, the next ones can't either.
#}
{% macro note_sources(system) -%}
    {%- set built = load_relation(relation_of('int_' ~ system ~ '__built')) if execute -%}
    {%- set known, names = sources_of_last_build(built), sources_of(system) -%}
    {%- if known and known | sort != names | sort -%}
        {%- if last_build_to_go_on_from(system) -%}
        update {{ built }} set fingerprint = 'gone'
        where source_name not in ('{{ names | join("', '") }}');
            {%- for name in names if name not in known %}
        insert into {{ built }} (source_name, to_batch_seq) values ('{{ name }}', 0);
            {%- endfor -%}
        {%- else -%}
        delete from {{ built }} where true
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#
    What the last complete build left, where this one may go on from it: nothing where it knew
    none of the sources, or where ids that it left would be shown otherwise by now. That is so of
    those of the source that is named as the kind, if they begin with the name of a source that
    has come or gone since.
#}
{% macro last_build_to_go_on_from(system) -%}
    {%- set built = load_relation(relation_of('int_' ~ system ~ '__built')) -%}
    {%- set known, names = sources_of_last_build(built), sources_of(system) -%}
    {%- if not known | select('in', names) | list -%}{{ return(none) }}{%- endif -%}
    {%- if system not in known or system not in names or known | sort == names | sort -%}
        {{ return(built) }}
    {%- endif -%}
    {%- set shown, told = known if known != [system] else [], names if names != [system] else [] -%}
    {%- set beginnings = told | reject('in', shown) | list -%}
    {%- for name in shown if name not in told -%}
        {%- do beginnings.append(system ~ ':' ~ name) -%}
    {%- endfor -%}
    {%- for node in graph.nodes.values() if system in node.tags and node.config.schema == 'staging'
        and node.config.materialized == 'incremental' -%}
        {%- set staged = load_relation(relation_of(node.name)) -%}
        {%- set conditions = [] -%}
        {%- for column in column_names_of(staged) if staged and column.endswith('_id') -%}
            {%- for beginning in beginnings -%}
                {%- do conditions.append(begins_with(column, beginning)) -%}
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

{# The sources that a last build knew of; none of an earlier version, which did not tell. #}
{% macro sources_of_last_build(built) -%}
    {{ return(
        run_query('select source_name from ' ~ built).columns[0].values() | list
        if 'source_name' in column_names_of(built) else []
    ) }}
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
        as_of
    from {{ ref('int_' ~ system ~ '__build') }}
    -- Rows of the others are gone by now.
    where to_batch_seq is not null
{%- endmacro %}

{# What rows are made from beside raw: models, seeds and variables of the system. #}
{% macro fingerprint_of(system, variables) -%}
    {%- set parts = [] -%}
    {%- for name in variables + [
        'unknown_id', 'codes', 'default_currency_code', 'first_plausible_date',
        'last_plausible_date'
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

{# The same with what of a source is shown: one that comes or goes makes no other one's rows anew. #}
{% macro fingerprint_of_source(fingerprint, source_name) -%}
    {%- set parts = [fingerprint] -%}
    {%- for place in var('shown') | sort if place.startswith(source_name ~ '.') -%}
        {%- do parts.append(place) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | join('\n'))) }}
{%- endmacro %}

{#
    How far the last complete build of the running model's system saw, over all sources: greater
    after each that saw a new batch; 0: do everything. Bounds are those of each source.
#}
{% macro last_built_batch() -%}
    {{ return(last_batches().values() | sum) }}
{%- endmacro %}

{# Source: its last batch that the last complete build of the running model's system saw. #}
{% macro last_batches() -%}
    {%- set batches = {} -%}
    {%- for name, from_batch_seq, _ in rows_of_build() -%}
        {%- do batches.update({name: from_batch_seq | int}) -%}
    {%- endfor -%}
    {{ return(batches) }}
{%- endmacro %}

{# The sources of the running model's system whose rows this build takes away. #}
{% macro sources_gone() -%}
    {%- set names = [] -%}
    {%- for name, _, to_batch_seq in rows_of_build() if to_batch_seq is none -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#
    What the first model of the running model's system says. Asked for several times by each
    model, looked up once in a build: `graph` is what all nodes of one invocation share.
#}
{% macro rows_of_build() -%}
    {%- set build = 'int_' ~ running_kind() ~ '__build' -%}
    {%- set known = graph.setdefault('rows_of_build', {}) -%}
    {%- set key = invocation_id ~ build -%}
    {%- if key not in known -%}
        {%- set relation = load_relation(relation_of(build)) -%}
        {# That of an earlier version has no sources, and everything is to be done. -#}
        {%- set rows = run_query(
            'select source_name, from_batch_seq, to_batch_seq from ' ~ relation
        ).rows if 'source_name' in column_names_of(relation) else [] -%}
        {%- do known.update({key: rows}) -%}
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
    {%- if is_own(model) -%}{{ return(dbt.should_full_refresh()) }}{%- endif -%}
    {%- if flags.FULL_REFRESH or config.get('full_refresh') -%}{{ return(true) }}{%- endif -%}
    {{ return(model.config.materialized == 'incremental' and last_built_batch() == 0) }}
{%- endmacro %}

{# Whether a node is one of your own, of which nothing is known but what dbt knows. #}
{% macro is_own(node) -%}
    {{ return(not node.tags | select('in', all_kinds() + ['cross_source']) | list) }}
{%- endmacro %}

{#
    For on-run-start: before `--full-refresh` of incremental models their systems' last builds are
    forgotten, however this one ends. What those models counted before is not known any more:
    unless all are built anew, the next build does everything.
#}
{% macro forget_builds_to_refresh() -%}
    {%- if flags.FULL_REFRESH and execute -%}
        {%- set forgotten = [] -%}
        {%- for node in graph.nodes.values() if node.unique_id in selected_resources
            and node.config.materialized == 'incremental' and not is_own(node) -%}
            {%- do forgotten.append('int_' ~ node.tags[0] ~ '__built') -%}
        {%- endfor -%}
        {%- for name in forgotten | unique
            if 'model.' ~ project_name ~ '.' ~ name in graph.nodes -%}
            {%- set relation = load_relation(relation_of(name)) -%}
            {%- if relation %}
    delete from {{ relation }} where true;
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
