"""Saleor 3.24, as its Django models have it."""

import random

from recipes import Compared, Recipe

TABLES = (
    "create table order_order (id uuid primary key, number int not null, created_at timestamptz not null,"
    " updated_at timestamptz not null, status varchar(32) not null, user_id int, user_email varchar(254) not null,"
    " currency varchar(3) not null, total_net_amount numeric(20, 3) not null,"
    " total_gross_amount numeric(20, 3) not null, channel_id int not null)",
    "create table order_orderevent (id serial primary key, date timestamptz not null, type varchar(255) not null,"
    " order_id uuid not null, parameters jsonb not null default '{}', user_id int, app_id int, related_id int)",
    "create table order_orderline (id uuid primary key default gen_random_uuid(), created_at timestamptz not null,"
    " order_id uuid not null, variant_id int, product_name varchar(386) not null, product_sku varchar(255),"
    " quantity int not null, currency varchar(3) not null, unit_price_net_amount numeric(20, 3) not null,"
    " unit_price_gross_amount numeric(20, 3) not null)",
    "create table product_productvariant (id serial primary key, sku varchar(255), name varchar(255) not null,"
    " product_id int not null)",
    "create table account_customerevent (id serial primary key, date timestamptz not null, type varchar(255) not null,"
    " order_id uuid, parameters jsonb not null default '{}', user_id int, app_id int)",
    "create table payment_transactionitem (id serial primary key, token uuid not null default gen_random_uuid(),"
    " created_at timestamptz not null, order_id uuid, currency varchar(3) not null)",
    "create table payment_transactionevent (id serial primary key, created_at timestamptz not null,"
    " transaction_id int not null, currency varchar(3) not null, type varchar(128) not null,"
    " amount_value numeric(20, 3) not null, include_in_calculations boolean not null default false)",
)
STEPS = {
    "draft_created": 0.2,
    "placed": 0.9,
    "payment_authorized": 0.6,
    "note_added": 0.3,
    "order_marked_as_paid": 0.2,
    "order_fully_paid": 0.7,
    "confirmed": 0.8,
    "fulfillment_fulfilled_items": 0.6,
    "canceled": 0.15,
    "payment_refunded": 0.2,
}


def _order(i: int) -> str:
    return f"00000000-0000-0000-0000-{i:012}"


def _rows() -> tuple[str, ...]:
    """Orders with their events and lines, refunds of transactions, accounts."""
    chance = random.Random(7)
    orders, events, lines, items, refunds = [], [], [], [], []
    stamp = "'2026-02-20 05:00+00'::timestamptz + {} * interval '47 minutes'"
    for i in range(1, 61):
        currency = chance.choice(["USD", "USD", "EUR"])
        total = chance.randrange(100, 90_000)
        status = chance.choice(["unfulfilled", "fulfilled", "canceled", "draft", "expired", "unconfirmed"])
        user = chance.choice(["null", chance.randrange(1, 9)])
        orders.append(
            f"('{_order(i)}', {i}, {stamp.format(i)}, {stamp.format(i)}, '{status}', {user}, 'hush', '{currency}',"
            f" {total * 0.8:.2f}, {total}.125, 1)"
        )
        gateway = chance.choice(["mirumee.payments.stripe", "Adyen", None])
        for step, (type_, share) in enumerate(STEPS.items()):
            if chance.random() < share:
                named = gateway is not None and type_ in ("payment_authorized", "order_fully_paid")
                told = [f'"payment_gateway": "{gateway}"'] if named else []
                # As Saleor's encoder writes a Decimal, and as a number.
                told += [chance.choice(['"amount": "3.250"', '"amount": 4.5'])] if type_ == "payment_refunded" else []
                # Who did it is not who bought: 99 is of the staff.
                events.append(f"({stamp.format(i + step * 9)}, '{type_}', '{_order(i)}', '{{{', '.join(told)}}}', 99)")
        for _ in range(chance.randrange(4)):
            lines.append(
                f"({stamp.format(i)}, '{_order(i)}', {chance.choice(['null', *range(1, 7)])}, 'Tea \"{i % 5}\"',"
                f" {chance.randrange(1, 5)}, '{currency}', 1, {chance.randrange(100, 9_999) / 100})"
            )
        items.append(f"({i}, {stamp.format(i)}, '{_order(i)}', '{currency}')")
        kind = chance.choice(["refund_success", "refund_failure", "charge_success"])
        refunds.append(f"({stamp.format(i + 300)}, {i}, '{currency}', '{kind}', 2.345, {chance.random() < 0.5})")
    customers = [
        f"({stamp.format(i * 3)}, '{chance.choice(['account_created', 'placed_order'])}', '{{\"x\": \"hush\"}}', {i})"
        for i in range(1, 31)
    ]
    return (
        f"insert into order_order values {', '.join(orders)}",
        f"insert into order_orderevent (date, type, order_id, parameters, user_id) values {', '.join(events)}",
        "insert into product_productvariant select i, 'sku' || i, 'V', (i + 1) / 2 from generate_series(1, 6) as i",
        "insert into order_orderline (created_at, order_id, variant_id, product_name, quantity, currency,"
        f" unit_price_net_amount, unit_price_gross_amount) values {', '.join(lines)}",
        f"insert into payment_transactionitem (id, created_at, order_id, currency) values {', '.join(items)}",
        "insert into payment_transactionevent (created_at, transaction_id, currency, type, amount_value,"
        f" include_in_calculations) values {', '.join(refunds)}",
        f"insert into account_customerevent (date, type, parameters, user_id) values {', '.join(customers)}",
    )


