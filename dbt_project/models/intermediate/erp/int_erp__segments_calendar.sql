{{ calendar_of_activity('erp', [
    ref('int_erp__segments_measures'),
], ['segment_name'], balance='members_joined - members_left') }}
