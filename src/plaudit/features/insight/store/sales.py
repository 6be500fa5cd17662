"""What shows sell, as a projection of the journal: set-based SQL over the facts between two positions.

An order is one row, and what stands at each step, in each hour and by each channel is a function of those
rows. So a span takes away what the orders it touches had come to, brings the orders up, and adds what they
come to now. Amounts of an order with several lines are divided among them by price, seats by seats; the
running sums are rounded, so that the parts always sum to the whole.
"""

# ruff: noqa: S608 - only constants of this file are put into statements

from typing import Final

from plaudit.features.insight.store import payments
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

PROJECTION: Final = "insight.sales"
"""The name of the subscription that keeps these tables."""

TABLES: Final = (
    *("insight.offer", "insight.sale", "insight.due", "insight.party", "insight.offered"),
    *("insight.step", "insight.pace", "insight.funnel", "insight.method", "insight.refund"),
)

_OFFERS: Final = ("offer.saved",)
_ABOUT_ORDERS: Final = (
    *("ticket.order.ended", "ticket.deposited", "ticket.pledged"),
    *("ticket.issued", "ticket.forfeited", "ticket.refunded"),
)
_ORDERS: Final = ("ticket.ordered", *_ABOUT_ORDERS)
_PARTIES: Final = ("ticket.pledged", "group.ended")
_WAITING: Final = ("ticket.ordered", "waiting.offered", "waiting.passed")

KINDS: Final = tuple(dict.fromkeys((*_OFFERS, *_ORDERS, *_PARTIES, *_WAITING, *payments.KINDS)))
"""The kinds of facts that are followed."""

_ABOUT_ORDERS_TEXT: Final = ", ".join(f"'{kind}'" for kind in _ABOUT_ORDERS)
_ORDERS_TEXT: Final = ", ".join(f"'{kind}'" for kind in _ORDERS)
_SPAN: Final = "f.tenant_id = %s AND f.position > %s AND f.position <= %s"

