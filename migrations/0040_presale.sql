-- Presale: the catalogue that orders are decided by. Shows, what is sold of them, and codes.

CREATE SCHEMA presale;

CREATE TABLE presale.show (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    revision     integer     NOT NULL,
    state        text        NOT NULL
        CHECK (state IN ('draft', 'presale', 'on_sale', 'live', 'ended', 'cancelled')),
    organiser    text        NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    texts        jsonb       NOT NULL,   -- {"en": {"title": …, "body": …, "terms": …}, "zh": …}
    streams      jsonb       NOT NULL,   -- [{"stream": "main", "rights": ["main", "vip"]}, …]
    commission   text        NOT NULL,   -- an exact ratio, "1/10"
    sale_at      timestamptz,
    poster_url   text,
    watch_url    text,
    devices_max  integer     NOT NULL CHECK (devices_max > 0),
    PRIMARY KEY (tenant_id, show),
    CHECK (ends_at > starts_at)
);
CREATE INDEX show_starts ON presale.show (tenant_id, starts_at, show);
CREATE INDEX show_state ON presale.show (tenant_id, state, starts_at, show);
CREATE INDEX show_sale ON presale.show (tenant_id, sale_at, show) WHERE state = 'presale' AND sale_at IS NOT NULL;

CREATE TABLE presale.offer (
    tenant_id    integer     NOT NULL,
    offer        text        NOT NULL,
    revision     integer     NOT NULL,
    show         text        NOT NULL,
    zone         text        NOT NULL,
    asset        text        NOT NULL,   -- a currency
    stock        integer     NOT NULL CHECK (stock >= 0),   -- how many there are in all; who has them: the ledger
    steps        jsonb       NOT NULL,   -- [{"price_minor": 9900, "count": 100, "ends_at": …}, …]
    rights       text[]      NOT NULL,
    on_sale      boolean     NOT NULL,
    hidden       boolean     NOT NULL,
    transferable boolean     NOT NULL,
    hold_s       integer     NOT NULL CHECK (hold_s > 0),
    per_order    integer     NOT NULL CHECK (per_order > 0),
    per_person   integer     NOT NULL CHECK (per_person > 0),
    deposit      jsonb,                  -- {"deposit_minor": 2000, "balance_from": …, …}
    group_terms  jsonb,                  -- {"size": 3, "within_s": 86400, "price_minor": 7900}
    bundle       jsonb       NOT NULL,   -- [{"kind": "coin", "amount_minor": 100}, …]
    waiting      text        NOT NULL CHECK (waiting IN ('first_come', 'lottery')),
    waiting_s    integer     NOT NULL CHECK (waiting_s > 0),
    PRIMARY KEY (tenant_id, offer)
);
CREATE INDEX offer_show ON presale.offer (tenant_id, show, offer);

CREATE TABLE presale.code (
    tenant_id    integer     NOT NULL,
    offer        text        NOT NULL,
    code         text        NOT NULL,
    revision     integer     NOT NULL,
    enabled      boolean     NOT NULL,
    reserved     integer     NOT NULL CHECK (reserved >= 0),
    uses_max     integer     CHECK (uses_max > 0),   -- NULL: any number of seats
    PRIMARY KEY (tenant_id, offer, code)
);

GRANT USAGE ON SCHEMA presale TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON presale.show TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON presale.offer TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON presale.code TO plaudit_runtime;
