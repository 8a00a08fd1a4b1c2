select opening_message_id
from {{ ref('fct_responses') }}
where
    response_seconds < 0
    or business_seconds < 0
    or business_seconds > response_seconds
