"""WooCommerce 9 and 10 with orders in tables of their own, as its installation makes them."""

import random

from recipes import Compared, Recipe

TABLES = (
    "create table wp_wc_orders (id bigint(20) unsigned, status varchar(20), currency varchar(10), type varchar(20),"
    " tax_amount decimal(26,8), total_amount decimal(26,8), customer_id bigint(20) unsigned,"
    " billing_email varchar(320), date_created_gmt datetime, date_updated_gmt datetime,"
    " parent_order_id bigint(20) unsigned, payment_method varchar(100), payment_method_title text, primary key (id))",
    "create table wp_wc_order_operational_data (id bigint(20) unsigned auto_increment primary key,"
    " order_id bigint(20) unsigned, created_via varchar(100), date_paid_gmt datetime, date_completed_gmt datetime,"
    " unique key order_id (order_id))",
    "create table wp_wc_order_stats (order_id bigint(20) unsigned not null, parent_id bigint(20) unsigned not null"
    " default 0, date_created datetime not null, date_created_gmt datetime not null, date_paid datetime,"
    " date_completed datetime, num_items_sold int(11) not null default 0, total_sales double not null default 0,"
    " tax_total double not null default 0, shipping_total double not null default 0, net_total double not null"
    " default 0, returning_customer tinyint(1), status varchar(200) not null, customer_id bigint(20) unsigned not null,"
    " primary key (order_id))",
    "create table wp_wc_order_product_lookup (order_item_id bigint(20) unsigned not null,"
    " order_id bigint(20) unsigned not null, product_id bigint(20) unsigned not null,"
    " variation_id bigint(20) unsigned not null, customer_id bigint(20) unsigned, date_created datetime not null,"
    " product_qty int(11) not null, product_net_revenue double not null default 0,"
    " product_gross_revenue double not null default 0, primary key (order_item_id, order_id))",
    "create table wp_posts (ID bigint(20) unsigned not null auto_increment, post_title text not null,"
    " post_type varchar(20) not null default 'post', primary key (ID))",
)
STATUSES = (
    *("wc-completed", "wc-completed", "wc-processing", "wc-on-hold", "wc-pending", "wc-cancelled", "wc-failed"),
    *("wc-refunded", "trash", "auto-draft", "wc-checkout-draft", "wc-packed"),
)


def _at(days: float) -> str:
    return f"'2026-02-20 05:00:00' + interval {round(days * 86_400)} second"


def _rows() -> tuple[str, ...]:
    """Orders with their dates, refunds, customers and lines."""
    chance = random.Random(11)
    orders, dates, stats, lines = [], [], [], []
    for i in range(1, 71):
        status = chance.choice(STATUSES)
        day, total = i / 3, f"{chance.randrange(1, 90_000)}.{chance.choice(['10', '05', '125'])}"
        currency, method = chance.choice(["USD", "USD", "EUR"]), chance.choice(["stripe", "bacs", ""])
        orders.append(
            f"({i}, '{status}', '{currency}', 'shop_order', 1, {total}, {chance.randrange(3)}, 'hush', {_at(day)},"
            f" {_at(day + 2)}, 0, '{method}', 'hush')"
        )
        paid = _at(day + chance.random()) if chance.random() < 0.7 else "null"
        dates.append(f"({i}, {paid}, {_at(day + 1 + chance.random()) if status == 'wc-completed' else 'null'})")
        customer, items = chance.randrange(1, 12), chance.randrange(1, 7)
        # Analytics has not come to all of them, and tells days in the site's own time.
        if chance.random() < 0.9:
            stats.append(f"({i}, 0, {_at(day + 0.4)}, {_at(day)}, {items}, {total}, '{status}', {customer})")
            for line in range(chance.randrange(1, 4)):
                lines.append(
                    f"({i * 10 + line}, {i}, {chance.randrange(1, 5)}, {line}, {_at(day + 0.4)},"
                    f" {chance.choice([0, 1, 2, 3, 7])}, {chance.randrange(1, 99_999) / 100})"
                )
        if status == "wc-refunded" or chance.random() < 0.1:
            refund = f"'wc-completed', '{currency}', 'shop_order_refund', 0, -{chance.randrange(1, 99)}.25, 0, null"
            orders.append(f"({i + 1_000}, {refund}, {_at(day + 5)}, {_at(day + 5)}, {i}, null, null)")
            # Their lines are negative, and in no purchase.
            lines.append(f"({i * 10 + 9}, {i + 1_000}, 1, 0, {_at(day + 5)}, -1, -5)")
    return (
        f"insert into wp_wc_orders values {', '.join(orders)}",
        f"insert into wp_wc_order_operational_data (order_id, date_paid_gmt, date_completed_gmt)"
        f" values {', '.join(dates)}",
        "insert into wp_wc_order_stats (order_id, parent_id, date_created, date_created_gmt, num_items_sold,"
        f" total_sales, status, customer_id) values {', '.join(stats)}",
        "insert into wp_wc_order_product_lookup (order_item_id, order_id, product_id, variation_id, date_created,"
        f" product_qty, product_net_revenue) values {', '.join(lines)}",
        "insert into wp_posts values (1, 'Tea \"green\"', 'product'), (2, 'Cup', 'product'), (3, 'Ä', 'product')",
    )


