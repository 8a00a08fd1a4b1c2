select
    tenant_key,
    table_name,
    rule,
    row_count
from {{ ref('data_quality') }}
where row_count <= 0 or first_seen_at > last_seen_at
