{#
    Rows of one key whose half-open validity [valid_from, valid_to) overlaps that of
    another row, or is empty: on some day two rates would hold. Null is open.
#}
{% test validity_never_overlaps(model, keys) %}
    with

    spans as (
        select
            {{ keys | join(', ') }},
            coalesce(valid_from, cast('0001-01-01' as date)) as first_date,
            coalesce(valid_to, cast('9999-12-31' as date)) as end_date,
            row_number() over (order by {{ keys | join(', ') }}, valid_from) as row_id
        from {{ model }}
    )

    select earlier.*
    from spans as earlier
    left join spans as later
        on
            earlier.row_id < later.row_id
            and earlier.first_date < later.end_date
            and later.first_date < earlier.end_date
            {%- for key in keys %}
            and earlier.{{ key }} = later.{{ key }}
            {%- endfor %}
    where
        later.row_id is not null
        or earlier.first_date >= earlier.end_date
{% endtest %}
