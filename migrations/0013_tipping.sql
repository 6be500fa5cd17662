-- Tipping: the catalogue that tips are decided by, and the projections of what was tipped.

CREATE SCHEMA tipping;

CREATE TABLE tipping.creator (
    tenant_id    integer     NOT NULL,
    creator      text        NOT NULL,
    revision     integer     NOT NULL,
    guild        text,
    terms        text,                   -- NULL: the tenant's default terms
    PRIMARY KEY (tenant_id, creator)
);

CREATE TABLE tipping.terms (
    tenant_id    integer     NOT NULL,
    terms        text        NOT NULL,
    revision     integer     NOT NULL,
    basis        text        NOT NULL CHECK (basis IN ('fixed', 'monthly')),
    tiers        jsonb       NOT NULL,   -- [{"from_minor": 0, "creator": "7/10", "guild": "1/20"}, …]
    PRIMARY KEY (tenant_id, terms)
);

CREATE TABLE tipping.gift (
    tenant_id    integer     NOT NULL,
    gift         text        NOT NULL,
    revision     integer     NOT NULL,
    name_en      text        NOT NULL,
    name_zh      text        NOT NULL,
    price        bigint      NOT NULL CHECK (price > 0),
    asset        text        NOT NULL,
    effect       text,
    valid_from   timestamptz,
    valid_until  timestamptz,
    shows        text[]      NOT NULL,   -- none: in any show
    rooms        text[]      NOT NULL,
    on_sale      boolean     NOT NULL,
    PRIMARY KEY (tenant_id, gift)
);

CREATE TABLE tipping.policy (
    tenant_id    integer     NOT NULL,
    asset        text        NOT NULL,
    revision     integer     NOT NULL,
    least        bigint      NOT NULL,   -- bounds own amounts
    most         bigint      NOT NULL,   -- bounds every tip
    presets      bigint[]    NOT NULL,
    day_limit    bigint,
    PRIMARY KEY (tenant_id, asset)
);

CREATE TABLE tipping.words (
    tenant_id    integer     NOT NULL PRIMARY KEY,
    revision     integer     NOT NULL,
    words        text[]      NOT NULL
);

-- Projection: one row a tip, found again by who gave, who got and where.
CREATE TABLE tipping.tip (
    tenant_id    integer     NOT NULL,
    position     bigint      NOT NULL,
    viewer       text        NOT NULL,
    creator      text        NOT NULL,
    show         text,
    room         text,
    asset        text        NOT NULL,
    gift         text,
    count        integer     NOT NULL,
    amount       bigint      NOT NULL,
    reversed     bigint      NOT NULL,
    anonymous    boolean     NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, position)
) WITH (fillfactor = 90);
CREATE INDEX tip_viewer ON tipping.tip (tenant_id, viewer, position);
CREATE INDEX tip_creator ON tipping.tip (tenant_id, creator, position);
CREATE INDEX tip_show ON tipping.tip (tenant_id, show, position) WHERE show IS NOT NULL;

-- Projection: what everybody gave and got, net of reversals, in each show and ('') in all. No index by amount: it
-- would be moved by every tip, and the totals are a report.
CREATE TABLE tipping.total (
    tenant_id    integer     NOT NULL,
    side         text        NOT NULL CHECK (side IN ('viewer', 'creator')),
    asset        text        NOT NULL,
    show         text        NOT NULL,
    id           text        NOT NULL,
    amount       bigint      NOT NULL,
    tips         bigint      NOT NULL,   -- those that are not reversed whole
    PRIMARY KEY (tenant_id, side, asset, show, id)
) WITH (fillfactor = 70);

GRANT USAGE ON SCHEMA tipping TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON tipping.creator TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON tipping.terms TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON tipping.gift TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON tipping.policy TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON tipping.words TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON tipping.tip TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON tipping.total TO plaudit_runtime;
