-- Payments: what became of attempts, counted by five minutes. A projection of the journal.

CREATE TABLE payments.outcome (
    tenant_id    integer     NOT NULL,
    bucket       timestamptz NOT NULL,   -- the start of the five minutes
    channel      text        NOT NULL,
    account      text        NOT NULL,
    method       text        NOT NULL,
    asset        text        NOT NULL,
    outcome      text        NOT NULL CHECK (outcome IN ('attempted', 'succeeded', 'failed')),
    code         text        NOT NULL,   -- why it failed; empty otherwise
    count        bigint      NOT NULL,
    amount       bigint      NOT NULL,
    PRIMARY KEY (tenant_id, bucket, channel, account, method, asset, outcome, code)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON payments.outcome TO plaudit_runtime;