CHANGES = (
    # Totals, buyers and lines that change without an event, an order that is deleted, one that is canceled, a new one.
    "update order_order set total_gross_amount = total_gross_amount + 1 where number % 7 = 0",
    "update order_order set user_id = 8 where number % 11 = 0",
    "update order_order set status = 'canceled' where number % 13 = 0",
    "insert into order_orderevent (date, type, order_id)"
    " select '2026-03-20 10:00+00', 'canceled', id from order_order where number % 13 = 0",
    "delete from order_orderevent where order_id in (select id from order_order where number % 17 = 0)",
    "delete from order_orderline where order_id in (select id from order_order where number % 17 = 0)",
    "delete from payment_transactionitem where order_id in (select id from order_order where number % 17 = 0)",
    "delete from order_order where number % 17 = 0",
    "update order_orderline set quantity = quantity + 1 where variant_id = 2",
    "delete from account_customerevent where id % 9 = 0",
    "insert into account_customerevent (date, type, user_id) values ('2026-03-21 23:59:59+00', 'account_created', 77)",
    f"insert into order_order values ('{_order(99)}', 99, '2026-03-21', '2026-03-21', 'unfulfilled', 77, 'hush', 'USD',"
    " 1, 2.5, 1)",
    "insert into order_orderevent (date, type, order_id, parameters) values"
    f" ('2026-03-21 23:00+00', 'placed_from_draft', '{_order(99)}', '{{}}'),"
    f" ('2026-03-22 00:30+00', 'order_fully_paid', '{_order(99)}', '{{\"payment_gateway\": \"Adyen\"}}')",
)

_PAID = "type in ('order_fully_paid', 'order_marked_as_paid')"
# Of each order: its buyer, total and gateway, and when it was made, paid, sent and cancelled.
_ORDERS = f"""
with orders as (
    select o.*, e.placed_at, e.paid_at, e.shipped_at,
        coalesce(
            (select min(date) from order_orderevent as c where c.order_id = o.id
                and c.type in ('canceled', 'expired') and c.date > e.paid_at),
            e.cancelled_at
        ) as cancelled_at,
        coalesce(lower(e.gateway), 'unknown') as gateway, e.cancelled_at is not null as is_cancelled
    from order_order as o
    left join (
        select order_id, min(date) filter (where type like 'placed%') as placed_at,
            min(date) filter (where {_PAID}) as paid_at,
            min(date) filter (where type like 'fulfillment_f%') as shipped_at,
            min(date) filter (where type in ('canceled', 'expired')) as cancelled_at,
            max(parameters ->> 'payment_gateway') as gateway
        from order_orderevent group by order_id
    ) as e on e.order_id = o.id
)
"""
_DAY = "({} at time zone 'UTC')::date"
_MONTH = "date_trunc('month', {} at time zone 'UTC')::date"


def _moved(period: str, groups: str) -> str:
    """What came, was paid, cancelled and given back, by columns of orders and period."""
    return f"""{_ORDERS}, moves as (
        select gateway, currency, placed_at as at, 1 as came, 0 as paid, 0 as gross, 0 as gone, 0 as back
        from orders where placed_at is not null
        union all select gateway, currency, paid_at, 0, 1, total_gross_amount, 0, 0
        from orders where paid_at is not null
        union all select gateway, currency, cancelled_at, 0, 0, 0, 1, 0 from orders where cancelled_at is not null
        union all select gateway, currency, r.date, 0, 0, 0, 0, (r.parameters ->> 'amount')::numeric
        from orders inner join order_orderevent as r on r.order_id = orders.id and r.type = 'payment_refunded'
        union all select gateway, orders.currency, r.created_at, 0, 0, 0, 0, r.amount_value
        from orders inner join payment_transactionitem as i on i.order_id = orders.id
        inner join payment_transactionevent as r on r.transaction_id = i.id
        where r.type = 'refund_success' and r.include_in_calculations
    ) select {groups}, {period.format("at")}, sum(came), sum(paid), sum(gross), sum(gone), sum(back)
    from moves group by {groups}, {period.format("at")}"""


