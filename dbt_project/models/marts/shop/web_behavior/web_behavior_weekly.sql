{{ rows_of_grain(ref('int_shop__web_behavior_by_period'), 'week') }}
