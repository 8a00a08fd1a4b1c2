"""EspoCRM 9 and 10, as its entityDefs have it."""

import random

from recipes import Compared, Recipe, Variant

_COMMON = (
    "id varchar(17) not null primary key, deleted tinyint(1) default 0, description mediumtext, created_at datetime,"
    " modified_at datetime, created_by_id varchar(17), modified_by_id varchar(17), assigned_user_id varchar(17)"
)
TABLES = (
    f"create table account ({_COMMON}, name varchar(249), website varchar(255), type varchar(255),"
    " industry varchar(255), billing_address_street varchar(255), billing_address_city varchar(255),"
    " shipping_address_street varchar(255)) default character set utf8mb4 collate utf8mb4_unicode_ci",
    f"create table `lead` ({_COMMON}, salutation_name varchar(255), first_name varchar(100), last_name varchar(100),"
    " middle_name varchar(100), status varchar(255) default 'New', source varchar(255), opportunity_amount double,"
    " opportunity_amount_currency varchar(3), address_street varchar(255), converted_at datetime,"
    " created_account_id varchar(17), created_opportunity_id varchar(17))"
    " default character set utf8mb4 collate utf8mb4_unicode_ci",
    f"create table opportunity ({_COMMON}, name varchar(255), amount double, amount_currency varchar(3),"
    " stage varchar(255) default 'Prospecting', last_stage varchar(255), probability int, lead_source varchar(255),"
    " close_date date, account_id varchar(17)) default character set utf8mb4 collate utf8mb4_unicode_ci",
    "create table note (id varchar(17) not null primary key, deleted tinyint(1) default 0, post mediumtext,"
    " data mediumtext, type varchar(24), parent_id varchar(17), parent_type varchar(100), number bigint not null"
    " auto_increment unique, created_at datetime, modified_at datetime)"
    " default character set utf8mb4 collate utf8mb4_unicode_ci",
)
STATUSES = {
    "New": "new",
    "Assigned": "contacted",
    "In Process": "qualified",
    "Converted": "won",
    "Recycled": "lost",
    "Dead": "lost",
}
STAGES = {
    "Prospecting": "prospecting",
    "Qualification": "qualification",
    "Proposal": "proposal",
    "Negotiation": "negotiation",
    "Closed Won": "won",
    "Closed Lost": "lost",
}


def _id(letter: str, i: int) -> str:
    return f"'{letter}{i:016}'"


def _at(hours: int) -> str:
    return f"'2026-02-20 05:00:00' + interval {hours} hour"


def _rows() -> tuple[str, ...]:
    """Accounts, leads, opportunities, and the stream of what was created."""
    chance = random.Random(13)
    accounts = [
        f"({_id('a', i)}, {i % 10 == 0:d}, 'hush', {_at(i)}, {_at(i)}, {_id('u', i % 3)}, 'Account {i}',"
        f" '{chance.choice(['Banking', ''])}', 'hush')"
        for i in range(1, 21)
    ]
    leads = [
        f"({_id('b', i)}, {chance.random() < 0.1:d}, 'hush', {_at(i * 9)}, {_at(i * 9 + 5)},"
        f" {chance.choice(['null', _id('u', i % 3)])}, 'hush', '{chance.choice(list(STATUSES))}',"
        f" '{chance.choice(['Web Site', 'Call'])}',"
        f" {chance.choice(['null', chance.randrange(1, 9_999_999) / 100])}, 'USD',"
        f" {chance.choice(['null', _id('a', chance.randrange(1, 21))])}, {_id('c', i)})"
        for i in range(1, 41)
    ]
    deals = [
        f"({_id('c', i)}, {chance.random() < 0.1:d}, 'hush', {_at(i * 8)}, {_at(i * 8 + 100)}, {_id('u', i % 3)},"
        f" 'Deal', {chance.randrange(1, 99_999_999) / 100}, '{chance.choice(['USD', 'USD', 'EUR'])}',"
        f" '{chance.choice([*STAGES, 'Our own stage'])}', date({_at(i * 8 + 24 * chance.randrange(1, 30))}),"
        f" {chance.choice(['null', _id('a', chance.randrange(1, 21))])})"
        for i in range(1, 61)
    ]
    notes = [
        f"({_id('d', i)}, {chance.random() < 0.1:d}, 'hush', '{{\"hush\": 1}}',"
        f" '{chance.choice(['Create', 'Create', 'Post'])}',"
        f" {_id('b', chance.randrange(1, 41))}, '{chance.choice(['Lead', 'Account', 'Opportunity'])}', {_at(i * 6)},"
        f" {_at(i * 6)})"
        for i in range(1, 91)
    ]
    common = "id, deleted, description, created_at, modified_at, assigned_user_id"
    return (
        f"insert into account ({common}, name, industry, billing_address_street) values {', '.join(accounts)}",
        f"insert into `lead` ({common}, last_name, status, source, opportunity_amount, opportunity_amount_currency,"
        f" created_account_id, created_opportunity_id) values {', '.join(leads)}",
        f"insert into opportunity ({common}, name, amount, amount_currency, stage, close_date, account_id)"
        f" values {', '.join(deals)}",
        "insert into note (id, deleted, post, data, type, parent_id, parent_type, created_at, modified_at)"
        f" values {', '.join(notes)}",
    )


