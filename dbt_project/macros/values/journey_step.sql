{#
    The step of a journey that an event of the shop is, from its columns: of a product_view the
    product's category, else the page; of any other event the page, else the category. Null
    where the event names neither.

    Of longer steps the first 100 characters count, so that five of them can still be read; > is
    shown as ›, since it stands between steps.
#}
{% macro journey_step(event_type, path, category) -%}
    {%- set step -%}
    case
        when {{ event_type }} = 'product_view'
            then coalesce({{ category }}, {{ page_path(path) }})
        else coalesce({{ page_path(path) }}, {{ category }})
    end
    {%- endset -%}
    {{ clean_text('substr(replace(' ~ step ~ ", '>', '›'), 1, 100)") }}
{%- endmacro %}

{#
    The path of a page's address: without scheme, host, query string, fragment and slashes at
    its end; / where nothing else is left. A name that is no address stays as it is.
#}
{% macro page_path(address) -%}
    {%- set around = '^([A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*|/*([?#](.|\\n)*)?$' -%}
    case
        when {{ address }} is not null
            then coalesce(
                nullif({{ regexp_replaced(readable_part(address), around, '') }}, ''), '/'
            )
    end
{%- endmacro %}

{#
    What is read of an address: the first 2,000 characters, as much as browsers and servers
    take. Patterns take longer than a text is long.
#}
{% macro readable_part(address) -%}
    substr({{ address }}, 1, 2000)
{%- endmacro %}
