{#
    Where a referrer points from, in lower case: the host of its address, without user and port.
    A text that is no address stays as it is: servers write `google`, too. Null where an address
    has no host on the internet, as one of the shop's own pages.
#}
{% macro referring_site(referrer) -%}
    {%- set address = lower_case(readable_part(referrer)) -%}
    {%- set without_scheme = regexp_replaced(address, '^([a-z][a-z0-9+.-]*:)?//', '') -%}
    {%- set authority = regexp_replaced(without_scheme, '[/?#](.|\\n)*$', '') -%}
    {%- set host = regexp_replaced(authority, '^[^@]*@|[.]*:[0-9]*$|[.]+$', '') -%}
    case
        when {{ is_host(host) }}
            then {{ host }}
        when {{ regexp_matched(address, '^([a-z][a-z0-9+.-]*:/)?/') }}
            then null
        else {{ address }}
    end
{%- endmacro %}

{# Whether a text may name a host on the internet: it has dots, and no blanks. #}
{% macro is_host(text) -%}
    {{ regexp_matched(text, '^[^ .]+([.][^ .]+)+$') }}
{%- endmacro %}
