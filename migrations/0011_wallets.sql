-- Wallets: corrections that one person makes and another approves. Balances and statements are the ledger's.

CREATE SCHEMA wallets;

CREATE TABLE wallets.adjustment (
    tenant_id    integer     NOT NULL,
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    address      text        NOT NULL,
    amount       bigint      NOT NULL CHECK (amount <> 0),
    state        text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'rejected')),
    maker        text        NOT NULL,
    checker      text,
    reason       text,                   -- the maker's words; NULL once the owner was erased
    reason_hash  text        NOT NULL,   -- as the fact has it
    owner        text        NOT NULL,   -- whose account it is about ("viewer/v1"): erased by owner
    requested_at timestamptz NOT NULL,
    checked_at   timestamptz,
    PRIMARY KEY (tenant_id, number),
    CHECK ((state = 'pending') = (checker IS NULL) AND (state = 'pending') = (checked_at IS NULL)),
    CHECK (checker <> maker)
);
CREATE INDEX adjustment_state ON wallets.adjustment (tenant_id, state, number);
CREATE INDEX adjustment_owner ON wallets.adjustment (tenant_id, owner) WHERE reason IS NOT NULL;

GRANT USAGE ON SCHEMA wallets TO plaudit_runtime;
GRANT SELECT, INSERT ON wallets.adjustment TO plaudit_runtime;
GRANT UPDATE (state, checker, checked_at, reason) ON wallets.adjustment TO plaudit_runtime;
