-- Notifications: how viewers are reached, what messages say, what was told to whom.

CREATE SCHEMA notifications;

-- Personal: deleted when the viewer is erased.
CREATE TABLE notifications.contact (
    tenant_id    integer     NOT NULL,
    viewer       text        NOT NULL,
    revision     integer     NOT NULL,
    language     text        NOT NULL CHECK (language IN ('en', 'zh')),
    time_zone    text,                   -- NULL: the tenant's
    email        text,
    phone        text,
    push_token   text,
    muted        jsonb       NOT NULL,   -- {"kind of message": ["channel", ...]}
    quiet_from   smallint    CHECK (quiet_from BETWEEN 0 AND 1439),    -- minutes of the local day
    quiet_until  smallint    CHECK (quiet_until BETWEEN 0 AND 1439),
    saved_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, viewer),
    CHECK ((quiet_from IS NULL) = (quiet_until IS NULL))
);

CREATE TABLE notifications.template (
    tenant_id    integer     NOT NULL,
    kind         text        NOT NULL,
    language     text        NOT NULL CHECK (language IN ('en', 'zh')),
    revision     integer     NOT NULL,
    title        text,                   -- NULL, and so is the body: the built-in text again
    body         text,
    saved_by     text        NOT NULL,
    saved_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, kind, language),
    CHECK ((title IS NULL) = (body IS NULL))
);

-- The tenant's last number of a message or of a change of one; its row is locked to the commit, so that numbers are
-- in commit order and whoever follows them misses none.
CREATE TABLE notifications.tally (
    tenant_id    integer     NOT NULL,
    last         bigint      NOT NULL,
    PRIMARY KEY (tenant_id)
);

CREATE TABLE notifications.message (
    tenant_id    integer     NOT NULL,
    number       bigint      NOT NULL,
    changed      bigint      NOT NULL,   -- the number of its last change
    viewer       text        NOT NULL,
    kind         text        NOT NULL,
    thing        text        NOT NULL,   -- what it is about: a show or an order
    occasion     text        NOT NULL,   -- which of the times that this may be told about the thing
    show         text,
    language     text        NOT NULL,
    title        text        NOT NULL,   -- empty, and so is the body, once the viewer was erased
    body         text        NOT NULL,
    link         text        NOT NULL,
    shown        boolean     NOT NULL,   -- in the inbox
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,            -- from then on it is of no use to anybody
    read_at      timestamptz,
    PRIMARY KEY (tenant_id, number),
    UNIQUE (tenant_id, viewer, kind, thing, occasion)
);
CREATE INDEX message_inbox ON notifications.message (tenant_id, viewer, number) WHERE shown;
CREATE INDEX message_unread ON notifications.message (tenant_id, viewer) WHERE shown AND read_at IS NULL;
CREATE INDEX message_changed ON notifications.message (tenant_id, changed);
CREATE INDEX message_show ON notifications.message (tenant_id, show, viewer) WHERE show IS NOT NULL;

CREATE TABLE notifications.delivery (
    tenant_id    integer     NOT NULL,
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    channel      text        NOT NULL CHECK (channel IN ('in_app', 'email', 'webhook', 'sms', 'push')),
    endpoint     bigint      NOT NULL,   -- the webhook; 0 in other channels
    message      bigint,                 -- what it carries: a message ...
    fact         bigint,                 -- ... or a fact
    kind         text        NOT NULL,   -- of either
    viewer       text,
    state        text        NOT NULL CHECK (state IN ('queued', 'waiting', 'failed', 'sent', 'dead', 'dropped')),
    attempts     smallint    NOT NULL,
    next_at      timestamptz,            -- when it is tried next; NULL: never again
    problem      text,                   -- a code, never an address
    receipt      text,
    created_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    PRIMARY KEY (tenant_id, number),
    UNIQUE (tenant_id, message, channel, endpoint),
    UNIQUE (tenant_id, fact, endpoint),
    CHECK ((message IS NULL) <> (fact IS NULL)),
    CHECK ((next_at IS NULL) = (state IN ('sent', 'dead', 'dropped'))),
    CHECK ((channel = 'webhook') = (endpoint > 0))
);
CREATE INDEX delivery_due ON notifications.delivery (tenant_id, channel, endpoint, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX delivery_state ON notifications.delivery (tenant_id, state, number);
CREATE INDEX delivery_viewer ON notifications.delivery (tenant_id, viewer, number) WHERE viewer IS NOT NULL;

GRANT USAGE ON SCHEMA notifications TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA notifications TO plaudit_runtime;
GRANT DELETE ON notifications.contact TO plaudit_runtime;
