-- Reconciliation: the days of merchant accounts compared with the channels' bills.

-- One comparison of a day, or a bill that was refused.
CREATE TABLE payments.reconciliation (
    tenant_id    integer     NOT NULL,
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    account      bigint      NOT NULL,
    channel      text        NOT NULL,
    day          date        NOT NULL,   -- of the channel's zone
    state        text        NOT NULL CHECK (state IN ('done', 'refused')),
    bill_hash    text        NOT NULL,   -- SHA-256 of the bills, '' where none came
    problem      text,                   -- why the bill was refused
    problem_line integer,
    lines        bigint      NOT NULL,   -- of the trade bill
    classes      jsonb       NOT NULL,   -- lines and sums by class and currency
    sums         jsonb       NOT NULL,   -- the bill's, ours, and the balance, by currency
    opened       integer     NOT NULL,
    settled      integer     NOT NULL,
    ended_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number)
);
CREATE INDEX reconciliation_day ON payments.reconciliation (tenant_id, account, day, number);

-- What was taken from bills into the ledger. Of the revisions of a day's bill the last one counts.
CREATE TABLE payments.bill (
    tenant_id    integer     NOT NULL,
    account      bigint      NOT NULL,
    day          date        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('trade', 'funds')),
    revision     integer     NOT NULL,
    hash         text        NOT NULL,   -- SHA-256 of the content
    lines        bigint      NOT NULL,
    sums         jsonb       NOT NULL,   -- what it adds up to and what was posted, by currency
    imported_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account, day, kind, revision)
);

-- The queue of differences. One row for a payment or refund, whichever days it is different on.
CREATE TABLE payments.bill_exception (
    tenant_id    integer     NOT NULL,
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    account      bigint      NOT NULL,
    channel      text        NOT NULL,
    day          date        NOT NULL,   -- whose comparison told of it last
    subject      text        NOT NULL,   -- "payment/{our number}", "refund/{our number}", or the channel's
    class        text        NOT NULL CHECK (class IN ('timing', 'missing_here', 'missing_there', 'amount_differs',
                                                       'fee_differs', 'refund_state_differs')),
    state        text        NOT NULL CHECK (state IN ('expected', 'open', 'resolved')),
    asset        text        NOT NULL,
    ours         bigint,                 -- NULL: not in our books
    theirs       bigint,                 -- NULL: not on a bill
    fee          bigint      NOT NULL,   -- as billed
    fee_due      bigint,                 -- as agreed, where that is what differs
    ours_state   text        NOT NULL,
    theirs_state text        NOT NULL,
    order_number text        NOT NULL,   -- ours
    transaction  text        NOT NULL,   -- the channel's
    refund_number text       NOT NULL,   -- ours
    channel_refund text      NOT NULL,   -- the channel's
    intent       bigint,
    attempt      smallint,
    refund       bigint,
    line         integer,                -- of the bill
    happened_at  timestamptz,
    seen_by      bigint      NOT NULL,   -- the last comparison that told of it
    opened_at    timestamptz NOT NULL,
    reopened     integer     NOT NULL DEFAULT 0,
    assignee     text,
    note         text,                   -- NULL also once its owner was erased
    note_hash    text,
    owner        text,                   -- whose payment it is ("viewer/v1"): the note is erased with them
    resolution   text        CHECK (resolution IN ('written_off', 'corrected', 'waiting', 'recorded', 'duplicate',
                                                   'settled')),
    resolved_by  text,                   -- NULL: by itself
    resolved_at  timestamptz,
    matched_day  date,                   -- the day of the bill on which it was found equal
    PRIMARY KEY (tenant_id, number),
    UNIQUE (tenant_id, account, subject),
    CHECK ((state = 'resolved') = (resolution IS NOT NULL))
);
CREATE INDEX bill_exception_state ON payments.bill_exception (tenant_id, state, number);
CREATE INDEX bill_exception_day ON payments.bill_exception (tenant_id, account, day);

-- The lines of a bill while it is compared, emptied in the same transaction: nobody else ever sees them.
CREATE UNLOGGED TABLE payments.bill_line (
    tenant_id    integer     NOT NULL,
    line         integer     NOT NULL,
    kind         smallint    NOT NULL,   -- 1 payment, 2 refund
    amount       bigint      NOT NULL,
    fee          bigint      NOT NULL,
    state        smallint    NOT NULL,   -- of a refund: 0 done, 1 in process, 2 came to nothing
    refund       bigint      NOT NULL,   -- the number in our refund number, -1 where it is none of ours
    again        boolean     NOT NULL,   -- a line before has the same number
    happened_at  timestamptz,
    asset        text        NOT NULL,
    number       text        NOT NULL,
    transaction  text        NOT NULL,
    refund_number text       NOT NULL,
    channel_refund text      NOT NULL,
    told         text        NOT NULL    -- the channel's word for the state
);

CREATE INDEX attempt_transaction ON payments.attempt (tenant_id, account, transaction)
    WHERE transaction IS NOT NULL;
CREATE INDEX refund_settled ON payments.refund (tenant_id, account, settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX refund_receipt ON payments.refund (tenant_id, account, transaction)
    WHERE transaction IS NOT NULL AND cause IN ('late', 'double', 'amount');
CREATE INDEX refund_channel ON payments.refund (tenant_id, account, channel_refund)
    WHERE channel_refund IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON payments.reconciliation, payments.bill, payments.bill_exception TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON payments.bill_line TO plaudit_runtime;
GRANT USAGE ON SEQUENCE payments.reconciliation_number_seq TO plaudit_runtime;
