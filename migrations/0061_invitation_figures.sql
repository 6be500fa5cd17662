-- Invitations: the projections. What their lists, boards and posters tell, out of the journal alone.

-- Projection: what posters say of a show.
CREATE TABLE invitations.show (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    title_en     text        NOT NULL,
    title_zh     text        NOT NULL,
    starts_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, show)
);

-- Projection: every order that came by an invitation, and what became of it.
CREATE TABLE invitations.friend (
    tenant_id    integer     NOT NULL,
    ordered      bigint      NOT NULL,
    invitation   text        NOT NULL,
    show         text        NOT NULL,
    friend       text        NOT NULL,
    state        text        NOT NULL CHECK (state IN ('pending', 'ended', 'rewarded', 'refused', 'reversed')),
    code         text,
    at           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, ordered)
) WITH (fillfactor = 90);
CREATE INDEX friend_invitation ON invitations.friend (tenant_id, invitation, ordered);

-- Projection: what each inviter brought to each show, and what was given for it to both sides.
CREATE TABLE invitations.tally (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    inviter      text        NOT NULL,
    rewarded     bigint      NOT NULL,   -- friends, reversed ones not counted
    reversed     bigint      NOT NULL,
    refused      bigint      NOT NULL,
    coin         bigint      NOT NULL,
    points       bigint      NOT NULL,
    PRIMARY KEY (tenant_id, show, inviter)
) WITH (fillfactor = 70);

GRANT SELECT, INSERT, UPDATE, DELETE ON invitations.show TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON invitations.friend TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON invitations.tally TO plaudit_runtime;
