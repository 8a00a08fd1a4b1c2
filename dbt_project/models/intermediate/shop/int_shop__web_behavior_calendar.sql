{{ calendar_of_activity('shop', [
    ref('int_shop__web_behavior_measures'),
], []) }}
