with

tenants as (
    select * from {{ ref('int_erp__tenants') }}
),

organizations as (
    select
        {{ source_key('erp', 'staged.organization_id') }} as tenant_key,
        staged.*
    from {{ ref('stg_erp__organizations') }} as staged
),

customers as (
    select
        tenants.tenant_key,
        staged.*,
        tenants.is_inferred as is_orphan
    from {{ ref('stg_erp__customers') }} as staged
    inner join tenants
        on
            {{ tenant_key(
                'erp', 'staged.organization_id', of='staged.customer_id'
            ) }} = tenants.tenant_key
),

interactions as (
    select
        tenants.tenant_key,
        staged.*,
        tenants.is_inferred
        or (staged.customer_id is not null and customers.customer_id is null)
            as is_orphan,
        coalesce(customers.tenant_key <> tenants.tenant_key, false)
            as is_of_another_organization
    from {{ ref('stg_erp__customer_interactions') }} as staged
    inner join tenants
        on
            {{ tenant_key(
                'erp', 'staged.organization_id', of='staged.interaction_id'
            ) }} = tenants.tenant_key
    left join customers on staged.customer_id = customers.customer_id
),

memberships as (
    select
        tenants.tenant_key,
        staged.*,
        tenants.is_inferred or customers.customer_id is null as is_orphan
    from {{ ref('stg_erp__customer_segments') }} as staged
    inner join tenants
        on
            {{ tenant_key(
                'erp', 'staged.organization_id', of='staged.membership_id'
            ) }} = tenants.tenant_key
    left join customers on staged.customer_id = customers.customer_id
),

final as (
    {{ rejected_quality('erp', [
        'organizations', 'customers', 'customer_interactions', 'customer_segments'
    ]) }}
    union all
    {{ flagged_quality('erp', 'organizations', 'organizations', [
        ['has_unknown_timezone', 'unknown_time_zone', 'value'],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('erp', 'customers', 'customers', [
        [
            'has_implausible_created_at or has_implausible_updated_at',
            'implausible_instant', 'value'
        ],
        ['is_orphan', 'orphan', 'check'],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('erp', 'customer_interactions', 'interactions', [
        [
            'has_implausible_interaction_at or has_implausible_created_at'
            ~ ' or has_implausible_updated_at',
            'implausible_instant', 'value'
        ],
        ['is_orphan', 'orphan', 'check'],
        [
            'is_of_another_organization',
            'interaction_of_another_organization', 'check'
        ],
    ], '_loaded_at') }}
    union all
    {{ flagged_quality('erp', 'customer_segments', 'memberships', [
        [
            'has_implausible_assigned_at or has_implausible_updated_at',
            'implausible_instant', 'value'
        ],
        ['is_orphan', 'orphan', 'check'],
    ], '_loaded_at') }}
)

select * from final