CHANGES = (
    # Totals that change without a date, orders that are sent, cancelled, taken back into work, binned, deleted and new.
    "update wp_wc_orders set total_amount = total_amount + 1 where id % 7 = 0 and id < 1000",
    "update wp_wc_order_operational_data set date_completed_gmt = '2026-03-20 10:00:00' where order_id % 9 = 0",
    "update wp_wc_orders set status = 'wc-cancelled', date_updated_gmt = '2026-03-21 10:00:00' where id % 11 = 0",
    "update wp_wc_orders set status = 'wc-processing' where id % 13 = 0 and id < 1000",
    "update wp_wc_orders set status = 'trash' where id % 17 = 0 and id < 1000",
    "delete from wp_wc_orders where id % 19 = 0 and id < 1000",
    "delete from wp_wc_orders where id > 1000 and id % 5 = 0",
    "update wp_wc_order_stats set customer_id = 3 where order_id % 8 = 0",
    "update wp_wc_order_product_lookup set product_qty = product_qty + 1 where order_id % 6 = 0 and product_qty > 0",
    "delete from wp_wc_order_product_lookup where order_item_id % 10 = 2",
    "insert into wp_wc_orders values (99, 'wc-processing', 'USD', 'shop_order', 0, 12.5, 1, 'hush',"
    " '2026-03-22 23:59:59', '2026-03-23 00:00:00', 0, 'stripe', 'hush')",
    "insert into wp_wc_order_operational_data (order_id, date_paid_gmt) values (99, '2026-03-23 00:00:00')",
)

_ORDER = "o.type = 'shop_order' and o.status not in ('trash', 'auto-draft', 'wc-checkout-draft')"
_OF = f"""from wp_wc_orders as o left join wp_wc_order_operational_data as d on d.order_id = o.id
    left join wp_wc_order_stats as s on s.order_id = o.id where {_ORDER}"""
_METHOD = "coalesce(nullif(o.payment_method, ''), 'unknown')"
_MONTH = "date_format({}, '%Y-%m-01')"


def _moved(period: str) -> str:
    """What came, was paid, cancelled and given back: one row each, with its period."""

    def moves(at: str, counts: str, condition: str) -> str:
        return f"select {_METHOD} as method, o.currency, {period.format(at)} as period, {counts} {_OF} and {condition}"

    return f"""(
        {moves("o.date_created_gmt", "1 as came, 0 as paid, 0 as gross, 0 as items, 0 as gone, 0 as back", "1 = 1")}
        union all {moves("d.date_paid_gmt", "0, 1, total_amount, num_items_sold, 0, 0", "d.date_paid_gmt is not null")}
        union all {moves("o.date_updated_gmt", "0, 0, 0, 0, 1, 0", "o.status in ('wc-cancelled', 'wc-failed')")}
        union all select {_METHOD}, o.currency, {period.format("r.date_created_gmt")}, 0, 0, 0, 0, 0, -r.total_amount
        from wp_wc_orders as r inner join wp_wc_orders as o on o.id = r.parent_order_id
        where r.type = 'shop_order_refund' and {_ORDER}
    ) as moves"""


_SUMS = """sum(came), sum(paid), cast(sum(gross) as decimal(20, 3)), coalesce(sum(items), 0), sum(gone),
    cast(sum(back) as decimal(20, 3))"""
_BOUGHT = """from wp_wc_order_product_lookup as l inner join wp_wc_orders as o on o.id = l.order_id
    left join wp_wc_order_stats as s on s.order_id = o.id {}
    where product_qty > 0 and o.type = 'shop_order' and o.status in (
        'wc-completed', 'wc-processing', 'wc-on-hold', 'wc-refunded', 'wc-packed'
    )"""
