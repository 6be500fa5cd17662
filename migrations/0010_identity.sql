-- Identity: keys of applications, staff, keys that verify tokens, and leases of the rate limit.

CREATE SCHEMA identity;

-- Low 32 bits of the number of a key; its tenant is in the high bits, so that a credential names its tenant by itself.
CREATE SEQUENCE identity.number AS bigint MAXVALUE 4294967295;

CREATE TABLE identity.api_key (
    tenant_id       integer     NOT NULL,
    number          bigint      NOT NULL,
    name            text        NOT NULL,
    scopes          text[]      NOT NULL,
    rate_per_second integer     CHECK (rate_per_second > 0),
    secret_hash     bytea       NOT NULL,   -- SHA-256 of 32 random bytes; the key itself is stored nowhere
    created_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    PRIMARY KEY (tenant_id, number)
);

-- Named persons. The name is personal text and may be erased; everything else names the person by number.
CREATE TABLE identity.staff (
    tenant_id       integer     NOT NULL,
    number          bigint      NOT NULL,
    name            text,
    scopes          text[]      NOT NULL,
    secret_hash     bytea       NOT NULL,
    created_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    PRIMARY KEY (tenant_id, number)
);

CREATE TABLE identity.token_key (
    tenant_id       integer     NOT NULL,
    number          bigint      NOT NULL,
    algorithm       text        NOT NULL CHECK (algorithm IN ('HS256', 'RS256', 'ES256', 'EdDSA')),
    material        bytea       NOT NULL,   -- the public key in PEM, or the shared secret sealed
    created_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    PRIMARY KEY (tenant_id, number)
);

-- How many calls of the current second the processes have leased. Worth nothing after a crash, so not logged.
CREATE UNLOGGED TABLE identity.lease (
    tenant_id       integer     NOT NULL,
    name            text        NOT NULL,
    second          bigint      NOT NULL,   -- of the processes' clock, since 1970
    allowed         bigint      NOT NULL,   -- calls a second
    used            bigint      NOT NULL,   -- leased of them
    granted         bigint      NOT NULL,   -- by the newest statement
    PRIMARY KEY (tenant_id, name)
) WITH (fillfactor = 50);

GRANT USAGE ON SCHEMA identity TO plaudit_runtime;
GRANT USAGE ON SEQUENCE identity.number TO plaudit_runtime;
GRANT SELECT, INSERT ON identity.api_key, identity.staff, identity.token_key TO plaudit_runtime;
GRANT UPDATE (revoked_at) ON identity.api_key, identity.staff, identity.token_key TO plaudit_runtime;
GRANT UPDATE (name) ON identity.staff TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON identity.lease TO plaudit_runtime;