_LATER = "modified_at = '2026-03-25 12:00:00'"
CHANGES = (
    # As EspoCRM does it: an edit moves modified_at, and what is deleted is marked; later it is gone.
    f"update opportunity set stage = 'Closed Won', amount = amount + 0.01, close_date = '2026-03-24', {_LATER}"
    " where id like '%3'",
    f"update opportunity set deleted = 1, {_LATER} where id like '%4'",
    f"update opportunity set deleted = 0, {_LATER} where deleted = 1 and id like '%5'",
    "delete from opportunity where id like '%6'",
    f"update `lead` set status = 'Converted', {_LATER} where id like '%7'",
    "delete from `lead` where id like '%8'",
    f"update account set name = 'Renamed', {_LATER} where id like '%2'",
    f"update account set deleted = 1, {_LATER} where id like '%9'",
    "update note set deleted = 1 where id like '%1'",
    f"insert into note values ({_id('d', 99)}, 0, 'hush', null, 'Create', {_id('b', 99)}, 'Lead', 999,"
    " '2026-03-25 23:59:59', null)",
    "insert into opportunity (id, created_at, modified_at, amount, amount_currency, stage, close_date) values"
    f" ({_id('c', 99)}, '2026-03-25 10:00:00', '2026-03-25 10:00:00', 0.1, 'USD', 'Prospecting', '2026-04-20')",
)


def _cases(column: str, told: dict[str, str]) -> str:
    cases = " ".join(f"when '{theirs}' then '{ours}'" for theirs, ours in told.items())
    return f"case {column} {cases} else 'unknown' end"


_CENTS = "cast(round({} * 100) as signed)"
_SECOND = "date_format({}, '%Y-%m-%d %H:%i:%s')"
_OUR_SECOND = "strftime({} at time zone 'UTC', '%Y-%m-%d %H:%M:%S')"
_CREATED = "from note where deleted = 0 and type = 'Create' and parent_type in ('Lead', 'Account')"
RAW = {
    "accounts": Compared(
        f"id, name, industry, {_OUR_SECOND.format('updated_at')}",
        f"select id, name, industry, {_SECOND.format('modified_at')} from account where deleted = 0",
    ),
    "leads": Compared(
        f"id, account_id, owner, source, status, value_cents, {_OUR_SECOND.format('created_at')}",
        f"""select id, created_account_id, assigned_user_id, source, {_cases("status", STATUSES)},
            {_CENTS.format("opportunity_amount")}, {_SECOND.format("created_at")} from `lead` where deleted = 0""",
    ),
    "deals": Compared(
        f"id, account_id, stage, amount_cents, currency_code, {_OUR_SECOND.format('closed_at')}",
        f"""select id, account_id, {_cases("stage", STAGES)}, {_CENTS.format("amount")}, amount_currency,
            {_SECOND.format("close_date")} from opportunity where deleted = 0""",
    ),
    "event_outbox": Compared(
        f"id, event_type, aggregate_type, aggregate_id, {_OUR_SECOND.format('created_at')}",
        f"""select id, if(parent_type = 'Lead', 'INSERT_LEADS', 'INSERT_ACCOUNTS'),
            if(parent_type = 'Lead', 'leads', 'accounts'), parent_id, {_SECOND.format("created_at")} {_CREATED}""",
    ),
}

