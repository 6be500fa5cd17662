-- Insight: page views and clicks as they were told, and what they come to by hour and by channel.

CREATE SCHEMA insight;

-- What a page may name to tell of views and clicks, and of nothing else. Not secret: it stands in pages.
CREATE TABLE insight.site_key (
    tenant_id       integer     NOT NULL,
    number          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    name            text        NOT NULL,
    enabled         boolean     NOT NULL,
    rate_per_second integer     NOT NULL CHECK (rate_per_second > 0),
    revision        integer     NOT NULL,
    saved_at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number)
);

-- The shows that were announced: events of no others are kept. Never thrown away by a rebuild.
CREATE TABLE insight.show (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    revision     integer     NOT NULL,
    PRIMARY KEY (tenant_id, show)
);

-- The events themselves: source, not projection. Pruned by age into insight.past.
CREATE TABLE insight.event (
    tenant_id    integer     NOT NULL,
    event        uuid        NOT NULL,   -- 16 bytes of a digest over the client's id
    kind         text        NOT NULL CHECK (kind IN ('view', 'click')),
    show         text        NOT NULL,
    page         text,
    element      text,
    visitor      uuid,                   -- 16 bytes of a keyed mark over the client's id of the visitor
    is_new       boolean     NOT NULL,   -- the first view of this visitor at this show
    campaign     text        NOT NULL,   -- '' for none
    invitation   text        NOT NULL,   -- '' for none
    at           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, event)
);
CREATE INDEX event_at ON insight.event (tenant_id, at);

-- Who was seen at which show. Pruned by age: whoever comes back later is new again.
CREATE TABLE insight.visitor (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    visitor      uuid        NOT NULL,
    seen_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, show, visitor)
);
CREATE INDEX visitor_seen ON insight.visitor (tenant_id, seen_at);

-- The campaigns and invitations that a show was reached by; their number is bounded, for anybody may invent some.
CREATE TABLE insight.channel (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    campaign     text        NOT NULL,
    invitation   text        NOT NULL,
    PRIMARY KEY (tenant_id, show, campaign, invitation)
);

-- What events that were pruned had come to: source, as the events are.
CREATE TABLE insight.past (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    hour         timestamptz NOT NULL,
    campaign     text        NOT NULL,
    invitation   text        NOT NULL,
    views        bigint      NOT NULL,
    visitors     bigint      NOT NULL,
    clicks       bigint      NOT NULL,
    PRIMARY KEY (tenant_id, show, hour, campaign, invitation)
);

-- What all events come to: by hour and channel ('both'), by hour with '' as channel ('hour'), and by channel with
-- -infinity as hour ('channel'). Written in the transaction that keeps the events.
CREATE TABLE insight.traffic (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    grain        text        NOT NULL CHECK (grain IN ('both', 'hour', 'channel')),
    hour         timestamptz NOT NULL,
    campaign     text        NOT NULL,
    invitation   text        NOT NULL,
    views        bigint      NOT NULL,
    visitors     bigint      NOT NULL,
    clicks       bigint      NOT NULL,
    PRIMARY KEY (tenant_id, show, grain, hour, campaign, invitation)
) WITH (fillfactor = 70);

GRANT USAGE ON SCHEMA insight TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON insight.site_key TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON insight.show TO plaudit_runtime;
GRANT SELECT, INSERT, DELETE ON insight.event TO plaudit_runtime;
GRANT SELECT, INSERT, DELETE ON insight.visitor TO plaudit_runtime;
GRANT SELECT, INSERT ON insight.channel TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON insight.past TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON insight.traffic TO plaudit_runtime;
