-- When each piece of scheduled work is next due. One process at a time does it, with its row locked.

CREATE SCHEMA schedule;

CREATE TABLE schedule.due (
    name         text        NOT NULL PRIMARY KEY,
    at           timestamptz NOT NULL
) WITH (fillfactor = 50);

GRANT USAGE ON SCHEMA schedule TO plaudit_runtime;
GRANT SELECT, INSERT, UPDATE ON schedule.due TO plaudit_runtime;
