-- Notifications: where messages and facts leave the house.

CREATE TABLE notifications.webhook (
    tenant_id      integer     NOT NULL,
    number         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    url            text        NOT NULL,
    kinds          text[]      NOT NULL,   -- of facts and of messages
    enabled        boolean     NOT NULL,
    disabled_cause text        CHECK (disabled_cause IN ('gone', 'failing')),   -- by itself
    secret         bytea       NOT NULL,   -- sealed
    former         bytea,                  -- the secret before, sealed: it signs as well ...
    former_until   timestamptz,            -- ... until then
    failing_since  timestamptz,            -- the first failure after its last success
    revision       integer     NOT NULL,
    made_at        timestamptz NOT NULL,   -- it gets what was recorded from then on
    saved_by       text        NOT NULL,
    saved_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number),
    CHECK ((former IS NULL) = (former_until IS NULL))
);

CREATE TABLE notifications.mail_server (
    tenant_id    integer     NOT NULL,
    revision     integer     NOT NULL,
    enabled      boolean     NOT NULL,
    host         text        NOT NULL,
    port         integer     NOT NULL CHECK (port BETWEEN 1 AND 65535),
    security     text        NOT NULL CHECK (security IN ('tls', 'starttls', 'none')),
    username     text,
    password     bytea,                    -- sealed
    from_address text        NOT NULL,
    from_name    text        NOT NULL,
    ca_pem       text,                     -- whom to trust instead of the usual authorities
    saved_by     text        NOT NULL,
    saved_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id),
    CHECK ((username IS NULL) = (password IS NULL))
);

GRANT SELECT, INSERT, UPDATE ON notifications.webhook TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON notifications.mail_server TO plaudit_runtime;
GRANT USAGE ON SEQUENCE notifications.webhook_number_seq TO plaudit_runtime;
