{#
    A name for people, as exports have it: what the source calls an id. Where it calls it
    nothing, a mark tells one that is unnamed from another. Of a tenant's key, what stands
    before the colon is the system.
#}
{% macro told_name(id, name) -%}
    {%- set bare = "substr(" ~ id ~ ", strpos(" ~ id ~ ", ':') + 1)" -%}
    {%- set unknown = "'" ~ var('unknown_id') ~ "'" -%}
    case
        when {{ id }} is null then {{ name }}
        when {{ name }} <> '' and {{ name }} not in ({{ id }}, {{ bare }}, {{ unknown }})
            then {{ name }}
        when {{ unknown }} in ({{ id }}, {{ bare }}) then {{ unknown }}
        else 'unnamed ' || substr({{ sha256_hex(id) }}, 1, 4)
    end
{%- endmacro %}
