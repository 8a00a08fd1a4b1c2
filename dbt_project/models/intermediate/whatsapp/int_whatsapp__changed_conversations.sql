{% set text = dbt.type_string() -%}

{% set changed %}
    select cast(conversation_id as {{ text }}) as conversation_id
    from {{ touched_versions('whatsapp', 'messages') }} as versions
    union distinct
    select cast(id as {{ text }}) as conversation_id
    from {{ new_versions('whatsapp', 'conversations') }} as new_versions
    union distinct
    select cast(id as {{ text }}) as conversation_id
    from {{ raw_rows('whatsapp', 'conversations') }} as versions
    where cast(tenant_id as {{ text }}) in (
        select cast(new_versions.id as {{ text }})
        from {{ new_versions('whatsapp', 'tenants') }} as new_versions
    )
{% endset %}
{{ with_days_before(
    changed,
    'conversation_id',
    [
        ['fct_conversations', 'started_date', 'customer_hash'],
        ['fct_messages', 'message_date']
    ]
) }}
