-- Invitations: personal links to shows, what they earn, and who came by them.

CREATE SCHEMA invitations;

-- A link: one for each ticket holder and show. The name is what its poster shows, and can be erased.
CREATE TABLE invitations.invitation (
    tenant_id    integer     NOT NULL,
    invitation   text        NOT NULL,
    viewer       text        NOT NULL,
    show         text        NOT NULL,
    name         text,
    opened_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, invitation)
);
CREATE UNIQUE INDEX invitation_viewer ON invitations.invitation (tenant_id, viewer, show);

CREATE TABLE invitations.rule (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,   -- '': all shows without a rule of their own
    revision     integer     NOT NULL,
    enabled      boolean     NOT NULL,
    inviter      jsonb       NOT NULL,   -- [{"kind": "coin", "amount_minor": 50}, …]
    friend       jsonb       NOT NULL,
    per_day_max  integer     NOT NULL,
    per_show_max integer     NOT NULL,
    landing_url  text        NOT NULL,
    shortfall    text        NOT NULL CHECK (shortfall IN ('debt', 'available')),
    debt_limit   bigint      NOT NULL,
    valid_from   timestamptz,
    valid_until  timestamptz,
    PRIMARY KEY (tenant_id, show)
);

CREATE TABLE invitations.picture (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    revision     integer     NOT NULL,
    picture      bytea,                  -- a JPEG written by us; NULL: removed
    digest       text,
    PRIMARY KEY (tenant_id, show)
);

-- Who bought a ticket of a show first by which order, and by whose invitation; kept by the reaction alone.
CREATE TABLE invitations.buyer (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    viewer       text        NOT NULL,
    issued       bigint      NOT NULL,   -- the position of ticket.issued
    ordered      bigint      NOT NULL,   -- the position of ticket.ordered
    seats        integer     NOT NULL,
    inviter      text,
    rewarded     bigint,                 -- the position of invitation.rewarded
    reversed     bigint,                 -- the position of invitation.reversed
    PRIMARY KEY (tenant_id, show, viewer)
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX buyer_ordered ON invitations.buyer (tenant_id, ordered);

-- What everybody has paid with, as the marks that payments makes of it; kept by the reaction alone.
CREATE TABLE invitations.instrument (
    tenant_id    integer     NOT NULL,
    viewer       text        NOT NULL,
    mark         text        NOT NULL,
    PRIMARY KEY (tenant_id, viewer, mark)
);

-- Seats that went back, by order and refund; kept by the reaction alone.
CREATE TABLE invitations.returned (
    tenant_id    integer     NOT NULL,
    ordered      bigint      NOT NULL,
    refund       text        NOT NULL,
    seats        integer     NOT NULL,
    PRIMARY KEY (tenant_id, ordered, refund)
);

GRANT USAGE ON SCHEMA invitations TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON invitations.invitation TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON invitations.rule TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON invitations.picture TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON invitations.buyer TO plaudit_runtime;
GRANT SELECT, INSERT ON invitations.instrument TO plaudit_runtime;
GRANT SELECT, INSERT ON invitations.returned TO plaudit_runtime;
