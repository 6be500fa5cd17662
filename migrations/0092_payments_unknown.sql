-- Attempts whose channel gave no answer count against its health as long as they are young.

CREATE INDEX attempt_unknown ON payments.attempt (tenant_id, account, opened_at) WHERE state = 'unknown';
