{# Movements of int_consulting__crm_movements are events and deals, by moved_date. -#}
{{ changed_periods([
    [
        ref('int_consulting__changed_events'), 'event_id',
        ref('fct_crm_events'), 'event_date'
    ],
    [
        ref('int_consulting__changed_events'), 'event_id',
        ref('fct_crm_events'), 'handled_date'
    ],
    [
        ref('int_consulting__changed_deals'), 'deal_id',
        ref('fct_deals'), 'created_date'
    ],
    [
        ref('int_consulting__changed_deals'), 'deal_id',
        ref('fct_deals'), 'closed_date'
    ],
    [
        ref('int_consulting__changed_deals'), 'deal_id',
        ref('fct_deals'), 'ended_date'
    ],
    [
        ref('int_consulting__changed_leads'), 'lead_id',
        ref('fct_lead_stages'), 'entered_date'
    ],
    [
        ref('int_consulting__changed_leads'), 'lead_id',
        ref('fct_lead_stages'), 'exited_date'
    ],
]) }}
