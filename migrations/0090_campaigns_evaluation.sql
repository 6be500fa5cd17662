-- Campaigns: what the reaction that judges facts remembers; kept by it alone, but for what matures.

CREATE SCHEMA campaigns;

-- One row a tenant: its version goes up with each change of what follows, so that processes may keep it.
CREATE TABLE campaigns.watch (
    tenant_id    integer     NOT NULL PRIMARY KEY,
    version      bigint      NOT NULL,
    awake        integer     NOT NULL,   -- how many campaigns were approved and have not ended
    since        bigint      NOT NULL,   -- the position of the first approval ever
    ended        bigint      NOT NULL    -- the position of the last end
) WITH (fillfactor = 50);

-- A campaign that was approved, and the position of the fact that ended it.
CREATE TABLE campaigns.course (
    tenant_id    integer     NOT NULL,
    campaign     text        NOT NULL,
    approved     bigint,                 -- the position of its first approval
    ended        bigint,
    budget       bigint      NOT NULL DEFAULT 0,   -- by the facts so far: what is left of it
    PRIMARY KEY (tenant_id, campaign)
) WITH (fillfactor = 70);
CREATE INDEX course_ended ON campaigns.course (tenant_id, ended);

-- Positions of the facts that say how a campaign stands: approvals, pauses, resumptions, its end.
CREATE TABLE campaigns.step (
    tenant_id    integer     NOT NULL,
    campaign     text        NOT NULL,
    position     bigint      NOT NULL,
    PRIMARY KEY (tenant_id, campaign, position)
);

-- What a viewer's window has counted, is worth, and was given.
CREATE TABLE campaigns.standing (
    tenant_id    integer     NOT NULL,
    campaign     text        NOT NULL,
    viewer       text        NOT NULL,
    span         text        NOT NULL,   -- the window: "week/2026-W48", "campaign/creator/aurora"
    entitled     bigint      NOT NULL,
    granted      bigint      NOT NULL,
    tally        bytea       NOT NULL,   -- what was counted (JSON)
    PRIMARY KEY (tenant_id, campaign, viewer, span)
) WITH (fillfactor = 80);

-- The same of the windows of one fact, which are as many as facts: they need no tally, and come in order.
CREATE TABLE campaigns.part (
    tenant_id    integer     NOT NULL,
    fact         bigint      NOT NULL,
    campaign     text        NOT NULL,
    entitled     bigint      NOT NULL,
    granted      bigint      NOT NULL,
    PRIMARY KEY (tenant_id, fact, campaign)
);

-- Each viewer's first fact of a trigger, by when it happened. `rank` orders those of one moment.
CREATE TABLE campaigns.first (
    tenant_id    integer     NOT NULL,
    trigger      text        NOT NULL,
    viewer       text        NOT NULL,
    at           timestamptz NOT NULL,
    rank         bytea       NOT NULL,   -- empty: nothing was running when it was recorded
    position     bigint      NOT NULL,
    PRIMARY KEY (tenant_id, trigger, viewer)
);

-- By what a reversal finds the facts that it undoes: "pay_…", "order/812".
CREATE TABLE campaigns.origin (
    tenant_id    integer     NOT NULL,
    reference    text        NOT NULL,
    position     bigint      NOT NULL,
    PRIMARY KEY (tenant_id, reference, position)
);

-- How much of a fact is undone so far.
CREATE TABLE campaigns.undone (
    tenant_id    integer     NOT NULL,
    position     bigint      NOT NULL,
    reversed     bigint      NOT NULL,
    paid         bigint,                 -- out of how much; NULL: of what the fact itself says
    PRIMARY KEY (tenant_id, position)
) WITH (fillfactor = 90);

-- What the host platform said of viewers, all of it: a fact is judged by what held when it happened.
CREATE TABLE campaigns.described (
    tenant_id    integer     NOT NULL,
    viewer       text        NOT NULL,
    at           timestamptz NOT NULL,
    position     bigint      NOT NULL,
    level        integer,
    tags         text[]      NOT NULL,
    PRIMARY KEY (tenant_id, viewer, at, position)
);

-- Grants of which something is kept apart: what has not matured, and coupons, which others handed out.
CREATE TABLE campaigns.lot (
    tenant_id    integer     NOT NULL,
    campaign     text        NOT NULL,
    viewer       text        NOT NULL,
    span         text        NOT NULL,
    fact         bigint      NOT NULL,
    cause        bigint      NOT NULL,
    position     bigint      NOT NULL,   -- of campaign.granted
    asset        text        NOT NULL,
    remaining    bigint      NOT NULL CHECK (remaining >= 0),
    matures_at   timestamptz,            -- NULL: never
    PRIMARY KEY (tenant_id, campaign, viewer, span, fact, cause)
) WITH (fillfactor = 80);
CREATE INDEX lot_maturing ON campaigns.lot (tenant_id, matures_at, position)
    WHERE matures_at IS NOT NULL AND remaining > 0;

GRANT USAGE ON SCHEMA campaigns TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON campaigns.watch TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON campaigns.course TO plaudit_runtime;
GRANT SELECT, INSERT ON campaigns.step TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON campaigns.standing TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON campaigns.part TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON campaigns.first TO plaudit_runtime;
GRANT SELECT, INSERT ON campaigns.origin TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON campaigns.undone TO plaudit_runtime;
GRANT SELECT, INSERT ON campaigns.described TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON campaigns.lot TO plaudit_runtime;
