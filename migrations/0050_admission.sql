-- Admission: media servers, shows as far as watching needs them, and who watches now.

CREATE SCHEMA admission;

CREATE TABLE admission.server (
    tenant_id    integer     NOT NULL,
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind         text        NOT NULL CHECK (kind IN ('srs', 'mediamtx', 'livekit', 'agora', 'cdn')),
    name         text        NOT NULL,
    enabled      boolean     NOT NULL,
    priority     integer     NOT NULL,   -- lower first
    stream_name  text        NOT NULL,   -- with {show} and {stream} in it
    token_ttl    integer     NOT NULL,   -- seconds
    at_limit     text        NOT NULL CHECK (at_limit IN ('refuse', 'replace_oldest')),
    in_doubt     text        NOT NULL CHECK (in_doubt IN ('refuse', 'admit')),
    settings     jsonb       NOT NULL,   -- what is not secret, by the kind's own type
    secrets      bytea       NOT NULL,   -- sealed
    secret_names text[]      NOT NULL,
    secrets_at   timestamptz NOT NULL,
    keys         integer     NOT NULL,   -- the number of the keys of its tokens and hooks
    revision     integer     NOT NULL,
    saved_by     text        NOT NULL,
    saved_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number)
);

-- Projection: every show as it was announced last.
CREATE TABLE admission.show (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    state        text        NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    devices_max  integer     NOT NULL,
    streams      jsonb       NOT NULL,   -- [{"stream": "main", "rights": ["main", "vip"]}, …]
    PRIMARY KEY (tenant_id, show)
);

-- Who watches now: a place a device. Two cannot have one, however many ask at once. What is here can be lost without
-- harm to anybody's money or rights; it is written without waiting for the disk.
CREATE TABLE admission.place (
    tenant_id    integer     NOT NULL,
    viewer       text        NOT NULL,
    show         text        NOT NULL,
    slot         smallint    NOT NULL,   -- from 1; 0: publishes
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    server       bigint      NOT NULL,
    client       text        NOT NULL,   -- the server's own name for it
    protocol     text        NOT NULL,
    stream       text        NOT NULL,
    device       text        NOT NULL,
    serial       bigint      NOT NULL,   -- of the token
    since        timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    ends_at      timestamptz,            -- NULL: until its server says so
    PRIMARY KEY (tenant_id, viewer, show, slot),
    UNIQUE (tenant_id, server, client)
);

GRANT USAGE ON SCHEMA admission TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA admission TO plaudit_runtime;
GRANT DELETE ON admission.show, admission.place TO plaudit_runtime;
GRANT USAGE ON SEQUENCE admission.server_number_seq TO plaudit_runtime;
