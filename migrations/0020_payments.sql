-- Payments: merchant accounts at channels, intents to pay amounts due, their attempts, refunds.

CREATE SCHEMA payments;

CREATE TABLE payments.account (
    tenant_id    integer     NOT NULL,
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    channel      text        NOT NULL,   -- "wechat", "alipay", "stripe", "sandbox"
    name         text        NOT NULL,
    settings     jsonb       NOT NULL,   -- what is not secret, by the channel's own type
    secrets      bytea       NOT NULL,   -- sealed
    enabled      boolean     NOT NULL,
    priority     integer     NOT NULL,   -- lower first
    assets       text[]      NOT NULL,   -- currencies
    methods      text[]      NOT NULL,
    devices      text[]      NOT NULL,   -- empty: all
    minimum      bigint      NOT NULL,
    maximum      bigint      NOT NULL,
    revision     integer     NOT NULL,
    saved_by     text        NOT NULL,
    saved_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number)
);

CREATE TABLE payments.policy (
    tenant_id    integer     NOT NULL,
    asset        text        NOT NULL,
    review_above bigint,                 -- refunds above this amount need a second person; NULL: none does
    revision     integer     NOT NULL,
    PRIMARY KEY (tenant_id, asset)
);

CREATE TABLE payments.intent (
    tenant_id    integer     NOT NULL,
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    due          bigint      NOT NULL,   -- the position of the fact that opened the amount due
    due_kind     text        NOT NULL,
    payer        text        NOT NULL,
    asset        text        NOT NULL,
    amount       bigint      NOT NULL CHECK (amount > 0),
    title_en     text        NOT NULL,
    title_zh     text        NOT NULL,
    return_url   text,
    state        text        NOT NULL CHECK (state IN ('pending', 'processing', 'succeeded', 'failed', 'closed',
                                                       'partly_refunded', 'refunded')),
    attempts     smallint    NOT NULL DEFAULT 0,
    paid_attempt smallint,               -- the attempt whose money was kept
    refunding    bigint      NOT NULL DEFAULT 0 CHECK (refunding >= 0),  -- asked for and not ended
    refunded     bigint      NOT NULL DEFAULT 0 CHECK (refunded >= 0),   -- gone back
    opened_at    timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    settled_at   timestamptz,
    PRIMARY KEY (tenant_id, number),
    UNIQUE (tenant_id, due),
    CHECK (refunding + refunded <= amount),
    CHECK ((paid_attempt IS NOT NULL) = (state IN ('succeeded', 'partly_refunded', 'refunded')))
);
CREATE INDEX intent_open ON payments.intent (tenant_id, expires_at)
    WHERE state IN ('pending', 'processing', 'failed');
CREATE INDEX intent_payer ON payments.intent (tenant_id, payer, number);

CREATE TABLE payments.attempt (
    tenant_id    integer     NOT NULL,
    intent       bigint      NOT NULL,
    attempt      smallint    NOT NULL,
    account      bigint      NOT NULL,
    channel      text        NOT NULL,
    method       text        NOT NULL,
    number       text        NOT NULL,   -- our order number at the channel
    asset        text        NOT NULL,
    amount       bigint      NOT NULL CHECK (amount > 0),
    state        text        NOT NULL CHECK (state IN ('opening', 'open', 'unknown', 'paid', 'surplus', 'failed',
                                                       'closed')),
    presentation jsonb,                  -- what the payer is shown: a code, an address, a form
    transaction  text,                   -- the channel's own number
    code         text,                   -- why it failed
    opened_at    timestamptz NOT NULL,
    asked        integer     NOT NULL DEFAULT 0,
    ask_at       timestamptz,            -- when the channel is asked next; NULL: never again
    settled_at   timestamptz,
    PRIMARY KEY (tenant_id, intent, attempt),
    UNIQUE (tenant_id, account, number)
);
CREATE INDEX attempt_ask ON payments.attempt (tenant_id, ask_at) WHERE ask_at IS NOT NULL;
CREATE INDEX attempt_settled ON payments.attempt (tenant_id, account, settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE payments.refund (
    tenant_id    integer     NOT NULL,
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    intent       bigint      NOT NULL,
    attempt      smallint    NOT NULL,
    account      bigint      NOT NULL,
    channel      text        NOT NULL,
    order_number text        NOT NULL,   -- our number of the order that is refunded
    asset        text        NOT NULL,
    amount       bigint      NOT NULL CHECK (amount > 0),
    cause        text        NOT NULL CHECK (cause IN ('asked', 'rejected', 'late', 'double', 'amount')),
    state        text        NOT NULL CHECK (state IN ('review', 'approved', 'sending', 'succeeded', 'failed',
                                                       'rejected')),
    maker        text        NOT NULL,
    checker      text,
    reason       text,                   -- the maker's words; NULL once the owner was erased
    reason_hash  text,
    owner        text        NOT NULL,   -- whose payment it is ("viewer/v1"): erased by owner
    channel_refund text,                 -- the channel's own number
    code         text,
    requested_at timestamptz NOT NULL,
    asked        integer     NOT NULL DEFAULT 0,
    ask_at       timestamptz,
    settled_at   timestamptz,
    PRIMARY KEY (tenant_id, number),
    CHECK (checker <> maker)
);
CREATE INDEX refund_intent ON payments.refund (tenant_id, intent);
CREATE INDEX refund_state ON payments.refund (tenant_id, state, number);
CREATE INDEX refund_ask ON payments.refund (tenant_id, ask_at) WHERE ask_at IS NOT NULL;

GRANT USAGE ON SCHEMA payments TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA payments TO plaudit_runtime;