_BOUGHT = """from order_orderline as l inner join order_order as o on o.id = l.order_id
    left join product_productvariant as v on v.id = l.variant_id
    where o.status not in ('draft', 'canceled', 'expired')"""
MARTS = (
    Compared(
        "select currency_code, period_start_date, sum(orders_created), sum(orders_paid), sum(gross_amount),"
        " sum(orders_cancelled), sum(refunded_amount) from marts.sales_monthly where tenant_key = 'saleor:default'"
        " group by all having sum(orders_created + orders_paid + orders_cancelled + refunds) > 0",
        _moved(_MONTH, "currency"),
    ),
    Compared(
        "select payment_method, currency_code, period_start_date, orders_created, orders_paid, gross_amount,"
        " orders_cancelled, refunded_amount from marts.sales_daily where tenant_key = 'saleor:default'"
        " and orders_created + orders_paid + orders_cancelled + refunds > 0",
        _moved(_DAY, "gateway, currency"),
    ),
    Compared(
        "select payment_method, period_start_date, orders_created, orders_paid, orders_shipped, orders_cancelled"
        " from marts.order_lifecycle_daily where tenant_key = 'saleor:default' and orders_created > 0",
        f"""{_ORDERS} select gateway, {_DAY.format("placed_at")}, count(*), count(paid_at), count(shipped_at),
            count(cancelled_at) from orders where placed_at is not null group by 1, 2""",
    ),
    Compared(
        "select product_id, sum(purchases), sum(units_sold), sum(revenue_amount), sum(purchases_in_other_currencies)"
        " from marts.products_monthly where tenant_key = 'saleor:default' group by product_id",
        f"""select 'saleor:' || coalesce(v.product_id::text, 'unknown'), count(*), sum(quantity),
            coalesce(sum(quantity * unit_price_gross_amount) filter (where l.currency = 'USD'), 0),
            count(*) filter (where l.currency <> 'USD') {_BOUGHT} group by 1""",
    ),
    Compared(
        "select period_start_date, registrations from marts.web_behavior_daily where tenant_key = 'saleor:default'"
        " and registrations > 0",
        f"select {_DAY.format('date')}, count(*) from account_customerevent where type = 'account_created' group by 1",
    ),
)

_SECOND = "to_char({} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
_OUR_SECOND = "strftime({} at time zone 'UTC', '%Y-%m-%d %H:%M:%S')"
RAW = {
    "user_events": Compared(
        f"id, event_type, user_id, {_OUR_SECOND.format('timestamp')}",
        f"""select id, 'registration', user_id, {_SECOND.format("date")}
            from account_customerevent where type = 'account_created'""",
    ),
    "product_events": Compared(
        f"id, event_type, product_id, user_id, quantity, price, {_OUR_SECOND.format('timestamp')}",
        f"""select l.id, 'purchase', v.product_id, o.user_id, quantity, unit_price_gross_amount,
            {_SECOND.format("o.created_at")} {_BOUGHT}""",
    ),
    "order_events": Compared(
        f"id, event_type, order_id, user_id, order_total, {_OUR_SECOND.format('timestamp')}",
        f"""select e.id, case when type like 'placed%' then 'created' when {_PAID} then 'payment_completed'
            when type like 'fulfil%' then 'shipped' when type in ('canceled', 'expired') then 'cancelled'
            when type = 'payment_authorized' then 'payment_started' when type like '%refund%' then 'refunded'
            else type end, o.id, o.user_id, coalesce(e.amount, total_gross_amount), {_SECOND.format("e.date")}
            from order_order as o inner join (
                select 'e' || id as id, order_id, type, (parameters ->> 'amount')::numeric as amount, date
                from order_orderevent where type not in ('draft_created', 'note_added')
                union all
                select 't' || t.id, order_id, type, amount_value, t.created_at from payment_transactionevent as t
                inner join payment_transactionitem as i on i.id = t.transaction_id
                where type = 'refund_success' and include_in_calculations
            ) as e on e.order_id = o.id""",
    ),
}

SALEOR = Recipe("saleor", "postgresql", TABLES, _rows(), CHANGES, RAW, MARTS)
