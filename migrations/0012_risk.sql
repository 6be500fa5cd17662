-- Risk: what is switched off, and which accounts are frozen and by whom.

CREATE SCHEMA risk;

CREATE TABLE risk.switch (
    tenant_id    integer     NOT NULL,
    target       text        NOT NULL,   -- "tenant", "feature/tipping", "gift/rose", "creator/c1"
    off          boolean     NOT NULL,
    revision     integer     NOT NULL,   -- counts the flips of this target
    flipped_by   text        NOT NULL,
    flipped_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, target)
);

-- The flag that binds is the ledger's; this is the list of who set it and when.
CREATE TABLE risk.freeze (
    tenant_id    integer     NOT NULL,
    address      text        NOT NULL,
    state        text        NOT NULL CHECK (state IN ('none', 'debits', 'all')),
    frozen_by    text        NOT NULL,
    frozen_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, address)
);

GRANT USAGE ON SCHEMA risk TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON risk.switch TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON risk.freeze TO plaudit_runtime;