_SALES = "orders_created, orders_paid, gross_amount, items, orders_cancelled, refunded_amount"
_OURS = "tenant_key = 'woocommerce:default'"
MARTS = (
    Compared(
        f"select currency_code, period_start_date, {', '.join(f'sum({c})' for c in _SALES.split(', '))}"
        f" from marts.sales_monthly where {_OURS} group by all"
        " having sum(orders_created + orders_paid + orders_cancelled + refunds) > 0",
        f"select currency, period, {_SUMS} from {_moved(_MONTH)} group by currency, period",
    ),
    Compared(
        f"select payment_method, currency_code, period_start_date, {_SALES} from marts.sales_daily"
        f" where {_OURS} and orders_created + orders_paid + orders_cancelled + refunds > 0",
        f"select method, currency, period, {_SUMS} from {_moved('date({})')} group by method, currency, period",
    ),
    Compared(
        "select payment_method, period_start_date, orders_created, orders_paid, orders_shipped, orders_cancelled"
        f" from marts.order_lifecycle_daily where {_OURS} and orders_created > 0",
        f"""select {_METHOD}, date(o.date_created_gmt), count(*), count(d.date_paid_gmt), count(d.date_completed_gmt),
            sum(o.status in ('wc-cancelled', 'wc-failed')) {_OF} group by {_METHOD}, date(o.date_created_gmt)""",
    ),
    Compared(
        "select product_id, product_name, sum(purchases), sum(units_sold), cast(sum(revenue_amount) as decimal(20, 2)),"
        f" sum(purchases_in_other_currencies) from marts.products_monthly where {_OURS} group by all",
        f"""select concat('woocommerce:', l.product_id), coalesce(max(p.post_title), 'unknown'), count(*),
            sum(product_qty),
            cast(sum(if(o.currency = 'USD', product_net_revenue, 0)) as decimal(20, 2)), sum(o.currency <> 'USD')
            {_BOUGHT.format("left join wp_posts as p on p.ID = l.product_id")} group by l.product_id""",
    ),
    Compared(
        "select customer_id, frequency, cast(monetary_amount as decimal(20, 3)), purchases_in_other_currencies"
        f" from marts.customer_360 where {_OURS} and frequency > 0",
        f"""select concat('woocommerce:', customer_id), count(*),
            cast(sum(if(currency = 'USD', net, 0)) as decimal(20, 3)), sum(currency <> 'USD') from (
                select s.customer_id, o.currency, o.total_amount
                    - if(o.status in ('wc-cancelled', 'wc-failed') and o.date_updated_gmt > d.date_paid_gmt,
                        o.total_amount, 0)
                    - coalesce((select sum(-r.total_amount) from wp_wc_orders as r
                        where r.type = 'shop_order_refund' and r.parent_order_id = o.id), 0) as net
                {_OF} and d.date_paid_gmt is not null and s.customer_id is not null
            ) as paid where net > 0 group by customer_id""",
    ),
)

_SECOND = "date_format({}, '%Y-%m-%d %H:%i:%s')"
_OUR_SECOND = "strftime({} at time zone 'UTC', '%Y-%m-%d %H:%M:%S')"


def _event(event_type: str, prefix: str, at: str, condition: str) -> str:
    return f"""select concat('{prefix}-', o.id), '{event_type}', o.id, s.customer_id,
        cast(o.total_amount as decimal(20, 3)), {_SECOND.format(at)} {_OF} and {condition}"""


RAW = {
    "order_events": Compared(
        f"id, event_type, order_id, user_id, cast(order_total as decimal(20, 3)), {_OUR_SECOND.format('timestamp')}",
        " union all ".join(
            (
                _event("created", "created", "o.date_created_gmt", "1 = 1"),
                _event("payment_completed", "paid", "d.date_paid_gmt", "d.date_paid_gmt is not null"),
                _event("shipped", "completed", "d.date_completed_gmt", "d.date_completed_gmt is not null"),
                _event("cancelled", "cancelled", "o.date_updated_gmt", "o.status in ('wc-cancelled', 'wc-failed')"),
                f"""select concat('refunded-', r.id), 'refunded', o.id, s.customer_id,
                    cast(-r.total_amount as decimal(20, 3)), {_SECOND.format("r.date_created_gmt")}
                    {_OF.replace("where", "inner join wp_wc_orders as r on r.parent_order_id = o.id where")}""",
            )
        ),
    ),
    "product_events": Compared(
        f"id, event_type, product_id, user_id, quantity, cast(quantity * price as decimal(20, 2)),"
        f" {_OUR_SECOND.format('timestamp')}",
        f"""select order_item_id, 'purchase', l.product_id, s.customer_id, product_qty,
            cast(product_net_revenue as decimal(20, 2)), {_SECOND.format("o.date_created_gmt")} {_BOUGHT.format("")}""",
    ),
}

WOOCOMMERCE = Recipe("woocommerce", "mysql with JSON", TABLES, _rows(), CHANGES, RAW, MARTS)
