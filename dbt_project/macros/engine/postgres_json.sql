{#
    PostgreSQL's functions behind json_text, json_scalar and is_invalid_json_object, which read and show
    JSON as DuckDB does. None is parallel safe: before version 17 no parallel query may
    catch an exception, as is_valid does before version 16.
#}

{#
    A text as JSON; null where it is none. Trailing commas are dropped; NaN and Infinity
    become strings that begin with U+0001. PostgreSQL has no U+0000 in text, so an escaped
    one becomes U+FFFD.
#}
{% macro postgres_json_document() -%}
    create or replace function {{ engine_schema() }}.json_document(document text)
    returns json language plpgsql immutable strict
    as $body$
    declare
        -- Only jsonb looks at pairs of surrogates.
        kind text := case when document ~* '\\ud[89a-f]' then 'jsonb' else 'json' end;
    begin
        if strpos(document, '\u0000') > 0 then
            document := regexp_replace(
                document, '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g'
            );
        end if;
        if {{ engine_schema() }}.is_valid(document, kind) then
            return document::json;
        end if;
        if document !~* ',\s*[]}]|nan|inf' then
            return null;
        end if;
        -- Strings as they are, the rest repaired.
        select string_agg(
            case
                when starts_with(part[1], '"') then part[1]
                else regexp_replace(
                    regexp_replace(
                        part[1], '-?(?:nan|inf(?:inity)?)', '"\\u0001\&"', 'gi'
                    ),
                    '(^|[^[{,:\s])(\s*),(?=\s*[]}])', '\1\2', 'g'
                )
            end,
            '' order by place
        )
        into document
        from regexp_matches(document, '"(?:[^"\\]|\\.)*"|[^"]+|"', 'g')
            with ordinality as parts (part, place);
        if {{ engine_schema() }}.is_valid(document, kind) then
            return document::json;
        end if;
        return null;
    end;
    $body$;
{%- endmacro %}

{#
    A number of JSON in its shortest digits: whole ones as they are, others as doubles with
    an exponent from 1e21 and below 1e-6. What no double holds stays as it is.
#}
{% macro postgres_json_number() -%}
    create or replace function {{ engine_schema() }}.json_number(digits text)
    returns text language plpgsql immutable strict
    as $body$
    declare
        number double precision;
        shorter text;
    begin
        if digits !~ '[.eE]' then
            return case when digits = '-0' then '0' else digits end;
        end if;
        if not {{ engine_schema() }}.is_valid(digits, 'double precision') then
            if digits ~ '[eE]-|^-?0[.][0-9]*$' then
                return case when starts_with(digits, '-') then '-0.0' else '0.0' end;
            end if;
            return digits;
        end if;
        number := digits::double precision;
        digits := number::text;
        if number = 0 then
            return digits || '.0';
        end if;
        -- The server's digits are not the shortest where those lie midway to the next double.
        if length(digits) > 15 then
            foreach shorter in array array[
                ltrim(to_char(digits::numeric, '9.99999999999999EEEE')),
                ltrim(to_char(digits::numeric, '9.999999999999999EEEE'))
            ]
            loop
                if {{ engine_schema() }}.is_valid(shorter, 'double precision')
                    and shorter::double precision = number
                then
                    digits := regexp_replace(shorter, '[.]?0*e', 'e');
                    exit;
                end if;
            end loop;
        end if;
        if abs(number) >= 1e-6 and abs(number) < 1e21 then
            digits := trim_scale(digits::numeric)::text;
            return case when strpos(digits, '.') > 0 then digits else digits || '.0' end;
        end if;
        return regexp_replace(digits, 'e[+]?(-?)0*', 'e\1');
    end;
    $body$;
{%- endmacro %}

{# A text as a JSON string. The server writes escapes like \u001f in lower case. #}
{% macro postgres_json_quoted() -%}
    create or replace function {{ engine_schema() }}.json_quoted(content text)
    returns text language plpgsql immutable strict
    as $body$
    begin
        if content !~ '[\u000b\u000e\u000f\u001a-\u001f]' then
            return to_json(content)::text;
        end if;
        return (
            select '"' || string_agg(
                case
                    when letter ~ '[\u000b\u000e\u000f\u001a-\u001f]'
                        then '\u' || upper(lpad(to_hex(ascii(letter)), 4, '0'))
                    else substr(
                        to_json(letter)::text, 2, length(to_json(letter)::text) - 2
                    )
                end,
                '' order by place
            ) || '"'
            from regexp_split_to_table(content, '') with ordinality as t (letter, place)
        );
    end;
    $body$;
{%- endmacro %}

{# A JSON value as text: a string by itself (nested: quoted), null as null (nested: null). #}
{% macro postgres_json_shown() -%}
    create or replace function {{ engine_schema() }}.json_shown(
        node json, is_nested boolean
    ) returns text language plpgsql immutable strict
    as $body$
    declare
        kind text := json_typeof(node);
        content text := node #>> '{}';
    begin
        if kind = 'string' then
            if starts_with(content, U&'\0001') then
                return substr(content, 2);
            end if;
            return case
                when is_nested then {{ engine_schema() }}.json_quoted(content)
                else content
            end;
        elsif kind = 'number' then
            return {{ engine_schema() }}.json_number(content);
        elsif kind = 'object' then
            return (
                select '{' || coalesce(
                    string_agg(
                        {{ engine_schema() }}.json_quoted(key) || ':'
                        || {{ engine_schema() }}.json_shown(value, true),
                        ',' order by ordinality
                    ), ''
                ) || '}'
                from json_each(node) with ordinality
            );
        elsif kind = 'array' then
            return (
                select '[' || coalesce(
                    string_agg(
                        {{ engine_schema() }}.json_shown(value, true),
                        ',' order by ordinality
                    ), ''
                ) || ']'
                from json_array_elements(node) with ordinality
            );
        end if;
        return coalesce(content, case when is_nested then 'null' end);
    end;
    $body$;
{%- endmacro %}

{# The value at a path. A key that a document does not even contain costs no parsing. #}
{% macro postgres_json_node() -%}
    create or replace function {{ engine_schema() }}.json_node(document text, path text[])
    returns json language plpgsql immutable strict
    as $body$
    declare
        node json;
        step text;
        -- Keys may be written with escapes.
        is_plain boolean := strpos(document, '\') = 0;
    begin
        if is_plain and strpos(document, '"' || path[1] || '"') = 0 then
            return null;
        end if;
        node := {{ engine_schema() }}.json_document(document);
        foreach step in array path loop
            if json_typeof(node) is distinct from 'object' then
                return null;
            end if;
            if is_plain
                and length(document)
                - length(replace(document, '"' || step || '"', ''))
                <= length(step) + 2
            then
                node := node -> step;
            else
                -- Of a key that occurs twice, -> takes the last.
                node := (
                    select value
                    from json_each(node) with ordinality
                    where key = step
                    order by ordinality
                    limit 1
                );
            end if;
        end loop;
        return node;
    end;
    $body$;
{%- endmacro %}

{# See json_text. #}
{% macro postgres_json_text() -%}
    create or replace function {{ engine_schema() }}.json_text(document text, path text[])
    returns text language plpgsql immutable strict
    as $body$
    begin
        return {{ engine_schema() }}.json_shown(
            {{ engine_schema() }}.json_node(document, path), false
        );
    end;
    $body$;
{%- endmacro %}

{# See json_scalar. #}
{% macro postgres_json_scalar() -%}
    create or replace function {{ engine_schema() }}.json_scalar(document text, path text[])
    returns text language plpgsql immutable strict
    as $body$
    declare
        node json := {{ engine_schema() }}.json_node(document, path);
    begin
        return case
            when json_typeof(node) not in ('object', 'array')
                then {{ engine_schema() }}.json_shown(node, false)
        end;
    end;
    $body$;
{%- endmacro %}
