{% set named = 'case when is_inferred then 0 else 1 end' -%}
{{ quality_adds_up('whatsapp', [
    ['tenants', ref('int_whatsapp__tenants'), named],
    ['outlets', ref('dim_outlets'), named],
    ['conversations', ref('fct_conversations'), '1'],
    ['messages', ref('fct_messages'), '1'],
]) }}
