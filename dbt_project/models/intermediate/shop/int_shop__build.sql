{{ build_range('shop', variables=[
    'session_gap_minutes', 'session_cut_hours', 'bot_session_events', 'bot_user_agents',
    'payload_keys', 'recommendation_window_hours'
]) }}