_SAVED: Final = (
    "INSERT INTO insight.offer (tenant_id, offer, show, zone, asset, prices, on_sale, seats)"
    " SELECT DISTINCT ON (d.offer) f.tenant_id, d.offer, d.show, d.zone, d.asset,"
    " jsonb_path_query_array(f.data, '$.steps[*].price_minor'), d.on_sale, d.stock"
    " FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data)"
    " AS d (offer text, show text, zone text, asset text, on_sale boolean, stock integer)"
    f" WHERE {_SPAN} AND f.kind = 'offer.saved' ORDER BY d.offer, f.position DESC"
    " ON CONFLICT (tenant_id, offer) DO UPDATE SET show = excluded.show, zone = excluded.zone,"
    " asset = excluded.asset, prices = excluded.prices, on_sale = excluded.on_sale,"
    " seats = excluded.seats"
)
_ORDERED: Final = (
    "INSERT INTO insight.sale (tenant_id, position, show, offer, asset, quantity, total, lines, campaign,"
    " invitation, ordered_at, state) SELECT f.tenant_id, f.position, d.show, d.offer, d.asset, d.quantity,"
    " d.total_minor, d.lines, coalesce(lower(btrim(d.attribution ->> 'campaign')), ''),"
    " coalesce(d.attribution ->> 'invitation', ''), f.at, 'held'"
    " FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data) AS d (show text, offer text, asset text,"
    " quantity integer, total_minor bigint, lines jsonb, attribution jsonb)"
    f" WHERE {_SPAN} AND f.kind = 'ticket.ordered'"
)
_DUE: Final = (
    "INSERT INTO insight.due (tenant_id, due, show) SELECT f.tenant_id, f.position, f.data ->> 'show'"
    f" FROM journal.fact f WHERE {_SPAN} AND f.kind IN ('ticket.ordered', 'ticket.deposited')"
)
_MOVED: Final = (
    "WITH said AS (SELECT f.position, f.at, f.kind, d.* FROM journal.fact f"
    ' CROSS JOIN LATERAL jsonb_to_record(f.data) AS d ("order" bigint, quantity bigint, amount_minor bigint,'
    " deposit_minor bigint, paid_minor bigint, forfeited_minor bigint, returned_minor bigint,"
    " lost_minor bigint)"
    f" WHERE {_SPAN} AND f.kind IN ({_ABOUT_ORDERS_TEXT})),"
    " c AS (SELECT \"order\" AS sale, (array_agg(CASE kind WHEN 'ticket.order.ended' THEN 'ended'"
    " WHEN 'ticket.deposited' THEN 'deposited' WHEN 'ticket.pledged' THEN 'pledged'"
    " WHEN 'ticket.issued' THEN 'issued' WHEN 'ticket.forfeited' THEN 'forfeited' END ORDER BY position DESC)"
    " FILTER (WHERE kind <> 'ticket.refunded'))[1] AS state,"
    " (array_agg(at ORDER BY position) FILTER"
    " (WHERE kind IN ('ticket.deposited', 'ticket.pledged', 'ticket.issued')))[1] AS first_at,"
    " (array_agg(coalesce(deposit_minor, paid_minor) ORDER BY position) FILTER"
    " (WHERE kind IN ('ticket.deposited', 'ticket.pledged', 'ticket.issued')))[1] AS first_paid,"
    " min(at) FILTER (WHERE kind = 'ticket.issued') AS issued_at,"
    " sum(paid_minor) FILTER (WHERE kind = 'ticket.issued') AS paid,"
    " sum(amount_minor) FILTER (WHERE kind = 'ticket.deposited') AS balance,"
    " sum(forfeited_minor) AS forfeited, sum(returned_minor) AS returned,"
    " sum(quantity) FILTER (WHERE kind = 'ticket.refunded') AS seats_back,"
    " sum(amount_minor) FILTER (WHERE kind = 'ticket.refunded') AS refunded, sum(lost_minor) AS lost"
    " FROM said GROUP BY 1)"
    " UPDATE insight.sale s SET state = coalesce(c.state, s.state),"
    " first_paid = CASE WHEN s.first_at IS NULL THEN coalesce(c.first_paid, 0) ELSE s.first_paid END,"
    " first_at = coalesce(s.first_at, c.first_at), issued_at = coalesce(s.issued_at, c.issued_at),"
    " paid = s.paid + coalesce(c.paid, 0), balance = s.balance + coalesce(c.balance, 0),"
    " forfeited = s.forfeited + coalesce(c.forfeited, 0), returned = s.returned + coalesce(c.returned, 0),"
    " seats_back = s.seats_back + coalesce(c.seats_back, 0),"
    " refunded = s.refunded + coalesce(c.refunded, 0), lost = s.lost + coalesce(c.lost, 0)"
    " FROM c WHERE s.tenant_id = %s AND s.position = c.sale"
)


def _part(amount: str, of: str = "price") -> str:
    """Return the part of an order's amount that belongs to a line, by its price or its seats."""
    before = f"div(({amount})::numeric * ({of}_to - {of}), nullif({of}_all, 0))"
    upto = f"div(({amount})::numeric * {of}_to, nullif({of}_all, 0))"
    return f"coalesce({upto} - {before}, 0)"


_BACK: Final = _part("seats_back", "seats")
_PLEDGED: Final = "state IN ('deposited', 'pledged')"
_KEPT: Final = _part("forfeited - greatest(refunded - returned, 0) + lost")
_STANDING: Final = _part("first_paid - refunded + lost")
_REST: Final = f"WHEN state = 'forfeited' THEN {_part('greatest(returned - refunded, 0)')}"
_TAKINGS: Final = (
    f"CASE state WHEN 'issued' THEN {_part('paid - refunded + lost')} WHEN 'forfeited' THEN {_KEPT}"
    " ELSE 0 END"
)
_STEP: Final = (
    ("ordered", "seats"),
    ("held", "CASE WHEN state = 'held' THEN seats ELSE 0 END"),
    ("pledged", f"CASE WHEN {_PLEDGED} THEN seats - {_BACK} ELSE 0 END"),
    ("sold", f"CASE WHEN state = 'issued' THEN seats - {_BACK} ELSE 0 END"),
    ("back", _BACK),
    # What ended paid, and what of a deposit is not forfeited, stands there until it has gone back.
    ("deposits", f"CASE WHEN {_PLEDGED} OR state = 'ended' THEN {_STANDING} {_REST} ELSE 0 END"),
    ("paid", _part("CASE WHEN state = 'issued' THEN paid ELSE first_paid END")),
    ("forfeited", _part("forfeited")),
    ("refunded", _part("refunded")),
    ("takings", _TAKINGS),
    ("balance", f"CASE WHEN state = 'deposited' AND seats > {_BACK} THEN {_part('balance')} ELSE 0 END"),
    ("balances", "CASE WHEN state = 'deposited' AND n = 1 AND seats_back < quantity THEN 1 ELSE 0 END"),
)
_FLOW: Final = ("orders", "paid_orders", "seats", "money")


