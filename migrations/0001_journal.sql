-- The journal: what happened. Append-only facts with dense positions, keys, erasable private parts, subscriptions.

CREATE SCHEMA journal;

-- One row a tenant. A transaction that records takes its positions here, after all other locks, and keeps the row
-- locked to its commit: positions are dense and in commit order.
CREATE TABLE journal.head (
    tenant_id    integer     NOT NULL PRIMARY KEY,
    position     bigint      NOT NULL DEFAULT 0,
    recorded_at  timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 10);

CREATE TABLE journal.fact (
    tenant_id    integer     NOT NULL,
    position     bigint      NOT NULL,
    kind         text        NOT NULL,
    version      smallint    NOT NULL,
    subject      text        NOT NULL,
    actor        text        NOT NULL,
    at           timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    data         jsonb       NOT NULL,
    moves        jsonb       NOT NULL,   -- [[account id, amount_minor], …]: what the ledger moved with this fact
    hash         bytea       NOT NULL,   -- SHA-256 over everything above but position and recorded_at
    PRIMARY KEY (tenant_id, position)
) PARTITION BY RANGE (position);

-- Only what was done binds its key. The digest covers caller and key, so neither is kept as text.
CREATE TABLE journal.key (
    tenant_id    integer     NOT NULL,
    digest       uuid        NOT NULL,
    content      uuid        NOT NULL,
    position     bigint      NOT NULL,
    PRIMARY KEY (tenant_id, digest)
);

-- Personal text that came with a fact. Rows here may be erased; the fact keeps the hash.
CREATE TABLE journal.private (
    tenant_id    integer     NOT NULL,
    position     bigint      NOT NULL,
    name         text        NOT NULL,
    owner        text        NOT NULL,   -- whose text it is ("viewer/v1"): erased by owner
    salt         bytea       NOT NULL,   -- the fact holds SHA-256(salt || body): gone with the row, nothing can be guessed
    body         text        NOT NULL,
    PRIMARY KEY (tenant_id, position, name)
);
CREATE INDEX private_owner ON journal.private (tenant_id, owner);

CREATE TABLE journal.subscription (
    tenant_id    integer     NOT NULL,
    name         text        NOT NULL,
    position     bigint      NOT NULL DEFAULT 0,
    state        text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'stopped')),
    problem      text,
    PRIMARY KEY (tenant_id, name)
) WITH (fillfactor = 50);

CREATE TABLE journal.dead_letter (
    tenant_id    integer     NOT NULL,
    subscription text        NOT NULL,
    position     bigint      NOT NULL,
    problem      text        NOT NULL,
    recorded_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, subscription, position)
);

CREATE FUNCTION journal.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: history is only ever added to', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;

-- Attaches the partition that holds positions [number * 2^24, (number + 1) * 2^24) of an append-only table and guards it.
-- Tables are attached rather than created as partitions: attaching does not stop writers.
CREATE FUNCTION journal.add_partition(parent regclass, number bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    span   constant bigint := 16777216;
    schema constant text := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = parent);
    name   constant text := (SELECT c.relname FROM pg_class c WHERE c.oid = parent) || '_' || number;
BEGIN
    IF parent NOT IN ('journal.fact'::regclass, 'ledger.entry'::regclass) THEN
        RAISE EXCEPTION '% is not an append-only table', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('plaudit.partition'));
    IF to_regclass(format('%I.%I', schema, name)) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I.%I (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', schema, name, parent);
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I.%I FOR VALUES FROM (%s) TO (%s)',
                   parent, schema, name, number * span, (number + 1) * span);
    EXECUTE format('CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE ON %I.%I FOR EACH ROW EXECUTE FUNCTION journal.refuse_change()',
                   schema, name);
    EXECUTE format('CREATE TRIGGER keep_all BEFORE TRUNCATE ON %I.%I FOR EACH STATEMENT EXECUTE FUNCTION journal.refuse_change()',
                   schema, name);
END
$$;
CREATE TRIGGER keep_all BEFORE TRUNCATE ON journal.fact FOR EACH STATEMENT EXECUTE FUNCTION journal.refuse_change();

REVOKE ALL ON FUNCTION journal.add_partition(regclass, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION journal.add_partition(regclass, bigint) TO plaudit_runtime;

GRANT USAGE ON SCHEMA journal TO plaudit_runtime;
GRANT SELECT, INSERT ON journal.fact TO plaudit_runtime;
GRANT SELECT, INSERT ON journal.key TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON journal.head TO plaudit_runtime;
GRANT SELECT, INSERT, DELETE ON journal.private TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON journal.subscription TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON journal.dead_letter TO plaudit_runtime;
