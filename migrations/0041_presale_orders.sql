-- Presale: what comes of orders. Groups, bookings, tickets and the waiting list are rows that commands and reactions lock;
-- the list of orders is a projection.

CREATE TABLE presale.buyer_group (
    tenant_id    integer     NOT NULL,
    "group"      text        NOT NULL,
    show         text        NOT NULL,
    offer        text        NOT NULL,
    viewer       text        NOT NULL,   -- who opened it
    size         integer     NOT NULL,
    price        bigint      NOT NULL,
    until        timestamptz NOT NULL,
    opened_at    timestamptz NOT NULL,
    filled       boolean,                -- NULL: neither full nor over
    PRIMARY KEY (tenant_id, "group")
);
CREATE INDEX buyer_group_open ON presale.buyer_group (tenant_id, until) WHERE filled IS NULL;
CREATE INDEX buyer_group_offer ON presale.buyer_group (tenant_id, offer, until) WHERE filled IS NULL;

CREATE TABLE presale.booking (
    tenant_id    integer     NOT NULL,
    "order"      bigint      NOT NULL,   -- the position of the fact that ordered
    viewer       text        NOT NULL,
    show         text        NOT NULL,
    offer        text        NOT NULL,
    mode         text        NOT NULL CHECK (mode IN ('full', 'deposit', 'group')),
    quantity     integer     NOT NULL,
    lines        jsonb       NOT NULL,
    asset        text        NOT NULL,
    total        bigint      NOT NULL,
    state        text        NOT NULL CHECK (state IN ('pledged', 'issued', 'ended', 'forfeited', 'returned')),
    payments     jsonb       NOT NULL,   -- [[due, payment, amount_minor], …]
    refunded     bigint      NOT NULL CHECK (refunded >= 0),
    deposits     bigint      NOT NULL CHECK (deposits >= 0),
    seats        integer     NOT NULL CHECK (seats >= 0 AND seats <= quantity),
    rights       text[]      NOT NULL,
    bundle       jsonb       NOT NULL,
    "group"      text,
    balance_due  timestamptz,            -- when the deposit is forfeited, while the balance is due
    forfeited    text        NOT NULL,
    returned_if_cancelled boolean NOT NULL,
    revoked      boolean     NOT NULL DEFAULT false,
    instrument_hash text,
    attribution  jsonb,
    balance      bigint,                 -- the position of the fact that made the balance due
    PRIMARY KEY (tenant_id, "order")
) WITH (fillfactor = 80);
CREATE INDEX booking_show ON presale.booking (tenant_id, show, "order");
CREATE INDEX booking_unrevoked ON presale.booking (tenant_id, show, "order") WHERE NOT revoked;
CREATE INDEX booking_group ON presale.booking (tenant_id, "group", "order") WHERE "group" IS NOT NULL;
CREATE INDEX booking_balance ON presale.booking (tenant_id, balance_due) WHERE balance_due IS NOT NULL;

CREATE TABLE presale.ticket (
    tenant_id    integer     NOT NULL,
    "order"      bigint      NOT NULL,
    seat         smallint    NOT NULL,   -- from 0
    show         text        NOT NULL,
    holder       text        NOT NULL,
    state        text        NOT NULL CHECK (state IN ('valid', 'returned')),
    transferred  boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, "order", seat)
) WITH (fillfactor = 80);
CREATE INDEX ticket_holder ON presale.ticket (tenant_id, holder, "order", seat);

CREATE TABLE presale.waiting (
    tenant_id    integer     NOT NULL,
    place        bigint      NOT NULL,   -- the position of the fact that joined
    viewer       text        NOT NULL,
    show         text        NOT NULL,
    offer        text        NOT NULL,
    quantity     integer     NOT NULL,
    state        text        NOT NULL CHECK (state IN ('waiting', 'offered', 'taken', 'passed', 'left')),
    offered      bigint,                 -- the position of the fact that holds seats for it
    deadline     timestamptz,
    PRIMARY KEY (tenant_id, place)
) WITH (fillfactor = 80);
CREATE INDEX waiting_next ON presale.waiting (tenant_id, offer, place) WHERE state = 'waiting';
CREATE INDEX waiting_offered ON presale.waiting (tenant_id, offered) WHERE offered IS NOT NULL;
CREATE INDEX waiting_viewer ON presale.waiting (tenant_id, viewer, place);

-- Projection: one row an order, found again by who bought and for which show.
CREATE TABLE presale.purchase (
    tenant_id    integer     NOT NULL,
    "order"      bigint      NOT NULL,
    viewer       text        NOT NULL,
    show         text        NOT NULL,
    offer        text        NOT NULL,
    mode         text        NOT NULL,
    quantity     integer     NOT NULL,
    asset        text        NOT NULL,
    total        bigint      NOT NULL,
    state        text        NOT NULL,
    refunded     bigint      NOT NULL DEFAULT 0,
    returned     integer     NOT NULL DEFAULT 0,
    held_until   timestamptz NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, "order")
) WITH (fillfactor = 80);
CREATE INDEX purchase_viewer ON presale.purchase (tenant_id, viewer, "order");
CREATE INDEX purchase_show ON presale.purchase (tenant_id, show, "order");

GRANT SELECT, INSERT, UPDATE ON presale.buyer_group TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON presale.booking TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON presale.ticket TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON presale.waiting TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON presale.purchase TO plaudit_runtime;
