-- Campaigns: what operators write and review, the budgets that they ask for, and what hosts say of viewers.

CREATE SCHEMA IF NOT EXISTS campaigns;

CREATE TABLE campaigns.campaign (
    tenant_id    integer     NOT NULL,
    campaign     text        NOT NULL,
    created_at   timestamptz NOT NULL,
    newest       integer     NOT NULL,   -- the newest revision, whatever its state
    approved     integer,                -- the newest revision that was approved
    starts_at    timestamptz,            -- of that one
    ends_at      timestamptz,
    paused       boolean     NOT NULL DEFAULT false,   -- by an operator
    dry          bigint,                 -- the position of its pause for want of budget, as long as it lasts
    ended_at     timestamptz,
    seed         bytea,                  -- sealed: what random rewards are drawn by
    PRIMARY KEY (tenant_id, campaign),
    CHECK ((approved IS NULL) = (ends_at IS NULL) AND (approved IS NULL) = (starts_at IS NULL))
) WITH (fillfactor = 90);
CREATE INDEX campaign_over ON campaigns.campaign (tenant_id, ends_at)
    WHERE approved IS NOT NULL AND ended_at IS NULL;

CREATE TABLE campaigns.revision (
    tenant_id      integer     NOT NULL,
    campaign       text        NOT NULL,
    revision       integer     NOT NULL,
    state          text        NOT NULL
        CHECK (state IN ('draft', 'submitted', 'approved', 'rejected', 'discarded')),
    author         text        NOT NULL,
    maker          text,                 -- who handed it in
    checker        text,
    sent           text        NOT NULL, -- the terms as they were written (JSON)
    terms          text        NOT NULL, -- the terms as they are read, whose SHA-256 is the hash, byte for byte
    terms_hash     text        NOT NULL,
    wanted_from    timestamptz,          -- from when it is to hold; NULL: from its approval
    effective_from timestamptz,          -- from when it holds
    reason         text,                 -- why it was sent back
    saved_at       timestamptz NOT NULL,
    submitted_at   timestamptz,
    checked_at     timestamptz,
    PRIMARY KEY (tenant_id, campaign, revision),
    CHECK ((state = 'approved') = (effective_from IS NOT NULL)),
    CHECK (checker <> maker AND checker <> author)
);

CREATE TABLE campaigns.transfer (
    tenant_id    integer     NOT NULL,
    number       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    campaign     text        NOT NULL,
    asset        text        NOT NULL,
    amount       bigint      NOT NULL CHECK (amount <> 0),   -- below zero: out of the budget
    state        text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'rejected')),
    maker        text        NOT NULL,
    checker      text,
    reason       text,                   -- why it was rejected
    requested_at timestamptz NOT NULL,
    checked_at   timestamptz,
    PRIMARY KEY (tenant_id, number),
    CHECK ((state = 'pending') = (checker IS NULL) AND (state = 'pending') = (checked_at IS NULL)),
    CHECK (checker <> maker)
);
CREATE INDEX transfer_campaign ON campaigns.transfer (tenant_id, campaign, number);

CREATE TABLE campaigns.calendar (
    tenant_id    integer     NOT NULL,
    calendar     text        NOT NULL,
    revision     integer     NOT NULL,
    days         date[]      NOT NULL,
    PRIMARY KEY (tenant_id, calendar)
);

-- What the host platform said last of a viewer.
CREATE TABLE campaigns.attributes (
    tenant_id    integer     NOT NULL,
    viewer       text        NOT NULL,
    revision     integer     NOT NULL,
    level        integer,
    tags         text[]      NOT NULL,
    PRIMARY KEY (tenant_id, viewer)
);

-- Projections: what was decided, by viewer and by campaign; how many it reached, and what it cost; what was paid.
CREATE TABLE campaigns.told (
    tenant_id    integer     NOT NULL,
    position     bigint      NOT NULL,   -- of campaign.granted, campaign.withheld or campaign.reversed
    campaign     text        NOT NULL,
    viewer       text        NOT NULL,
    fact         bigint      NOT NULL,   -- the position of what was judged
    kind         text        NOT NULL,   -- granted, withheld, reversed
    matured      bigint,                 -- the position of campaign.matured
    PRIMARY KEY (tenant_id, position)
) WITH (fillfactor = 90);
CREATE INDEX told_viewer ON campaigns.told (tenant_id, viewer, position);
CREATE INDEX told_campaign ON campaigns.told (tenant_id, campaign, position);
CREATE INDEX told_fact ON campaigns.told (tenant_id, fact, position);

CREATE TABLE campaigns.reached (
    tenant_id    integer     NOT NULL,
    campaign     text        NOT NULL,
    viewer       text        NOT NULL,
    granted      boolean     NOT NULL,   -- something, ever
    PRIMARY KEY (tenant_id, campaign, viewer)
) WITH (fillfactor = 90);

CREATE TABLE campaigns.figure (
    tenant_id    integer     NOT NULL,
    campaign     text        NOT NULL,
    bucket       timestamptz NOT NULL,   -- five minutes
    reached      bigint      NOT NULL,   -- viewers for the first time decided about
    participants bigint      NOT NULL,   -- viewers for the first time granted something
    grants       bigint      NOT NULL,
    granted      bigint      NOT NULL,
    taken_back   bigint      NOT NULL,
    withheld     bigint      NOT NULL,
    PRIMARY KEY (tenant_id, campaign, bucket)
) WITH (fillfactor = 70);

CREATE TABLE campaigns.paid (
    tenant_id    integer     NOT NULL,
    bucket       timestamptz NOT NULL,   -- five minutes
    asset        text        NOT NULL,
    count        bigint      NOT NULL,
    amount       bigint      NOT NULL,
    PRIMARY KEY (tenant_id, bucket, asset)
) WITH (fillfactor = 70);

GRANT USAGE ON SCHEMA campaigns TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON campaigns.campaign TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON campaigns.revision TO plaudit_runtime;
GRANT SELECT, INSERT ON campaigns.transfer TO plaudit_runtime;
GRANT UPDATE (state, checker, checked_at, reason) ON campaigns.transfer TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON campaigns.calendar TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON campaigns.attributes TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON campaigns.told TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON campaigns.reached TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON campaigns.figure TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON campaigns.paid TO plaudit_runtime;
