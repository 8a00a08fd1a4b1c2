select
    coalesce(customers.customer_id, analytics.customer_id) as customer_id,
    analytics.total_interactions
from {{ ref('stg_erp__customers') }} as customers
full outer join {{ ref('customer_analytics') }} as analytics
    on customers.customer_id = analytics.customer_id
where
    customers.customer_id is null
    or analytics.customer_id is null
    or analytics.total_interactions <> (
        analytics.call_interactions
        + analytics.email_interactions
        + analytics.meeting_interactions
        + analytics.support_ticket_interactions
        + analytics.complaint_interactions
        + analytics.feedback_interactions
        + analytics.other_type_interactions
    )
    or analytics.total_interactions <> (
        analytics.pending_interactions
        + analytics.in_progress_interactions
        + analytics.completed_interactions
        + analytics.cancelled_interactions
        + analytics.other_status_interactions
    )
