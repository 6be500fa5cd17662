-- Notifications: who has tickets of which show, and when they are to be told something. Kept by a reaction.

CREATE TABLE notifications.show (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    title_en     text        NOT NULL,
    title_zh     text        NOT NULL,
    starts_at    timestamptz NOT NULL,
    timed_at     timestamptz NOT NULL,   -- since when it is to start then
    watch_url    text,
    state        text        NOT NULL,
    PRIMARY KEY (tenant_id, show)
);

-- Tickets in a viewer's hand, by order. Those of a cancelled show stay as they were when it was cancelled.
CREATE TABLE notifications.holding (
    tenant_id    integer     NOT NULL,
    show         text        NOT NULL,
    viewer       text        NOT NULL,
    order_number bigint      NOT NULL,
    tickets      integer     NOT NULL CHECK (tickets >= 0),
    since        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, show, viewer, order_number)
);
CREATE INDEX holding_order ON notifications.holding (tenant_id, order_number);

CREATE TABLE notifications.deposit (
    tenant_id     integer     NOT NULL,
    order_number  bigint      NOT NULL,
    show          text        NOT NULL,
    viewer        text        NOT NULL,
    asset         text        NOT NULL,
    amount        bigint      NOT NULL,   -- what is still to be paid
    balance_until timestamptz NOT NULL,
    open          boolean     NOT NULL,
    PRIMARY KEY (tenant_id, order_number)
);
CREATE INDEX deposit_show ON notifications.deposit (tenant_id, show, viewer) WHERE open;

-- What is to be told, to everybody whom it concerns, once it is due. Deleted when all have been told.
CREATE TABLE notifications.reminder (
    tenant_id    integer     NOT NULL,
    kind         text        NOT NULL,
    thing        text        NOT NULL,   -- the show, or the order whose balance is due
    show         text        NOT NULL,
    occasion     text        NOT NULL,
    due_at       timestamptz NOT NULL,
    moved_from   timestamptz,
    reached      text        NOT NULL DEFAULT '',   -- the last viewer that was told
    PRIMARY KEY (tenant_id, kind, thing)
);
CREATE INDEX reminder_due ON notifications.reminder (tenant_id, due_at);
CREATE INDEX reminder_show ON notifications.reminder (tenant_id, show);

GRANT SELECT, INSERT, UPDATE ON notifications.show TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON notifications.holding TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON notifications.deposit TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON notifications.reminder TO plaudit_runtime;