def _added(columns: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = t.{name} + excluded.{name}" for name in columns)


_STEP_COLUMNS: Final = tuple(name for name, _ in _STEP)
_GRAINS: Final = (
    "CASE GROUPING(hour, campaign) WHEN 0 THEN 'both' WHEN 1 THEN 'hour' ELSE 'channel' END,"
    " coalesce(hour, '-infinity'), coalesce(campaign, ''), coalesce(invitation, '')"
)
_FLOW_SUMS: Final = ", ".join(f"(g.sign * sum({name}))::bigint" for name in _FLOW)

_COUNT: Final = (
    "WITH g AS (SELECT %s::integer AS sign),"
    " touched AS (SELECT DISTINCT CASE f.kind WHEN 'ticket.ordered' THEN f.position"
    " ELSE (f.data ->> 'order')::bigint END AS position FROM journal.fact f"
    f" WHERE {_SPAN} AND f.kind IN ({_ORDERS_TEXT})),"
    " o AS MATERIALIZED (SELECT s.* FROM touched JOIN insight.sale s USING (position)"
    " WHERE s.tenant_id = %s),"
    " l AS MATERIALIZED (SELECT o.*, v.step, v.n, v.quantity AS seats, v.quantity * v.price_minor AS price,"
    " sum(v.quantity) OVER upto AS seats_to, sum(v.quantity) OVER whole AS seats_all,"
    " sum(v.quantity * v.price_minor) OVER upto AS price_to,"
    " sum(v.quantity * v.price_minor) OVER whole AS price_all"
    " FROM o CROSS JOIN LATERAL ROWS FROM (jsonb_to_recordset(o.lines)"
    " AS (step integer, quantity bigint, price_minor bigint)) WITH ORDINALITY"
    " AS v (step, quantity, price_minor, n)"
    " WINDOW whole AS (PARTITION BY o.position), upto AS (PARTITION BY o.position ORDER BY v.n)),"
    f" steps AS (INSERT INTO insight.step AS t (tenant_id, show, offer, step, asset,"
    f" {', '.join(_STEP_COLUMNS)}) SELECT tenant_id, show, offer, step, asset,"
    f" {', '.join(f'(g.sign * sum({value}))::bigint' for _, value in _STEP)}"
    " FROM l CROSS JOIN g GROUP BY tenant_id, show, offer, step, asset, g.sign"
    f" ON CONFLICT (tenant_id, show, offer, step, asset) DO UPDATE SET {_added(_STEP_COLUMNS)}),"
    " flows AS MATERIALIZED (SELECT o.tenant_id, o.show, o.offer, o.asset, o.campaign, o.invitation,"
    " date_trunc('hour', v.at, 'UTC') AS hour, v.orders, v.paid_orders, v.seats, v.money"
    " FROM o CROSS JOIN LATERAL (VALUES (o.ordered_at, 1, 0, 0, 0), (o.first_at, 0, 1, 0, o.first_paid),"
    " (o.issued_at, 0, 0, o.quantity, o.paid - o.first_paid))"
    " AS v (at, orders, paid_orders, seats, money) WHERE v.at IS NOT NULL),"
    f" paces AS (INSERT INTO insight.pace AS t (tenant_id, show, hour, offer, asset, {', '.join(_FLOW)})"
    f" SELECT tenant_id, show, hour, offer, asset, {_FLOW_SUMS} FROM flows CROSS JOIN g"
    " GROUP BY tenant_id, show, hour, offer, asset, g.sign"
    f" ON CONFLICT (tenant_id, show, hour, offer, asset) DO UPDATE SET {_added(_FLOW)})"
    " INSERT INTO insight.funnel AS t (tenant_id, show, grain, hour, campaign, invitation, asset,"
    f" {', '.join(_FLOW)}) SELECT tenant_id, show, {_GRAINS}, asset, {_FLOW_SUMS} FROM flows CROSS JOIN g"
    " GROUP BY tenant_id, show, asset, g.sign, GROUPING SETS ((hour, campaign, invitation), (hour),"
    " (campaign, invitation))"
    " ON CONFLICT (tenant_id, show, grain, hour, campaign, invitation, asset)"
    f" DO UPDATE SET {_added(_FLOW)}"
)

_PLEDGES: Final = (
    "INSERT INTO insight.party AS p (tenant_id, party, show, size, paid, state)"
    " SELECT f.tenant_id, d.\"group\", d.show, max(d.size), max(d.paid), 'open' FROM journal.fact f"
    ' CROSS JOIN LATERAL jsonb_to_record(f.data) AS d ("group" text, show text, size integer, paid integer)'
    f" WHERE {_SPAN} AND f.kind = 'ticket.pledged' GROUP BY 1, 2, 3"
    " ON CONFLICT (tenant_id, party) DO UPDATE SET paid = greatest(p.paid, excluded.paid)"
)
_PARTY_ENDS: Final = (
    "INSERT INTO insight.party AS p (tenant_id, party, show, size, paid, state)"
    ' SELECT f.tenant_id, d."group", d.show, d.size, d.paid,'
    " CASE WHEN d.filled THEN 'filled' ELSE 'failed' END FROM journal.fact f"
    ' CROSS JOIN LATERAL jsonb_to_record(f.data) AS d ("group" text, show text, size integer, paid integer,'
    " filled boolean)"
    f" WHERE {_SPAN} AND f.kind = 'group.ended'"
    " ON CONFLICT (tenant_id, party) DO UPDATE SET paid = excluded.paid, state = excluded.state"
)
_SEATS_OFFERED: Final = (
    "INSERT INTO insight.offered (tenant_id, position, offer, quantity, open)"
    " SELECT f.tenant_id, f.position, f.data ->> 'offer', (f.data ->> 'quantity')::integer, true"
    f" FROM journal.fact f WHERE {_SPAN} AND f.kind = 'waiting.offered'"
)
_SEATS_ANSWERED: Final = (
    "UPDATE insight.offered o SET open = false FROM journal.fact f"
    f" WHERE {_SPAN} AND f.kind IN ('ticket.ordered', 'waiting.passed')"
    " AND o.tenant_id = %s AND o.position = (CASE f.kind WHEN 'ticket.ordered' THEN f.data ->> 'waiting'"
    " ELSE f.data ->> 'offered' END)::bigint"
)


async def apply_facts(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Bring the projection from position `after` to `upto`."""
    tenant = Int4(tenant_id)
    span = (tenant, Int8(after), Int8(upto))
    cursor = await conn.execute(f"SELECT DISTINCT f.kind FROM journal.fact f WHERE {_SPAN}", span)
    kinds = {row[0] for row in await cursor.fetchall()}
    if kinds & set(_OFFERS):
        await conn.execute(_SAVED, span)
    if kinds & set(_ORDERS):
        await conn.execute(_COUNT, (Int4(-1), *span, tenant))
        await conn.execute(_ORDERED, span)
        await conn.execute(_DUE, span)
        await conn.execute(_MOVED, (*span, tenant))
        await conn.execute(_COUNT, (Int4(1), *span, tenant))
    if kinds & set(_PARTIES):
        await conn.execute(_PLEDGES, span)
        await conn.execute(_PARTY_ENDS, span)
    if kinds & set(_WAITING):
        await conn.execute(_SEATS_OFFERED, span)
        await conn.execute(_SEATS_ANSWERED, (*span, tenant))
    if kinds & set(payments.KINDS):
        await payments.apply_facts(conn, tenant_id=tenant_id, after=after, upto=upto)
