-- The ledger: what moved. Accounts, entries, holds and window counters.

CREATE SCHEMA ledger;

-- The high bits of an account's id are its rank in the lock order (viewers first, the platform last), so that locking
-- by id takes the accounts that everybody shares as late as possible.
CREATE SEQUENCE ledger.account_number;

CREATE TABLE ledger.account (
    tenant_id    integer     NOT NULL,
    id           bigint      NOT NULL,
    address      text        NOT NULL,
    asset        text        NOT NULL,
    floor        bigint,                 -- NULL: may go below zero without bound
    frozen       smallint    NOT NULL DEFAULT 0 CHECK (frozen IN (0, 1, 2)),   -- 0 none, 1 no debits, 2 no movement
    balance      bigint      NOT NULL DEFAULT 0,
    opened_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, address)
) WITH (fillfactor = 60);

CREATE TABLE ledger.entry (
    tenant_id    integer     NOT NULL,
    account_id   bigint      NOT NULL,
    position     bigint      NOT NULL,   -- the fact that caused it
    amount       bigint      NOT NULL CHECK (amount <> 0),
    balance      bigint      NOT NULL,   -- of the account, after this entry
    asset        text        NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account_id, position)
) PARTITION BY RANGE (position);

-- Double entry, kept by the database itself: the entries of one fact sum to zero in every asset.
CREATE FUNCTION ledger.check_sum_zero() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    SELECT position, asset, sum(amount) AS total INTO wrong
      FROM added GROUP BY tenant_id, position, asset HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entries of fact % do not sum to zero in %: %', wrong.position, wrong.asset, wrong.total
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER sum_zero AFTER INSERT ON ledger.entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_sum_zero();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.entry FOR EACH STATEMENT EXECUTE FUNCTION journal.refuse_change();

-- A hold is value moved into its escrow account, plus this row with the deadline. Its id is the position of the fact
-- that opened it.
CREATE TABLE ledger.hold (
    tenant_id    integer     NOT NULL,
    id           bigint      NOT NULL,
    address      text        NOT NULL,   -- the account it was taken from
    asset        text        NOT NULL,
    amount       bigint      NOT NULL CHECK (amount > 0),
    remaining    bigint      NOT NULL CHECK (remaining >= 0 AND remaining <= amount),
    deadline     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 70);
CREATE INDEX hold_due ON ledger.hold (deadline) WHERE remaining > 0;

-- How much of a window limit is used. Windows end; counters are swept when theirs is over.
CREATE TABLE ledger.counter (
    tenant_id    integer     NOT NULL,
    name         text        NOT NULL,
    starts       timestamptz NOT NULL,
    ends         timestamptz NOT NULL,
    used         bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, name, starts)
) WITH (fillfactor = 60);
CREATE INDEX counter_over ON ledger.counter (ends) WHERE ends < 'infinity';

SELECT journal.add_partition('journal.fact', 0);
SELECT journal.add_partition('ledger.entry', 0);

GRANT USAGE ON SCHEMA ledger TO plaudit_runtime;
GRANT USAGE ON SEQUENCE ledger.account_number TO plaudit_runtime;
GRANT SELECT, INSERT ON ledger.account TO plaudit_runtime;
GRANT UPDATE (balance, frozen) ON ledger.account TO plaudit_runtime;
GRANT SELECT, INSERT ON ledger.entry TO plaudit_runtime;
GRANT SELECT, INSERT ON ledger.hold TO plaudit_runtime;
GRANT UPDATE (remaining) ON ledger.hold TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.counter TO plaudit_runtime;
