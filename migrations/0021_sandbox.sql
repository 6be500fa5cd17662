-- What the sandbox channel holds of its own, as an outside channel would; and when secrets were set.

ALTER TABLE payments.account
    ADD COLUMN secret_names text[]      NOT NULL DEFAULT '{}',          -- which secrets are set
    ADD COLUMN secrets_at   timestamptz NOT NULL DEFAULT '1970-01-01 00:00Z';   -- when they were

ALTER TABLE payments.attempt
    ADD COLUMN follows smallint;   -- the attempt that failed at opening and led to this one by itself

CREATE TABLE payments.sandbox_trade (
    tenant_id    integer     NOT NULL,
    account      bigint      NOT NULL,
    number       text        NOT NULL,   -- the merchant's order number
    asset        text        NOT NULL,
    amount       bigint      NOT NULL CHECK (amount > 0),
    title        text        NOT NULL,
    notify_url   text        NOT NULL,
    state        text        NOT NULL CHECK (state IN ('pending', 'paid', 'failed', 'closed')),
    opened_at    timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account, number)
);

CREATE TABLE payments.sandbox_payment (
    tenant_id    integer     NOT NULL,
    account      bigint      NOT NULL,
    number       text        NOT NULL,
    payment      smallint    NOT NULL,   -- from 1; more than one when the payer paid twice
    transaction  text        NOT NULL,   -- the sandbox's own number
    amount       bigint      NOT NULL CHECK (amount > 0),
    fee          bigint      NOT NULL CHECK (fee >= 0),   -- what the sandbox keeps of it
    paid_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account, number, payment),
    FOREIGN KEY (tenant_id, account, number) REFERENCES payments.sandbox_trade
);
CREATE INDEX sandbox_payment_day ON payments.sandbox_payment (tenant_id, account, paid_at);

CREATE TABLE payments.sandbox_refund (
    tenant_id     integer     NOT NULL,
    account       bigint      NOT NULL,
    refund_number text        NOT NULL,   -- the merchant's refund number
    number        text        NOT NULL,
    transaction   text        NOT NULL,   -- the sandbox's own number of the refund
    amount        bigint      NOT NULL CHECK (amount > 0),
    notify_url    text        NOT NULL,
    refunded_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account, refund_number),
    FOREIGN KEY (tenant_id, account, number) REFERENCES payments.sandbox_trade
);
CREATE INDEX sandbox_refund_trade ON payments.sandbox_refund (tenant_id, account, number);
CREATE INDEX sandbox_refund_day ON payments.sandbox_refund (tenant_id, account, refunded_at);

GRANT SELECT, INSERT, UPDATE ON payments.sandbox_trade, payments.sandbox_payment, payments.sandbox_refund
    TO plaudit_runtime;
-- An account's secrets are sealed for its number, which must be known before its row is there.
GRANT USAGE ON SEQUENCE payments.account_number_seq TO plaudit_runtime;
