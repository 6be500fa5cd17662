-- Insight: what shows sell. One projection of the journal.

CREATE TABLE insight.offer (
    tenant_id    integer     NOT NULL,
    offer        text        NOT NULL,
    show         text        NOT NULL,
    zone         text,                   -- NULL until the offer itself was seen
    asset        text,
    prices       jsonb       NOT NULL,   -- of the steps, in minor units
    on_sale      boolean     NOT NULL,
    seats        bigint      NOT NULL,   -- how many there are
    PRIMARY KEY (tenant_id, offer)
);
CREATE INDEX offer_show ON insight.offer (tenant_id, show);

-- One row an order, known by the position of its `ticket.ordered`.
CREATE TABLE insight.sale (
    tenant_id    integer     NOT NULL,
    position     bigint      NOT NULL,
    show         text        NOT NULL,
    offer        text        NOT NULL,
    asset        text        NOT NULL,
    quantity     integer     NOT NULL,
    total        bigint      NOT NULL,   -- the price of all seats
    lines        jsonb       NOT NULL,   -- [{"step": 0, "quantity": 2, "price_minor": 9900}, …]
    campaign     text        NOT NULL,
    invitation   text        NOT NULL,
    ordered_at   timestamptz NOT NULL,
    state        text        NOT NULL CHECK (state IN ('held', 'ended', 'deposited', 'pledged', 'issued', 'forfeited')),
    first_at     timestamptz,            -- the first payment: the deposit, the pledge, or all of it
    first_paid   bigint      NOT NULL DEFAULT 0,
    issued_at    timestamptz,
    paid         bigint      NOT NULL DEFAULT 0,   -- all that was paid, once it is issued
    balance      bigint      NOT NULL DEFAULT 0,   -- what is due after a deposit
    forfeited    bigint      NOT NULL DEFAULT 0,
    returned     bigint      NOT NULL DEFAULT 0,   -- of a deposit that was forfeited in part
    seats_back   bigint      NOT NULL DEFAULT 0,
    refunded     bigint      NOT NULL DEFAULT 0,
    lost         bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, position)
) WITH (fillfactor = 80);

-- Which amounts due are a show's.
CREATE TABLE insight.due (
    tenant_id    integer     NOT NULL,
    due          bigint      NOT NULL,
    show         text        NOT NULL,
    PRIMARY KEY (tenant_id, due)
);

CREATE TABLE insight.party (
    tenant_id    integer     NOT NULL,
    party        text        NOT NULL,   -- a group of buyers
    show         text        NOT NULL,
    size         integer     NOT NULL,
    paid         integer     NOT NULL,
    state        text        NOT NULL CHECK (state IN ('open', 'filled', 'failed')),
    PRIMARY KEY (tenant_id, party)
);
CREATE INDEX party_show ON insight.party (tenant_id, show, state);

-- Seats that are held for somebody on a waiting list, by the position of their `waiting.offered`.
CREATE TABLE insight.offered (
    tenant_id    integer     NOT NULL,
    position     bigint      NOT NULL,
    offer        text        NOT NULL,
    quantity     integer     NOT NULL,
    open         boolean     NOT NULL,
    PRIMARY KEY (tenant_id, position)
);
CREATE INDEX offered_open ON insight.offered (tenant_id, offer) WHERE open;

-- What stands at each price step of an offer now, and what has happened there.
CREATE TABLE insight.step (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    offer        text        NOT NULL,
    step         integer     NOT NULL,   -- -1 is the price of groups
    asset        text        NOT NULL,
    ordered      bigint      NOT NULL,   -- seats
    held         bigint      NOT NULL,
    pledged      bigint      NOT NULL,
    sold         bigint      NOT NULL,
    back         bigint      NOT NULL,
    deposits     bigint      NOT NULL,   -- money
    paid         bigint      NOT NULL,
    forfeited    bigint      NOT NULL,
    refunded     bigint      NOT NULL,
    takings      bigint      NOT NULL,
    balance      bigint      NOT NULL,
    balances     bigint      NOT NULL,   -- orders whose balance is due
    PRIMARY KEY (tenant_id, show, offer, step, asset)
) WITH (fillfactor = 70);

-- What was ordered and paid in each hour, by offer.
CREATE TABLE insight.pace (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    hour         timestamptz NOT NULL,
    offer        text        NOT NULL,
    asset        text        NOT NULL,
    orders       bigint      NOT NULL,
    paid_orders  bigint      NOT NULL,
    seats        bigint      NOT NULL,
    money        bigint      NOT NULL,
    PRIMARY KEY (tenant_id, show, hour, offer, asset)
) WITH (fillfactor = 70);

-- The same by the channel that led to the order, in the grains of insight.traffic.
CREATE TABLE insight.funnel (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    grain        text        NOT NULL CHECK (grain IN ('both', 'hour', 'channel')),
    hour         timestamptz NOT NULL,
    campaign     text        NOT NULL,
    invitation   text        NOT NULL,
    asset        text        NOT NULL,
    orders       bigint      NOT NULL,
    paid_orders  bigint      NOT NULL,
    seats        bigint      NOT NULL,
    money        bigint      NOT NULL,
    PRIMARY KEY (tenant_id, show, grain, hour, campaign, invitation, asset)
) WITH (fillfactor = 70);

-- What became of attempts to pay, by channel and method.
CREATE TABLE insight.method (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    channel      text        NOT NULL,
    method       text        NOT NULL,
    asset        text        NOT NULL,
    outcome      text        NOT NULL CHECK (outcome IN ('attempted', 'succeeded', 'failed')),
    code         text        NOT NULL,   -- why it failed; empty otherwise
    count        bigint      NOT NULL,
    amount       bigint      NOT NULL,
    PRIMARY KEY (tenant_id, show, channel, method, asset, outcome, code)
) WITH (fillfactor = 70);

-- Why money goes back, at each stage of its way.
CREATE TABLE insight.refund (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    asset        text        NOT NULL,
    stage        text        NOT NULL CHECK (stage IN ('asked', 'revoked', 'rejected', 'kept', 'declined', 'refunded',
                                                       'failed')),
    reason       text        NOT NULL,   -- the cause of a refund, or the code of a refusal
    count        bigint      NOT NULL,
    amount       bigint      NOT NULL,
    PRIMARY KEY (tenant_id, show, asset, stage, reason)
) WITH (fillfactor = 70);

GRANT SELECT, INSERT, UPDATE, DELETE ON insight.offer TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON insight.sale TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON insight.due TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON insight.party TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON insight.offered TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON insight.step TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON insight.pace TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON insight.funnel TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON insight.method TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON insight.refund TO plaudit_runtime;
