-- Top-ups: packs that coins are sold in, and what happens when one is refunded whose coins were spent; tips that are
-- paid straight through a channel.

CREATE TABLE wallets.pack (
    tenant_id    integer     NOT NULL,
    pack         text        NOT NULL,
    revision     integer     NOT NULL,
    price_asset  text        NOT NULL,   -- a currency
    price        bigint      NOT NULL CHECK (price > 0),
    asset        text        NOT NULL,   -- what is put into the wallet
    amount       bigint      NOT NULL CHECK (amount > 0),
    bonus        bigint      NOT NULL CHECK (bonus >= 0),
    valid_from   timestamptz,
    valid_until  timestamptz,
    on_sale      boolean     NOT NULL,
    pay_within_s integer     CHECK (pay_within_s > 0),   -- how long an order may be paid; NULL: the usual time
    PRIMARY KEY (tenant_id, pack)
);

CREATE TABLE wallets.topup_policy (
    tenant_id    integer     NOT NULL,
    asset        text        NOT NULL,
    revision     integer     NOT NULL,
    clawback     text        NOT NULL CHECK (clawback IN ('refuse', 'debt', 'available')),
    debt_limit   bigint      NOT NULL CHECK (debt_limit >= 0),
    debts        boolean     NOT NULL,   -- clawback is, or was once, 'debt': wallets may owe something
    PRIMARY KEY (tenant_id, asset),
    CHECK (debts OR clawback <> 'debt')
);

-- Which tip was sent for an amount due: what its refund takes back.
CREATE TABLE tipping.paid (
    tenant_id    integer     NOT NULL,
    due          bigint      NOT NULL,
    tip          bigint      NOT NULL,
    PRIMARY KEY (tenant_id, due)
);

ALTER TABLE tipping.policy
    ADD COLUMN creator_keeps bigint NOT NULL DEFAULT 0 CHECK (creator_keeps >= 0);   -- a refund leaves this much

GRANT SELECT, INSERT, UPDATE ON wallets.pack TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON wallets.topup_policy TO plaudit_runtime;
GRANT SELECT, INSERT ON tipping.paid TO plaudit_runtime;
