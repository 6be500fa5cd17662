-- What is over in one tenant is found without reading that of others.

DROP INDEX ledger.hold_due;
CREATE INDEX hold_due ON ledger.hold (tenant_id, deadline, id) WHERE remaining > 0;

DROP INDEX ledger.counter_over;
CREATE INDEX counter_over ON ledger.counter (tenant_id, ends) WHERE ends < 'infinity';
