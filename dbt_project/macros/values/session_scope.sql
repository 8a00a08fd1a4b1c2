{#
    What web sessions of the shop are made within, from an event's columns as the source has
    them: its session, else its user, else the event itself.
#}
{% macro session_scope(session_id, user_id, event_id) -%}
    coalesce(
        'session:' || {{ optional_identifier(session_id) }},
        'user:' || {{ optional_identifier(user_id) }},
        'event:' || {{ identifier(event_id) }}
    )
{%- endmacro %}