_OURS = "tenant_key = 'espocrm:default'"
_MONTH = "date_format({}, '%Y-%m-01')"
_MONEY = "cast(sum({}) as decimal(20, 2))"


def _deals(period: str) -> str:
    """What was opened, won and lost, by currency and period."""
    return f"""select amount_currency, period, sum(opened), sum(won), sum(lost), {_MONEY.format("amount")} from (
        select amount_currency, {period.format("created_at")} as period, 1 as opened, 0 as won, 0 as lost, 0 as amount
        from opportunity where deleted = 0
        union all select amount_currency, {period.format("close_date")}, 0, stage = 'Closed Won', stage = 'Closed Lost',
            if(stage = 'Closed Won', amount, 0) from opportunity where deleted = 0 and stage like 'Closed %'
    ) as moves group by amount_currency, period"""


MARTS = (
    *(
        Compared(
            f"""select currency_code, period_start_date, sum(deals_opened), sum(deals_won), sum(deals_lost),
                cast(sum(won_amount) as decimal(20, 2)) from marts.{mart} where {_OURS}
                group by all having sum(deals_opened + deals_decided) > 0""",
            _deals(period),
        )
        for mart, period in {"pipeline_daily": "date({})", "pipeline_monthly": _MONTH}.items()
    ),
    Compared(
        f"""select period_start_date, sum(leads_created), sum(accounts_created), sum(deals_won)
            from marts.crm_metrics_monthly where {_OURS} group by all
            having sum(leads_created + accounts_created + deals_won) > 0""",
        f"""select period, sum(leads), sum(accounts), sum(won) from (
            select {_MONTH.format("created_at")} as period, parent_type = 'Lead' as leads,
                parent_type = 'Account' as accounts,
                0 as won {_CREATED}
            union all select {_MONTH.format("close_date")}, 0, 0, 1 from opportunity
            where deleted = 0 and stage = 'Closed Won'
        ) as moves group by period""",
    ),
    Compared(
        f"""select event_type, period_start_date, event_count, distinct_aggregates from marts.crm_activity_daily
            where {_OURS} and event_count > 0""",
        f"""select if(parent_type = 'Lead', 'INSERT_LEADS', 'INSERT_ACCOUNTS'), date(created_at), count(*),
            count(distinct parent_id) {_CREATED} group by parent_type, date(created_at)""",
    ),
    Compared(
        f"""select account_id, account_name, leads, leads_won, deals, deals_won, deals_lost,
            cast(coalesce(won_amount, 0) as decimal(20, 2)) from marts.account_360 where {_OURS}""",
        f"""select concat('espocrm:', a.id), a.name, (select count(*) {{leads}}),
            (select count(*) {{leads}} and l.status = 'Converted'), (select count(*) {{deals}}),
            (select count(*) {{deals}} and d.stage = 'Closed Won'),
            (select count(*) {{deals}} and d.stage = 'Closed Lost'),
            coalesce((select {_MONEY.format("d.amount")} {{deals}} and d.stage = 'Closed Won'
                and d.amount_currency = 'USD'), 0)
            from account as a where a.deleted = 0""".format(
            leads="from `lead` as l where l.deleted = 0 and l.created_account_id = a.id",
            deals="from opportunity as d where d.deleted = 0 and d.account_id = a.id",
        ),
    ),
)

ESPOCRM = Recipe(
    name="espocrm",
    database="mysql",
    tables=TABLES,
    rows=_rows(),
    changes=CHANGES,
    raw=RAW,
    marts=MARTS,
    unknown={"stage": "select count(*) from opportunity where deleted = 0 and stage = 'Our own stage'"},
    variant=Variant(
        table="deals",
        told=("table: opportunity_with_lead", "mode: full"),
        changes=(
            f"update `lead` set created_opportunity_id = {_id('c', 99)} where id = {_id('b', 1)}",
            f"insert into opportunity (id, created_at, stage) values ({_id('c', 99)}, '2026-03-25', 'Proposal')",
        ),
        raw=Compared(
            "id, lead_id",
            "select o.id, (select l.id from `lead` as l where l.created_opportunity_id = o.id and l.deleted = 0)"
            " from opportunity as o where o.deleted = 0",
        ),
    ),
)
