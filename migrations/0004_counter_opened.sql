-- When a counter was first used: a window that ended years ago may be counted in today, by what is imported.
ALTER TABLE ledger.counter ADD COLUMN opened_at timestamptz NOT NULL DEFAULT '-infinity';
