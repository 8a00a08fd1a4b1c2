select
    coalesce(accounts.account_id, account_360.account_id) as account_id,
    account_360.leads,
    account_360.deals
from {{ ref('stg_consulting__accounts') }} as accounts
full outer join {{ ref('account_360') }} as account_360
    on accounts.account_id = account_360.account_id
where
    accounts.account_id is null
    or account_360.account_id is null
    or account_360.leads
    <> account_360.open_leads + account_360.leads_won + account_360.leads_lost
    or account_360.deals
    <> account_360.open_deals + account_360.deals_won + account_360.deals_lost
    or account_360.first_activity_date > account_360.last_activity_date
    or account_360.days_since_last_activity < 0
